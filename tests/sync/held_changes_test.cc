#include "src/sync/held_changes.h"

#include <limits>
#include <string>
#include <vector>

#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kJob = 12;

Breaker Holding(std::vector<ChangeKind> kinds) {
  Breaker breaker;
  breaker.job_id = kJob;
  for (const ChangeKind kind : kinds) breaker.holds.Add(kind);
  return breaker;
}

SyncBatch BatchOf(const SyncRow& row) {
  SyncBatch batch;
  batch.rows.push_back(row);
  for (StringColumn* column : {&batch.sku, &batch.external_id, &batch.parent_id, &batch.handle}) column->Add("x");
  return batch;
}

SyncPlan PlanWith(const SyncRow& row, const Breaker& breaker, const SyncPolicy& policy = FullPolicy()) {
  return PlanSync(BatchOf(row), {}, policy, {}, breaker);
}

// The link after the settlement of what was planned for it, which sends nothing.
SyncRow Unsent(const SyncRow& row, const Breaker& breaker, const SyncPolicy& policy = FullPolicy()) {
  const SyncPlan plan = PlanWith(row, breaker, policy);
  EXPECT_THAT(plan.items, IsEmpty());
  SyncRow after = row;
  if (plan.settled.rows.size() == 1) after.held = plan.settled.rows[0].held;
  return after;
}

SyncRow Priced(int64_t price) {
  SyncRow row = EqualRow();
  row.product_price = price;
  return row;
}

SyncRow Approved(SyncRow row) {
  for (HeldChange& change : row.held.Mutable()) {
    if (change.state == HeldChange::State::kHeld) change.state = HeldChange::State::kApproved;
  }
  return row;
}

std::vector<std::string> CodesOf(const SyncPlan& plan) {
  std::vector<std::string> codes;
  for (const std::vector<Problem>& problems : plan.settled.attentions) {
    for (const Problem& problem : problems) codes.push_back(problem.code);
  }
  return codes;
}

TEST(HeldChangesTest, APriceOfLessThanHalfOrMoreThanDoubleIsARepricing) {
  const auto kind = [](int64_t known, int64_t price) {
    SyncRow row = Priced(price);
    row.acknowledged.price = row.seen.price = known;
    return KindOfChange(SyncField::kPrice, row, Desired(row, FullPolicy()), FullPolicy());
  };
  EXPECT_EQ(kind(1000, 499), ChangeKind::kReprice);
  EXPECT_EQ(kind(1000, 500), absl::nullopt);
  EXPECT_EQ(kind(1000, 2000), absl::nullopt);
  EXPECT_EQ(kind(1000, 2001), ChangeKind::kReprice);
  EXPECT_EQ(kind(999, 499), ChangeKind::kReprice);
  EXPECT_EQ(kind(0, 2001), absl::nullopt) << "from 0";
  EXPECT_EQ(kind(kAbsent, 1), absl::nullopt) << "from none";
  EXPECT_EQ(kind(1, std::numeric_limits<int64_t>::max()), ChangeKind::kReprice);
}

TEST(HeldChangesTest, OfAPriceThatNobodyAcknowledgedWhatWasSeenCounts) {
  SyncRow row = Priced(300);
  row.acknowledged.price = kAbsent;
  EXPECT_EQ(KindOfChange(SyncField::kPrice, row, Desired(row, FullPolicy()), FullPolicy()), ChangeKind::kReprice);
}

TEST(HeldChangesTest, OnlyARulesStatusIsAChangeOfAKind) {
  for (const StatusAuthor author : {StatusAuthor::kRule, StatusAuthor::kPerson}) {
    SyncRow row = EqualRow();
    row.status = {Health::kListed, PendingChange::kHiding, false, author};
    const auto kind = KindOfChange(SyncField::kStatus, row, Desired(row, FullPolicy()), FullPolicy());
    EXPECT_EQ(kind.has_value(), author == StatusAuthor::kRule);
  }
  SyncRow shown = EqualRow();
  shown.acknowledged.status = shown.seen.status = ChannelStatus::kHidden;
  shown.status = {Health::kHidden, PendingChange::kUnhiding, false, StatusAuthor::kRule};
  EXPECT_EQ(KindOfChange(SyncField::kStatus, shown, Desired(shown, FullPolicy()), FullPolicy()), ChangeKind::kShow);
}

TEST(HeldChangesTest, AZeroIsAChangeOfAKindOnlyWhereNobodyStatedIt) {
  for (const bool by_absence : {true, false}) {
    SyncRow row = EqualRow();
    row.product_quantity = 0;
    row.product_absent = by_absence;
    const auto kind = KindOfChange(SyncField::kQuantity, row, Desired(row, FullPolicy()), FullPolicy());
    EXPECT_EQ(kind.has_value(), by_absence);
  }
}

TEST(HeldChangesTest, WhatIsNotHeldIsCountedAndGoesOut) {
  const SyncPlan plan = PlanWith(Priced(300), Holding({ChangeKind::kHide}));
  EXPECT_EQ(OnlyItem(plan).values.price, 300);
  EXPECT_EQ(plan.changes[ChangeKind::kReprice], 1);
  EXPECT_EQ(plan.item_states[0].changes[ChangeKind::kReprice], 1);
  EXPECT_TRUE(plan.newly_held.empty());
  EXPECT_EQ(Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 1).changes[ChangeKind::kReprice], 1);
  EXPECT_EQ(Settle(plan, {0}, {OutcomeOf(PushResult::kAccepted)}, 1).changes[ChangeKind::kReprice], 1);
  EXPECT_TRUE(Settle(plan, {0}, {OutcomeOf(PushResult::kRejected)}, 1).changes.empty()) << "nothing was changed";
}

TEST(HeldChangesTest, WhatIsHeldIsAttentionThatNamesTheJobAndTheValue) {
  const SyncPlan plan = PlanWith(Priced(300), Holding({ChangeKind::kReprice}));
  EXPECT_THAT(plan.items, IsEmpty());
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_EQ(plan.newly_held[ChangeKind::kReprice], 1);
  EXPECT_TRUE(plan.settled.rows.at(0).settled) << "it waits without a place among the dirty";
  ASSERT_THAT(CodesOf(plan), ElementsAre(std::string(problem_code::kRepriceHeld)));
  const Problem& problem = plan.settled.attentions[0][0];
  EXPECT_EQ(FieldValue(problem.args, "job"), "12");
  EXPECT_EQ(FieldValue(problem.args, "known"), "19.90");
  EXPECT_EQ(FieldValue(problem.args, "value"), "3.00");
  ASSERT_EQ(plan.settled.rows[0].held.size(), 1u);
  EXPECT_EQ(plan.settled.rows[0].held.get()[0].problem, problem);
}

TEST(HeldChangesTest, EverythingElseOfTheLinkGoesOut) {
  SyncRow row = Priced(300);
  row.product_quantity = 9;
  const SyncPlan plan = PlanWith(row, Holding({ChangeKind::kReprice}));
  EXPECT_EQ(OnlyItem(plan).mask, kQuantity);
  EXPECT_TRUE(plan.item_states[0].last);
  const SettlementBatch applied = Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 1);
  EXPECT_EQ(applied.rows.at(0).held.size(), 1u);
  EXPECT_EQ(applied.attentions.at(0).at(0).code, problem_code::kRepriceHeld);
}

TEST(HeldChangesTest, WhatIsHeldStaysSoWithoutTheBreakerAlsoWithAnotherValue) {
  const SyncRow held = Unsent(Priced(300), Holding({ChangeKind::kReprice}));
  Breaker later;
  later.job_id = 99;
  const SyncRow same = Unsent(held, later);
  EXPECT_EQ(same.held, held.held) << "it is the first job's";
  SyncRow other = held;
  other.product_price = 200;
  const SyncRow again = Unsent(other, later);
  EXPECT_EQ(again.held.get().at(0).job_id, 99);
  EXPECT_EQ(FieldValue(again.held.get().at(0).problem.args, "value"), "2.00");
}

TEST(HeldChangesTest, AValueThatIsNoSuchChangeAnyMoreGoesOutOrIsEqual) {
  SyncRow row = Unsent(Priced(300), Holding({ChangeKind::kReprice}));
  row.product_price = 1500;
  const SyncPlan plan = PlanWith(row, Breaker());
  EXPECT_EQ(OnlyItem(plan).values.price, 1500);
  EXPECT_THAT(Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 1).rows.at(0).held, IsEmpty());
  row.product_price = 1990;
  EXPECT_THAT(Unsent(row, Breaker()).held, IsEmpty());
}

TEST(HeldChangesTest, WhatAPersonApprovedGoesOutAndDoesNotCount) {
  const SyncRow row = Approved(Unsent(Priced(300), Holding({ChangeKind::kReprice})));
  const SyncPlan plan = PlanWith(row, Holding({ChangeKind::kReprice}));
  EXPECT_EQ(OnlyItem(plan).values.price, 300);
  EXPECT_TRUE(plan.changes.empty());
  const SettlementBatch applied = Settle(plan, {0}, {OutcomeOf(PushResult::kApplied)}, 1);
  EXPECT_TRUE(applied.changes.empty());
  const SettlementBatch untried = Settle(plan, {0}, {OutcomeOf(PushResult::kNotTried)}, 1);
  EXPECT_EQ(untried.rows.at(0).held, row.held) << "it is approved still";
}

TEST(HeldChangesTest, ApprovalIsOfTheValueThatWasShown) {
  SyncRow row = Approved(Unsent(Priced(300), Holding({ChangeKind::kReprice})));
  row.product_price = 200;
  const SyncPlan plan = PlanWith(row, Breaker());
  EXPECT_EQ(plan.changes[ChangeKind::kReprice], 1) << "judged anew";
  EXPECT_THAT(Unsent(row, Holding({ChangeKind::kReprice})).held.get().at(0).state, HeldChange::State::kHeld);
}

TEST(HeldChangesTest, GoingBackToThePriceFromBeforeAnApprovedOneIsNoSuchChange) {
  SyncRow row = Approved(Unsent(Priced(300), Holding({ChangeKind::kReprice})));
  const SyncPlan sale = PlanWith(row, Breaker());
  row.held = Settle(sale, {0}, {OutcomeOf(PushResult::kApplied)}, 1).rows.at(0).held;
  row.acknowledged.price = row.seen.price = 300;
  ASSERT_EQ(row.held.size(), 1u);
  EXPECT_EQ(row.held.get()[0].state, HeldChange::State::kBefore);
  row.product_price = 1990;
  const SyncPlan end = PlanWith(row, Holding({ChangeKind::kReprice}));
  EXPECT_EQ(OnlyItem(end).values.price, 1990);
  EXPECT_TRUE(end.changes.empty());
  row.held = Settle(end, {0}, {OutcomeOf(PushResult::kApplied)}, 1).rows.at(0).held;
  row.acknowledged.price = row.seen.price = 1990;
  EXPECT_THAT(Unsent(row, Breaker()).held, IsEmpty()) << "it is over";
}

TEST(HeldChangesTest, WhatAPersonRefusedIsNotSentAndNoAttention) {
  SyncRow row = Unsent(Priced(300), Holding({ChangeKind::kReprice}));
  row.held.Mutable().at(0).state = HeldChange::State::kRefused;
  const SyncPlan plan = PlanWith(row, Breaker());
  EXPECT_THAT(plan.items, IsEmpty());
  EXPECT_THAT(CodesOf(plan), IsEmpty());
  EXPECT_EQ(plan.settled.rows.at(0).held, row.held);
  row.product_price = 200;
  EXPECT_EQ(OnlyItem(PlanWith(row, Breaker())).values.price, 200) << "that is another value";
}

TEST(HeldChangesTest, ForceDoesNotGetPastIt) {
  SyncRow row = Unsent(Priced(300), Holding({ChangeKind::kReprice}));
  row.forced = kPrice;
  EXPECT_THAT(PlanWith(row, Breaker()).items, IsEmpty());
}

TEST(HeldChangesTest, WhatIsHeldIsNotFoundByLookingAgain) {
  const SyncRow row = Unsent(Priced(300), Holding({ChangeKind::kReprice}));
  EXPECT_THAT(PlanReconciliation(BatchOf(row), FullPolicy(), /*compare_seen=*/false), IsEmpty());
  EXPECT_EQ(PlanReconciliation(BatchOf(Priced(300)), FullPolicy(), false).size(), 1u);
}

// It would be attention, and keep its job, for ever.
TEST(HeldChangesTest, WhatIsHeldAndOverIsFoundByLookingAgain) {
  const SyncRow held = Unsent(Priced(300), Holding({ChangeKind::kReprice}));
  SyncRow set_by_hand = held;
  set_by_hand.acknowledged.price = set_by_hand.seen.price = 300;
  EXPECT_EQ(PlanReconciliation(BatchOf(set_by_hand), FullPolicy(), false).size(), 1u);
  EXPECT_THAT(Unsent(set_by_hand, Breaker()).held, IsEmpty());
  SyncPolicy without_prices = FullPolicy();
  without_prices.fields.Remove(SyncField::kPrice);
  EXPECT_EQ(PlanReconciliation(BatchOf(held), without_prices, false).size(), 1u);
  EXPECT_THAT(Unsent(held, Breaker(), without_prices).held, IsEmpty());
  set_by_hand.held.Mutable().at(0).state = HeldChange::State::kRefused;
  EXPECT_THAT(PlanReconciliation(BatchOf(set_by_hand), FullPolicy(), false), IsEmpty()) << "it is nobody's attention";
}

TEST(HeldChangesTest, OfTwoApprovedPricesTheOneBeforeTheLastIsGoneBackTo) {
  SyncRow row = EqualRow();
  const int64_t first = row.acknowledged.price;
  for (const int64_t price : {int64_t{300}, int64_t{100}}) {
    row.product_price = price;
    row = Approved(Unsent(row, Holding({ChangeKind::kReprice})));
    row.held = Settle(PlanWith(row, Breaker()), {0}, {OutcomeOf(PushResult::kApplied)}, 1).rows.at(0).held;
    row.acknowledged.price = row.seen.price = price;
    ASSERT_EQ(row.held.size(), 1u);
  }
  row.product_price = 300;
  EXPECT_TRUE(PlanWith(row, Holding({ChangeKind::kReprice})).changes.empty());
  EXPECT_EQ(OnlyItem(PlanWith(row, Holding({ChangeKind::kReprice}))).values.price, 300);
  row.product_price = first;
  EXPECT_THAT(PlanWith(row, Holding({ChangeKind::kReprice})).items, IsEmpty()) << "that is ten times as much";
}

TEST(HeldChangesTest, WhatADoubtfulLinkHoldsStaysAttention) {
  SyncRow row = Unsent(Priced(300), Holding({ChangeKind::kReprice}));
  row.doubtful = true;
  SyncPolicy policy = FullPolicy();
  policy.holds_doubtful = true;
  const SyncPlan plan = PlanWith(row, Breaker(), policy);
  EXPECT_THAT(CodesOf(plan), ElementsAre(std::string(problem_code::kRepriceHeld)));
  EXPECT_EQ(plan.settled.rows.at(0).held, row.held);
}

TEST(HeldChangesTest, WhereQuantitiesHideALowerOneOfAHeldHideGoesOut) {
  SyncPolicy policy = PolicyOf(kPriceAndQuantity);
  policy.hides_by_quantity = true;
  SyncRow row = EqualRow();
  row.acknowledged.status = row.seen.status = ChannelStatus::kUnknown;
  row.status = {Health::kListed, PendingChange::kHiding, false, StatusAuthor::kRule};
  const SyncRow held = Unsent(row, Holding({ChangeKind::kHide}), policy);
  EXPECT_EQ(held.held.get().at(0).field, SyncField::kQuantity);
  row.product_quantity = 2;
  EXPECT_EQ(OnlyItem(PlanWith(row, Holding({ChangeKind::kHide}), policy)).values.quantity, 2) << "three were sold";
  row.product_quantity = 9;
  EXPECT_THAT(PlanWith(row, Holding({ChangeKind::kHide}), policy).items, IsEmpty()) << "it is to be hidden";
}

}  // namespace
}  // namespace flxlink::sync
