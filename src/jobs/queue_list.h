// The open jobs of one or more channels in the order in which they will run.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_JOBS_QUEUE_LIST_H_
#define FLXLINK_SRC_JOBS_QUEUE_LIST_H_

#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/job.h"

namespace flxlink::jobs {

// First the jobs that run. Then those that are due, as one worker would claim them, if nothing is asked for meanwhile:
// each channel's in their order, and between channels by whose next one was prioritized later, is urgent, has the
// higher priority, is older. Then those that are not due, the first due first, those of channels that are paused, and
// last those that wait for approval.
std::vector<Job> ListQueue(absl::Span<const QueueSnapshot> queues, absl::Time now);

}  // namespace flxlink::jobs

#endif  // FLXLINK_SRC_JOBS_QUEUE_LIST_H_
