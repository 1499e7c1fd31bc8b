#include "src/engine/worker.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "src/engine/adapter_error.h"
#include "src/engine/jobs.h"
#include "src/jobs/queue.h"

namespace flxlink::engine {
namespace {

absl::Status RunKind(JobContext& context) {
  switch (context.job().kind) {
    case JobKind::kPull:
      return RunPullJob(context);
    case JobKind::kBuild:
      return RunBuildJob(context);
    case JobKind::kLink:
      return RunLinkJob(context);
    case JobKind::kSync:
      return RunSyncJob(context);
    case JobKind::kRules:
      return RunRulesJob(context);
  }
  return absl::InternalError("a job of an unknown kind");
}

jobs::JobEnd EndOf(const absl::Status& status, JobContext& context) {
  jobs::JobEnd end;
  JobOutput& output = context.output();
  end.progress = context.progress();
  end.counts = std::move(output.counts);
  end.problems = std::move(output.problems);
  if (absl::IsCancelled(status)) {
    end.state = JobState::kCancelled;
  } else if (!status.ok()) {
    end.state = JobState::kFailed;
    end.error = ProblemFrom(status);
  } else if (output.held.has_value()) {
    end.state = JobState::kHeld;
    end.error = std::move(output.held);
  } else {
    end.state = JobState::kCompleted;
  }
  return end;
}

}  // namespace

absl::StatusOr<bool> Worker::RunNext(int64_t channel_id) {
  {
    absl::MutexLock lock(&mutex_);
    if (!busy_.insert(channel_id).second) return false;
  }
  absl::Cleanup done = [&] {
    absl::MutexLock lock(&mutex_);
    busy_.erase(channel_id);
  };
  return ClaimAndRun(channel_id);
}

jobs::JobEnd Worker::Run(const JobQueue::Claim& claim, const Channel& channel, bool* changed_link_inputs) {
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter =
      options_.adapters->Make({channel.config, *options_.credentials});
  if (!adapter.ok()) {
    jobs::JobEnd end;
    end.state = JobState::kFailed;
    end.error = ProblemFrom(AdapterError(adapter.status(), channel));
    return end;
  }
  JobContext context(options_, channel, **adapter, claim.job, claim.fence);
  const absl::Status status = RunKind(context);
  *changed_link_inputs = context.output().changed_link_inputs;
  return EndOf(status, context);
}

absl::StatusOr<bool> Worker::ClaimAndRun(int64_t channel_id) {
  absl::StatusOr<absl::optional<JobQueue::Claim>> claim = queue_.ClaimSlot(channel_id, owner_);
  if (!claim.ok()) return claim.status();
  if (!claim->has_value()) return false;
  absl::StatusOr<Channel> channel = options_.storage->ReadChannel(channel_id);
  if (!channel.ok()) return channel.status();

  bool changed_link_inputs = false;
  const jobs::JobEnd end = Run(**claim, *channel, &changed_link_inputs);
  const std::vector<JobRequest> follow_ups = end.state == JobState::kCompleted
                                                 ? jobs::ChainAfter((*claim)->job, channel->config, changed_link_inputs)
                                                 : std::vector<JobRequest>();
  const absl::Status status = queue_.Finish((*claim)->fence, end, follow_ups);
  // Another owner has taken the slot: what this one did since was refused, and the job is that owner's now.
  if (absl::IsFailedPrecondition(status)) return true;
  if (!status.ok()) return status;
  return true;
}

}  // namespace flxlink::engine
