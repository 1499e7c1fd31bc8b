// Which of a channel's jobs is next.
//
// Of those that are due, one that a person prioritized is first, the latest before others. Then come urgent jobs, and
// then bulk ones. Among urgent jobs one that Job::kMaxPassed younger ones have passed goes before others that nobody
// prioritized, then priority decides, then age. Among bulk ones one that has begun goes before all others, so that at
// most one is begun and not ended; then what is prioritized, then priority, then age. Two rules go across the lanes:
//   - A prioritized bulk job that has begun is passed only by fetches, syncs, and what was prioritized after it.
//   - A step that is owed to the bulk lane (Slot::owes_bulk) comes before what nobody prioritized.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_JOBS_QUEUE_ORDER_H_
#define FLXLINK_SRC_JOBS_QUEUE_ORDER_H_

#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/job.h"

namespace flxlink::jobs {

// The pending job that is next of those that are due. nullptr: none is.
const Job* NextJob(absl::Span<const Job> jobs, bool owes_bulk, absl::Time now);

// The pending jobs in the order in which they will run, if nothing is asked for meanwhile: those that are due, and then
// the others, the first due first.
std::vector<const Job*> OrderOf(absl::Span<const Job> jobs, bool owes_bulk, absl::Time now);

// Whether the running job is to give way, between two of its steps: its channel is paused, or an urgent job is due that
// does not wait for it. To that gives way a bulk job, but for the first of the two rules; and an urgent build or sync,
// where the other one was prioritized later or, neither being prioritized, has a higher priority.
bool GivesWay(const QueueSnapshot& queue, const Job& running, absl::Time now);

}  // namespace flxlink::jobs

#endif  // FLXLINK_SRC_JOBS_QUEUE_ORDER_H_
