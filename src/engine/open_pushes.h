// Pushes whose outcome nobody knows.

#ifndef FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_
#define FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_

#include "absl/status/status.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// Waits out the calls whose outcome nobody knows, so that none of them can land after what is sent now; their links may
// be sent again then. Those of this job that are undecided stay open.
absl::Status ResolveOpenPushes(SyncScope& scope);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_
