// Where a channel keeps one status for a whole product: which links of a batch cannot have theirs sent, because links
// of the same product want different ones.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_SIBLING_STATUSES_H_
#define FLXLINK_SRC_SYNC_SIBLING_STATUSES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "flxlink/sync.h"

namespace flxlink::sync {

struct SiblingDisagreements {
  // For each row of the batch an index into `details`, or -1 where its status may be sent.
  std::vector<int32_t> of_row;
  // One a product: who wants what.
  std::vector<std::string> details;
};

// By the rules of PlanSync. A row of `siblings` whose link is in `batch` too does not count: the batch's row does.
// Items that are dead have no say.
SiblingDisagreements FindSiblingDisagreements(const SyncBatch& batch, const SyncBatch& siblings,
                                              const SyncPolicy& policy, absl::Span<const UnlinkedItem> unlinked);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_SIBLING_STATUSES_H_
