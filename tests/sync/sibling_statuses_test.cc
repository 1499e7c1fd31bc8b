#include "src/sync/sibling_statuses.h"

#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class SiblingsTest : public ::testing::Test {
 protected:
  SiblingsTest() : policy_(FullPolicy()) { policy_.parent_status = true; }

  // A link that wants `status` and whose channel has the other one; price and quantity are equal.
  static SyncRow Wanting(int64_t listing_id, const ListingStatus& status) {
    SyncRow row = EqualRow(listing_id);
    row.status = status;
    row.acknowledged.status =
        *DesiredStatus(status) == ChannelStatus::kListed ? ChannelStatus::kHidden : ChannelStatus::kListed;
    return row;
  }

  SyncPlan PlanBatch() const { return PlanSync(batch_, siblings_, policy_); }

  SyncPolicy policy_;
  SyncBatch batch_;
  SyncBatch siblings_;
};

TEST_F(SiblingsTest, ThatAgreeAreSent) {
  AddSyncRow(Wanting(1, kHidingStatus), "shirt", &batch_);
  AddSyncRow(Wanting(2, kHidingStatus), "shirt", &batch_);
  AddSyncRow(Wanting(3, kHidingStatus), "shirt", &siblings_);
  const SyncPlan plan = PlanBatch();
  ASSERT_THAT(plan.items, SizeIs(2));
  EXPECT_EQ(plan.items[0].mask, kStatus);
}

TEST_F(SiblingsTest, ThatDisagreeKeepTheirStatusAndSendTheRest) {
  SyncRow changed = Wanting(1, kHidingStatus);
  changed.product_price = 1;
  AddSyncRow(changed, "shirt", &batch_);
  AddSyncRow(Wanting(2, kHidingStatus), "shirt", &batch_);
  AddSyncRow(EqualRow(3), "shirt", &batch_);
  AddSyncRow(Wanting(4, kHidingStatus), "hat", &batch_);
  const SyncPlan plan = PlanBatch();
  ASSERT_THAT(plan.items, SizeIs(2));
  EXPECT_EQ(plan.items[0].mask, kPrice);
  EXPECT_EQ(ItemAttention(plan, 0).code, problem_code::kSiblingsDisagree);
  EXPECT_EQ(ItemAttention(plan, 0).message,
            "the channel has one status for the product, and its items want listed for SKU3; hidden for SKU1, SKU2");
  EXPECT_EQ(plan.items[1].mask, kStatus);
  EXPECT_EQ(plan.items[1].listing_id, 4);
  ASSERT_THAT(plan.settled.rows, SizeIs(2));
  EXPECT_EQ(plan.settled.rows[0].attentions, 0);
  EXPECT_EQ(plan.settled.attentions[0].at(0).code, problem_code::kSiblingsDisagree);
  EXPECT_EQ(plan.settled.rows[1].attentions, kClearAttentions) << "it has what it wants";
}

TEST_F(SiblingsTest, OutsideTheBatchCount) {
  AddSyncRow(Wanting(1, kHidingStatus), "shirt", &batch_);
  AddSyncRow(EqualRow(2), "shirt", &siblings_);
  EXPECT_EQ(SettledCode(PlanBatch()), problem_code::kSiblingsDisagree);
}

TEST_F(SiblingsTest, AMemberOfTheBatchDoesNotDisagreeWithItself) {
  AddSyncRow(Wanting(1, kHidingStatus), "shirt", &batch_);
  AddSyncRow(EqualRow(1), "shirt", &siblings_);
  EXPECT_EQ(OnlyItem(PlanBatch()).mask, kStatus);
}

TEST_F(SiblingsTest, WithNothingToSayWantWhatTheChannelShows) {
  AddSyncRow(Wanting(1, kHidingStatus), "shirt", &batch_);
  SyncRow adopted = EqualRow(2);
  adopted.status = InitialStatus(adopted.seen.status);
  AddSyncRow(adopted, "shirt", &siblings_);
  EXPECT_EQ(SettledCode(PlanBatch()), problem_code::kSiblingsDisagree) << "one sold-out variant hides no product";
  siblings_.rows[0].seen.status = ChannelStatus::kHidden;
  EXPECT_EQ(OnlyItem(PlanBatch()).mask, kStatus);
}

TEST_F(SiblingsTest, ItemsWithoutALinkWantWhatTheChannelShows) {
  AddSyncRow(Wanting(1, kHidingStatus), "shirt", &batch_);
  const std::vector<UnlinkedItem> shown = {{"shirt", "X9", ChannelStatus::kListed}};
  EXPECT_EQ(SettledCode(PlanSync(batch_, siblings_, policy_, shown)), problem_code::kSiblingsDisagree);
  const std::vector<UnlinkedItem> others = {{"shirt", "X9", ChannelStatus::kHidden},
                                            {"hat", "X8", ChannelStatus::kListed}};
  EXPECT_EQ(OnlyItem(PlanSync(batch_, siblings_, policy_, others)).mask, kStatus);
}

TEST_F(SiblingsTest, AProductIsShownWhereARuleHidesOthersAndNoPersonDoes) {
  const ListingStatus showing = {Health::kHidden, PendingChange::kUnhiding, false, StatusAuthor::kPerson};
  AddSyncRow(Wanting(1, showing), "shirt", &batch_);
  SyncRow hidden = Wanting(2, kHidingStatus);
  hidden.status.author = StatusAuthor::kRule;
  AddSyncRow(hidden, "shirt", &siblings_);
  EXPECT_EQ(OnlyItem(PlanBatch()).mask, kStatus);
  siblings_.rows[0].status.author = StatusAuthor::kPerson;
  EXPECT_EQ(SettledCode(PlanBatch()), problem_code::kSiblingsDisagree);
}

TEST_F(SiblingsTest, ThatAreDeadDoNotCount) {
  AddSyncRow(Wanting(1, kHidingStatus), "shirt", &batch_);
  SyncRow dead = EqualRow(3);
  dead.seen.status = ChannelStatus::kDead;
  AddSyncRow(dead, "shirt", &siblings_);
  EXPECT_EQ(OnlyItem(PlanBatch()).mask, kStatus);
}

TEST_F(SiblingsTest, ItemsWithoutAParentAreProductsOfTheirOwn) {
  AddSyncRow(Wanting(1, kHidingStatus), "", &batch_);
  AddSyncRow(EqualRow(2), "", &siblings_);
  EXPECT_EQ(OnlyItem(PlanBatch()).mask, kStatus);
}

TEST_F(SiblingsTest, DoNotMatterWhereEachHasItsStatus) {
  AddSyncRow(Wanting(1, kHidingStatus), "shirt", &batch_);
  AddSyncRow(EqualRow(2), "shirt", &siblings_);
  policy_.parent_status = false;
  EXPECT_EQ(OnlyItem(PlanBatch()).mask, kStatus);
}

TEST_F(SiblingsTest, OnlyAFewAreNamed) {
  for (int64_t id = 1; id <= 6; ++id) AddSyncRow(Wanting(id, kHidingStatus), "shirt", &batch_);
  AddSyncRow(EqualRow(7), "shirt", &siblings_);
  EXPECT_THAT(PlanBatch().settled.attentions.at(0).at(0).message, HasSubstr("hidden for SKU1, SKU2, SKU3 and 3 more"));
}

TEST_F(SiblingsTest, AStatusHeldBackInDoubtIsForgotten) {
  SyncRow row = Wanting(1, kHidingStatus);
  row.in_doubt = kAll;
  AddSyncRow(row, "shirt", &batch_);
  AddSyncRow(EqualRow(2), "shirt", &siblings_);
  const SyncPlan plan = PlanBatch();
  EXPECT_EQ(OnlyItem(plan).mask, kPriceAndQuantity);
  const SettlementBatch applied = Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 11);
  EXPECT_TRUE(applied.rows.at(0).settled);
  EXPECT_EQ(applied.rows.at(0).in_doubt, kNothing);
  EXPECT_TRUE(applied.rows.at(0).mask.Has(SyncField::kStatus));
  EXPECT_EQ(applied.rows.at(0).acknowledged.status, ChannelStatus::kUnknown);

  policy_ = PolicyOf(kStatus);
  policy_.parent_status = true;
  const SyncPlan unsent = PlanBatch();
  EXPECT_EQ(OnlySettled(unsent).in_doubt, kNothing);
  EXPECT_TRUE(OnlySettled(unsent).mask.Has(SyncField::kStatus));
  EXPECT_EQ(OnlySettled(unsent).acknowledged.status, ChannelStatus::kUnknown);
}

}  // namespace
}  // namespace flxlink::sync
