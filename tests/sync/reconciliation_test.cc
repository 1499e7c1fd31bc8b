#include <vector>

#include "absl/time/time.h"
#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(DriftedFieldsTest, AreWhatOnlyTheChannelChanged) {
  SyncRow row = EqualRow();
  EXPECT_EQ(DriftedFields(row, FullPolicy()), kNothing);
  row.seen = row.acknowledged;
  row.seen.price += 1;
  row.seen.status = ChannelStatus::kHidden;
  EXPECT_EQ(DriftedFields(row, FullPolicy()), kPriceAndStatus);
  EXPECT_EQ(DriftedFields(row, PolicyOf(kQuantity)), kNothing);
  row.seen.price = kAbsent;
  EXPECT_EQ(DriftedFields(row, FullPolicy()), kPriceAndStatus) << "taken away is changed";
}

TEST(DriftedFieldsTest, AreNotWhatThisSideChanged) {
  SyncRow row = EqualRow();
  row.seen = row.acknowledged;
  row.product_price += 100;
  EXPECT_EQ(DriftedFields(row, FullPolicy()), kNothing) << "it only waits to be sent";
  row.seen.price = row.product_price;
  EXPECT_EQ(DriftedFields(row, FullPolicy()), kNothing) << "the channel has what it is to have";
  row.seen.price += 1;
  EXPECT_EQ(DriftedFields(row, FullPolicy()), kPrice) << "both have changed it";
}

TEST(DriftedFieldsTest, AreNotWhatIsOldOrNotToBeSet) {
  SyncRow row = EqualRow();
  row.seen = row.acknowledged;
  row.seen.quantity -= 1;
  EXPECT_EQ(DriftedFields(row, FullPolicy()), kQuantity);
  SyncRow old = row;
  old.acknowledged_at = old.seen_at;
  EXPECT_EQ(DriftedFields(old, FullPolicy()), kNothing) << "it was so before what was acknowledged";
  SyncRow dead = row;
  dead.seen.status = ChannelStatus::kDead;
  EXPECT_EQ(DriftedFields(dead, FullPolicy()), kNothing);
  SyncRow fixed = row;
  fixed.fixed.Mutable().push_back({"quantity", FixedReason::kNotTracked});
  EXPECT_EQ(DriftedFields(fixed, FullPolicy()), kNothing);
}

TEST(PlanReconciliationTest, FindsNothingWhereAllIsEqual) {
  EXPECT_THAT(PlanReconciliation(OneRow(EqualRow()), FullPolicy(), true), IsEmpty());
  EXPECT_THAT(PlanReconciliation(OneRow(EqualRow()), FullPolicy(), false), IsEmpty());
}

TEST(PlanReconciliationTest, WhatWasSeenBecomesAcknowledged) {
  SyncRow row = EqualRow();
  row.seen = {2500, 9, ChannelStatus::kHidden};
  const std::vector<Reconciliation> found = PlanReconciliation(OneRow(row), FullPolicy(), true);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].listing_id, 7);
  EXPECT_EQ(found[0].acknowledged, row.seen);
  EXPECT_FALSE(found[0].guard_quantity);
  EXPECT_THAT(PlanReconciliation(OneRow(row), FullPolicy(), false), IsEmpty());
}

TEST(PlanReconciliationTest, OnlySyncedFieldsCountAndNoStatusThatIsNotShown) {
  SyncRow row = EqualRow();
  row.seen = {2500, 5, ChannelStatus::kUnknown};
  SyncPolicy policy = FullPolicy();
  EXPECT_EQ(PlanReconciliation(OneRow(row), policy, true).at(0).acknowledged,
            (ItemValues{2500, 5, ChannelStatus::kListed}));
  policy.fields.Remove(SyncField::kPrice);
  EXPECT_THAT(PlanReconciliation(OneRow(row), policy, true), IsEmpty());
}

TEST(PlanReconciliationTest, ANumberThatWasTakenAwayIsDrift) {
  SyncRow row = EqualRow();
  row.seen = row.acknowledged;
  row.seen.price = row.seen.quantity = kAbsent;
  const std::vector<Reconciliation> found = PlanReconciliation(OneRow(row), FullPolicy(), true);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].acknowledged, row.seen);
  EXPECT_FALSE(found[0].guard_quantity);
}

TEST(PlanReconciliationTest, LessStockThanAcknowledgedSetsTheGuard) {
  SyncRow row = EqualRow();
  row.seen.quantity = 4;
  EXPECT_TRUE(PlanReconciliation(OneRow(row), FullPolicy(), true).at(0).guard_quantity);
  SyncPolicy overwrite = FullPolicy();
  overwrite.oversell_guard = OversellGuard::kOverwrite;
  EXPECT_FALSE(PlanReconciliation(OneRow(row), overwrite, true).at(0).guard_quantity);
  row.acknowledged.quantity = kAbsent;
  EXPECT_FALSE(PlanReconciliation(OneRow(row), FullPolicy(), true).at(0).guard_quantity);
}

TEST(PlanReconciliationTest, WhatFlxlinkMayHaveSetItselfSetsNoGuard) {
  SyncRow row = EqualRow();
  row.acknowledged.quantity = 5;
  row.in_doubt = kQuantity;
  row.quantities_in_doubt = {2, 9};
  const auto guards = [&](int64_t seen) {
    row.seen.quantity = seen;
    return PlanReconciliation(OneRow(row), FullPolicy(), true).at(0).guard_quantity;
  };
  EXPECT_FALSE(guards(2));
  EXPECT_FALSE(guards(9));
  EXPECT_FALSE(guards(10)) << "more than anybody set";
  EXPECT_TRUE(guards(1));
  EXPECT_TRUE(guards(3)) << "two of five are sold, and the 2 did nothing";
  EXPECT_TRUE(guards(8)) << "the 9 landed, and one is sold";
}

TEST(PlanReconciliationTest, UnderAnotherPolicyWhatWasRefusedIsTriedOnceMore) {
  const SyncPolicy policy = FullPolicy();
  SyncRow refused = ChangedRow();
  refused.refused = RefusedTogether(kAll, Desired(refused, policy));
  EXPECT_THAT(PlanReconciliation(OneRow(refused), policy, /*compare_seen=*/false), IsEmpty());
  const std::vector<Reconciliation> found = PlanReconciliation(OneRow(refused), policy, false, /*retry_refused=*/true);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(found[0].ends_refusals);
  const std::vector<Reconciliation> other = PlanReconciliation(OneRow(ChangedRow()), policy, false, true);
  ASSERT_THAT(other, SizeIs(1));
  EXPECT_FALSE(other[0].ends_refusals);
}

TEST(PlanReconciliationTest, AReadThatMayBeOlderThanTheAcknowledgementSaysNothing) {
  SyncRow row = EqualRow();
  row.seen = {1000, 1, ChannelStatus::kHidden};
  SyncPolicy policy = FullPolicy();
  const auto drifts = [&] { return !PlanReconciliation(OneRow(row), policy, true).empty(); };
  row.acknowledged_at = row.seen_at;
  EXPECT_FALSE(drifts()) << "of the same instant";
  row.acknowledged_at -= absl::Microseconds(1);
  EXPECT_TRUE(drifts());
  EXPECT_TRUE(PlanReconciliation(OneRow(row), policy, true).at(0).guard_quantity);
  policy.read_lag = absl::Seconds(10);
  EXPECT_FALSE(drifts()) << "neither drift nor guard";
  row.seen_at = row.acknowledged_at + absl::Seconds(10);
  EXPECT_FALSE(drifts());
  row.seen_at += absl::Microseconds(1);
  EXPECT_TRUE(drifts());
}

// A policy that changed is looked at once, and not again for the sake of a read that was too early.
TEST(PlanReconciliationTest, WhatIsToBeSentIsFoundThoughTheReadSaysNothing) {
  SyncRow row = EqualRow();
  row.acknowledged_at = row.seen_at;
  row.seen.price = 1;
  row.product_price = 2500;
  const std::vector<Reconciliation> found = PlanReconciliation(OneRow(row), FullPolicy(), true);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].acknowledged, row.acknowledged);
}

TEST(PlanReconciliationTest, FindsWhatIsToBeSent) {
  for (bool compare_seen : {false, true}) {
    const std::vector<Reconciliation> found = PlanReconciliation(OneRow(ChangedRow()), FullPolicy(), compare_seen);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].acknowledged, ChangedRow().acknowledged);
  }
}

TEST(PlanReconciliationTest, LeavesAloneWhatWasRefusedOrIsHeld) {
  SyncRow refused = ChangedRow();
  refused.refused = RefusedTogether(kAll, Desired(refused, FullPolicy()));
  EXPECT_THAT(PlanReconciliation(OneRow(refused), FullPolicy(), true), IsEmpty());
  refused.product_price += 1;
  EXPECT_THAT(PlanReconciliation(OneRow(refused), FullPolicy(), true), SizeIs(1));
  EXPECT_THAT(PlanReconciliation(OneRow(GuardedRow()), FullPolicy(), true), IsEmpty());
  SyncRow restated = GuardedRow();
  restated.quantity_at = absl::FromUnixSeconds(201);
  EXPECT_THAT(PlanReconciliation(OneRow(restated), FullPolicy(), true), SizeIs(1));
}

TEST(PlanReconciliationTest, WhatIsFixedIsNeitherDriftNorGuardedNorLookedFor) {
  SyncRow row = EqualRow();
  row.seen.quantity = 1;
  row.fixed = {{"quantity", FixedReason::kNotTracked}};
  EXPECT_THAT(PlanReconciliation(OneRow(row), FullPolicy(), true), IsEmpty());
  row.product_quantity = 9;
  for (const bool compare_seen : {false, true}) {
    EXPECT_THAT(PlanReconciliation(OneRow(row), FullPolicy(), compare_seen), IsEmpty());
  }
  row.seen.price = 1;
  const std::vector<Reconciliation> found = PlanReconciliation(OneRow(row), FullPolicy(), true);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].acknowledged.price, 1);
  EXPECT_EQ(found[0].acknowledged.quantity, 5);
  EXPECT_FALSE(found[0].guard_quantity);
}

TEST(PlanReconciliationTest, LeavesOutDeadItems) {
  SyncRow row = ChangedRow();
  row.seen.status = ChannelStatus::kDead;
  EXPECT_THAT(PlanReconciliation(OneRow(row), FullPolicy(), true), IsEmpty());
}

TEST(PlanReconciliationTest, ADriftOfContentIsFound) {
  const SyncPolicy policy = PolicyOf({{SyncField::kPrice}, {"title"}});
  SyncRow row = EqualRow();
  row.content = row.acknowledged.content = {{"title", "Shirt"}};
  row.seen = row.acknowledged;
  row.seen.SetContent("title", "");
  EXPECT_THAT(PlanReconciliation(OneRow(row), policy, /*compare_seen=*/false), IsEmpty());
  const std::vector<Reconciliation> found = PlanReconciliation(OneRow(row), policy, /*compare_seen=*/true);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].acknowledged, row.seen);
}

}  // namespace
}  // namespace flxlink::sync
