#include "flxlink/sync.h"

namespace flxlink {

ChannelStatus EvaluateStatusRules(absl::Span<const StatusRule> rules, const SyncRow& row, Currency currency) {
  const int64_t price = row.product_currency == currency ? row.product_price : kAbsent;
  return EvaluateStatusRules(rules, price, row.product_quantity);
}

}  // namespace flxlink
