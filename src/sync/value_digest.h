// Digests of values that are pushed.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_VALUE_DIGEST_H_
#define FLXLINK_SRC_SYNC_VALUE_DIGEST_H_

#include <cstdint>

#include "flxlink/item_values.h"
#include "flxlink/sync_fields.h"

namespace flxlink::sync {

// Of the masked fields, their new values and their known ones: what makes a push the same as an earlier one. Stable
// across processes and releases. XXH3, 64 bits. See ValueDigest in flxlink/sync.h for that of one value.
uint64_t PushDigest(const SyncFields& mask, const ItemValues& values, const ItemValues& known);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_VALUE_DIGEST_H_
