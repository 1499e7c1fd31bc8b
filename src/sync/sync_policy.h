// What a channel's policy says about one link, beyond what flxlink/sync.h declares.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_SYNC_POLICY_H_
#define FLXLINK_SRC_SYNC_SYNC_POLICY_H_

#include "flxlink/sync.h"

namespace flxlink::sync {

// Nothing may be sent to the link: its item is dead, it is doubtful and the channel holds such links, or it was to
// break and that is held. An attention that a pull or a fetch gave it says so.
bool IsClosed(const SyncRow& row, const SyncPolicy& policy);

// Whether the product has a price that cannot be sent because it is in another currency than the channel's.
bool HasCurrencyMismatch(const SyncRow& row, const SyncPolicy& policy);

// The quantity that the product has for the channel, whatever is hidden. kAbsent: none.
int64_t StockQuantity(const SyncRow& row, const SyncPolicy& policy);

// The prices that are 0.
SyncFields ZeroPrices(const ItemValues& values);

// Whether the kind is only for many items, since others set its fields of a few: plans leave it out, and batches go
// over to it (push_batches.h).
bool IsForMany(const PushKind& kind, const AdapterCapabilities& capabilities);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_SYNC_POLICY_H_
