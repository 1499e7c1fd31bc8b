#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Desired -------------------------------------------------------------------------------------------------------------

TEST(DesiredTest, IsTheProductsValuesAndTheListingsStatus) {
  EXPECT_EQ(Desired(ChangedRow(), FullPolicy()), (ItemValues{1990, 5, ChannelStatus::kListed}));
}

TEST(DesiredTest, ANegativeQuantityIsZeroWhereTheChannelKnowsNone) {
  SyncRow row = EqualRow();
  row.product_quantity = -4;
  EXPECT_EQ(Desired(row, FullPolicy()).quantity, 0);
  SyncPolicy policy = FullPolicy();
  policy.takes_negative_quantities = true;
  EXPECT_EQ(Desired(row, policy).quantity, -4);
}

TEST(DesiredTest, FieldsThatAreNotSyncedAreAbsent) {
  SyncPolicy policy;
  EXPECT_EQ(Desired(EqualRow(), policy), ItemValues());
}

TEST(DesiredTest, MissingValuesAreAbsent) { EXPECT_EQ(Desired(SyncRow(), FullPolicy()), ItemValues()); }

TEST(DesiredTest, PriceInAnotherCurrencyIsAbsent) {
  SyncRow row = EqualRow();
  row.product_currency = Euro();
  EXPECT_EQ(Desired(row, FullPolicy()), (ItemValues{kAbsent, 5, ChannelStatus::kListed}));
}

// PlanSync ------------------------------------------------------------------------------------------------------------

TEST(PlanSyncTest, AnEmptyBatchPlansNothing) {
  const SyncPlan plan = PlanSync(SyncBatch(), SyncBatch(), FullPolicy());
  EXPECT_THAT(plan.items, IsEmpty());
  EXPECT_THAT(plan.settled.rows, IsEmpty());
}

TEST(PlanSyncTest, EqualRowsAreSettledAndLoseTheirAttention) {
  const Settlement row = OnlySettled(PlanOf(EqualRow()));
  EXPECT_EQ(row.listing_id, 7);
  EXPECT_EQ(row.dirty_version, 3);
  EXPECT_TRUE(row.settled);
  EXPECT_EQ(row.in_doubt, kNothing);
  EXPECT_EQ(row.mask, kNothing);
  EXPECT_THAT(row.refused.get(), IsEmpty());
  EXPECT_EQ(row.attentions, kClearAttentions);
}

TEST(PlanSyncTest, SendsOnlyTheFieldsThatDiffer) {
  SyncRow row = EqualRow();
  row.product_price = 1500;
  const PushItem item = OnlyItem(PlanOf(row));
  EXPECT_EQ(item.mask, kPrice);
  EXPECT_EQ(item.values, (ItemValues{1500, kAbsent, ChannelStatus::kUnknown}));
  EXPECT_EQ(item.listing_id, 7);
  EXPECT_EQ(item.dirty_version, 3);
  EXPECT_EQ(item.external_id, "item/7");
  EXPECT_EQ(item.handle, "handle/7");
}

TEST(PlanSyncTest, SaysWhatIsKnownOfTheFieldsThatItSends) {
  EXPECT_EQ(OnlyItem(PlanOf(ChangedRow())).known, ChangedRow().acknowledged);
  SyncRow row = ChangedRow();
  row.product_price = 1000;
  row.acknowledged.quantity = kAbsent;
  EXPECT_EQ(OnlyItem(PlanOf(row)).known, (ItemValues{kAbsent, kAbsent, ChannelStatus::kHidden}));
}

TEST(PlanSyncTest, SendsWhatWasNeverAcknowledged) {
  SyncRow row = EqualRow();
  row.acknowledged = ItemValues();
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kAll);
}

TEST(PlanSyncTest, AbsentValuesAreNotSent) {
  SyncRow row = ChangedRow();
  row.product_price = kAbsent;
  row.status = ListingStatus();
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity);
}

TEST(PlanSyncTest, KeepsTheOrderOfTheBatch) {
  SyncBatch batch;
  for (int64_t id : {9, 2, 5}) AddSyncRow(ChangedRow(id), "p", &batch);
  const SyncPlan plan = PlanSync(batch, SyncBatch(), FullPolicy());
  ASSERT_THAT(plan.items, SizeIs(3));
  EXPECT_EQ(plan.items[0].listing_id, 9);
  EXPECT_EQ(plan.items[1].listing_id, 2);
  EXPECT_EQ(plan.items[2].listing_id, 5);
  EXPECT_EQ(plan.items[2].parent_id, "p");
  EXPECT_THAT(plan.item_states, SizeIs(3));
}

TEST(PlanSyncTest, FieldsInDoubtAreNeverSkippedAsEqual) {
  for (const SyncFields& fields : {kAll, kPrice, kPriceAndStatus}) {
    SyncRow row = EqualRow();
    row.in_doubt = fields;
    const SyncPlan plan = PlanOf(row);
    EXPECT_EQ(OnlyItem(plan).mask, fields);
    EXPECT_EQ(plan.item_states[0].in_doubt, fields);
    EXPECT_EQ(plan.item_states[0].forgotten, kNothing);
  }
}

// Else the value would be skipped as equal to an acknowledged one that the channel may not have any more.
TEST(PlanSyncTest, AnAcknowledgedFieldInDoubtThatIsNotSentIsForgotten) {
  SyncRow row = EqualRow();
  row.in_doubt = kAll;
  row.product_price = kAbsent;
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, (SyncFields{SyncField::kQuantity, SyncField::kStatus}));
  const Settlement applied = Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 11).rows.at(0);
  EXPECT_EQ(applied.in_doubt, kNothing);
  EXPECT_EQ(applied.mask, kAll);
  EXPECT_EQ(applied.acknowledged, (ItemValues{kAbsent, 5, ChannelStatus::kListed}));
}

TEST(PlanSyncTest, IdempotencyKeyIsLinkVersionAndContent) {
  SyncRow row = EqualRow();
  row.product_price = 1500;
  const std::string key = OnlyItem(PlanOf(row)).idempotency_key;
  EXPECT_EQ(key, "7-3-5e35bf61b4f28afa");
  EXPECT_EQ(OnlyItem(PlanOf(row)).idempotency_key, key);
  row.dirty_version = 4;
  EXPECT_NE(OnlyItem(PlanOf(row)).idempotency_key, key);
  row.dirty_version = 3;
  row.product_price = 1501;
  EXPECT_NE(OnlyItem(PlanOf(row)).idempotency_key, key);
}

TEST(PlanSyncTest, NothingIsSentToDeadItems) {
  SyncRow row = ChangedRow();
  row.seen.status = ChannelStatus::kDead;
  const SyncPlan plan = PlanOf(row);
  EXPECT_TRUE(OnlySettled(plan).settled);
  EXPECT_EQ(OnlySettled(plan).attentions, kClearAttentions) << "what saw it dead has said so";
  EXPECT_EQ(OnlySettled(plan).in_doubt, kNothing);
  EXPECT_EQ(OnlySettled(plan).mask, kNothing);
  row.in_doubt = kPriceAndStatus;
  const SyncPlan forgetting = PlanOf(row);
  EXPECT_EQ(OnlySettled(forgetting).in_doubt, kNothing);
  EXPECT_EQ(OnlySettled(forgetting).mask, kPriceAndStatus);
  EXPECT_EQ(OnlySettled(forgetting).acknowledged, ItemValues());
}

TEST(PlanSyncTest, NothingIsSentToDoubtfulLinksWhereTheChannelHoldsThem) {
  SyncRow row = ChangedRow();
  row.forced = kPriceAndStatus;
  row.doubtful = true;
  SyncBatch batch;
  AddSyncRow(row, "", &batch);
  SyncPolicy policy = FullPolicy();
  EXPECT_THAT(PlanSync(batch, SyncBatch(), policy).items, SizeIs(1));
  policy.holds_doubtful = true;
  EXPECT_TRUE(OnlySettled(PlanSync(batch, SyncBatch(), policy)).settled);
  EXPECT_THAT(PlanReconciliation(batch, policy, /*compare_seen=*/false), IsEmpty());
  batch.rows[0].seen.price = 7;
  ASSERT_THAT(PlanReconciliation(batch, policy, /*compare_seen=*/true), SizeIs(1)) << "what drifted waits for its end";
}

TEST(PlanSyncTest, AnotherCurrencyIsAttentionAndTheRestGoes) {
  SyncRow row = ChangedRow();
  row.product_currency = Euro();
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, (SyncFields{SyncField::kQuantity, SyncField::kStatus}));
  EXPECT_EQ(ItemAttention(plan).code, problem_code::kCurrencyMismatch);
  EXPECT_EQ(ItemAttention(plan).message, "the product's price is 19.90 EUR; the channel's prices are in USD");
  row.acknowledged = EqualRow().acknowledged;
  EXPECT_EQ(SettledCode(PlanOf(row)), problem_code::kCurrencyMismatch);
}

TEST(PlanSyncTest, AnotherCurrencyDoesNotMatterWithoutAPriceToSync) {
  SyncRow row = EqualRow();
  row.product_currency = Euro();
  row.product_price = kAbsent;
  EXPECT_EQ(SettledCode(PlanOf(row)), "");
  row.product_price = 1990;
  SyncPolicy policy = FullPolicy();
  policy.fields.Remove(SyncField::kPrice);
  EXPECT_EQ(SettledCode(PlanOf(row, policy)), "");
}

// Prices of 0 ---------------------------------------------------------------------------------------------------------

TEST(ZeroPriceTest, IsAttentionAndTheRestGoes) {
  SyncRow row = ChangedRow();
  row.product_price = 0;
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, (SyncFields{SyncField::kQuantity, SyncField::kStatus}));
  EXPECT_EQ(ItemAttention(plan).code, problem_code::kZeroPrice);
  EXPECT_EQ(FieldValue(ItemAttention(plan).args, "field"), "price");
  row.acknowledged = EqualRow().acknowledged;
  EXPECT_EQ(SettledCode(PlanOf(row)), problem_code::kZeroPrice);
  row.acknowledged.price = kAbsent;
  EXPECT_EQ(SettledCode(PlanOf(row)), problem_code::kZeroPrice) << "nobody knows the channel's";
}

TEST(ZeroPriceTest, IsNoMatterWhereTheChannelHasIt) {
  SyncRow row = EqualRow();
  row.product_price = row.acknowledged.price = 0;
  EXPECT_EQ(SettledCode(PlanOf(row)), "");
  row.forced = kPrice;
  EXPECT_EQ(SettledCode(PlanOf(row)), "");
}

TEST(ZeroPriceTest, IsNotSentInDoubtOrByForce) {
  SyncRow row = EqualRow();
  row.product_price = 0;
  row.forced = kPrice;
  EXPECT_EQ(SettledCode(PlanOf(row)), problem_code::kZeroPrice);
  row.in_doubt = kPrice;
  EXPECT_EQ(SettledCode(PlanOf(row)), problem_code::kZeroPrice);
}

TEST(ZeroPriceTest, IsSentWhereThePolicyAllowsIt) {
  SyncRow row = EqualRow();
  row.product_price = 0;
  SyncPolicy policy = FullPolicy();
  policy.zero_prices = true;
  EXPECT_EQ(OnlyItem(PlanOf(row, policy)).values, (ItemValues{0, kAbsent, ChannelStatus::kUnknown}));
}

// Fields beyond price, quantity and status ----------------------------------------------------------------------------

SyncPolicy WidePolicy() {
  return PolicyOf({{SyncField::kPrice, SyncField::kCompareAtPrice}, {"description", "title"}});
}

// A link that has what it should have, with a compare-at price and a title.
SyncRow WideRow() {
  SyncRow row = EqualRow();
  row.product_compare_at_price = row.acknowledged.compare_at_price = 2490;
  row.content = row.acknowledged.content = {{"title", "Shirt"}};
  return row;
}

TEST(WideSyncTest, NothingIsSentThatIsAcknowledged) { EXPECT_EQ(SettledCode(PlanOf(WideRow(), WidePolicy())), ""); }

TEST(WideSyncTest, WhatDiffersIsSent) {
  SyncRow row = WideRow();
  row.product_compare_at_price = 2590;
  row.content = {{"description", "Fine"}, {"title", "Shirt"}};
  const SyncPlan plan = PlanOf(row, WidePolicy());
  EXPECT_EQ(FormatSyncFields(OnlyItem(plan).mask), "compare_at_price,description");
  ItemValues values;
  values.compare_at_price = 2590;
  values.SetContent("description", "Fine");
  EXPECT_EQ(OnlyItem(plan).values, values);
}

TEST(WideSyncTest, WhatNobodyStatesIsNotSent) {
  SyncRow row = WideRow();
  row.product_compare_at_price = kAbsent;
  row.content.clear();
  EXPECT_EQ(SettledCode(PlanOf(row, WidePolicy())), "");
}

TEST(WideSyncTest, ACompareAtPriceInAnotherCurrencyIsAttention) {
  SyncRow row = WideRow();
  row.product_price = kAbsent;
  row.product_currency = Euro();
  const SyncPlan plan = PlanOf(row, WidePolicy());
  EXPECT_EQ(SettledCode(plan), problem_code::kCurrencyMismatch);
  EXPECT_THAT(plan.settled.attentions.at(0).at(0).message, HasSubstr("24.90 EUR"));
}

TEST(WideSyncTest, OfPricesOfZeroOneAttentionNamesAll) {
  SyncRow row = WideRow();
  row.product_price = row.product_compare_at_price = 0;
  const SyncPlan plan = PlanOf(row, WidePolicy());
  EXPECT_EQ(SettledCode(plan), problem_code::kZeroPrice);
  EXPECT_EQ(FieldValue(plan.settled.attentions.at(0).at(0).args, "field"), "price,compare_at_price");
}

// Of every field, also of those that are not synced any more.
const SyncFields kWide = {{SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus, SyncField::kCompareAtPrice},
                          {"title"}};

TEST(WideSyncTest, InDoubtWhatIsDesiredIsSentAndTheRestForgotten) {
  SyncRow row = WideRow();
  row.in_doubt = kWide;
  const SyncPlan plan = PlanOf(row, WidePolicy());
  EXPECT_EQ(FormatSyncFields(OnlyItem(plan).mask), "price,compare_at_price,title");
  EXPECT_EQ(FormatSyncFields(plan.item_states[0].forgotten), "quantity,status");
  EXPECT_EQ(plan.item_states[0].in_doubt, kWide);
}

// What is forced ------------------------------------------------------------------------------------------------------

TEST(ForcedTest, IsSentThoughItIsAcknowledgedOverWhatIsKnown) {
  SyncRow row = EqualRow();
  row.forced = kAll;
  const PushItem item = OnlyItem(PlanOf(row));
  EXPECT_EQ(item.mask, kAll);
  EXPECT_EQ(item.values, row.acknowledged);
  EXPECT_EQ(item.known, row.acknowledged) << "a channel that compares must not replace what nobody has seen";
  row.forced = kPrice;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kPrice) << "the rest was sent";
}

TEST(ForcedTest, WhatIsNotDesiredIsNotSent) {
  SyncRow row = EqualRow();
  row.forced = SyncFields({SyncField::kPrice, SyncField::kCompareAtPrice}, {"title"});
  row.product_price = kAbsent;
  EXPECT_THAT(PlanOf(row).items, IsEmpty());
}

TEST(ForcedTest, TheGuardHolds) {
  SyncRow row = GuardedRow();
  row.forced = kAll;
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, kPriceAndStatus);
  EXPECT_EQ(ItemAttention(plan).code, problem_code::kQuantityBelowAcknowledged);
  row.forced = kQuantity;
  EXPECT_EQ(SettledCode(PlanOf(row)), problem_code::kQuantityBelowAcknowledged);
  row.product_quantity = 2;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity) << "what the channel shows raises nothing";
}

TEST(ForcedTest, WhatIsFixedOrAwaitedIsLeftOut) {
  SyncRow row = EqualRow();
  row.forced = kAll;
  row.fixed = {{"price", FixedReason::kKeptByParent}};
  Await(kStatus, row.acknowledged, &row);
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity);
}

TEST(ForcedTest, NothingWaitsForWhatIsRefusedAndAcknowledged) {
  SyncRow row = EqualRow();
  row.product_quantity = 8;
  row.refused = RefusedTogether(kPrice, row.acknowledged);
  row.forced = kStatus;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, SyncFields({SyncField::kQuantity, SyncField::kStatus}));
  row.acknowledged.price = 1;
  EXPECT_THAT(PlanOf(row).items, IsEmpty()) << "the price differs, and raising and showing wait for it";
}

TEST(ForcedTest, SaysNothingOfWhatTheChannelHas) {
  SyncRow row = EqualRow();
  SyncPolicy policy = PolicyOf(kPriceAndQuantity);
  policy.hides_by_quantity = true;
  row.forced = kPrice;
  const ChannelStatus shown = PlanOf(row, policy).item_states.at(0).by_quantity;
  row.forced = kPriceAndQuantity;
  row.fixed = {{"quantity", FixedReason::kKeptByPlatform}};
  EXPECT_EQ(PlanOf(row, policy).item_states.at(0).by_quantity, shown) << "it has the quantity as before";
}

// Oversell guard ------------------------------------------------------------------------------------------------------

TEST(OversellGuardTest, HoldsTheQuantityBack) {
  const SyncPlan plan = PlanOf(GuardedRow());
  EXPECT_EQ(SettledCode(plan), problem_code::kQuantityBelowAcknowledged);
  EXPECT_EQ(
      plan.settled.attentions[0].at(0).message,
      "the channel shows quantity 2, less than was last acknowledged; the product says 5, which was stated before "
      "that was seen");
  EXPECT_TRUE(OnlySettled(plan).settled);
}

TEST(OversellGuardTest, OtherFieldsStillGo) {
  SyncRow row = GuardedRow();
  row.product_price = 1;
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, kPrice);
  EXPECT_EQ(ItemAttention(plan).code, problem_code::kQuantityBelowAcknowledged);
}

TEST(OversellGuardTest, IsOneOfSeveralAttentions) {
  SyncRow row = GuardedRow();
  row.product_price = 1;
  row.product_currency = Euro();
  const SyncPlan plan = PlanOf(row);
  ASSERT_EQ(plan.settled.attentions.size(), 1u);
  const std::vector<Problem>& attentions = plan.settled.attentions[0];
  ASSERT_THAT(attentions, SizeIs(2));
  EXPECT_EQ(attentions[0].code, problem_code::kQuantityBelowAcknowledged);
  EXPECT_EQ(attentions[1].code, problem_code::kCurrencyMismatch);
}

TEST(OversellGuardTest, EndsWhenTheQuantityIsStatedAnew) {
  SyncRow row = GuardedRow();
  row.quantity_at = row.guarded_at;
  EXPECT_THAT(PlanOf(row).items, IsEmpty());
  row.quantity_at = row.guarded_at + absl::Microseconds(1);
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity);
}

TEST(OversellGuardTest, OverwriteSendsIt) {
  SyncPolicy policy = FullPolicy();
  policy.oversell_guard = OversellGuard::kOverwrite;
  EXPECT_EQ(OnlyItem(PlanOf(GuardedRow(), policy)).mask, kQuantity);
}

TEST(OversellGuardTest, NothingIsHeldWhereTheChannelShowsTheDesiredQuantity) {
  SyncRow row = GuardedRow();
  row.product_quantity = 2;
  EXPECT_EQ(SettledCode(PlanOf(row)), "");
  row.acknowledged.quantity = kAbsent;
  row.seen_at = row.guarded_at;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity);
}

TEST(OversellGuardTest, HoldsInDoubtTooAndForgetsIt) {
  SyncRow row = GuardedRow();
  row.in_doubt = kAll;
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, kPriceAndStatus);
  EXPECT_EQ(plan.item_states[0].forgotten, kQuantity) << "the guard looked before the push in doubt";
  row.in_doubt = kQuantity;
  row.acknowledged = row.seen;
  row.acknowledged.price = row.product_price;
  EXPECT_EQ(OnlySettled(PlanOf(row)).mask, kQuantity);
}

TEST(OversellGuardTest, OnlyWhatWasSeenSinceIsShownOfAQuantityInDoubt) {
  SyncRow row = GuardedRow();
  row.in_doubt = kQuantity;
  row.product_quantity = row.acknowledged.quantity = 4;
  row.seen.quantity = 4;
  row.seen_at = row.guarded_at - absl::Seconds(1);
  EXPECT_EQ(SettledCode(PlanOf(row)), problem_code::kQuantityBelowAcknowledged) << "the guard has seen another since";
  row.seen_at = row.guarded_at;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity);
  row.seen.quantity = 3;
  EXPECT_EQ(SettledCode(PlanOf(row)), problem_code::kQuantityBelowAcknowledged);
}

// Fixed fields --------------------------------------------------------------------------------------------------------

const FixedField kUntracked = {"quantity", FixedReason::kNotTracked};

// Everything differs, and the fields are fixed.
SyncRow FixedRow(std::vector<FixedField> fixed) {
  SyncRow row = ChangedRow();
  row.fixed = std::move(fixed);
  return row;
}

TEST(FixedTest, IsNeverSentAndTheRestGoes) {
  const SyncPlan plan = PlanOf(FixedRow({kUntracked}));
  EXPECT_EQ(OnlyItem(plan).mask, kPriceAndStatus);
  EXPECT_EQ(ItemAttention(plan).code, problem_code::kInventoryNotTracked);
  EXPECT_TRUE(plan.item_states[0].last) << "nothing else of the link is left to send";
}

TEST(FixedTest, WithNothingElseToSendTheLinkIsSettled) {
  SyncRow row = EqualRow();
  row.product_quantity = 9;
  row.fixed = {kUntracked};
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(SettledCode(plan), problem_code::kInventoryNotTracked);
  EXPECT_TRUE(OnlySettled(plan).settled);
  EXPECT_EQ(OnlySettled(plan).mask, kNothing);
}

TEST(FixedTest, IsNoAttentionWhereTheChannelHasTheValue) {
  SyncRow row = EqualRow();
  row.fixed = {kUntracked, {"price", FixedReason::kKeptByParent}};
  row.acknowledged = ItemValues();
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, kStatus) << "the others were seen as they should be";
  EXPECT_EQ(ItemAttention(plan).code, "");
}

TEST(FixedTest, OfAFieldThatIsNotSyncedNothingIsSaid) {
  EXPECT_EQ(SettledCode(PlanOf(FixedRow({{"price", FixedReason::kNotStocked}}), PolicyOf({}))), "");
}

TEST(FixedTest, InDoubtIsNotSentEitherAndForgotten) {
  SyncRow row = EqualRow();
  row.in_doubt = kQuantity;
  row.fixed = {{"quantity", FixedReason::kKeptByPlatform}};
  const Settlement settled = OnlySettled(PlanOf(row));
  EXPECT_TRUE(settled.settled);
  EXPECT_EQ(settled.in_doubt, kNothing);
  EXPECT_EQ(settled.mask, kQuantity);
  EXPECT_EQ(settled.acknowledged.quantity, kAbsent);
}

TEST(FixedTest, TheGuardSaysNothingOfIt) {
  SyncRow row = GuardedRow();
  row.fixed = {kUntracked};
  const SyncPlan plan = PlanOf(row);
  ASSERT_EQ(plan.settled.attentions.size(), 1u);
  ASSERT_THAT(plan.settled.attentions[0], SizeIs(1));
  EXPECT_EQ(plan.settled.attentions[0][0].code, problem_code::kInventoryNotTracked);
}

TEST(FixedTest, NothingWaitsForIt) {
  SyncPolicy policy = FullPolicy();
  policy.kinds = {kPrice, kQuantity, kStatus};
  const SyncPlan plan = PlanOf(FixedRow({{"price", FixedReason::kKeptByParent}}), policy);
  EXPECT_EQ(OnlyItem(plan).mask, kQuantity) << "raised though the price stays";
}

TEST(FixedTest, ARefusalOfItIsForgotten) {
  SyncRow row = FixedRow({kUntracked});
  row.refused = RefusedTogether(kQuantity, Desired(row, FullPolicy()));
  const SyncPlan plan = PlanOf(row);
  EXPECT_TRUE(plan.item_states.at(0).refused.empty()) << "when it can be set, it is another matter";
}

TEST(FixedTest, TheStatusIsNoMatterOfSiblings) {
  SyncRow row = FixedRow({{"status", FixedReason::kKeptByParent}});
  SyncRow sibling = EqualRow(8);
  sibling.status = kHidingStatus;
  SyncBatch batch;
  AddSyncRow(row, "P", &batch);
  SyncBatch siblings;
  AddSyncRow(sibling, "P", &siblings);
  SyncPolicy policy = FullPolicy();
  policy.parent_status = true;
  const SyncPlan plan = PlanSync(batch, siblings, policy);
  EXPECT_EQ(OnlyItem(plan).mask, kPriceAndQuantity);
  ASSERT_THAT(plan.item_attentions, SizeIs(1));
  ASSERT_THAT(plan.item_attentions[0], SizeIs(1));
  EXPECT_EQ(plan.item_attentions[0][0].code, problem_code::kFieldFixed);
}

TEST(FixedTest, ARefusalOfAnotherFieldLeavesTheAttention) {
  const SyncRow row = FixedRow({kUntracked});
  const SettlementBatch settled = SettleOne(row, OutcomeOf(PushResult::kRejected));
  ASSERT_THAT(settled.attentions, SizeIs(1));
  ASSERT_THAT(settled.attentions[0], SizeIs(2));
  EXPECT_EQ(settled.attentions[0][0].code, problem_code::kRejected);
  EXPECT_EQ(settled.attentions[0][1].code, problem_code::kInventoryNotTracked);
}

// Refused before ------------------------------------------------------------------------------------------------------

TEST(RefusedTest, TheSameValueIsNotSentAgainAndKeepsItsAttention) {
  SyncRow row = EqualRow();
  row.product_price = 100;
  row.refused = SettleOne(row, OutcomeOf(PushResult::kRejected)).rows.at(0).refused;
  const Problem problem = row.refused.get().at(0).problem;
  EXPECT_EQ(problem.code, problem_code::kRejected);
  EXPECT_THAT(row.refused.get(), ElementsAre(RefusedValue{"price", ValueDigest("price", {100}), problem}));
  const Settlement again = OnlySettled(PlanOf(row));
  EXPECT_TRUE(again.settled);
  EXPECT_THAT(OnlyAttentions(PlanOf(row)), ElementsAre(problem));
  EXPECT_EQ(again.refused, row.refused);
}

TEST(RefusedTest, AnotherValueIsSentAndTheOldOneForgotten) {
  SyncRow row = EqualRow();
  row.refused = RefusedTogether(kPrice, {100});
  row.product_price = 1;
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, kPrice);
  EXPECT_THAT(plan.item_states[0].refused.get(), IsEmpty());
}

TEST(RefusedTest, OtherFieldsGoAndTheRefusalStays) {
  SyncRow row = EqualRow();
  row.product_price = 100;
  row.product_quantity = 4;
  row.refused = RefusedTogether(kPrice, {100});
  const SyncPlan plan = PlanOf(row);
  EXPECT_EQ(OnlyItem(plan).mask, kQuantity);
  const SettlementBatch applied = Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 11);
  EXPECT_EQ(applied.rows.at(0).refused, row.refused);
  EXPECT_THAT(applied.attentions.at(0), ElementsAre(kTooLow));
  const Settlement throttled = Settle(plan, {0}, {OutcomeOf(PushResult::kThrottled)}, 11).rows.at(0);
  EXPECT_EQ(throttled.refused, row.refused);
  EXPECT_EQ(throttled.attentions, kKeepAttentions);
  const SettlementBatch both = Settle(plan, {0}, {OutcomeOf(PushResult::kRejected)}, 11);
  const Problem quantity = both.attentions.at(0).at(0);
  EXPECT_THAT(both.attentions.at(0), ElementsAre(quantity, kTooLow));
  EXPECT_THAT(both.rows.at(0).refused.get(),
              ElementsAre(row.refused.get().at(0), RefusedTogether(kQuantity, {kAbsent, 4}, quantity).at(0)));
}

// Nobody knows which of them it was: the price may have been wrong, and the quantity is not to wait for ever.
TEST(RefusedTest, WhatWasRefusedTogetherIsSentAgainTogether) {
  SyncRow row = EqualRow();
  row.product_price = 100;
  row.product_quantity = 9;
  row.refused = SettleOne(row, OutcomeOf(PushResult::kRejected)).rows.at(0).refused;
  EXPECT_EQ(row.refused.get(), RefusedTogether(kPriceAndQuantity, {100, 9}, row.refused.get().at(0).problem));
  EXPECT_EQ(OnlySettled(PlanOf(row)).refused, row.refused);
  SyncRow other_price = row;
  other_price.product_price = 1;
  EXPECT_EQ(OnlyItem(PlanOf(other_price)).mask, kPriceAndQuantity);
  SyncRow old_price = row;
  old_price.product_price = 1990;
  EXPECT_EQ(OnlyItem(PlanOf(old_price)).mask, kQuantity);
  SyncRow doubtful = row;
  doubtful.in_doubt = kPrice;
  EXPECT_EQ(OnlyItem(PlanOf(doubtful)).mask, kPriceAndQuantity);
}

TEST(RefusedTest, RaisingAndShowingWaitForARefusedPrice) {
  SyncRow row = ChangedRow();
  row.refused = RefusedTogether(kPrice, {1990});
  const Settlement waiting = OnlySettled(PlanOf(row));
  EXPECT_TRUE(waiting.settled);
  EXPECT_THAT(OnlyAttentions(PlanOf(row)), ElementsAre(kTooLow));
  EXPECT_EQ(waiting.refused, row.refused);
  row.product_price = 1991;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kAll);
}

TEST(RefusedTest, ARefusalSaysNothingOfAFieldInDoubt) {
  SyncRow row = EqualRow();
  row.in_doubt = kPriceAndQuantity;
  row.refused = RefusedTogether(kPrice, Desired(row, FullPolicy()));
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kPriceAndQuantity);
}

TEST(RefusedTest, ADoubtOfAnotherFieldDoesNotSendItAgain) {
  SyncRow row = EqualRow();
  row.product_price = 100;
  row.refused = RefusedTogether(kPrice, {100});
  row.product_quantity = 4;
  row.in_doubt = kQuantity;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity);
}

// Steps ---------------------------------------------------------------------------------------------------------------

// Price, quantity and status by a call each.
SyncPolicy SplitPolicy() {
  SyncPolicy policy = FullPolicy();
  policy.kinds = {kPrice, kQuantity, kStatus};
  return policy;
}

TEST(StepsTest, AnItemIsOneStepOfOneKind) {
  const SyncPlan plan = PlanOf(ChangedRow(), SplitPolicy());
  const PushItem item = OnlyItem(plan);
  EXPECT_EQ(item.mask, kPrice);
  EXPECT_EQ(item.values, ItemValues{1990});
  EXPECT_EQ(item.known, ItemValues{1000});
  EXPECT_EQ(plan.item_states.at(0).kind, 0);
  EXPECT_FALSE(plan.item_states.at(0).last);
}

TEST(StepsTest, TheLinkStaysDirtyUntilTheLastIsApplied) {
  SyncRow row = ChangedRow();
  std::vector<std::string> sent;
  for (bool settled = false; !settled && sent.size() < 9;) {
    const SyncPlan plan = PlanOf(row, SplitPolicy());
    sent.push_back(FormatSyncFields(OnlyItem(plan).mask));
    const Settlement settlement = Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 11).rows.at(0);
    EXPECT_EQ(settlement.attentions, settlement.settled ? kClearAttentions : kKeepAttentions);
    CopyFields(settlement.mask, settlement.acknowledged, &row.acknowledged);
    settled = settlement.settled;
  }
  EXPECT_THAT(sent, ElementsAre("price", "quantity", "status"));
}

TEST(StepsTest, AnAppliedStepEndsTheDoubtOfItsFieldsOnly) {
  SyncRow row = ChangedRow();
  row.in_doubt = kAll;
  const Settlement first = SettleOne(row, OutcomeOf(PushResult::kApplied), SplitPolicy()).rows.at(0);
  EXPECT_EQ(first.mask, kPrice);
  EXPECT_EQ(first.in_doubt, (SyncFields{SyncField::kQuantity, SyncField::kStatus}));
}

TEST(StepsTest, ForgetsWithTheLastOneOnly) {
  SyncRow row = ChangedRow();
  row.in_doubt = kAll;
  row.status = ListingStatus();
  EXPECT_EQ(PlanOf(row, SplitPolicy()).item_states.at(0).forgotten, kNothing);
  row.acknowledged.price = row.product_price;
  row.in_doubt.Remove(SyncField::kPrice);
  EXPECT_EQ(PlanOf(row, SplitPolicy()).item_states.at(0).forgotten, kStatus);
}

TEST(StepsTest, ARefusedStepLeavesTheRestToTheNextPlan) {
  SyncRow row = ChangedRow();
  row.product_quantity = 0;
  const Settlement refused = SettleOne(row, OutcomeOf(PushResult::kRejected), SplitPolicy()).rows.at(0);
  EXPECT_FALSE(refused.settled);
  EXPECT_EQ(refused.refused.get(), RefusedTogether(kQuantity, {kAbsent, 0}, refused.refused.get().at(0).problem));
  row.refused = refused.refused;
  const SyncPlan next = PlanOf(row, SplitPolicy());
  EXPECT_EQ(OnlyItem(next).mask, kPrice);
  EXPECT_TRUE(next.item_states.at(0).last) << "showing waits for the quantity";
}

TEST(StepsTest, WhatWaitsForARefusedValueIsForgottenWhereItIsInDoubt) {
  SyncRow row = ChangedRow();
  row.refused = RefusedTogether(kPrice, {1990});
  row.in_doubt = kQuantity;
  const Settlement waiting = OnlySettled(PlanOf(row, SplitPolicy()));
  EXPECT_TRUE(waiting.settled);
  EXPECT_EQ(waiting.in_doubt, kNothing);
  EXPECT_EQ(waiting.mask, kQuantity);
  EXPECT_EQ(waiting.acknowledged, ItemValues());
}

}  // namespace
}  // namespace flxlink::sync
