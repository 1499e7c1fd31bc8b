// Which of a channel's jobs is next, and to whom a running one gives way: the rules of flxlink/job.h.
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

// Whether the running job is to give way, between two of its steps: its channel is paused; or it would not be the next
// one if it were pending, and an urgent job is due that it yields to.
bool GivesWay(const QueueSnapshot& queue, const Job& running, absl::Time now);

// Whether a job is due that can only run once the slot is free.
bool OthersWait(const QueueSnapshot& queue, absl::Time now);

}  // namespace flxlink::jobs

#endif  // FLXLINK_SRC_JOBS_QUEUE_ORDER_H_
