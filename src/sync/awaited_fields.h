// What a link awaits of its channel. See flxlink/sync.h.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_AWAITED_FIELDS_H_
#define FLXLINK_SRC_SYNC_AWAITED_FIELDS_H_

#include "flxlink/sync.h"

namespace flxlink::sync {

// The fields that are awaited.
SyncFields AwaitedFields(const SyncRow& row);

// The fields of those that `desired` has to wait with. Nothing waits that is lower than every quantity that is
// awaited, nor, where the last submission stands, what differs from that one.
SyncFields WaitingFields(const SyncRow& row, const ItemValues& desired, const SyncPolicy& policy);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_AWAITED_FIELDS_H_
