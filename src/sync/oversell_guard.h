// The oversell guard: keeps a quantity from overwriting stock that the channel has probably sold. See flxlink/sync.h.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_OVERSELL_GUARD_H_
#define FLXLINK_SRC_SYNC_OVERSELL_GUARD_H_

#include <cstdint>

#include "flxlink/rare_vector.h"
#include "flxlink/sync.h"

namespace flxlink::sync {

// The quantity that the channel shows, as far as known: what it acknowledged; where that is unknown, or in doubt, what
// the last pull saw, if that was no earlier than the guard's observation. kAbsent: not known.
int64_t ShownQuantity(const SyncRow& row);

// Whether the channel was seen to have lost stock since the product's quantity was stated.
bool GuardStands(const SyncRow& row, const SyncPolicy& policy);

// Whether the guard holds the desired quantity back. Never where it is what the channel shows: that overwrites nothing;
// nor where it hides the item.
bool IsQuantityHeld(const SyncRow& row, const ItemValues& desired, const SyncPolicy& policy);

// Whether going from `before`, what the channel had acknowledged, to `after` must set the guard: the channel lost
// stock. It did where it has less than that, or less than a push in doubt may have set (SyncRow::quantities_in_doubt),
// and none of these.
bool SetsGuard(const ItemValues& before, const RareVector<int64_t>& quantities_in_doubt, const ItemValues& after,
               OversellGuard guard);

// SyncRow::quantities_in_doubt without that of one push of `item`, whose outcome is known.
RareVector<int64_t> QuantitiesWithout(const PushItem& item, const RareVector<int64_t>& quantities);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_OVERSELL_GUARD_H_
