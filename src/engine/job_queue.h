// The queue rules of src/jobs carried out on a storage: read the queue, decide, write by compare-and-set, and again if
// somebody else was faster.

#ifndef FLXLINK_SRC_ENGINE_JOB_QUEUE_H_
#define FLXLINK_SRC_ENGINE_JOB_QUEUE_H_

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "flxlink/job.h"
#include "flxlink/storage.h"
#include "src/engine/reporter.h"
#include "src/jobs/queue.h"

namespace flxlink::engine {

// Thread-safe.
class JobQueue {
 public:
  // Both must outlive it. `random` gives numbers that nobody can foresee, for claims. `reporter` is told of every job
  // that is changed; nullptr: nobody is.
  JobQueue(Storage& storage, std::function<uint64_t()> random, Reporter* reporter = nullptr)
      : storage_(storage), random_(std::move(random)), reporter_(reporter) {}

  absl::StatusOr<Job> Enqueue(int64_t channel_id, const JobRequest& request);
  absl::StatusOr<Job> Prioritize(int64_t job_id);
  absl::StatusOr<Job> Cancel(int64_t job_id);

  // A claimed slot: the job to run, and what its writes must name.
  struct Claim {
    Job job;
    Fence fence;
  };
  // Claims the channel's slot for `owner`; nullopt where there is nothing to claim. A slot that `owner` holds already
  // is given back to it: its claim was made and the answer got lost. So the caller sees to it that one owner claims a
  // channel once at a time.
  absl::StatusOr<absl::optional<Claim>> ClaimSlot(int64_t channel_id, OwnerId owner);

  // Ends the running job and queues what follows. FAILED_PRECONDITION (slot_lost): the fence is stale.
  absl::Status Finish(const Fence& fence, const jobs::JobEnd& end, const std::vector<JobRequest>& follow_ups);

  // Puts the running job back into the queue with what it came to so far. FAILED_PRECONDITION: the fence is stale.
  absl::Status Yield(const Fence& fence, const jobs::JobEnd& so_far);

  // Makes the job of a schedule that is due, and moves the schedule on to `next` or, where that could not be computed,
  // disables it with the problem. False: somebody else was faster.
  absl::StatusOr<bool> Fire(const Schedule& schedule, const absl::StatusOr<absl::Time>& next, absl::Time now);

  // Sets whether the channel's jobs wait.
  absl::Status Pause(int64_t channel_id, bool paused);

 private:
  // Decides on a change at storage's time `now`; nullopt: nothing has to be written.
  using Plan = absl::FunctionRef<absl::StatusOr<absl::optional<QueueChange>>(const QueueSnapshot&, absl::Time now)>;

  // Reads, plans and writes until a write is not overtaken.
  absl::Status Apply(int64_t channel_id, Plan plan);
  // The same, and wakes those who wait for a change of a queue. A claim gives nobody anything to do.
  absl::Status Change(int64_t channel_id, Plan plan);
  // The same for a change of one job, which is read again afterwards.
  absl::StatusOr<Job> ChangeJob(int64_t job_id,
                                absl::FunctionRef<absl::StatusOr<QueueChange>(const QueueSnapshot&, absl::Time)> plan);

  void Report(const QueueChange& change);

  Storage& storage_;
  const std::function<uint64_t()> random_;
  Reporter* const reporter_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_JOB_QUEUE_H_
