// Digests of values that are pushed.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_VALUE_DIGEST_H_
#define FLXLINK_SRC_SYNC_VALUE_DIGEST_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "flxlink/push.h"

namespace flxlink::sync {

// Of the channel's name, the item's external id, and the masked fields, their new values and their known ones: with the
// link and its version what makes a push the same as an earlier one. Stable across processes and releases. XXH3, 64
// bits. See ValueDigest in flxlink/sync.h for that of one value.
uint64_t PushDigest(absl::string_view channel, const PushItem& item);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_VALUE_DIGEST_H_
