// What a link's channel refused before, and is not sent again. See RefusedValue in flxlink/push.h.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_REFUSED_VALUES_H_
#define FLXLINK_SRC_SYNC_REFUSED_VALUES_H_

#include <vector>

#include "flxlink/item_values.h"
#include "flxlink/push.h"
#include "flxlink/rare_vector.h"
#include "flxlink/sync_fields.h"

namespace flxlink::sync {

// Of what was refused, that of which exactly the same is desired: all fields that were refused together are among
// `wanted` and have the values that they had.
RareVector<RefusedValue> StandingRefusals(const std::vector<RefusedValue>& refused, const SyncFields& wanted,
                                          const ItemValues& desired);

// The fields that they are of.
SyncFields FieldsOf(const std::vector<RefusedValue>& refused);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_REFUSED_VALUES_H_
