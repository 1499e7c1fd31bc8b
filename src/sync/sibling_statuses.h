// Where a channel keeps one status for a whole product: which links of a batch cannot have theirs sent, because links
// of the same product want different ones.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_SIBLING_STATUSES_H_
#define FLXLINK_SRC_SYNC_SIBLING_STATUSES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "flxlink/sync.h"

namespace flxlink::sync {

struct SiblingDisagreements {
  // For each row of the batch an index into `details`, or -1 where nobody disagrees.
  std::vector<int32_t> of_row;
  // One a product: who wants what.
  std::vector<std::string> details;
};

// A row of `siblings` whose link is in `batch` too does not count: the batch's row does. Items that are dead and links
// with no desired status have no say.
SiblingDisagreements FindSiblingDisagreements(const SyncBatch& batch, const SyncBatch& siblings,
                                              const SyncPolicy& policy);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_SIBLING_STATUSES_H_
