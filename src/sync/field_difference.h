// Comparing what a link should have with what its channel has, field by field.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_
#define FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_

#include "flxlink/channel.h"
#include "flxlink/push.h"

namespace flxlink::sync {

// The fields that have a value.
SyncFields PresentFields(const Pqs& values);

// The fields that have a value in `desired` and another one, or none, in `acknowledged`.
SyncFields DifferingFields(const Pqs& desired, const Pqs& acknowledged);

// The fields that are in either.
SyncFields UnionOf(const SyncFields& a, const SyncFields& b);

// `values` without the fields outside `mask`.
Pqs Masked(const SyncFields& mask, const Pqs& values);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_
