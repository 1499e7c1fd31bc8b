// What the circuit breaker holds, over a channel: counted, approved, refused.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/breaker.h"
#include "flxlink/engine.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/edit_channel.h"
#include "tests/engine/engine_under_test.h"
#include "tests/support/job_counts.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HeldChangesTest : public EngineUnderTest {
 protected:
  // The first `count` of the products get this price.
  void Reprice(int count, int64_t price) {
    std::vector<TestProduct> rows;
    for (int i = 0; i < count; ++i) rows.push_back({absl::StrCat("s", i), absl::StrCat("s", i), price, 5});
    WriteProducts(rows);
  }

  int CountWithPrice(int count, int64_t price) {
    int with = 0;
    for (int i = 0; i < count; ++i) with += ValuesOf(absl::StrCat("i", i)).price == price ? 1 : 0;
    return with;
  }

  std::vector<HeldRow> Held(int64_t job_id) {
    return AllRows<HeldRow>([&](const PageRequest& page) { return engine_->ListHeld(job_id, page); });
  }

  void Approve(const HeldSelection& selection) {
    const absl::StatusOr<std::vector<Job>> jobs = engine_->ApproveHeld(selection);
    ASSERT_TRUE(jobs.ok()) << jobs.status();
    for (const Job& job : *jobs) EXPECT_EQ(engine_->RunUntilFinal(job.job_id)->state, JobState::kCompleted);
  }
};

TEST_P(HeldChangesTest, ManyPricesOfAThirdAreHeldAllOfThem) {
  SyncedChannel(30, Config());
  Reprice(21, 300);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_EQ(CountWithPrice(30, 300), 0);
  EXPECT_EQ(sync.progress.held, 21);
  EXPECT_EQ(sync.progress.failed, 0);
  EXPECT_EQ(CountOf(sync, "reprice_held"), 21);
  EXPECT_THAT(Held(sync.job_id), SizeIs(21));
  EXPECT_EQ(Listing("s0").attentions.at(0).code, problem_code::kRepriceHeld);
}

TEST_P(HeldChangesTest, AFewGoOutAndCountForADay) {
  SyncedChannel(30, Config());
  Reprice(15, 300);
  EXPECT_EQ(Run(JobKind::kSync).progress.held, 0);
  EXPECT_EQ(CountWithPrice(30, 300), 15);
  Reprice(21, 300);
  EXPECT_EQ(Run(JobKind::kSync).progress.held, 6) << "with those of before they are 21";
  EXPECT_EQ(CountWithPrice(30, 300), 15);
  clock_.Advance(absl::Hours(26));
  Reprice(21, 299);
  Run(JobKind::kSync);
  EXPECT_EQ(CountWithPrice(30, 299), 15) << "what is held stays so, the others are no such change";
}

TEST_P(HeldChangesTest, WhatIsApprovedIsSentAndDoesNotCount) {
  SyncedChannel(30, Config());
  Reprice(30, 300);
  const Job sync = Run(JobKind::kSync);
  HeldSelection one;
  one.job_id = sync.job_id;
  one.skus = {"s3"};
  Approve(one);
  EXPECT_EQ(CountWithPrice(30, 300), 1);
  HeldSelection all;
  all.job_id = sync.job_id;
  Approve(all);
  EXPECT_EQ(CountWithPrice(30, 300), 30);
  EXPECT_TRUE(Listing("s0").attentions.empty());
  EXPECT_EQ(engine_->ApproveHeld(all).status().code(), absl::StatusCode::kNotFound);
  Reprice(30, 1000);
  EXPECT_EQ(Run(JobKind::kSync).progress.held, 0) << "the sale is over";
  EXPECT_EQ(CountWithPrice(30, 1000), 30);
}

TEST_P(HeldChangesTest, WhatIsRefusedIsDropped) {
  SyncedChannel(30, Config());
  Reprice(30, 300);
  const Job sync = Run(JobKind::kSync);
  HeldSelection all;
  all.job_id = sync.job_id;
  all.kinds = {ChangeKind::kReprice};
  const absl::StatusOr<int64_t> refused = engine_->RefuseHeld(all);
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(*refused, 30);
  EXPECT_EQ(Run(JobKind::kSync).progress.held, 0);
  EXPECT_EQ(CountWithPrice(30, 300), 0);
  EXPECT_TRUE(Listing("s0").attentions.empty());
  EXPECT_THAT(Held(sync.job_id), IsEmpty());
}

TEST_P(HeldChangesTest, TheChannelsOwnLimitCounts) {
  ChannelConfig config = Config();
  config.limits = {{ChangeKind::kReprice, 2, false}};
  SyncedChannel(5, config);
  Reprice(3, 300);
  EXPECT_EQ(Run(JobKind::kSync).progress.held, 3);
}

TEST_P(HeldChangesTest, AllThatIsHeldIsListedWhateverTheSizeOfAPage) {
  ChannelConfig config = Config();
  config.limits = {{ChangeKind::kReprice, 0, false}, {ChangeKind::kHide, 0, false}};
  config.status_rules = {*ParseStatusRule("quantity<=0:hide", config.currency)};
  SyncedChannel(4, config);
  WriteProducts({{"s0", "s0", 300, 5}, {"s1", "s1", 300, 0}, {"s2", "s2", 300, 0}, {"s3", "s3", 300, 5}});
  Run(JobKind::kRules);
  const Job sync = Run(JobKind::kSync);
  ASSERT_EQ(CountOf(sync, "reprice_held"), 4);
  ASSERT_EQ(CountOf(sync, "hide_held"), 2);
  for (const int64_t limit : {1, 2, 3, 4, 5, 6, 7}) {
    std::vector<std::string> held;
    PageRequest request;
    request.limit = limit;
    do {
      const absl::StatusOr<HeldPage> page = engine_->ListHeld(sync.job_id, request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const HeldRow& row : page->rows) held.push_back(absl::StrCat(row.sku, " ", ToString(row.change.kind)));
      request.after = page->next;
    } while (!request.after.empty());
    std::sort(held.begin(), held.end());
    EXPECT_THAT(held, ElementsAre("s0 reprice", "s1 hide", "s1 reprice", "s2 hide", "s2 reprice", "s3 reprice"))
        << limit;
  }
}

TEST_P(HeldChangesTest, ManyDoubtfulLinksAreNotDissolved) {
  ChannelConfig config = Config();
  config.on_doubt = OnDoubt::kDissolve;
  SyncedChannel(30, config);
  for (int i = 0; i < 21; ++i) SetItem(absl::StrCat("i", i), absl::StrCat("other", i));
  const Job pull = Run(JobKind::kPull);
  EXPECT_EQ(CountOf(pull, "doubtful"), 21);
  EXPECT_EQ(CountOf(pull, "dissolved"), 0);
  EXPECT_EQ(CountOf(pull, "unlink_held"), 21);
  EXPECT_EQ(pull.progress.held, 0) << "its items are done";
  EXPECT_THAT(Held(pull.job_id), SizeIs(21));
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked);
  Reprice(2, 900);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0) << "nothing is sent to a doubtful link";
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "dissolved"), 0) << "it is held";

  HeldSelection one;
  one.job_id = pull.job_id;
  one.kinds = {ChangeKind::kUnlink};
  one.skus = {"s0"};
  EXPECT_EQ(engine_->RefuseHeld(one).value_or(0), 1);
  one.skus = {"s1"};
  Approve(one);
  EXPECT_EQ(Listing("s1").link_state, LinkState::kUnlinked);
  HeldSelection rest;
  rest.job_id = pull.job_id;
  Approve(rest);
  EXPECT_EQ(Listing("s2").link_state, LinkState::kUnlinked);
  EXPECT_THAT(Held(pull.job_id), IsEmpty());
  Run(JobKind::kPull);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked) << "that was refused";
  EXPECT_EQ(Listing("s25").link_state, LinkState::kLinked);
}

TEST_P(HeldChangesTest, AFewDoubtfulLinksAreDissolvedAndCountForADay) {
  ChannelConfig config = Config();
  config.on_doubt = OnDoubt::kDissolve;
  SyncedChannel(30, config);
  for (int i = 0; i < 15; ++i) SetItem(absl::StrCat("i", i), absl::StrCat("other", i));
  EXPECT_EQ(CountOf(Run(JobKind::kPull), "dissolved"), 15);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kUnlinked);
  for (int i = 15; i < 21; ++i) SetItem(absl::StrCat("i", i), absl::StrCat("other", i));
  const Job pull = Run(JobKind::kPull);
  EXPECT_EQ(CountOf(pull, "dissolved"), 0);
  EXPECT_EQ(CountOf(pull, "unlink_held"), 6) << "with those of before they are 21";
  JobOptions release;
  release.release_doubtful = true;
  EXPECT_EQ(CountOf(Run(JobKind::kLink, release), "released_doubtful"), 6) << "a person orders it";
}

INSTANTIATE_TEST_SUITE_P(All, HeldChangesTest, ::testing::Values("memory", "sqlite"),
                         [](const ::testing::TestParamInfo<std::string>& store) { return store.param; });

}  // namespace
}  // namespace flxlink::engine
