#include "src/sync/sync_policy.h"

#include "absl/types/optional.h"
#include "flxlink/field.h"

namespace flxlink {
namespace sync {

bool HasCurrencyMismatch(const SyncRow& row, const SyncPolicy& policy) {
  return policy.fields.price && row.product_price != kAbsent && row.product_currency != policy.currency;
}

}  // namespace sync

SyncPolicy MakeSyncPolicy(const ChannelConfig& config, const AdapterCapabilities& capabilities) {
  const SyncFields& wanted = config.sync_fields;
  const SyncFields& can = capabilities.can_set;
  SyncPolicy policy;
  policy.fields.price = wanted.price && can.price;
  policy.fields.quantity = wanted.quantity && can.quantity;
  policy.fields.status = wanted.status && can.status && !capabilities.status_set.empty();
  policy.currency = config.currency;
  policy.oversell_guard = config.oversell_guard;
  policy.status_grouping = capabilities.grouping;
  policy.compare_and_set = capabilities.compare_and_set;
  return policy;
}

Pqs Desired(const SyncRow& row, const SyncPolicy& policy) {
  Pqs desired;
  if (policy.fields.price && !sync::HasCurrencyMismatch(row, policy)) desired.price = row.product_price;
  if (policy.fields.quantity) desired.quantity = row.product_quantity;
  if (policy.fields.status) desired.status = DesiredStatus(row.status).value_or(ChannelStatus::kUnknown);
  return desired;
}

}  // namespace flxlink
