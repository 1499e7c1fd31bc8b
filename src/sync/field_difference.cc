#include "src/sync/field_difference.h"

#include "flxlink/field.h"
#include "flxlink/listing_status.h"

namespace flxlink::sync {

SyncFields PresentFields(const Pqs& values) { return DifferingFields(values, Pqs()); }

SyncFields DifferingFields(const Pqs& desired, const Pqs& acknowledged) {
  SyncFields fields;
  fields.price = desired.price != kAbsent && desired.price != acknowledged.price;
  fields.quantity = desired.quantity != kAbsent && desired.quantity != acknowledged.quantity;
  fields.status = desired.status != ChannelStatus::kUnknown && desired.status != acknowledged.status;
  return fields;
}

SyncFields UnionOf(const SyncFields& a, const SyncFields& b) {
  return {a.price || b.price, a.quantity || b.quantity, a.status || b.status};
}

Pqs Masked(const SyncFields& mask, const Pqs& values) {
  Pqs masked;
  if (mask.price) masked.price = values.price;
  if (mask.quantity) masked.quantity = values.quantity;
  if (mask.status) masked.status = values.status;
  return masked;
}

}  // namespace flxlink::sync
