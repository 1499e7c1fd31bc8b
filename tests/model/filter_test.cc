#include "flxlink/filter.h"

#include "gtest/gtest.h"

namespace flxlink {
namespace {

ListingRow Row() {
  ListingRow row;
  row.sku = "A";
  row.parent = "P";
  row.link_state = LinkState::kLinked;
  row.reason = LinkReason::kContradiction;
  row.status.base = Health::kListed;
  row.attentions = {MakeProblem("rejected", {}, ""), MakeProblem("throttled", {}, "")};
  row.dirty = true;
  return row;
}

TEST(FilterTest, WhatIsNotStatedPassesEverything) {
  EXPECT_TRUE(Matches(ListingRow(), ListingFilter()));
  EXPECT_TRUE(Matches(Row(), ListingFilter()));
  EXPECT_TRUE(Matches(ItemRow(), ItemFilter()));
  EXPECT_TRUE(Matches(Job(), JobFilter()));
}

TEST(FilterTest, AListingMustPassEachCondition) {
  const auto passes = [](void (*state)(ListingFilter&)) {
    ListingFilter filter;
    state(filter);
    return Matches(Row(), filter);
  };
  EXPECT_TRUE(passes([](ListingFilter& f) { f.link_states = {LinkState::kBroken, LinkState::kLinked}; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.link_states = {LinkState::kBroken}; }));
  EXPECT_TRUE(passes([](ListingFilter& f) { f.reasons = {LinkReason::kContradiction}; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.reasons = {LinkReason::kNone}; }));
  EXPECT_TRUE(passes([](ListingFilter& f) { f.healths = {Health::kListed}; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.healths = {Health::kPaused}; }));
  EXPECT_TRUE(passes([](ListingFilter& f) { f.attention = true; }));
  EXPECT_TRUE(passes([](ListingFilter& f) { f.attention_codes = {"none", "throttled"}; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.attention_codes = {"none"}; }));
  EXPECT_TRUE(passes([](ListingFilter& f) { f.skus = {"B", "A"}; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.skus = {"a"}; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.parents = {""}; }));
  EXPECT_TRUE(passes([](ListingFilter& f) { f.dirty = true; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.dirty = false; }));
  EXPECT_TRUE(passes([](ListingFilter& f) { f.in_doubt = false; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.in_doubt = true; }));
  EXPECT_FALSE(passes([](ListingFilter& f) { f.drifted = true; })) << "nobody has told what drifted";
  EXPECT_FALSE(passes([](ListingFilter& f) {
    f.skus = {"A"};
    f.parents = {"Q"};
  })) << "one of two conditions is not enough";
}

TEST(FilterTest, DriftIsWhatTheRowSays) {
  ListingRow row = Row();
  row.drifted = {SyncField::kPrice};
  ListingFilter filter;
  filter.drifted = true;
  EXPECT_TRUE(Matches(row, filter));
  filter.skus = {"a"};
  EXPECT_FALSE(Matches(row, filter));
}

TEST(FilterTest, PausedIsAHealthOfItsOwn) {
  ListingRow row = Row();
  row.status.paused = true;
  ListingFilter filter;
  filter.healths = {Health::kListed};
  EXPECT_FALSE(Matches(row, filter));
  filter.healths = {Health::kPaused};
  EXPECT_TRUE(Matches(row, filter));
}

TEST(FilterTest, AListingWithoutAttentionIsNotListedByIt) {
  ListingFilter filter;
  filter.attention = true;
  EXPECT_FALSE(Matches(ListingRow(), filter));
}

TEST(FilterTest, AnItemIsUnlinkedWhereNoLinkHoldsIt) {
  ItemRow item;
  item.external_id = "1";
  ItemFilter filter;
  filter.unlinked = true;
  EXPECT_TRUE(Matches(item, filter));
  item.sku = "A";
  item.link_state = LinkState::kBroken;
  EXPECT_FALSE(Matches(item, filter));
  filter = ItemFilter();
  filter.live = false;
  EXPECT_FALSE(Matches(item, filter));
  item.live = false;
  EXPECT_TRUE(Matches(item, filter));
  filter.external_ids = {"2"};
  EXPECT_FALSE(Matches(item, filter));
}

TEST(FilterTest, AJobIsFoundByChannelKindAndState) {
  Job job;
  job.channel = "shop";
  job.kind = JobKind::kLink;
  job.state = JobState::kFailed;
  EXPECT_TRUE(Matches(job, {"shop", {JobKind::kPull, JobKind::kLink}, {JobState::kFailed}}));
  EXPECT_FALSE(Matches(job, {"other", {}, {}}));
  EXPECT_FALSE(Matches(job, {"", {JobKind::kPull}, {}}));
  EXPECT_FALSE(Matches(job, {"", {}, {JobState::kPending}}));
}

}  // namespace
}  // namespace flxlink
