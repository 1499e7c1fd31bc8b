// One pass over a channel's dirty links.

#ifndef FLXLINK_SRC_ENGINE_SYNC_PASS_H_
#define FLXLINK_SRC_ENGINE_SYNC_PASS_H_

#include "absl/status/statusor.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// Reads dirty links page by page, in the order in which they go out, and settles or pushes each of them once, until
// none is left or the channel takes no more.
absl::StatusOr<SyncPassResult> RunSyncPass(SyncScope& scope);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_SYNC_PASS_H_
