// Which planned items go out in one call.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_PUSH_BATCHES_H_
#define FLXLINK_SRC_SYNC_PUSH_BATCHES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "flxlink/push_kind.h"
#include "flxlink/sync.h"

namespace flxlink::sync {

struct PushBatch {
  // An index into the kinds.
  int32_t kind = 0;
  // Numbers of the plan's items.
  std::vector<int64_t> items;
};

// The plan's items as calls that keep the limits of their kinds, in the order of their first items, so that what the
// plan has first is not kept waiting for all that another kind has to send. Within a kind items go out in the order of
// the plan; where a call takes items of one parent only, a parent's calls go with the first of its items.
std::vector<PushBatch> MakePushBatches(const SyncPlan& plan, absl::Span<const PushKind> kinds);

// What makes a call with these items the same as an earlier one: PushRequest::idempotency_key.
std::string CallKeyOf(absl::Span<const PushItem> items);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_PUSH_BATCHES_H_
