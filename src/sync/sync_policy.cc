#include "src/sync/sync_policy.h"

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/field.h"
#include "src/sync/held_changes.h"
#include "src/sync/hidden_quantity.h"

namespace flxlink {
namespace {

SyncFields LaterWins(const AdapterCapabilities& capabilities) {
  SyncFields wins;
  SyncFields other;
  for (const PushKind& kind : capabilities.push_kinds) {
    if (kind.receipt_timeout == absl::ZeroDuration()) continue;
    SyncFields& fields = kind.later_wins ? wins : other;
    fields = UnionOf(fields, kind.fields);
  }
  return DifferenceOf(wins, other);
}

int64_t DesiredQuantity(const SyncRow& row, const SyncPolicy& policy) {
  return sync::IsHiddenByQuantity(row, policy) ? 0 : sync::StockQuantity(row, policy);
}

}  // namespace

namespace sync {

bool IsClosed(const SyncRow& row, const SyncPolicy& policy) {
  return row.seen.status == ChannelStatus::kDead || (row.doubtful && policy.holds_doubtful) || IsBreakHeld(row.held);
}

bool HasCurrencyMismatch(const SyncRow& row, const SyncPolicy& policy) {
  const bool has_price = policy.fields.Has(SyncField::kPrice) && row.product_price != kAbsent;
  const bool has_compare_at_price =
      policy.fields.Has(SyncField::kCompareAtPrice) && row.product_compare_at_price != kAbsent;
  return (has_price || has_compare_at_price) && row.product_currency != policy.currency;
}

int64_t StockQuantity(const SyncRow& row, const SyncPolicy& policy) {
  const bool is_below = row.product_quantity < 0 && row.product_quantity != kAbsent;
  return is_below && !policy.takes_negative_quantities ? 0 : row.product_quantity;
}

SyncFields ZeroPrices(const ItemValues& values) {
  SyncFields zero;
  if (values.price == 0) zero.Add(SyncField::kPrice);
  if (values.compare_at_price == 0) zero.Add(SyncField::kCompareAtPrice);
  return zero;
}

bool IsForMany(const PushKind& kind, const AdapterCapabilities& capabilities) {
  if (kind.worth_from <= 1) return false;
  SyncFields others;
  for (const PushKind& other : capabilities.push_kinds) {
    if (other.worth_from <= 1) others = UnionOf(others, other.fields);
  }
  return DifferenceOf(kind.fields, others).empty();
}

}  // namespace sync

SyncPolicy MakeSyncPolicy(const ChannelConfig& config, const AdapterCapabilities& capabilities) {
  SyncPolicy policy;
  policy.channel = config.name;
  policy.fields = IntersectionOf(config.sync_fields, SettableFields(capabilities));
  if (capabilities.status_set.empty()) policy.fields.Remove(SyncField::kStatus);
  policy.currency = config.currency;
  policy.oversell_guard = config.oversell_guard;
  policy.holds_doubtful =
      config.on_doubt.value_or(capabilities.own_ids ? OnDoubt::kKeep : OnDoubt::kHold) != OnDoubt::kKeep;
  policy.zero_prices = config.zero_prices;
  policy.takes_negative_quantities = capabilities.takes_negative_quantities;
  policy.read_lag = capabilities.pull_lag;
  policy.hides_by_quantity = capabilities.hides_by_quantity && policy.fields.Has(SyncField::kQuantity);
  policy.parent_status = capabilities.kept_by_parent.Has(SyncField::kStatus);
  for (const PushKind& kind : capabilities.push_kinds) {
    policy.kinds.push_back(sync::IsForMany(kind, capabilities) ? SyncFields()
                                                               : IntersectionOf(kind.fields, policy.fields));
  }
  policy.later_wins = LaterWins(capabilities);
  return policy;
}

ItemValues Desired(const SyncRow& row, const SyncPolicy& policy) {
  ItemValues stated;
  if (!sync::HasCurrencyMismatch(row, policy)) {
    stated.price = row.product_price;
    stated.compare_at_price = row.product_compare_at_price;
  }
  stated.quantity = DesiredQuantity(row, policy);
  stated.status = DesiredStatus(row.status, row.product_removed).value_or(ChannelStatus::kUnknown);
  stated.content = row.content;
  ItemValues desired;
  CopyFields(policy.fields, stated, &desired);
  return desired;
}

}  // namespace flxlink
