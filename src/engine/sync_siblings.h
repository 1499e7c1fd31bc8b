// Links that share a product, and its one status, with links that are about to be pushed.

#ifndef FLXLINK_SRC_ENGINE_SYNC_SIBLINGS_H_
#define FLXLINK_SRC_ENGINE_SYNC_SIBLINGS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/sync.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// What stands under the products whose status a batch may send.
struct Siblings {
  SyncBatch links;  // Those of the batch among them.
  std::vector<UnlinkedItem> unlinked;
};

absl::StatusOr<Siblings> ReadSiblings(SyncScope& scope, const SyncBatch& batch);

// A link whose status was held back, because a sibling wanted another one, is done with and not dirty. When a sibling's
// status is on its way they may agree by now: what can be sent of such a link makes it dirty, so that a later page of
// the pass or another pass sends it. Returns whether there was one.
absl::StatusOr<bool> MarkWaitingSiblings(SyncScope& scope, const Siblings& siblings);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_SYNC_SIBLINGS_H_
