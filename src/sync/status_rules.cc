#include "flxlink/field.h"
#include "flxlink/sync.h"

namespace flxlink {
namespace {

bool Compare(int64_t value, StatusRule::Comparison comparison, int64_t operand) {
  switch (comparison) {
    case StatusRule::Comparison::kLess:
      return value < operand;
    case StatusRule::Comparison::kLessOrEqual:
      return value <= operand;
    case StatusRule::Comparison::kEqual:
      return value == operand;
    case StatusRule::Comparison::kNotEqual:
      return value != operand;
    case StatusRule::Comparison::kGreaterOrEqual:
      return value >= operand;
    case StatusRule::Comparison::kGreater:
      return value > operand;
  }
  return false;
}

// The value that a rule is about, kAbsent where the product has none that can be compared.
int64_t SubjectValue(StatusRule::Subject subject, const SyncRow& row, Currency currency) {
  if (subject == StatusRule::Subject::kQuantity) return row.product_quantity;
  return row.product_currency == currency ? row.product_price : kAbsent;
}

}  // namespace

ChannelStatus EvaluateStatusRules(absl::Span<const StatusRule> rules, const SyncRow& row, Currency currency) {
  for (const StatusRule& rule : rules) {
    const int64_t value = SubjectValue(rule.subject, row, currency);
    if (value == kAbsent || !Compare(value, rule.comparison, rule.operand)) continue;
    return rule.action == StatusRule::Action::kHide ? ChannelStatus::kHidden : ChannelStatus::kListed;
  }
  return ChannelStatus::kUnknown;
}

}  // namespace flxlink
