#include "src/sync/field_difference.h"

#include "absl/time/time.h"
#include "flxlink/field.h"
#include "flxlink/listing_status.h"

namespace flxlink {

SyncFields PresentFields(const Pqs& values) { return DifferingFields(values, Pqs()); }

SyncFields DifferingFields(const Pqs& desired, const Pqs& acknowledged) {
  SyncFields fields;
  fields.price = desired.price != kAbsent && desired.price != acknowledged.price;
  fields.quantity = desired.quantity != kAbsent && desired.quantity != acknowledged.quantity;
  fields.status = desired.status != ChannelStatus::kUnknown && desired.status != acknowledged.status;
  return fields;
}

Pqs Masked(const SyncFields& mask, const Pqs& values) {
  Pqs masked;
  if (mask.price) masked.price = values.price;
  if (mask.quantity) masked.quantity = values.quantity;
  if (mask.status) masked.status = values.status;
  return masked;
}

bool HasCurrencyMismatch(const SyncRow& row, const SyncPolicy& policy) {
  return policy.fields.price && row.product_price != kAbsent && row.product_currency != policy.currency;
}

int64_t ShownQuantity(const SyncRow& row) {
  return row.acknowledged.quantity != kAbsent ? row.acknowledged.quantity : row.seen.quantity;
}

bool IsQuantityHeld(const SyncRow& row, const Pqs& desired, const SyncPolicy& policy) {
  return policy.oversell_guard == OversellGuard::kHold && row.guarded_at != absl::InfinitePast() &&
         row.quantity_at <= row.guarded_at && desired.quantity != kAbsent && desired.quantity != ShownQuantity(row);
}

}  // namespace flxlink
