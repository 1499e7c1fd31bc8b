#include "src/sync/oversell_guard.h"

#include "absl/time/time.h"
#include "flxlink/field.h"
#include "src/sync/hidden_quantity.h"

namespace flxlink::sync {

int64_t ShownQuantity(const SyncRow& row) {
  const bool is_known = row.acknowledged.quantity != kAbsent && !row.in_doubt.Has(SyncField::kQuantity);
  if (is_known) return row.acknowledged.quantity;
  return row.seen_at < row.guarded_at ? kAbsent : row.seen.quantity;
}

bool GuardStands(const SyncRow& row, const SyncPolicy& policy) {
  return policy.oversell_guard == OversellGuard::kHold && row.guarded_at != absl::InfinitePast() &&
         row.quantity_at <= row.guarded_at;
}

bool IsQuantityHeld(const SyncRow& row, const ItemValues& desired, const SyncPolicy& policy) {
  if (IsHiddenByQuantity(row, policy)) return false;
  return GuardStands(row, policy) && desired.quantity != kAbsent && desired.quantity != ShownQuantity(row);
}

bool SetsGuard(const ItemValues& before, int64_t quantity_in_doubt, const ItemValues& after, OversellGuard guard) {
  if (guard != OversellGuard::kHold || before.quantity == kAbsent || after.quantity == kAbsent) return false;
  return after.quantity < before.quantity && (quantity_in_doubt == kAbsent || after.quantity < quantity_in_doubt);
}

}  // namespace flxlink::sync
