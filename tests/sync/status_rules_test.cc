#include <cstdint>
#include <vector>

#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::ElementsAre;

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
