// Hiding by quantity, on channels that cannot hide an item (AdapterCapabilities::hides_by_quantity): what is hidden or
// delisted, or is to be, has the quantity 0 there.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_HIDDEN_QUANTITY_H_
#define FLXLINK_SRC_SYNC_HIDDEN_QUANTITY_H_

#include "flxlink/listing_status.h"
#include "flxlink/problem.h"
#include "flxlink/sync.h"

namespace flxlink::sync {

// Whether the link's quantity is to be 0, whatever the product has.
bool IsHiddenByQuantity(const SyncRow& row, const SyncPolicy& policy);

// What the channel shows of the listing variant once it has the quantity that is desired. kUnknown: quantities do not
// say that.
ChannelStatus StatusByQuantity(const SyncRow& row, const SyncPolicy& policy);

// Whether the quantity 0 is all that takes the listing variant off sale, though its product is removed: the channel, or
// what is synced of it, has no status.
bool OnlyQuantityHides(const SyncRow& row, const SyncPolicy& policy);

// The attention of a link that is hidden like that.
Problem HiddenByQuantity();
// Whether an attention is that one. It stands for as long as the listing variant is hidden, so that a sync that comes
// to it again says nothing new.
bool IsHiddenProblem(const Problem& problem);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_HIDDEN_QUANTITY_H_
