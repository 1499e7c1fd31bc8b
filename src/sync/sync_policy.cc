#include "src/sync/sync_policy.h"

#include "absl/types/optional.h"
#include "flxlink/field.h"

namespace flxlink {
namespace sync {

bool HasCurrencyMismatch(const SyncRow& row, const SyncPolicy& policy) {
  const bool has_price = policy.fields.Has(SyncField::kPrice) && row.product_price != kAbsent;
  const bool has_compare_at_price =
      policy.fields.Has(SyncField::kCompareAtPrice) && row.product_compare_at_price != kAbsent;
  return (has_price || has_compare_at_price) && row.product_currency != policy.currency;
}

}  // namespace sync

SyncPolicy MakeSyncPolicy(const ChannelConfig& config, const AdapterCapabilities& capabilities) {
  SyncPolicy policy;
  policy.fields = IntersectionOf(config.sync_fields, capabilities.can_set);
  if (capabilities.status_set.empty()) policy.fields.Remove(SyncField::kStatus);
  policy.currency = config.currency;
  policy.oversell_guard = config.oversell_guard;
  policy.status_grouping = capabilities.grouping;
  policy.compare_and_set = capabilities.compare_and_set;
  return policy;
}

ItemValues Desired(const SyncRow& row, const SyncPolicy& policy) {
  ItemValues stated;
  if (!sync::HasCurrencyMismatch(row, policy)) {
    stated.price = row.product_price;
    stated.compare_at_price = row.product_compare_at_price;
  }
  stated.quantity = row.product_quantity;
  stated.status = DesiredStatus(row.status).value_or(ChannelStatus::kUnknown);
  stated.content = row.content;
  ItemValues desired;
  CopyFields(policy.fields, stated, &desired);
  return desired;
}

}  // namespace flxlink
