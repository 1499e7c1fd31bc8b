#include "src/sync/hidden_quantity.h"

#include <string>
#include <vector>

#include "flxlink/storage_kit/rules.h"
#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

SyncPolicy HidingPolicy() {
  SyncPolicy policy = PolicyOf(kPriceAndQuantity);
  policy.hides_by_quantity = true;
  return policy;
}

// As it is on the channel: 19.90, 5 pieces; no status.
SyncRow RowOf(const ListingStatus& status) {
  SyncRow row = EqualRow();
  row.acknowledged.status = row.seen.status = ChannelStatus::kUnknown;
  row.status = status;
  return row;
}

const ListingStatus kHidden = {Health::kHidden, PendingChange::kNone, false, StatusAuthor::kPerson};
const ListingStatus kDelisted = {Health::kDelisted, PendingChange::kNone, false, StatusAuthor::kPerson};
const ListingStatus kDelisting = {Health::kListed, PendingChange::kDelisting, false, StatusAuthor::kPerson};
const ListingStatus kUnhiding = {Health::kHidden, PendingChange::kUnhiding, false, StatusAuthor::kPerson};

TEST(HiddenQuantityTest, WhatIsHiddenOrDelistedOrIsToBeWantsNothing) {
  for (const ListingStatus& status : {kHidden, kHidingStatus, kDelisted, kDelisting}) {
    EXPECT_EQ(Desired(RowOf(status), HidingPolicy()).quantity, 0);
    EXPECT_EQ(Desired(RowOf(status), PolicyOf(kPriceAndQuantity)).quantity, 5) << "on other channels";
    SyncRow unstated = RowOf(status);
    unstated.product_quantity = kAbsent;
    EXPECT_EQ(Desired(unstated, HidingPolicy()).quantity, 0);
    EXPECT_EQ(StatusByQuantity(RowOf(status), HidingPolicy()), ChannelStatus::kHidden);
  }
  for (const ListingStatus& status : {kListedStatus, kUnhiding}) {
    EXPECT_EQ(Desired(RowOf(status), HidingPolicy()).quantity, 5);
    EXPECT_EQ(StatusByQuantity(RowOf(status), HidingPolicy()), ChannelStatus::kListed);
  }
  EXPECT_EQ(StatusByQuantity(RowOf(ListingStatus()), HidingPolicy()), ChannelStatus::kUnknown);
  EXPECT_EQ(StatusByQuantity(RowOf(kHidden), PolicyOf(kPriceAndQuantity)), ChannelStatus::kUnknown);
}

SyncRow RemovedRow(const ListingStatus& status) {
  SyncRow row = EqualRow();
  row.status = status;
  row.product_quantity = 0;
  row.product_removed = true;
  return row;
}

// Whatever was stated, and by whom.
TEST(HiddenQuantityTest, ARemovedProductIsToBeHidden) {
  for (const StatusAuthor author : {StatusAuthor::kChannel, StatusAuthor::kRule, StatusAuthor::kPerson}) {
    const SyncRow row = RemovedRow({Health::kListed, PendingChange::kNone, false, author});
    const SyncPlan plan = PlanOf(row, FullPolicy());
    EXPECT_EQ(OnlyItem(plan).values.status, ChannelStatus::kHidden);
    EXPECT_EQ(OnlyItem(plan).values.quantity, 0);
    EXPECT_THAT(plan.item_attentions, IsEmpty());
    EXPECT_EQ(StatusByQuantity(row, HidingPolicy()), ChannelStatus::kHidden);
  }
  for (const ListingStatus& status : {ListingStatus(), kDelisted, ListingStatus{Health::kUnknown}}) {
    EXPECT_EQ(Desired(RemovedRow(status), FullPolicy()).status, ChannelStatus::kUnknown);
  }
}

TEST(HiddenQuantityTest, WhereAChannelHasNoStatusThatIsSaidOfARemovedProduct) {
  const SyncPlan plan = PlanOf(RemovedRow(kListedStatus), PolicyOf(kPriceAndQuantity));
  EXPECT_EQ(OnlyItem(plan).mask, kQuantity);
  ASSERT_THAT(plan.item_attentions, SizeIs(1));
  EXPECT_EQ(plan.item_attentions[0].at(0).code, problem_code::kHiddenByQuantity);
  SyncRow sent = RemovedRow(kListedStatus);
  sent.acknowledged.quantity = sent.seen.quantity = 0;
  EXPECT_EQ(SettledCode(PlanOf(sent, PolicyOf(kPriceAndQuantity))), problem_code::kHiddenByQuantity);
  sent.product_removed = false;
  EXPECT_EQ(SettledCode(PlanOf(sent, PolicyOf(kPriceAndQuantity))), "");
}

TEST(HiddenQuantityTest, ItIsHiddenOnceTheQuantityIsApplied) {
  const SyncPlan plan = PlanOf(RowOf(kHidingStatus), HidingPolicy());
  EXPECT_EQ(OnlyItem(plan).mask, kQuantity);
  EXPECT_EQ(OnlyItem(plan).values.quantity, 0);
  const SettlementBatch applied = Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 11);
  EXPECT_EQ(applied.rows.at(0).by_quantity, ChannelStatus::kHidden);
  EXPECT_EQ(applied.rows.at(0).mask, kQuantity);
  ASSERT_EQ(applied.rows.at(0).attentions, 0);
  ASSERT_THAT(applied.attentions.at(0), SizeIs(1));
  EXPECT_TRUE(IsHiddenProblem(applied.attentions[0][0]));
  const SettlementBatch rejected = Settle(plan, {0}, {OutcomeOf(PushResult::kRejected)}, 11);
  EXPECT_EQ(rejected.rows.at(0).by_quantity, ChannelStatus::kUnknown);
  EXPECT_THAT(rejected.attentions.at(0), SizeIs(1)) << "it is refused, and not hidden";
}

TEST(HiddenQuantityTest, AnotherStepHidesNothingYet) {
  SyncRow row = RowOf(kUnhiding);
  row.acknowledged.quantity = 0;
  row.product_price = 1500;
  SyncPolicy policy = HidingPolicy();
  policy.kinds = {kPrice, kQuantity};
  const SyncPlan plan = PlanOf(row, policy);
  EXPECT_EQ(OnlyItem(plan).mask, kPrice);
  EXPECT_EQ(Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 11).rows.at(0).by_quantity, ChannelStatus::kUnknown);
  row.acknowledged.price = 1500;
  const Settlement raised = SettleOne(row, OutcomeOf(PushResult::kApplied), policy).rows.at(0);
  EXPECT_EQ(raised.by_quantity, ChannelStatus::kListed);
  EXPECT_EQ(raised.attentions, kClearAttentions);
}

TEST(HiddenQuantityTest, WhatHasTheQuantityAlreadyIsHiddenWithoutAPush) {
  SyncRow row = RowOf(kHidingStatus);
  row.acknowledged.quantity = 0;
  const SyncPlan plan = PlanOf(row, HidingPolicy());
  EXPECT_EQ(OnlySettled(plan).by_quantity, ChannelStatus::kHidden);
  EXPECT_EQ(SettledCode(plan), problem_code::kHiddenByQuantity);
  row.fixed = {{"quantity", FixedReason::kKeptByPlatform}};
  row.acknowledged.quantity = row.seen.quantity = 5;
  const SyncPlan fixed = PlanOf(row, HidingPolicy());
  EXPECT_EQ(OnlySettled(fixed).by_quantity, ChannelStatus::kUnknown) << "nothing can hide it";
  EXPECT_EQ(SettledCode(fixed), problem_code::kFieldFixed);
}

TEST(HiddenQuantityTest, TheGuardDoesNotHoldItBack) {
  SyncRow row = GuardedRow();
  row.status = kHidingStatus;
  EXPECT_EQ(OnlyItem(PlanOf(row, HidingPolicy())).values.quantity, 0);
  row.status = kListedStatus;
  EXPECT_EQ(SettledCode(PlanOf(row, HidingPolicy())), problem_code::kQuantityBelowAcknowledged);
}

TEST(HiddenQuantityTest, TheGuardStandsWhenItIsShownAgain) {
  SyncRow row = GuardedRow();
  row.status = kHidingStatus;
  const Settlement hidden = SettleOne(row, OutcomeOf(PushResult::kApplied), HidingPolicy()).rows.at(0);
  row.acknowledged.quantity = hidden.acknowledged.quantity;
  row.guarded_at = storage::GuardAfterSettlement(row.guarded_at, row.quantity_at, hidden, SettlementBatch());
  row.status = kUnhiding;
  EXPECT_EQ(SettledCode(PlanOf(row, HidingPolicy())), problem_code::kQuantityBelowAcknowledged);
  row.quantity_at = row.guarded_at + absl::Seconds(1);
  EXPECT_EQ(OnlyItem(PlanOf(row, HidingPolicy())).values.quantity, 5);
}

// The 0 may have landed, and what is acknowledged must not be taken for what the channel has.
TEST(HiddenQuantityTest, TheGuardDoesNotEndTheDoubtOfIt) {
  SyncRow row = GuardedRow();
  row.status = kListedStatus;
  row.in_doubt = kQuantity;
  const Settlement held = OnlySettled(PlanOf(row, HidingPolicy()));
  EXPECT_EQ(held.mask, kQuantity);
  CopyFields(held.mask, held.acknowledged, &row.acknowledged);
  row.in_doubt = held.in_doubt;
  row.product_quantity = 2;
  row.quantity_at = row.guarded_at + absl::Seconds(1);
  EXPECT_EQ(OnlyItem(PlanOf(row, HidingPolicy())).values.quantity, 2) << "though it was acknowledged before";
}

}  // namespace
}  // namespace flxlink::sync
