// Plans of a sync job that the circuit breaker has judged.

#ifndef FLXLINK_SRC_ENGINE_HELD_CHANGES_H_
#define FLXLINK_SRC_ENGINE_HELD_CHANGES_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/sync.h"
#include "src/engine/sync_scope.h"
#include "src/engine/sync_siblings.h"

namespace flxlink::engine {

// Before the first change goes out: where the dirty links are so many that some kind of change may have to be held,
// plans all of them and counts. Once a job, also if it yields afterwards.
absl::Status CountChanges(SyncScope& scope);

// The plan of some links. Where what became dirty since the count is too much, it is held from here on.
absl::StatusOr<SyncPlan> PlanLinks(SyncScope& scope, const SyncBatch& links, const Siblings& siblings);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_HELD_CHANGES_H_
