// Comparing what a link should have with what its channel has, field by field.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_
#define FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_

#include "flxlink/item_values.h"
#include "flxlink/sync_fields.h"

namespace flxlink::sync {

// The fields that have a value in `desired` and another one, or none, in `acknowledged`.
SyncFields DifferingFields(const ItemValues& desired, const ItemValues& acknowledged);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_
