// One pass over a channel's dirty links.

#ifndef FLXLINK_SRC_ENGINE_SYNC_PASS_H_
#define FLXLINK_SRC_ENGINE_SYNC_PASS_H_

#include "absl/status/statusor.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// Settles or pushes dirty links in the order in which they go out, until none is left or the channel takes no more. The
// order is looked up anew for every page and between the rounds of calls of a page: what comes before the rest of the
// page by then is sent first (dirty_pages.h). A link that is another than it was
// planned for is left out of its call and sent next. One that stays dirty is not taken again, unless it takes another
// place in the order meanwhile, as one whose quantity falls does. Where changes come as fast as they are sent, a pass
// would have no end: it leaves them (SyncPassResult::leaves) where all that is left became dirty after the job began to
// send, and other jobs wait.
absl::StatusOr<SyncPassResult> RunSyncPass(SyncScope& scope);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_SYNC_PASS_H_
