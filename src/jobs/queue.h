// The rules of a channel's queue: what asking for, claiming, ending, cancelling and moving jobs does to its slot and
// its open jobs. Which of them is next is in queue_order.h.
//
// A job that is not due (Job::not_before) is neither the head nor claimed, and is in nobody's way. Every change works
// out the head anew from what is due by then.
//
// Every function looks at one snapshot and returns the whole change, to be written where the slot's revision still is
// the snapshot's (see Storage::WriteQueue); whoever was overtaken reads again and decides again. Pure, so thread-safe.

#ifndef FLXLINK_SRC_JOBS_QUEUE_H_
#define FLXLINK_SRC_JOBS_QUEUE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/job.h"

namespace flxlink::jobs {

// A job whose worker died this often is failed instead of started again: it is likely the reason.
constexpr int64_t kMaxAttempts = 5;

struct EnqueueResult {
  Job job;                             // The new job, or the pending one that the request was joined with.
  absl::optional<QueueChange> change;  // nullopt: there is nothing to write.
};

// Asks for a job. Where one of its kind and lane is pending and has not begun, that one does both wishes, at the
// earlier of their times; else the job `new_job_id` is made. A pending retry takes over where the request comes from,
// and so does a job that came from no other where a re-run is asked for. Asking again with the id of an open job is as
// asking once.
EnqueueResult PlanEnqueue(const QueueSnapshot& snapshot, const JobRequest& request, int64_t new_job_id, absl::Time now);

struct ClaimResult {
  QueueChange change;
  absl::optional<Job> job;  // The job to run, in its new state. nullopt: once this is written, nothing is left to run.
  Fence fence;              // Of `job`.
};

// Takes the slot for `owner`, who drew the number `claim`, for the next job that is due or, where the owner before it
// died, for the job that this one was running: unless that one was to be cancelled or its workers died too often, which
// ends it. FAILED_PRECONDITION: there is nothing to claim, and the message says why.
absl::StatusOr<ClaimResult> PlanClaim(const QueueSnapshot& snapshot, OwnerId owner, uint64_t claim, absl::Time now);

// How a running job ends.
struct JobEnd {
  JobState state = JobState::kCompleted;  // Completed, failed or cancelled.
  absl::optional<JobReport> report;       // nullopt: it came to no more than is stored.
  bool becomes_bulk = false;              // One that yields is a pull since the last that has to be one of everything.
  absl::optional<Problem> error;          // Why it failed.
};

// A job that is asked for when another one ends.
struct FollowUp {
  int64_t job_id = 0;  // The id for it, should it be a new job.
  JobRequest request;
};

// Ends the running job and frees the slot; an urgent one leaves a step owed to the bulk lane. If it completed, its
// follow-ups are asked for, but for those of a kind that is in their chain; those with the trigger kRetry are asked for
// however it ended. A cancel request that the job did not see changes nothing.
// FAILED_PRECONDITION: the fence is stale.
absl::StatusOr<QueueChange> PlanFinish(const QueueSnapshot& snapshot, const Fence& fence, const JobEnd& end,
                                       absl::Span<const FollowUp> follow_ups, absl::Time now);

// Puts the running job back into its place in the queue and frees the slot: `so_far` is kept in the job, and
// the start does not count as an attempt. What becomes bulk is a pull of
// everything, and waits in that lane as if it had not begun. Where a cancel was requested it ends instead.
// FAILED_PRECONDITION: the fence is stale.
absl::StatusOr<QueueChange> PlanYield(const QueueSnapshot& snapshot, const Fence& fence, const JobEnd& so_far,
                                      absl::Time now);

// Cancels a pending job, and a running one whose owner died, at once; asks any other running one to stop.
// FAILED_PRECONDITION: it is final.
absl::StatusOr<QueueChange> PlanCancel(const QueueSnapshot& snapshot, int64_t job_id, absl::Time now);

// Moves a pending job ahead of every other one, a bulk one only once the bulk job that has begun is done; and makes it
// due. FAILED_PRECONDITION: it is not pending.
absl::StatusOr<QueueChange> PlanPrioritize(const QueueSnapshot& snapshot, int64_t job_id, absl::Time now);

// While the slot is paused nothing is claimed, and a job that runs gives way.
QueueChange PlanPause(const QueueSnapshot& snapshot, bool paused, absl::Time now);

// Asks for what a job did, on today's data. An approval was for that job and is not repeated.
JobRequest RerunRequest(const Job& job);

// Whether a link job is to follow a completed job, where linking has changes to judge. A build that made nothing new
// has rebuilt, which keeps every link and does not link; after a bulk sync the sync that it chains comes first.
bool FeedsLink(const Job& job, const JobCounts& counts, const ChannelConfig& config);

// The jobs that a job chains. A priority that somebody stated counts for them, too.
JobRequest LinkAfter(const Job& job);
// What sends what a bulk sync has marked.
JobRequest SyncAfter(const Job& bulk);
// What only a pull of everything can do of what the job was asked for: the bulk job to which it leaves that. The job
// itself is not a part of the chain, so that another one of its kind may follow the bulk job.
JobRequest LeftBy(const Job& job, JobKind kind, JobOptions options);

}  // namespace flxlink::jobs

#endif  // FLXLINK_SRC_JOBS_QUEUE_H_
