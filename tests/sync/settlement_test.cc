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

// Settle --------------------------------------------------------------------------------------------------------------

TEST(SettleTest, AppliedFieldsAreAcknowledged) {
  SyncRow row = EqualRow();
  row.product_price = 1500;
  const SettlementBatch batch = SettleOne(row, OutcomeOf(PushResult::kApplied));
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
  EXPECT_EQ(SettleOne(row, OutcomeOf(PushResult::kApplied)).rows.at(0).in_doubt, kNothing);
}

TEST(SettleTest, AppliedCarriesTheItemsAttention) {
  SyncRow row = ChangedRow();
  row.product_currency = Euro();
  const SettlementBatch batch = SettleOne(row, OutcomeOf(PushResult::kApplied));
  ASSERT_EQ(batch.rows.at(0).attentions, 0);
  EXPECT_EQ(batch.attentions.at(0).at(0).code, problem_code::kCurrencyMismatch);
}

TEST(SettleTest, ARejectionIsAttentionAndRemembered) {
  PushOutcome outcome = OutcomeOf(PushResult::kRejected);
  outcome.code = "price_too_low";
  outcome.message = "must be at least 1.00";
  const SettlementBatch batch = SettleOne(ChangedRow(), outcome);
  const Settlement& row = batch.rows.at(0);
  EXPECT_TRUE(row.settled);
  EXPECT_EQ(row.mask, kNothing);
  ASSERT_EQ(row.attentions, 0);
  const Problem& problem = batch.attentions.at(0).at(0);
  EXPECT_EQ(row.refused.get(), RefusedTogether(kAll, {1990, 5, ChannelStatus::kListed}, problem));
  EXPECT_EQ(problem.code, "price_too_low");
  EXPECT_EQ(problem.message, "must be at least 1.00");
}

TEST(SettleTest, ARejectionOfANamedFieldLeavesTheOthersToTheNextPlan) {
  PushOutcome outcome = OutcomeOf(PushResult::kRejected);
  outcome.message = "must be at least 1.00";
  outcome.field = "price";
  const SettlementBatch batch = SettleOne(ChangedRow(), outcome);
  const Settlement& row = batch.rows.at(0);
  EXPECT_FALSE(row.settled);
  ASSERT_EQ(row.attentions, 0);
  const Problem& problem = batch.attentions.at(0).at(0);
  EXPECT_EQ(row.refused.get(), RefusedTogether(kPrice, {1990}, problem));
  EXPECT_EQ(problem.message, "price: must be at least 1.00");
  EXPECT_EQ(problem.args, (std::vector<Field>{{"field", "price"}}));
}

TEST(SettleTest, ARejectionOfAFieldThatWasNotSentIsOneOfAll) {
  for (const char* field : {"title", "Price!"}) {
    PushOutcome outcome = OutcomeOf(PushResult::kRejected);
    outcome.field = field;
    const SettlementBatch batch = SettleOne(ChangedRow(), outcome);
    const Settlement& row = batch.rows.at(0);
    EXPECT_TRUE(row.settled);
    EXPECT_EQ(row.refused.get(),
              RefusedTogether(kAll, {1990, 5, ChannelStatus::kListed}, batch.attentions.at(0).at(0)));
  }
}

TEST(SettleTest, ARejectionWithoutWordsStillSaysSomething) {
  const SettlementBatch batch = SettleOne(ChangedRow(), OutcomeOf(PushResult::kRejected));
  EXPECT_EQ(batch.attentions.at(0).at(0).code, problem_code::kRejected);
  EXPECT_EQ(batch.attentions.at(0).at(0).message, "the channel refused it without a message");
}

TEST(SettleTest, NotFoundIsGone) {
  const SettlementBatch batch = SettleOne(ChangedRow(), OutcomeOf(PushResult::kNotFound));
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
      const SettlementBatch batch = SettleOne(row, OutcomeOf(result));
      const Settlement& settlement = batch.rows.at(0);
      EXPECT_FALSE(settlement.settled);
      EXPECT_EQ(settlement.in_doubt, in_doubt);
      EXPECT_EQ(settlement.mask, kNothing);
      EXPECT_EQ(settlement.attentions, kKeepAttentions);
    }
  }
}

PushOutcome ConflictThatSaw(const ItemValues& seen) {
  PushOutcome outcome = OutcomeOf(PushResult::kConflict);
  outcome.seen = seen;
  return outcome;
}

// The channel is known to have 5, and is to have so many.
SyncRow RowOfQuantity(int64_t quantity) {
  SyncRow row = EqualRow();
  row.product_quantity = quantity;
  return row;
}

TEST(SettleTest, WhatAConflictSawIsKnownFromThenOn) {
  struct Case {
    int64_t seen;
    OversellGuard guard;
    bool guards;
  };
  for (const Case& test : {Case{4, OversellGuard::kHold, true}, Case{3, OversellGuard::kHold, true},
                           Case{4, OversellGuard::kOverwrite, false}, Case{6, OversellGuard::kHold, false}}) {
    SyncPolicy policy = FullPolicy();
    policy.oversell_guard = test.guard;
    const SyncPlan plan = PlanOf(RowOfQuantity(3), policy);
    const Settlement row = Settle(plan, {0}, {ConflictThatSaw({kAbsent, test.seen})}, 11).rows.at(0);
    EXPECT_FALSE(row.settled);
    EXPECT_EQ(row.mask, kNothing);
    EXPECT_EQ(row.seen, (ItemValues{kAbsent, test.seen}));
    EXPECT_EQ(row.guard_quantity, test.guards) << test.seen;
    EXPECT_EQ(row.in_doubt, kNothing);
    EXPECT_EQ(row.attentions, kKeepAttentions);
  }
}

TEST(SettleTest, AConflictThatSawWhatAnEarlierPushDidIsApplied) {
  SyncRow row = RowOfQuantity(3);
  row.in_doubt = kQuantity;
  const Settlement settled = SettleOne(row, ConflictThatSaw({kAbsent, 3})).rows.at(0);
  EXPECT_TRUE(settled.settled);
  EXPECT_EQ(settled.mask, kQuantity);
  EXPECT_EQ(settled.acknowledged.quantity, 3);
  EXPECT_EQ(settled.seen, ItemValues());
  EXPECT_FALSE(settled.guard_quantity);
  EXPECT_EQ(settled.in_doubt, kNothing);
  EXPECT_EQ(settled.attentions, kClearAttentions);
}

// An earlier push of another quantity may have landed unheard of.
TEST(SettleTest, AQuantityThatAnEarlierPushMayHaveLeftSetsNoGuard) {
  SyncRow row = RowOfQuantity(3);
  row.acknowledged.quantity = 9;
  row.in_doubt = kQuantity;
  row.quantities_in_doubt = {5};
  const auto guards = [&](int64_t seen) {
    const Settlement settled = SettleOne(row, ConflictThatSaw({kAbsent, seen})).rows.at(0);
    EXPECT_EQ(settled.seen.quantity, seen);
    EXPECT_EQ(settled.in_doubt, kNothing);
    return settled.guard_quantity;
  };
  EXPECT_FALSE(guards(5));
  EXPECT_TRUE(guards(4));
  EXPECT_TRUE(guards(6)) << "three of nine are sold, and the 5 did nothing";
  row.quantities_in_doubt.clear();
  EXPECT_TRUE(guards(5)) << "nobody knows what was sent";
}

// The price landed, and then somebody bought one.
TEST(SettleTest, WhatAnEarlierPushDidIsToldFromWhatMovedSince) {
  SyncRow row = RowOfQuantity(3);
  row.product_price = 1500;
  row.in_doubt = kAll;
  const Settlement settled = SettleOne(row, ConflictThatSaw({1500, 2, ChannelStatus::kUnknown})).rows.at(0);
  EXPECT_FALSE(settled.settled);
  EXPECT_EQ(settled.mask, kPrice);
  EXPECT_EQ(settled.acknowledged, ItemValues{1500});
  EXPECT_EQ(settled.seen, (ItemValues{kAbsent, 2}));
  EXPECT_TRUE(settled.guard_quantity);
  EXPECT_EQ(settled.in_doubt, kStatus) << "nobody saw it";
}

TEST(SettleTest, WhatIsAwaitedStaysInDoubtWhateverAConflictSaw) {
  SyncRow row = RowOfQuantity(3);
  Await(kQuantity, {kAbsent, 4}, &row);
  EXPECT_EQ(SettleOne(row, ConflictThatSaw({kAbsent, 2})).rows.at(0).in_doubt, kQuantity);
}

// What was seen is what was known, or is not known; it is of another field; pushes keep off a dead item.
TEST(SettleTest, AConflictThatIsNotExplainedIsToBeLookedAt) {
  SyncRow unknown = RowOfQuantity(3);
  unknown.acknowledged.quantity = kAbsent;
  SyncRow status = RowOfQuantity(3);
  status.status = kHidingStatus;
  const std::vector<std::pair<SyncRow, ItemValues>> conflicts = {
      {RowOfQuantity(3), {}},
      {RowOfQuantity(3), {kAbsent, 5}},
      {RowOfQuantity(3), {1500}},
      {unknown, {kAbsent, 4}},
      {status, {kAbsent, 4, ChannelStatus::kDead}},
  };
  for (const auto& [row, seen] : conflicts) {
    SyncRow doubtful = row;
    doubtful.in_doubt = kQuantity;
    const Settlement settled = SettleOne(doubtful, ConflictThatSaw(seen)).rows.at(0);
    EXPECT_FALSE(settled.settled);
    EXPECT_EQ(settled.mask, kNothing);
    EXPECT_EQ(settled.seen, ItemValues());
    EXPECT_FALSE(settled.guard_quantity);
    EXPECT_EQ(settled.in_doubt, kQuantity);
  }
}

TEST(SettleTest, ARejectionDoesNotTellWhatAnEarlierPushDid) {
  SyncRow row = ChangedRow();
  row.in_doubt = kPriceAndStatus;
  const Settlement refused = SettleOne(row, OutcomeOf(PushResult::kRejected)).rows.at(0);
  EXPECT_EQ(refused.in_doubt, kNothing);
  EXPECT_EQ(refused.mask, kPriceAndStatus);
  EXPECT_EQ(refused.acknowledged, ItemValues());
  // The same values are still known as refused.
  row.in_doubt = kNothing;
  CopyFields(refused.mask, refused.acknowledged, &row.acknowledged);
  row.refused = refused.refused;
  EXPECT_THAT(OnlyAttentions(PlanOf(row)), testing::ElementsAre(refused.refused.get().at(0).problem));
}

TEST(SettleTest, ARejectionOfOneFieldKeepsTheDoubtOfTheOthers) {
  SyncRow row = ChangedRow();
  row.in_doubt = kAll;
  PushOutcome outcome = OutcomeOf(PushResult::kRejected);
  outcome.field = "status";
  const Settlement refused = SettleOne(row, outcome).rows.at(0);
  EXPECT_EQ(refused.in_doubt, kPriceAndQuantity);
  EXPECT_EQ(refused.mask, kStatus);
}

TEST(SettleTest, UnknownOutcomesGetNoRow) {
  SyncBatch batch;
  for (int64_t id = 1; id <= 3; ++id) AddSyncRow(ChangedRow(id), "", &batch);
  const SettlementBatch settled = Settle(
      PlanSync(batch, SyncBatch(), FullPolicy()), {0, 1, 2},
      {OutcomeOf(PushResult::kApplied), OutcomeOf(PushResult::kUnavailable), OutcomeOf(PushResult::kApplied)}, 11);
  ASSERT_THAT(settled.rows, SizeIs(2));
  EXPECT_EQ(settled.rows[0].listing_id, 1);
  EXPECT_EQ(settled.rows[1].listing_id, 3);
}

TEST(SettleTest, SettlesAnyPartOfThePlan) {
  SyncBatch batch;
  AddSyncRow(ChangedRow(1), "", &batch);
  AddSyncRow(ChangedRow(2), "", &batch);
  SyncRow euro = ChangedRow(3);
  euro.product_currency = Euro();
  AddSyncRow(euro, "", &batch);
  const SettlementBatch settled = Settle(PlanSync(batch, SyncBatch(), FullPolicy()), {2, 0},
                                         {OutcomeOf(PushResult::kApplied), OutcomeOf(PushResult::kApplied)}, 12);
  ASSERT_THAT(settled.rows, SizeIs(2));
  EXPECT_EQ(settled.rows[0].listing_id, 3);
  EXPECT_EQ(settled.attentions.at(static_cast<size_t>(settled.rows[0].attentions)).at(0).code,
            problem_code::kCurrencyMismatch);
  EXPECT_EQ(settled.rows[1].listing_id, 1);
  EXPECT_EQ(settled.rows[1].attentions, kClearAttentions);
}

// Receipts ------------------------------------------------------------------------------------------------------------

PushOutcome AcceptedOutcome() {
  PushOutcome outcome = OutcomeOf(PushResult::kAccepted);
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
  Await(kQuantity, {kAbsent, 5}, &row);
  return row;
}

TEST(ReceiptTest, WhatIsAwaitedIsNotSentAndTheRestIs) {
  SyncRow row = AwaitingRow();
  row.status = kListedStatus;
  row.acknowledged.status = ChannelStatus::kListed;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kPrice);
  row.acknowledged.price = 1990;
  const Settlement settled = OnlySettled(PlanOf(row));
  EXPECT_TRUE(settled.settled);
  EXPECT_EQ(settled.in_doubt, kQuantity) << "the receipt ends the doubt";
  EXPECT_EQ(settled.mask, kNothing) << "what was acknowledged is not forgotten";
}

TEST(ReceiptTest, ALowerQuantityThanWhatMayLandWaitsForNothing) {
  SyncRow row = AwaitingRow();
  row.acknowledged = {1990, 1, ChannelStatus::kListed};
  for (const int64_t quantity : {7, 5}) {
    row.product_quantity = quantity;
    EXPECT_THAT(PlanOf(row).items, IsEmpty()) << quantity;
  }
  for (const int64_t quantity : {4, 1, 0}) {
    row.product_quantity = quantity;
    EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity) << quantity;
  }
}

TEST(ReceiptTest, ShowingWaitsForAnAwaitedPrice) {
  SyncRow row = ChangedRow();
  row.acknowledged = {1000, 5, ChannelStatus::kHidden};
  Await(kPrice, {1500}, &row);
  EXPECT_THAT(PlanOf(row).items, IsEmpty());
}

TEST(ReceiptTest, ADoubtThatIsAwaitedOutlivesAnotherPush) {
  SyncRow row = AwaitingRow();
  row.product_quantity = 0;
  row.acknowledged.price = 1990;
  row.acknowledged.status = ChannelStatus::kListed;
  const Settlement applied = SettleOne(row, OutcomeOf(PushResult::kApplied)).rows.at(0);
  EXPECT_EQ(applied.mask, kQuantity);
  EXPECT_EQ(applied.in_doubt, kQuantity) << "the older one may still land";
  EXPECT_EQ(applied.confirmed, kQuantity) << "and this one has";
}

TEST(ReceiptTest, WhatIsConfirmedIsNotSentAgainForTheDoubt) {
  SyncRow row = AwaitingRow();
  row.acknowledged = {1990, 0, ChannelStatus::kListed};
  row.product_quantity = 0;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity) << "acknowledged before 5 was sent: that may have landed";
  row.confirmed = kQuantity;
  const Settlement settled = OnlySettled(PlanOf(row));
  EXPECT_EQ(settled.in_doubt, kQuantity);
  EXPECT_EQ(settled.confirmed, kQuantity);
  EXPECT_EQ(settled.mask, kNothing);
  row.acknowledged.price = 1000;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kPrice) << "what follows it goes out";
  const Settlement priced = SettleOne(row, OutcomeOf(PushResult::kApplied)).rows.at(0);
  EXPECT_EQ(priced.confirmed, kQuantity) << "a push of other fields ends nothing";
  row.acknowledged.price = 1990;
  row.product_quantity = 2;
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity) << "what differs is sent";
}

TEST(ReceiptTest, WhatIsSentOrDecidedIsNotConfirmedAnyMore) {
  SyncRow row = AwaitingRow();
  row.acknowledged = {1990, 1, ChannelStatus::kListed};
  row.product_quantity = 0;
  row.confirmed = kQuantity;
  EXPECT_EQ(SettleOne(row, AcceptedOutcome()).rows.at(0).confirmed, kNothing);
  EXPECT_EQ(SettleOne(row, OutcomeOf(PushResult::kRejected)).rows.at(0).confirmed, kNothing);
  EXPECT_EQ(SettleOne(row, OutcomeOf(PushResult::kNotTried)).rows.at(0).confirmed, kQuantity) << "it was not sent";
  EXPECT_EQ(SettleOne(row, OutcomeOf(PushResult::kNotFound)).rows.at(0).confirmed, kNothing);
  OpenItem older;
  older.item.listing_id = row.listing_id;
  older.item.mask = kQuantity;
  older.item.values.quantity = 5;
  older.receipt = "r1";
  std::vector<Problem> attentions;
  const Settlement decided = SettleReceipt(older, row, kQuantity, OutcomeOf(PushResult::kApplied), &attentions);
  EXPECT_EQ(decided.in_doubt, kQuantity) << "another receipt is open";
  EXPECT_EQ(decided.confirmed, kNothing) << "which of the two landed last is not known";
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
  const Decision decision = Decide(OutcomeOf(PushResult::kApplied));
  EXPECT_EQ(decision.row.mask, kQuantity);
  EXPECT_EQ(decision.row.acknowledged.quantity, 5);
  EXPECT_THAT(decision.attentions, IsEmpty());
}

// What was sent for a later version may have landed before it, or after.
TEST(ReceiptTest, AnAppliedOneOfAnEarlierVersionIsForgotten) {
  SyncRow row = AwaitingRow();
  OpenItem open = AwaitedItem();
  open.item.dirty_version = row.dirty_version - 1;
  std::vector<Problem> attentions;
  const Settlement settled = SettleReceipt(open, row, {}, OutcomeOf(PushResult::kApplied), &attentions);
  EXPECT_EQ(settled.mask, open.item.mask);
  EXPECT_EQ(settled.acknowledged, ItemValues());
  EXPECT_TRUE(settled.decided);
  EXPECT_THAT(attentions, testing::IsEmpty());
}

TEST(ReceiptTest, WhatAnotherReceiptIsOpenForStaysInDoubt) {
  EXPECT_EQ(Decide(OutcomeOf(PushResult::kApplied), kQuantity).row.in_doubt, kQuantity);
}

TEST(ReceiptTest, ARejectedOneIsAttentionAndRemembered) {
  const Decision decision = Decide(OutcomeOf(PushResult::kRejected));
  ASSERT_THAT(decision.attentions, SizeIs(1));
  EXPECT_EQ(decision.attentions[0].code, problem_code::kRejected);
  ASSERT_THAT(decision.row.refused, SizeIs(1));
  EXPECT_EQ(decision.row.refused.get()[0].field, "quantity");
}

TEST(ReceiptTest, AnItemThatIsGoneBreaksTheLink) { EXPECT_TRUE(Decide(OutcomeOf(PushResult::kNotFound)).row.gone); }

TEST(ReceiptTest, AConflictAcknowledgesNothing) {
  const Decision decision = Decide(OutcomeOf(PushResult::kConflict));
  EXPECT_EQ(decision.row.mask, kNothing);
  EXPECT_THAT(decision.attentions, IsEmpty());
}

TEST(ReceiptTest, ALostOneIsAttentionAndWhatWasKnownIsForgotten) {
  const Decision decision = Decide(OutcomeOf(PushResult::kUnavailable));
  EXPECT_EQ(decision.row.mask, kQuantity);
  EXPECT_EQ(decision.row.acknowledged.quantity, kAbsent);
  ASSERT_THAT(decision.attentions, SizeIs(1));
  EXPECT_EQ(decision.attentions[0].code, problem_code::kReceiptLost);
}

// What is forced ------------------------------------------------------------------------------------------------------

TEST(SettleForcedTest, WhatWasRefusedInItsCompanyGoesAloneNext) {
  SyncRow row = EqualRow();
  row.product_quantity = 4;
  row.forced = kPrice;
  Settlement settlement = SettleOne(row, OutcomeOf(PushResult::kRejected)).rows.at(0);
  EXPECT_FALSE(settlement.settled);
  row.refused = settlement.refused;
  row.forced = storage::ForcedAfterSettlement(row.forced, row.dirty_version, settlement);
  EXPECT_EQ(OnlyItem(PlanOf(row)).mask, kQuantity);
  settlement = SettleOne(row, OutcomeOf(PushResult::kRejected)).rows.at(0);
  EXPECT_TRUE(settlement.settled);

  row = EqualRow();
  row.forced = kPrice;
  settlement = SettleOne(row, OutcomeOf(PushResult::kRejected)).rows.at(0);
  EXPECT_TRUE(settlement.settled);
  EXPECT_EQ(settlement.mask, kNothing) << "what was known of it is known still";
}

}  // namespace
}  // namespace flxlink::sync
