// A worker: claims a channel's slot, runs the job, ends it.

#ifndef FLXLINK_SRC_ENGINE_WORKER_H_
#define FLXLINK_SRC_ENGINE_WORKER_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/engine.h"
#include "src/engine/job_context.h"
#include "src/engine/job_queue.h"
#include "src/engine/rate_limiters.h"

namespace flxlink::engine {

// Thread-safe: any number of threads may run jobs through one worker; each channel is served by one of them at a time.
class Worker {
 public:
  // All must outlive it. `owner` is open in the storage.
  Worker(const EngineOptions& options, JobQueue& queue, OwnerId owner)
      : options_(options), queue_(queue), owner_(owner) {}

  // Runs the channel's next job, if its slot can be claimed. Returns whether one ran; how it ended is written in the
  // job. Errors are those of storage.
  absl::StatusOr<bool> RunNext(int64_t channel_id);

 private:
  absl::StatusOr<bool> ClaimAndRun(int64_t channel_id);
  // Runs the job and tells what it came to. `channel` is read for the chain that follows.
  jobs::JobEnd Run(const JobQueue::Claim& claim, const Channel& channel, bool* changed_link_inputs);

  const EngineOptions& options_;
  JobQueue& queue_;
  const OwnerId owner_;
  RateLimiters rate_limiters_;
  absl::Mutex mutex_;
  absl::flat_hash_set<int64_t> busy_ ABSL_GUARDED_BY(mutex_);  // Channels that a thread is serving.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_WORKER_H_
