// The six kinds of jobs, each a function over a JobContext. They keep to their fence, work page by page, and leave
// behind, wherever they are interrupted, a state from which a new attempt goes on.

#ifndef FLXLINK_SRC_ENGINE_JOBS_H_
#define FLXLINK_SRC_ENGINE_JOBS_H_

#include "absl/status/status.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

absl::Status RunPullJob(JobContext& context);
absl::Status RunBuildJob(JobContext& context);
absl::Status RunLinkJob(JobContext& context);
absl::Status RunSyncJob(JobContext& context);
absl::Status RunRulesJob(JobContext& context);
absl::Status RunFetchJob(JobContext& context);

// Mirrors all of the channel's items: what the pull job does that asks for no less, and a full sync before it compares.
absl::Status PullChannel(JobContext& context);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_JOBS_H_
