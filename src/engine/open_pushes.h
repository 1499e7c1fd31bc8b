// Pushes whose outcome nobody knows.

#ifndef FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_
#define FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_

#include "absl/status/status.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// Takes what nobody will hear of any more out of the records of calls that cannot land any more: those fields may be
// sent again. Of calls that still can, the links are unready, see SyncScope; each delays only itself. What has a
// receipt stays as it is.
absl::Status ResolveOpenPushes(SyncScope& scope);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_OPEN_PUSHES_H_
