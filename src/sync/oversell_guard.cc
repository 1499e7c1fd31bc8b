#include "src/sync/oversell_guard.h"

#include <algorithm>
#include <vector>

#include "absl/time/time.h"
#include "flxlink/field.h"
#include "src/sync/hidden_quantity.h"

namespace flxlink {

RareVector<int64_t> QuantitiesInDoubt(const SyncFields& in_doubt, const RareVector<int64_t>& before,
                                      const PushItem& item) {
  if (!item.mask.Has(SyncField::kQuantity)) return before;
  RareVector<int64_t> after;
  if (in_doubt.Has(SyncField::kQuantity)) after = before;
  std::vector<int64_t>& quantities = after.Mutable();
  quantities.push_back(item.values.quantity);
  if (quantities.size() > kMaxQuantitiesInDoubt) quantities.erase(quantities.begin());
  return after;
}

namespace sync {

int64_t ShownQuantity(const SyncRow& row) {
  const bool is_open = row.in_doubt.Has(SyncField::kQuantity) && !row.confirmed.Has(SyncField::kQuantity);
  const bool is_known = row.acknowledged.quantity != kAbsent && !is_open;
  if (is_known) return row.acknowledged.quantity;
  return row.seen_at < row.guarded_at ? kAbsent : row.seen.quantity;
}

bool GuardStands(const SyncRow& row, const SyncPolicy& policy) {
  return policy.oversell_guard == OversellGuard::kHold && row.guarded_at != absl::InfinitePast() &&
         row.quantity_at <= row.guarded_at;
}

bool IsQuantityHeld(const SyncRow& row, const ItemValues& desired, const SyncPolicy& policy) {
  if (IsHiddenByQuantity(row, policy)) return false;
  if (!GuardStands(row, policy) || desired.quantity == kAbsent) return false;
  const int64_t shown = ShownQuantity(row);
  return shown == kAbsent || desired.quantity > shown;
}

bool SetsGuard(const ItemValues& before, const RareVector<int64_t>& quantities_in_doubt, const ItemValues& after,
               OversellGuard guard) {
  if (guard != OversellGuard::kHold || before.quantity == kAbsent || after.quantity == kAbsent) return false;
  int64_t most = before.quantity;
  bool is_own = after.quantity == before.quantity;
  for (const int64_t sent : quantities_in_doubt) {
    most = std::max(most, sent);
    is_own = is_own || after.quantity == sent;
  }
  return after.quantity < most && !is_own;
}

RareVector<int64_t> QuantitiesWithout(const PushItem& item, const RareVector<int64_t>& quantities) {
  if (!item.mask.Has(SyncField::kQuantity) || quantities.empty()) return quantities;
  RareVector<int64_t> others = quantities;
  std::vector<int64_t>& left = others.Mutable();
  const auto own = std::find(left.begin(), left.end(), item.values.quantity);
  if (own != left.end()) left.erase(own);
  return others;
}

}  // namespace sync
}  // namespace flxlink
