// A worker: claims a channel's slot, runs the job, ends it.

#ifndef FLXLINK_SRC_ENGINE_WORKER_H_
#define FLXLINK_SRC_ENGINE_WORKER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/engine.h"
#include "src/engine/accounts.h"
#include "src/engine/backoff.h"
#include "src/engine/job_context.h"
#include "src/engine/job_queue.h"
#include "src/engine/reporter.h"

namespace flxlink::engine {

// Thread-safe: any number of threads may run jobs through one worker; each channel is served by one of them at a time.
//
// A slot that this owner holds is its own to free: storage gives it to nobody else while the owner lives. So what fails
// between the claim and the end, or leaves open whether the claim was made, is tried again, and the end of a job that
// could not be written is kept until it is. If the process dies before, the slot is taken over like any other.
class Worker {
 public:
  // All must outlive it. `owner` is open in the storage.
  Worker(const EngineOptions& options, JobQueue& queue, Reporter& reporter, OwnerId owner)
      : options_(options), queue_(queue), reporter_(reporter), owner_(owner), retries_(options), accounts_(options) {}

  enum class Served {
    // A job came to its end, how is written in the job; or it yielded though it need not, and can go on.
    kJob,
    // There was nothing to do.
    kNothing,
    // Another thread was at it, and may have left what there is to do: look again soon, whatever changes meanwhile.
    kBusy,
  };

  // Runs the channel's next job, if its slot can be claimed, or writes the end that is kept of the last one. Errors are
  // those of storage; the channel is then tried again by RunAny. Nothing begins once the job that would is to yield.
  absl::StatusOr<Served> RunNext(int64_t channel_id, ShouldYield should_yield);

  // The same for the most urgent channel that can be served, after those that are due to be tried again. What fails at
  // one channel is reported, and the next one is served. Errors are those of asking which channels there are.
  absl::StatusOr<Served> RunAny(ShouldYield should_yield);

  // When the first of the channels that failed is tried again of those that were not due at `now`, by the engine's
  // clock. InfiniteFuture: none is.
  absl::Time NextTry(absl::Time now) const { return retries_.NextDue(now); }

  // Tries once to write each end that is kept.
  void WriteEnds();

 private:
  // How a job ended or, where its state is pending, yielded, to be written.
  struct Ending {
    Fence fence;
    jobs::JobEnd end;
    std::vector<JobRequest> follow_ups;
  };

  // What fails is reported, and nothing was to be done.
  Served RunOrReport(int64_t channel_id, ShouldYield should_yield);
  absl::StatusOr<bool> Serve(int64_t channel_id, ShouldYield should_yield);
  // Leaves how the job ended in `endings_`. False: there was none to run.
  absl::StatusOr<bool> ClaimAndRun(int64_t channel_id, ShouldYield should_yield);
  Ending Run(const JobQueue::Claim& claim, const Channel& channel, ShouldYield should_yield);
  std::vector<JobRequest> RetriesOf(const Job& job, const absl::Status& status);
  int FailuresBefore(Job job);
  // Returns whether the job came to its end: not, if it yielded.
  absl::StatusOr<bool> WriteEnd(int64_t channel_id);
  // One step; trouble is reported.
  void PruneJobs(int64_t channel_id);
  void ReportTrouble(int64_t channel_id, const absl::Status& status);

  const EngineOptions& options_;
  JobQueue& queue_;
  Reporter& reporter_;
  const OwnerId owner_;
  RetryTimes<int64_t> retries_;  // Of channels.
  Accounts accounts_;
  absl::Mutex mutex_;
  absl::flat_hash_set<int64_t> busy_ ABSL_GUARDED_BY(mutex_);         // Channels that a thread is serving.
  absl::btree_map<int64_t, Ending> endings_ ABSL_GUARDED_BY(mutex_);  // By channel.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_WORKER_H_
