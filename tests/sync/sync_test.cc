#include "flxlink/sync.h"

#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/sync/value_digest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const SyncFields kPrice = {SyncField::kPrice};
const SyncFields kQuantity = {SyncField::kQuantity};
const SyncFields kStatus = {SyncField::kStatus};
const SyncFields kAll = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
const SyncFields kPriceAndQuantity = {SyncField::kPrice, SyncField::kQuantity};
const SyncFields kPriceAndStatus = {SyncField::kPrice, SyncField::kStatus};
const SyncFields kNothing = {};

const ListingStatus kListedStatus = {Health::kListed, PendingChange::kNone, false};
const ListingStatus kHidingStatus = {Health::kListed, PendingChange::kHiding, false};

Currency Euro() { return *Currency::Parse("EUR"); }

absl::Time At(int64_t second) { return absl::FromUnixSeconds(second); }

// A link whose channel has what it should have: 19.90 USD, 5 pieces, listed.
SyncRow EqualRow(int64_t listing_id = 7) {
  SyncRow row;
  row.listing_id = listing_id;
  row.dirty_version = 3;
  row.product_price = 1990;
  row.product_quantity = 5;
  row.quantity_at = At(100);
  row.status = kListedStatus;
  row.acknowledged = {1990, 5, ChannelStatus::kListed};
  row.seen = row.acknowledged;
  row.seen_at = At(50);
  return row;
}

// The same with everything different.
SyncRow ChangedRow(int64_t listing_id = 7) {
  SyncRow row = EqualRow(listing_id);
  row.acknowledged = {1000, 1, ChannelStatus::kHidden};
  row.seen = row.acknowledged;
  return row;
}

// The guard was set after the product's quantity was stated: the channel shows 2, the product says 5.
SyncRow GuardedRow() {
  SyncRow row = EqualRow();
  row.acknowledged.quantity = row.seen.quantity = 2;
  row.guarded_at = At(200);
  return row;
}

SyncPlan Plan(const SyncRow& row, const SyncPolicy& policy = FullPolicy()) {
  return PlanSync(OneRow(row), SyncBatch(), policy);
}

// What a row that is settled without a push comes to.
const Settlement& OnlySettled(const SyncPlan& plan) {
  EXPECT_THAT(plan.items, IsEmpty());
  EXPECT_THAT(plan.settled.rows, SizeIs(1));
  return plan.settled.rows.at(0);
}

const PushItem& OnlyItem(const SyncPlan& plan) {
  EXPECT_THAT(plan.settled.rows, IsEmpty());
  EXPECT_THAT(plan.items, SizeIs(1));
  return plan.items.at(0);
}

std::string SettledCode(const SyncPlan& plan) {
  const Settlement& row = OnlySettled(plan);
  return row.attentions < 0 ? "" : plan.settled.attentions.at(static_cast<size_t>(row.attentions)).at(0).code;
}

Problem ItemAttention(const SyncPlan& plan, size_t item = 0) {
  const int32_t set = plan.item_states.at(item).attentions;
  return set < 0 ? Problem() : plan.item_attentions.at(static_cast<size_t>(set)).at(0);
}

PushOutcome Outcome(PushResult result) {
  PushOutcome outcome;
  outcome.result = result;
  return outcome;
}

SettlementBatch SettleOne(const SyncRow& row, const PushOutcome& outcome, const SyncPolicy& policy = FullPolicy()) {
  return Settle(Plan(row, policy), {0}, {outcome}, 11);
}

// What the channel refused together: these fields, with the values that `values` has of them.
std::vector<RefusedValue> Refused(const SyncFields& fields, const ItemValues& values) {
  std::vector<RefusedValue> refused;
  for (const std::string& name : fields.Names()) refused.push_back({name, RefusalDigest(fields, values)});
  return refused;
}

// MakeSyncPolicy ------------------------------------------------------------------------------------------------------

PushKind KindOf(const SyncFields& fields, int64_t worth_from = 1) {
  PushKind kind;
  kind.fields = fields;
  kind.worth_from = worth_from;
  return kind;
}

TEST(MakeSyncPolicyTest, SyncsWhatTheConfigWantsAndTheAdapterCanSet) {
  ChannelConfig config;
  config.sync_fields = {SyncField::kPrice, SyncField::kStatus};
  config.currency = Euro();
  config.oversell_guard = OversellGuard::kOverwrite;
  AdapterCapabilities capabilities;
  capabilities.push_kinds = {KindOf(kQuantity), KindOf(kStatus)};
  capabilities.status_set = {ChannelStatus::kListed, ChannelStatus::kHidden};
  capabilities.kept_by_parent = kStatus;
  capabilities.pull_lag = absl::Seconds(9);
  const SyncPolicy policy = MakeSyncPolicy(config, capabilities);
  EXPECT_EQ(policy.fields, kStatus);
  EXPECT_EQ(policy.read_lag, absl::Seconds(9));
  EXPECT_EQ(policy.currency, Euro());
  EXPECT_EQ(policy.oversell_guard, OversellGuard::kOverwrite);
  EXPECT_TRUE(policy.parent_status);
  EXPECT_THAT(policy.kinds, ElementsAre(kNothing, kStatus));
}

TEST(MakeSyncPolicyTest, NoStatusWhereTheChannelHasNone) {
  AdapterCapabilities capabilities;
  capabilities.push_kinds = {KindOf(kAll)};
  const SyncPolicy policy = MakeSyncPolicy(ChannelConfig(), capabilities);
  EXPECT_EQ(policy.fields, kPriceAndQuantity);
  EXPECT_THAT(policy.kinds, ElementsAre(kPriceAndQuantity));
  EXPECT_FALSE(policy.parent_status);
}

TEST(MakeSyncPolicyTest, PlansLeaveOutKindsThatAreOnlyForMany) {
  AdapterCapabilities capabilities;
  capabilities.status_set = {ChannelStatus::kListed};
  capabilities.push_kinds = {KindOf(kAll, 50), KindOf(kPriceAndQuantity), KindOf(kStatus)};
  EXPECT_THAT(MakeSyncPolicy(ChannelConfig(), capabilities).kinds, ElementsAre(kNothing, kPriceAndQuantity, kStatus));
  // Without another one that sets the status it is for few as well.
  capabilities.push_kinds.pop_back();
  EXPECT_THAT(MakeSyncPolicy(ChannelConfig(), capabilities).kinds, ElementsAre(kAll, kPriceAndQuantity));
}

// Fields beyond price, quantity and status ---------------------------------------------------------------------------

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

TEST(WideSyncTest, NothingIsSentThatIsAcknowledged) { EXPECT_EQ(SettledCode(Plan(WideRow(), WidePolicy())), ""); }

TEST(WideSyncTest, WhatDiffersIsSent) {
  SyncRow row = WideRow();
  row.product_compare_at_price = 2590;
  row.content = {{"description", "Fine"}, {"title", "Shirt"}};
  const SyncPlan plan = Plan(row, WidePolicy());
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
  EXPECT_EQ(SettledCode(Plan(row, WidePolicy())), "");
}

TEST(WideSyncTest, ACompareAtPriceInAnotherCurrencyIsAttention) {
  SyncRow row = WideRow();
  row.product_price = kAbsent;
  row.product_currency = Euro();
  const SyncPlan plan = Plan(row, WidePolicy());
  EXPECT_EQ(SettledCode(plan), problem_code::kCurrencyMismatch);
  EXPECT_THAT(plan.settled.attentions.at(0).at(0).message, HasSubstr("24.90 EUR"));
}

// Of every field, also of those that are not synced any more.
const SyncFields kWide = {{SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus, SyncField::kCompareAtPrice},
                          {"title"}};

TEST(WideSyncTest, InDoubtWhatIsDesiredIsSentAndTheRestForgotten) {
  SyncRow row = WideRow();
  row.in_doubt = kWide;
  const SyncPlan plan = Plan(row, WidePolicy());
  EXPECT_EQ(FormatSyncFields(OnlyItem(plan).mask), "price,compare_at_price,title");
  EXPECT_EQ(FormatSyncFields(plan.item_states[0].forgotten), "quantity,status");
  EXPECT_EQ(plan.item_states[0].in_doubt, kWide);
}

TEST(WideSyncTest, ADriftOfContentIsFoundByAFullSync) {
  SyncRow row = WideRow();
  row.seen = row.acknowledged;
  row.seen.SetContent("title", "");
  EXPECT_THAT(PlanReconciliation(OneRow(row), WidePolicy(), /*compare_seen=*/false), IsEmpty());
  const std::vector<Reconciliation> found = PlanReconciliation(OneRow(row), WidePolicy(), /*compare_seen=*/true);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].acknowledged, row.seen);
}

// Desired -------------------------------------------------------------------------------------------------------------

TEST(DesiredTest, IsTheProductsValuesAndTheListingsStatus) {
  EXPECT_EQ(Desired(ChangedRow(), FullPolicy()), (ItemValues{1990, 5, ChannelStatus::kListed}));
}

TEST(DesiredTest, NegativeQuantitiesPass) {
  SyncRow row = EqualRow();
  row.product_quantity = -4;
  EXPECT_EQ(Desired(row, FullPolicy()).quantity, -4);
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
  const Settlement row = OnlySettled(Plan(EqualRow()));
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
  const PushItem item = OnlyItem(Plan(row));
  EXPECT_EQ(item.mask, kPrice);
  EXPECT_EQ(item.values, (ItemValues{1500, kAbsent, ChannelStatus::kUnknown}));
  EXPECT_EQ(item.listing_id, 7);
  EXPECT_EQ(item.dirty_version, 3);
  EXPECT_EQ(item.external_id, "item/7");
  EXPECT_EQ(item.handle, "handle/7");
}

TEST(PlanSyncTest, SaysWhatIsKnownOfTheFieldsThatItSends) {
  EXPECT_EQ(OnlyItem(Plan(ChangedRow())).known, ChangedRow().acknowledged);
  SyncRow row = ChangedRow();
  row.product_price = 1000;
  row.acknowledged.quantity = kAbsent;
  EXPECT_EQ(OnlyItem(Plan(row)).known, (ItemValues{kAbsent, kAbsent, ChannelStatus::kHidden}));
}

TEST(PlanSyncTest, SendsWhatWasNeverAcknowledged) {
  SyncRow row = EqualRow();
  row.acknowledged = ItemValues();
  EXPECT_EQ(OnlyItem(Plan(row)).mask, kAll);
}

TEST(PlanSyncTest, AbsentValuesAreNotSent) {
  SyncRow row = ChangedRow();
  row.product_price = kAbsent;
  row.status = ListingStatus();
  EXPECT_EQ(OnlyItem(Plan(row)).mask, kQuantity);
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
    const SyncPlan plan = Plan(row);
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
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(OnlyItem(plan).mask, (SyncFields{SyncField::kQuantity, SyncField::kStatus}));
  const Settlement applied = Settle(plan, {0}, {Outcome(PushResult::kApplied)}, 11).rows.at(0);
  EXPECT_EQ(applied.in_doubt, kNothing);
  EXPECT_EQ(applied.mask, kAll);
  EXPECT_EQ(applied.acknowledged, (ItemValues{kAbsent, 5, ChannelStatus::kListed}));
}

TEST(PlanSyncTest, IdempotencyKeyIsLinkVersionAndContent) {
  SyncRow row = EqualRow();
  row.product_price = 1500;
  const std::string key = OnlyItem(Plan(row)).idempotency_key;
  EXPECT_EQ(key, "7-3-188c9259b0be30b2");
  EXPECT_EQ(OnlyItem(Plan(row)).idempotency_key, key);
  row.dirty_version = 4;
  EXPECT_NE(OnlyItem(Plan(row)).idempotency_key, key);
  row.dirty_version = 3;
  row.product_price = 1501;
  EXPECT_NE(OnlyItem(Plan(row)).idempotency_key, key);
}

TEST(PlanSyncTest, NothingIsSentToDeadItems) {
  SyncRow row = ChangedRow();
  row.seen.status = ChannelStatus::kDead;
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(SettledCode(plan), problem_code::kItemDead);
  EXPECT_TRUE(OnlySettled(plan).settled);
  EXPECT_EQ(OnlySettled(plan).in_doubt, kNothing);
  EXPECT_EQ(OnlySettled(plan).mask, kNothing);
  row.in_doubt = kPriceAndStatus;
  const SyncPlan forgetting = Plan(row);
  EXPECT_EQ(OnlySettled(forgetting).in_doubt, kNothing);
  EXPECT_EQ(OnlySettled(forgetting).mask, kPriceAndStatus);
  EXPECT_EQ(OnlySettled(forgetting).acknowledged, ItemValues());
}

TEST(PlanSyncTest, AnotherCurrencyIsAttentionAndTheRestGoes) {
  SyncRow row = ChangedRow();
  row.product_currency = Euro();
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(OnlyItem(plan).mask, (SyncFields{SyncField::kQuantity, SyncField::kStatus}));
  EXPECT_EQ(ItemAttention(plan).code, problem_code::kCurrencyMismatch);
  EXPECT_EQ(ItemAttention(plan).message, "the product's price is 19.90 EUR; the channel's prices are in USD");
  row.acknowledged = EqualRow().acknowledged;
  EXPECT_EQ(SettledCode(Plan(row)), problem_code::kCurrencyMismatch);
}

TEST(PlanSyncTest, AnotherCurrencyDoesNotMatterWithoutAPriceToSync) {
  SyncRow row = EqualRow();
  row.product_currency = Euro();
  row.product_price = kAbsent;
  EXPECT_EQ(SettledCode(Plan(row)), "");
  row.product_price = 1990;
  SyncPolicy policy = FullPolicy();
  policy.fields.Remove(SyncField::kPrice);
  EXPECT_EQ(SettledCode(Plan(row, policy)), "");
}

// Oversell guard ------------------------------------------------------------------------------------------------------

TEST(OversellGuardTest, HoldsTheQuantityBack) {
  const SyncPlan plan = Plan(GuardedRow());
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
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(OnlyItem(plan).mask, kPrice);
  EXPECT_EQ(ItemAttention(plan).code, problem_code::kQuantityBelowAcknowledged);
}

TEST(OversellGuardTest, IsOneOfSeveralAttentions) {
  SyncRow row = GuardedRow();
  row.product_price = 1;
  row.product_currency = *Currency::Parse("EUR");
  const SyncPlan plan = Plan(row);
  ASSERT_EQ(plan.settled.attentions.size(), 1u);
  const std::vector<Problem>& attentions = plan.settled.attentions[0];
  ASSERT_THAT(attentions, SizeIs(2));
  EXPECT_EQ(attentions[0].code, problem_code::kQuantityBelowAcknowledged);
  EXPECT_EQ(attentions[1].code, problem_code::kCurrencyMismatch);
}

TEST(OversellGuardTest, EndsWhenTheQuantityIsStatedAnew) {
  SyncRow row = GuardedRow();
  row.quantity_at = row.guarded_at;
  EXPECT_THAT(Plan(row).items, IsEmpty());
  row.quantity_at = row.guarded_at + absl::Microseconds(1);
  EXPECT_EQ(OnlyItem(Plan(row)).mask, kQuantity);
}

TEST(OversellGuardTest, OverwriteSendsIt) {
  SyncPolicy policy = FullPolicy();
  policy.oversell_guard = OversellGuard::kOverwrite;
  EXPECT_EQ(OnlyItem(Plan(GuardedRow(), policy)).mask, kQuantity);
}

TEST(OversellGuardTest, NothingIsHeldWhereTheChannelShowsTheDesiredQuantity) {
  SyncRow row = GuardedRow();
  row.product_quantity = 2;
  EXPECT_EQ(SettledCode(Plan(row)), "");
  row.acknowledged.quantity = kAbsent;
  EXPECT_EQ(OnlyItem(Plan(row)).mask, kQuantity);
}

TEST(OversellGuardTest, HoldsInDoubtTooAndForgetsNothingOfIt) {
  SyncRow row = GuardedRow();
  row.in_doubt = kAll;
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(OnlyItem(plan).mask, kPriceAndStatus);
  EXPECT_EQ(plan.item_states[0].forgotten, kNothing);
  for (const PushResult result : {PushResult::kApplied, PushResult::kRejected}) {
    EXPECT_FALSE(Settle(plan, {0}, {Outcome(result)}, 11).rows.at(0).mask.Has(SyncField::kQuantity));
  }
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
  const SyncPlan plan = Plan(FixedRow({kUntracked}));
  EXPECT_EQ(OnlyItem(plan).mask, kPriceAndStatus);
  EXPECT_EQ(ItemAttention(plan).code, problem_code::kInventoryNotTracked);
  EXPECT_TRUE(plan.item_states[0].last) << "nothing else of the link is left to send";
}

TEST(FixedTest, WithNothingElseToSendTheLinkIsSettled) {
  SyncRow row = EqualRow();
  row.product_quantity = 9;
  row.fixed = {kUntracked};
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(SettledCode(plan), problem_code::kInventoryNotTracked);
  EXPECT_TRUE(OnlySettled(plan).settled);
  EXPECT_EQ(OnlySettled(plan).mask, kNothing);
}

TEST(FixedTest, IsNoAttentionWhereTheChannelHasTheValue) {
  SyncRow row = EqualRow();
  row.fixed = {kUntracked, {"price", FixedReason::kKeptByParent}};
  row.acknowledged = ItemValues();
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(OnlyItem(plan).mask, kStatus) << "the others were seen as they should be";
  EXPECT_EQ(ItemAttention(plan).code, "");
}

TEST(FixedTest, OfAFieldThatIsNotSyncedNothingIsSaid) {
  EXPECT_EQ(SettledCode(Plan(FixedRow({{"price", FixedReason::kNotStocked}}), PolicyOf({}))), "");
}

TEST(FixedTest, InDoubtIsNotSentEitherAndForgotten) {
  SyncRow row = EqualRow();
  row.in_doubt = kQuantity;
  row.fixed = {{"quantity", FixedReason::kKeptByPlatform}};
  const Settlement settled = OnlySettled(Plan(row));
  EXPECT_TRUE(settled.settled);
  EXPECT_EQ(settled.in_doubt, kNothing);
  EXPECT_EQ(settled.mask, kQuantity);
  EXPECT_EQ(settled.acknowledged.quantity, kAbsent);
}

TEST(FixedTest, TheGuardSaysNothingOfIt) {
  SyncRow row = GuardedRow();
  row.fixed = {kUntracked};
  const SyncPlan plan = Plan(row);
  ASSERT_EQ(plan.settled.attentions.size(), 1u);
  ASSERT_THAT(plan.settled.attentions[0], SizeIs(1));
  EXPECT_EQ(plan.settled.attentions[0][0].code, problem_code::kInventoryNotTracked);
}

TEST(FixedTest, NothingWaitsForIt) {
  SyncPolicy policy = FullPolicy();
  policy.kinds = {kPrice, kQuantity, kStatus};
  const SyncPlan plan = Plan(FixedRow({{"price", FixedReason::kKeptByParent}}), policy);
  EXPECT_EQ(OnlyItem(plan).mask, kQuantity) << "raised though the price stays";
}

TEST(FixedTest, ARefusalOfItIsForgotten) {
  SyncRow row = FixedRow({kUntracked});
  row.refused = Refused(kQuantity, Desired(row, FullPolicy()));
  const SyncPlan plan = Plan(row);
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
  const SettlementBatch settled = SettleOne(row, Outcome(PushResult::kRejected));
  ASSERT_THAT(settled.attentions, SizeIs(1));
  ASSERT_THAT(settled.attentions[0], SizeIs(2));
  EXPECT_EQ(settled.attentions[0][0].code, problem_code::kRejected);
  EXPECT_EQ(settled.attentions[0][1].code, problem_code::kInventoryNotTracked);
}

// Refused before ------------------------------------------------------------------------------------------------------

TEST(RefusedTest, TheSameValueIsNotSentAgainAndKeepsItsAttention) {
  SyncRow row = EqualRow();
  row.product_price = 0;
  row.refused = SettleOne(row, Outcome(PushResult::kRejected)).rows.at(0).refused;
  EXPECT_THAT(row.refused.get(), ElementsAre(RefusedValue{"price", ValueDigest("price", {0})}));
  const Settlement again = OnlySettled(Plan(row));
  EXPECT_TRUE(again.settled);
  EXPECT_EQ(again.attentions, kKeepAttentions);
  EXPECT_EQ(again.refused, row.refused);
}

TEST(RefusedTest, AnotherValueIsSentAndTheOldOneForgotten) {
  SyncRow row = EqualRow();
  row.refused = Refused(kPrice, {0});
  row.product_price = 1;
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(OnlyItem(plan).mask, kPrice);
  EXPECT_THAT(plan.item_states[0].refused.get(), IsEmpty());
}

TEST(RefusedTest, OtherFieldsGoAndTheRefusalStays) {
  SyncRow row = EqualRow();
  row.product_price = 0;
  row.product_quantity = 4;
  row.refused = Refused(kPrice, {0});
  const SyncPlan plan = Plan(row);
  EXPECT_EQ(OnlyItem(plan).mask, kQuantity);
  for (const PushResult result : {PushResult::kApplied, PushResult::kThrottled}) {
    const Settlement settlement = Settle(plan, {0}, {Outcome(result)}, 11).rows.at(0);
    EXPECT_EQ(settlement.refused, row.refused);
    EXPECT_EQ(settlement.attentions, kKeepAttentions);
  }
  const Settlement both = Settle(plan, {0}, {Outcome(PushResult::kRejected)}, 11).rows.at(0);
  EXPECT_THAT(both.refused.get(), ElementsAre(row.refused.get().at(0), Refused(kQuantity, {kAbsent, 4}).at(0)));
}

// Nobody knows which of them it was: the price may have been wrong, and the quantity is not to wait for ever.
TEST(RefusedTest, WhatWasRefusedTogetherIsSentAgainTogether) {
  SyncRow row = EqualRow();
  row.product_price = 0;
  row.product_quantity = 9;
  row.refused = SettleOne(row, Outcome(PushResult::kRejected)).rows.at(0).refused;
  EXPECT_EQ(row.refused.get(), Refused(kPriceAndQuantity, {0, 9}));
  EXPECT_EQ(OnlySettled(Plan(row)).refused, row.refused);
  SyncRow other_price = row;
  other_price.product_price = 1;
  EXPECT_EQ(OnlyItem(Plan(other_price)).mask, kPriceAndQuantity);
  SyncRow old_price = row;
  old_price.product_price = 1990;
  EXPECT_EQ(OnlyItem(Plan(old_price)).mask, kQuantity);
  SyncRow doubtful = row;
  doubtful.in_doubt = kPrice;
  EXPECT_EQ(OnlyItem(Plan(doubtful)).mask, kPriceAndQuantity);
}

TEST(RefusedTest, RaisingAndShowingWaitForARefusedPrice) {
  SyncRow row = ChangedRow();
  row.refused = Refused(kPrice, {1990});
  const Settlement waiting = OnlySettled(Plan(row));
  EXPECT_TRUE(waiting.settled);
  EXPECT_EQ(waiting.attentions, kKeepAttentions);
  EXPECT_EQ(waiting.refused, row.refused);
  row.product_price = 1991;
  EXPECT_EQ(OnlyItem(Plan(row)).mask, kAll);
}

TEST(RefusedTest, ARefusalSaysNothingOfAFieldInDoubt) {
  SyncRow row = EqualRow();
  row.in_doubt = kPriceAndQuantity;
  row.refused = Refused(kPrice, Desired(row, FullPolicy()));
  EXPECT_EQ(OnlyItem(Plan(row)).mask, kPriceAndQuantity);
}

TEST(RefusedTest, ADoubtOfAnotherFieldDoesNotSendItAgain) {
  SyncRow row = EqualRow();
  row.product_price = 0;
  row.refused = Refused(kPrice, {0});
  row.product_quantity = 4;
  row.in_doubt = kQuantity;
  EXPECT_EQ(OnlyItem(Plan(row)).mask, kQuantity);
}

// Steps ---------------------------------------------------------------------------------------------------------------

// Price, quantity and status by a call each.
SyncPolicy SplitPolicy() {
  SyncPolicy policy = FullPolicy();
  policy.kinds = {kPrice, kQuantity, kStatus};
  return policy;
}

TEST(StepsTest, AnItemIsOneStepOfOneKind) {
  const SyncPlan plan = Plan(ChangedRow(), SplitPolicy());
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
    const SyncPlan plan = Plan(row, SplitPolicy());
    sent.push_back(FormatSyncFields(OnlyItem(plan).mask));
    const Settlement settlement = Settle(plan, {0}, {Outcome(PushResult::kApplied)}, 11).rows.at(0);
    EXPECT_EQ(settlement.attentions, settlement.settled ? kClearAttentions : kKeepAttentions);
    CopyFields(settlement.mask, settlement.acknowledged, &row.acknowledged);
    settled = settlement.settled;
  }
  EXPECT_THAT(sent, ElementsAre("price", "quantity", "status"));
}

TEST(StepsTest, AnAppliedStepEndsTheDoubtOfItsFieldsOnly) {
  SyncRow row = ChangedRow();
  row.in_doubt = kAll;
  const Settlement first = SettleOne(row, Outcome(PushResult::kApplied), SplitPolicy()).rows.at(0);
  EXPECT_EQ(first.mask, kPrice);
  EXPECT_EQ(first.in_doubt, (SyncFields{SyncField::kQuantity, SyncField::kStatus}));
}

TEST(StepsTest, ForgetsWithTheLastOneOnly) {
  SyncRow row = ChangedRow();
  row.in_doubt = kAll;
  row.status = ListingStatus();
  EXPECT_EQ(Plan(row, SplitPolicy()).item_states.at(0).forgotten, kNothing);
  row.acknowledged.price = row.product_price;
  row.in_doubt.Remove(SyncField::kPrice);
  EXPECT_EQ(Plan(row, SplitPolicy()).item_states.at(0).forgotten, kStatus);
}

TEST(StepsTest, ARefusedStepLeavesTheRestToTheNextPlan) {
  SyncRow row = ChangedRow();
  row.product_quantity = 0;
  const Settlement refused = SettleOne(row, Outcome(PushResult::kRejected), SplitPolicy()).rows.at(0);
  EXPECT_FALSE(refused.settled);
  EXPECT_EQ(refused.refused.get(), Refused(kQuantity, {kAbsent, 0}));
  row.refused = refused.refused;
  const SyncPlan next = Plan(row, SplitPolicy());
  EXPECT_EQ(OnlyItem(next).mask, kPrice);
  EXPECT_TRUE(next.item_states.at(0).last) << "showing waits for the quantity";
}

TEST(StepsTest, WhatWaitsForARefusedValueIsForgottenWhereItIsInDoubt) {
  SyncRow row = ChangedRow();
  row.refused = Refused(kPrice, {1990});
  row.in_doubt = kQuantity;
  const Settlement waiting = OnlySettled(Plan(row, SplitPolicy()));
  EXPECT_TRUE(waiting.settled);
  EXPECT_EQ(waiting.in_doubt, kNothing);
  EXPECT_EQ(waiting.mask, kQuantity);
  EXPECT_EQ(waiting.acknowledged, ItemValues());
}

// One status a product ------------------------------------------------------------------------------------------------

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
  EXPECT_EQ(
      ItemAttention(plan, 0).message,
      "the channel has one status for the product, and its listing variants want listed for SKU3; hidden for SKU1, "
      "SKU2");
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

TEST_F(SiblingsTest, WithNothingToSayOrDeadDoNotCount) {
  AddSyncRow(Wanting(1, kHidingStatus), "shirt", &batch_);
  SyncRow not_listed = EqualRow(2);
  not_listed.status = ListingStatus();
  AddSyncRow(not_listed, "shirt", &siblings_);
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
  const SettlementBatch applied = Settle(plan, {0}, {Outcome(PushResult::kApplied)}, 11);
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

// Settle --------------------------------------------------------------------------------------------------------------

TEST(SettleTest, AppliedFieldsAreAcknowledged) {
  SyncRow row = EqualRow();
  row.product_price = 1500;
  const SettlementBatch batch = SettleOne(row, Outcome(PushResult::kApplied));
  EXPECT_EQ(batch.push_id, 11);
  const Settlement& settled = batch.rows.at(0);
  EXPECT_EQ(settled.listing_id, 7);
  EXPECT_EQ(settled.dirty_version, 3);
  EXPECT_TRUE(settled.settled);
  EXPECT_EQ(settled.in_doubt, kNothing);
  EXPECT_EQ(settled.mask, kPrice);
  EXPECT_EQ(settled.acknowledged, (ItemValues{1500, kAbsent, ChannelStatus::kUnknown}));
  EXPECT_THAT(settled.refused.get(), IsEmpty());
  EXPECT_EQ(settled.attentions, kClearAttentions);
}

TEST(SettleTest, AppliedEndsDoubt) {
  SyncRow row = EqualRow();
  row.in_doubt = kAll;
  EXPECT_EQ(SettleOne(row, Outcome(PushResult::kApplied)).rows.at(0).in_doubt, kNothing);
}

TEST(SettleTest, AppliedCarriesTheItemsAttention) {
  SyncRow row = ChangedRow();
  row.product_currency = Euro();
  const SettlementBatch batch = SettleOne(row, Outcome(PushResult::kApplied));
  ASSERT_EQ(batch.rows.at(0).attentions, 0);
  EXPECT_EQ(batch.attentions.at(0).at(0).code, problem_code::kCurrencyMismatch);
}

TEST(SettleTest, ARejectionIsAttentionAndRemembered) {
  PushOutcome outcome = Outcome(PushResult::kRejected);
  outcome.code = "price_too_low";
  outcome.message = "must be at least 1.00";
  const SettlementBatch batch = SettleOne(ChangedRow(), outcome);
  const Settlement& row = batch.rows.at(0);
  EXPECT_TRUE(row.settled);
  EXPECT_EQ(row.mask, kNothing);
  EXPECT_EQ(row.refused.get(), Refused(kAll, {1990, 5, ChannelStatus::kListed}));
  ASSERT_EQ(row.attentions, 0);
  EXPECT_EQ(batch.attentions.at(0).at(0).code, "price_too_low");
  EXPECT_EQ(batch.attentions.at(0).at(0).message, "must be at least 1.00");
}

TEST(SettleTest, ARejectionOfANamedFieldLeavesTheOthersToTheNextPlan) {
  PushOutcome outcome = Outcome(PushResult::kRejected);
  outcome.message = "must be at least 1.00";
  outcome.field = "price";
  const SettlementBatch batch = SettleOne(ChangedRow(), outcome);
  const Settlement& row = batch.rows.at(0);
  EXPECT_FALSE(row.settled);
  EXPECT_EQ(row.refused.get(), Refused(kPrice, {1990}));
  ASSERT_EQ(row.attentions, 0);
  EXPECT_EQ(batch.attentions.at(0).at(0).message, "price: must be at least 1.00");
  EXPECT_EQ(batch.attentions.at(0).at(0).args, (std::vector<Field>{{"field", "price"}}));
}

TEST(SettleTest, ARejectionOfAFieldThatWasNotSentIsOneOfAll) {
  for (const char* field : {"title", "Price!"}) {
    PushOutcome outcome = Outcome(PushResult::kRejected);
    outcome.field = field;
    const Settlement row = SettleOne(ChangedRow(), outcome).rows.at(0);
    EXPECT_TRUE(row.settled);
    EXPECT_EQ(row.refused.get(), Refused(kAll, {1990, 5, ChannelStatus::kListed}));
  }
}

TEST(SettleTest, ARejectionWithoutWordsStillSaysSomething) {
  const SettlementBatch batch = SettleOne(ChangedRow(), Outcome(PushResult::kRejected));
  EXPECT_EQ(batch.attentions.at(0).at(0).code, problem_code::kRejected);
  EXPECT_EQ(batch.attentions.at(0).at(0).message, "the channel refused it without a message");
}

TEST(SettleTest, NotFoundIsGone) {
  const SettlementBatch batch = SettleOne(ChangedRow(), Outcome(PushResult::kNotFound));
  const Settlement& row = batch.rows.at(0);
  EXPECT_TRUE(row.gone);
  EXPECT_EQ(row.mask, kNothing);
  EXPECT_EQ(batch.attentions.at(static_cast<size_t>(row.attentions)).at(0).code, problem_code::kItemGone);
}

TEST(SettleTest, WhatWasNotDoneStaysDirtyAndIsAsInDoubtAsBefore) {
  for (PushResult result : {PushResult::kConflict, PushResult::kNotTried, PushResult::kThrottled}) {
    for (const SyncFields& in_doubt : {kNothing, kPrice, kAll}) {
      SyncRow row = ChangedRow();
      row.in_doubt = in_doubt;
      const SettlementBatch batch = SettleOne(row, Outcome(result));
      const Settlement& settlement = batch.rows.at(0);
      EXPECT_FALSE(settlement.settled);
      EXPECT_EQ(settlement.in_doubt, in_doubt);
      EXPECT_EQ(settlement.mask, kNothing);
      EXPECT_EQ(settlement.attentions, kKeepAttentions);
    }
  }
}

TEST(SettleTest, ARejectionDoesNotTellWhatAnEarlierPushDid) {
  SyncRow row = ChangedRow();
  row.in_doubt = kPriceAndStatus;
  const Settlement refused = SettleOne(row, Outcome(PushResult::kRejected)).rows.at(0);
  EXPECT_EQ(refused.in_doubt, kNothing);
  EXPECT_EQ(refused.mask, kPriceAndStatus);
  EXPECT_EQ(refused.acknowledged, ItemValues());
  // The same values are still known as refused.
  row.in_doubt = kNothing;
  CopyFields(refused.mask, refused.acknowledged, &row.acknowledged);
  row.refused = refused.refused;
  EXPECT_EQ(OnlySettled(Plan(row)).attentions, kKeepAttentions);
}

TEST(SettleTest, ARejectionOfOneFieldKeepsTheDoubtOfTheOthers) {
  SyncRow row = ChangedRow();
  row.in_doubt = kAll;
  PushOutcome outcome = Outcome(PushResult::kRejected);
  outcome.field = "status";
  const Settlement refused = SettleOne(row, outcome).rows.at(0);
  EXPECT_EQ(refused.in_doubt, kPriceAndQuantity);
  EXPECT_EQ(refused.mask, kStatus);
}

TEST(SettleTest, UnknownOutcomesGetNoRow) {
  SyncBatch batch;
  for (int64_t id = 1; id <= 3; ++id) AddSyncRow(ChangedRow(id), "", &batch);
  const SettlementBatch settled =
      Settle(PlanSync(batch, SyncBatch(), FullPolicy()), {0, 1, 2},
             {Outcome(PushResult::kApplied), Outcome(PushResult::kUnavailable), Outcome(PushResult::kApplied)}, 11);
  ASSERT_THAT(settled.rows, SizeIs(2));
  EXPECT_EQ(settled.rows[0].listing_id, 1);
  EXPECT_EQ(settled.rows[1].listing_id, 3);
}

// Receipts ------------------------------------------------------------------------------------------------------------

PushOutcome AcceptedOutcome() {
  PushOutcome outcome = Outcome(PushResult::kAccepted);
  outcome.receipt = "r1";
  return outcome;
}

TEST(ReceiptTest, WhatIsAcceptedWaits) {
  const Settlement row = SettleOne(ChangedRow(), AcceptedOutcome()).rows.at(0);
  EXPECT_TRUE(row.settled);
  EXPECT_EQ(row.receipt, "r1");
  EXPECT_EQ(row.mask, kNothing) << "nothing is acknowledged";
  EXPECT_EQ(row.in_doubt, kAll);
}

// The channel had 1 piece, accepted 5 and has not decided.
SyncRow AwaitingRow() {
  SyncRow row = ChangedRow();
  row.in_doubt = row.awaited = kQuantity;
  row.awaited_quantity = 5;
  return row;
}

TEST(ReceiptTest, WhatIsAwaitedIsNotSentAndTheRestIs) {
  SyncRow row = AwaitingRow();
  row.status = kListedStatus;
  row.acknowledged.status = ChannelStatus::kListed;
  EXPECT_EQ(OnlyItem(Plan(row)).mask, kPrice);
  row.acknowledged.price = 1990;
  const Settlement settled = OnlySettled(Plan(row));
  EXPECT_TRUE(settled.settled);
  EXPECT_EQ(settled.in_doubt, kQuantity) << "the receipt ends the doubt";
  EXPECT_EQ(settled.mask, kNothing) << "what was acknowledged is not forgotten";
}

TEST(ReceiptTest, ALowerQuantityThanWhatMayLandWaitsForNothing) {
  SyncRow row = AwaitingRow();
  row.acknowledged = {1990, 1, ChannelStatus::kListed};
  for (const int64_t quantity : {7, 5}) {
    row.product_quantity = quantity;
    EXPECT_THAT(Plan(row).items, IsEmpty()) << quantity;
  }
  for (const int64_t quantity : {4, 1, 0}) {
    row.product_quantity = quantity;
    EXPECT_EQ(OnlyItem(Plan(row)).mask, kQuantity) << quantity;
  }
}

TEST(ReceiptTest, ShowingWaitsForAnAwaitedPrice) {
  SyncRow row = ChangedRow();
  row.acknowledged = {1000, 5, ChannelStatus::kHidden};
  row.in_doubt = row.awaited = kPrice;
  EXPECT_THAT(Plan(row).items, IsEmpty());
}

TEST(ReceiptTest, ADoubtThatIsAwaitedOutlivesAnotherPush) {
  SyncRow row = AwaitingRow();
  row.product_quantity = 0;
  row.acknowledged.price = 1990;
  row.acknowledged.status = ChannelStatus::kListed;
  const Settlement applied = SettleOne(row, Outcome(PushResult::kApplied)).rows.at(0);
  EXPECT_EQ(applied.mask, kQuantity);
  EXPECT_EQ(applied.in_doubt, kQuantity) << "the older one may still land";
}

OpenItem AwaitedItem() {
  OpenItem open;
  open.item.listing_id = 7;
  open.item.dirty_version = 3;
  open.item.external_id = "item/7";
  open.item.mask = kQuantity;
  open.item.values.quantity = 5;
  open.receipt = "r1";
  return open;
}

struct Decision {
  Settlement row;
  std::vector<Problem> attentions;
};

Decision Decide(const PushOutcome& outcome, const SyncFields& still_awaited = {}) {
  Decision decision;
  decision.row = SettleReceipt(AwaitedItem(), AwaitingRow(), still_awaited, outcome, &decision.attentions);
  EXPECT_TRUE(decision.row.decided);
  EXPECT_EQ(decision.row.dirty_version, 3);
  EXPECT_EQ(decision.row.in_doubt, still_awaited);
  return decision;
}

TEST(ReceiptTest, AnAppliedOneIsAcknowledged) {
  const Decision decision = Decide(Outcome(PushResult::kApplied));
  EXPECT_EQ(decision.row.mask, kQuantity);
  EXPECT_EQ(decision.row.acknowledged.quantity, 5);
  EXPECT_THAT(decision.attentions, IsEmpty());
}

TEST(ReceiptTest, WhatAnotherReceiptIsOpenForStaysInDoubt) {
  EXPECT_EQ(Decide(Outcome(PushResult::kApplied), kQuantity).row.in_doubt, kQuantity);
}

TEST(ReceiptTest, ARejectedOneIsAttentionAndRemembered) {
  const Decision decision = Decide(Outcome(PushResult::kRejected));
  ASSERT_THAT(decision.attentions, SizeIs(1));
  EXPECT_EQ(decision.attentions[0].code, problem_code::kRejected);
  ASSERT_THAT(decision.row.refused, SizeIs(1));
  EXPECT_EQ(decision.row.refused.get()[0].field, "quantity");
}

TEST(ReceiptTest, AnItemThatIsGoneBreaksTheLink) { EXPECT_TRUE(Decide(Outcome(PushResult::kNotFound)).row.gone); }

TEST(ReceiptTest, AConflictAcknowledgesNothing) {
  const Decision decision = Decide(Outcome(PushResult::kConflict));
  EXPECT_EQ(decision.row.mask, kNothing);
  EXPECT_THAT(decision.attentions, IsEmpty());
}

TEST(ReceiptTest, ALostOneIsAttentionAndWhatWasKnownIsForgotten) {
  const Decision decision = Decide(Outcome(PushResult::kUnavailable));
  EXPECT_EQ(decision.row.mask, kQuantity);
  EXPECT_EQ(decision.row.acknowledged.quantity, kAbsent);
  ASSERT_THAT(decision.attentions, SizeIs(1));
  EXPECT_EQ(decision.attentions[0].code, problem_code::kReceiptLost);
}

TEST(SettleTest, SettlesAnyPartOfThePlan) {
  SyncBatch batch;
  AddSyncRow(ChangedRow(1), "", &batch);
  AddSyncRow(ChangedRow(2), "", &batch);
  SyncRow euro = ChangedRow(3);
  euro.product_currency = Euro();
  AddSyncRow(euro, "", &batch);
  const SettlementBatch settled = Settle(PlanSync(batch, SyncBatch(), FullPolicy()), {2, 0},
                                         {Outcome(PushResult::kApplied), Outcome(PushResult::kApplied)}, 12);
  ASSERT_THAT(settled.rows, SizeIs(2));
  EXPECT_EQ(settled.rows[0].listing_id, 3);
  EXPECT_EQ(settled.attentions.at(static_cast<size_t>(settled.rows[0].attentions)).at(0).code,
            problem_code::kCurrencyMismatch);
  EXPECT_EQ(settled.rows[1].listing_id, 1);
  EXPECT_EQ(settled.rows[1].attentions, kClearAttentions);
}

// Digests -------------------------------------------------------------------------------------------------------------

// Digests are stored and are part of idempotency keys: changing these values makes every store resend what was refused.
TEST(ValueDigestTest, IsStable) {
  ItemValues values = {1990, -4, ChannelStatus::kListed, 2490};
  values.SetContent("title", "Shirt");
  EXPECT_EQ(ValueDigest("price", values), 0x7587744b60696a03u);
  EXPECT_EQ(ValueDigest("quantity", values), 0xf380b37cc91b9ddau);
  EXPECT_EQ(ValueDigest("status", values), 0xfe6f1b1e2eb6b9d6u);
  EXPECT_EQ(ValueDigest("compare_at_price", values), 0x97d26a5deb78b87eu);
  EXPECT_EQ(ValueDigest("title", values), 0xcc2acdd6e27204bfu);
  EXPECT_EQ(ValueDigest("description", values), 0x5c9edbad13bfe5b1u);
}

TEST(ValueDigestTest, IsOfOneFieldAlone) {
  EXPECT_EQ(ValueDigest("price", {1990, 5, ChannelStatus::kListed}), ValueDigest("price", {1990}));
  EXPECT_NE(ValueDigest("price", {1990}), ValueDigest("price", {1991}));
  EXPECT_NE(ValueDigest("price", {1990}), ValueDigest("price", ItemValues()));
  EXPECT_NE(ValueDigest("status", {kAbsent, kAbsent, ChannelStatus::kListed}),
            ValueDigest("status", {kAbsent, kAbsent, ChannelStatus::kHidden}));
}

// Else a price and a quantity of 0, refused one after the other, would be taken for refused together.
TEST(ValueDigestTest, TheFieldCounts) { EXPECT_NE(ValueDigest("price", {0, 0}), ValueDigest("quantity", {0, 0})); }

TEST(ValueDigestTest, AnEmptyTextIsNotAnAbsentOne) {
  ItemValues values;
  const uint64_t absent = ValueDigest("title", values);
  values.SetContent("title", "");
  EXPECT_NE(ValueDigest("title", values), absent);
}

TEST(RefusalDigestTest, OfOneFieldIsThatOfItsValue) {
  for (const char* name : {"price", "title"}) {
    EXPECT_EQ(RefusalDigest(ParseSyncFields(name).value(), {1990}), ValueDigest(name, {1990})) << name;
  }
}

TEST(RefusalDigestTest, OfSeveralIsStable) {
  EXPECT_EQ(RefusalDigest(kPriceAndQuantity, {1990, 5}), 0xaf6c9f17ab412955u);
  EXPECT_NE(RefusalDigest(kPriceAndQuantity, {1990, 5}), RefusalDigest(kPriceAndQuantity, {5, 1990}));
  EXPECT_NE(RefusalDigest(kAll, {1990, 5, {}}), RefusalDigest(kPriceAndQuantity, {1990, 5}));
}

// A push that is in doubt when flxlink is replaced keeps its key.
TEST(PushDigestTest, IsStable) {
  ItemValues values = {1990, -4, ChannelStatus::kListed, 2490};
  values.SetContent("title", "Shirt");
  EXPECT_EQ(PushDigest(kAll, values, {1000, 1, ChannelStatus::kHidden}), 0x7cf23e6e66ad9e37u);
  EXPECT_EQ(PushDigest(kQuantity, values, ItemValues()), 0x5d64f7ab84d60790u);
  EXPECT_EQ(PushDigest({{SyncField::kCompareAtPrice}, {"title"}}, values, values), 0x093f44ec676137bfu);
  EXPECT_EQ(PushDigest(kNothing, values, values), 0xc44bdff4074eecdbu);
}

TEST(PushDigestTest, EveryPartOfContentCounts) {
  const auto digest = [](const std::vector<Field>& content) {
    ItemValues values;
    SyncFields mask;
    for (const Field& field : content) {
      values.SetContent(field.name, field.value);
      mask.AddContent(field.name);
    }
    return PushDigest(mask, values, ItemValues());
  };
  ItemValues title;
  title.SetContent("title", "a");
  const std::vector<uint64_t> digests = {digest({}),
                                         digest({{"title", ""}}),
                                         digest({{"title", "a"}}),
                                         digest({{"titl", "ea"}}),
                                         digest({{"description", "a"}}),
                                         digest({{"description", "a"}, {"title", ""}}),
                                         digest({{"description", ""}, {"title", "a"}}),
                                         PushDigest({{}, {"title"}}, ItemValues(), ItemValues()),
                                         PushDigest({{}, {"title"}}, ItemValues(), title),
                                         PushDigest({{}, {"title"}}, title, title)};
  EXPECT_EQ(std::set<uint64_t>(digests.begin(), digests.end()).size(), digests.size());
}

TEST(PushDigestTest, ValuesOutsideTheMaskDoNotCount) {
  EXPECT_EQ(PushDigest(kPrice, {1990, 5, ChannelStatus::kListed}, {1, 2, {}}),
            PushDigest(kPrice, {1990, 6, {}}, {1, 3, ChannelStatus::kHidden}));
}

TEST(PushDigestTest, MaskValuesAndKnownValuesCount) {
  const ItemValues same = {5, 5, ChannelStatus::kListed};
  EXPECT_NE(PushDigest(kPrice, same, same), PushDigest(kQuantity, same, same));
  EXPECT_NE(PushDigest(kPrice, same, same), PushDigest(kPrice, {6}, same));
  EXPECT_NE(PushDigest(kPrice, same, same), PushDigest(kPrice, same, {6}));
  EXPECT_NE(PushDigest(kPrice, same, {6}), PushDigest(kPrice, {6}, same));
  EXPECT_NE(PushDigest(kStatus, same, same), PushDigest(kStatus, {5, 5, ChannelStatus::kHidden}, same));
}

// PlanReconciliation --------------------------------------------------------------------------------------------------

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

TEST(PlanReconciliationTest, OnlySyncedFieldsWithASeenValueCount) {
  SyncRow row = EqualRow();
  row.seen = {2500, kAbsent, ChannelStatus::kUnknown};
  SyncPolicy policy = FullPolicy();
  EXPECT_EQ(PlanReconciliation(OneRow(row), policy, true).at(0).acknowledged,
            (ItemValues{2500, 5, ChannelStatus::kListed}));
  policy.fields.Remove(SyncField::kPrice);
  EXPECT_THAT(PlanReconciliation(OneRow(row), policy, true), IsEmpty());
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
  refused.refused = Refused(kAll, Desired(refused, FullPolicy()));
  EXPECT_THAT(PlanReconciliation(OneRow(refused), FullPolicy(), true), IsEmpty());
  refused.product_price += 1;
  EXPECT_THAT(PlanReconciliation(OneRow(refused), FullPolicy(), true), SizeIs(1));
  EXPECT_THAT(PlanReconciliation(OneRow(GuardedRow()), FullPolicy(), true), IsEmpty());
  SyncRow restated = GuardedRow();
  restated.quantity_at = At(201);
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

// EvaluateStatusRules -------------------------------------------------------------------------------------------------

StatusRule Rule(StatusRule::Subject subject, StatusRule::Comparison comparison, int64_t operand,
                StatusRule::Action action) {
  StatusRule rule;
  rule.subject = subject;
  rule.comparison = comparison;
  rule.operand = operand;
  rule.action = action;
  return rule;
}

ChannelStatus Evaluate(const std::vector<StatusRule>& rules, const SyncRow& row) {
  return EvaluateStatusRules(rules, row, Currency());
}

TEST(EvaluateStatusRulesTest, TheFirstThatHoldsDecides) {
  const std::vector<StatusRule> rules = {
      Rule(StatusRule::Subject::kQuantity, StatusRule::Comparison::kLess, 5, StatusRule::Action::kHide),
      Rule(StatusRule::Subject::kPrice, StatusRule::Comparison::kGreater, 1000, StatusRule::Action::kUnhide),
      Rule(StatusRule::Subject::kQuantity, StatusRule::Comparison::kEqual, 5, StatusRule::Action::kHide)};
  EXPECT_EQ(Evaluate(rules, EqualRow()), ChannelStatus::kListed);
  SyncRow scarce = EqualRow();
  scarce.product_quantity = 4;
  EXPECT_EQ(Evaluate(rules, scarce), ChannelStatus::kHidden);
  EXPECT_EQ(Evaluate({}, EqualRow()), ChannelStatus::kUnknown);
}

TEST(EvaluateStatusRulesTest, EveryComparison) {
  using C = StatusRule::Comparison;
  const auto held = [](C comparison) {
    std::vector<int64_t> operands;
    for (int64_t operand : {4, 5, 6}) {  // The quantity is 5.
      const StatusRule rule = Rule(StatusRule::Subject::kQuantity, comparison, operand, StatusRule::Action::kHide);
      if (Evaluate({rule}, EqualRow()) == ChannelStatus::kHidden) operands.push_back(operand);
    }
    return operands;
  };
  EXPECT_THAT(held(C::kLess), ElementsAre(6));
  EXPECT_THAT(held(C::kLessOrEqual), ElementsAre(5, 6));
  EXPECT_THAT(held(C::kEqual), ElementsAre(5));
  EXPECT_THAT(held(C::kNotEqual), ElementsAre(4, 6));
  EXPECT_THAT(held(C::kGreaterOrEqual), ElementsAre(4, 5));
  EXPECT_THAT(held(C::kGreater), ElementsAre(4));
}

TEST(EvaluateStatusRulesTest, AnAbsentSubjectHoldsForNothing) {
  SyncRow row = EqualRow();
  row.product_quantity = kAbsent;
  row.product_price = kAbsent;
  for (auto subject : {StatusRule::Subject::kPrice, StatusRule::Subject::kQuantity}) {
    const StatusRule rule = Rule(subject, StatusRule::Comparison::kNotEqual, 0, StatusRule::Action::kHide);
    EXPECT_EQ(Evaluate({rule}, row), ChannelStatus::kUnknown);
  }
}

TEST(EvaluateStatusRulesTest, APriceInAnotherCurrencyIsNotCompared) {
  const StatusRule rule =
      Rule(StatusRule::Subject::kPrice, StatusRule::Comparison::kEqual, 1990, StatusRule::Action::kHide);
  EXPECT_EQ(EvaluateStatusRules({rule}, EqualRow(), Euro()), ChannelStatus::kUnknown);
  EXPECT_EQ(EvaluateStatusRules({rule}, EqualRow(), Currency()), ChannelStatus::kHidden);
}

}  // namespace
}  // namespace flxlink::sync
