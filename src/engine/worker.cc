#include "src/engine/worker.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "src/engine/adapter_error.h"
#include "src/engine/job_context.h"
#include "src/engine/jobs.h"
#include "src/engine/safe_adapter.h"
#include "src/jobs/queue.h"

namespace flxlink::engine {
namespace {

// Channels that RunAny looks at before it asks storage again for the most urgent.
constexpr int64_t kClaimableAtOnce = 16;

// Finished jobs that the end of one removes at most. Many more than one, so that what has gathered gets less.
constexpr int64_t kPrunedAtOnce = 20;

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
    case JobKind::kFetch:
      return RunFetchJob(context);
  }
  return absl::InternalError("a job of an unknown kind");
}

// What it came to before stays.
jobs::JobEnd FailedEnd(const absl::Status& status) {
  jobs::JobEnd end;
  end.state = JobState::kFailed;
  end.error = ProblemFrom(status);
  return end;
}

jobs::JobEnd EndOf(const absl::Status& status, JobContext& context) {
  jobs::JobEnd end;
  JobOutput& output = context.output();
  JobReport& report = end.report.emplace(context.report_so_far());
  if (absl::IsCancelled(status)) {
    end.state = context.yields() ? JobState::kPending : JobState::kCancelled;
    end.becomes_bulk = output.becomes_bulk;
  } else if (!status.ok()) {
    end.state = JobState::kFailed;
    end.error = ProblemFrom(status);
  } else {
    end.state = JobState::kCompleted;
    report.progress.total = report.progress.looked_at();
  }
  if (end.state != JobState::kPending) report.cursor.clear();
  return end;
}

// How long a sync that failed is not tried again at the most.
constexpr absl::Duration kLongestRetry = absl::Minutes(15);
// More failures in a row are not counted: the wait is the longest by then.
constexpr int kMostFailures = 20;

// What is tried again of a sync that failed: what is dirty, what was forced among it. One that pulls first has marked
// nothing yet and is repeated.
JobOptions OptionsOfRetry(const JobOptions& failed) {
  JobOptions options;
  if (!failed.pull_first) return options;
  options.pull_first = true;
  options.items = failed.items;
  options.force = failed.force;
  options.only_forced = failed.only_forced;
  return options;
}

// A sync that looks at the channel again at that time, in whole microseconds, which is what every storage keeps.
JobRequest RetryOf(const Job& job, absl::Time at) {
  JobRequest request;
  request.kind = JobKind::kSync;
  request.trigger = JobTrigger::kRetry;
  request.from_job = job.job_id;
  request.not_before = absl::UnixEpoch() + absl::Ceil(at - absl::UnixEpoch(), absl::Microseconds(1));
  return request;
}

// What a job leaves goes on however the job ended: that is told to nobody else.
JobRequest LeftBy(const Job& job, const JobRequest& left, JobState ended) {
  JobRequest request = jobs::LeftBy(job, left.kind, left.options);
  if (ended != JobState::kCompleted) request.trigger = JobTrigger::kRetry;
  return request;
}

// What follows a job that completed and has left nothing, which would come first.
std::vector<JobRequest> ChainedBy(JobContext& context, const JobCounts& counts) {
  const Job& job = context.job();
  std::vector<JobRequest> chained;
  if (job.kind == JobKind::kSync && LaneOf(job) == Lane::kBulk) chained.push_back(jobs::SyncAfter(job));
  const bool feeds_link = jobs::FeedsLink(job, counts, context.channel().config);
  if (feeds_link && context.HasUnjudgedChanges()) chained.push_back(jobs::LinkAfter(job));
  return chained;
}

}  // namespace

absl::StatusOr<Worker::Served> Worker::RunNext(int64_t channel_id, ShouldYield should_yield) {
  {
    absl::MutexLock lock(&mutex_);
    if (!busy_.insert(channel_id).second) return Served::kBusy;
  }
  absl::Cleanup done = [&] {
    absl::MutexLock lock(&mutex_);
    busy_.erase(channel_id);
  };
  absl::StatusOr<bool> served = Serve(channel_id, should_yield);
  if (served.ok()) {
    retries_.Succeeded(channel_id);
  } else {
    retries_.Failed(channel_id);
    // Others sleep until what was due before.
    options_.storage->work_bell().Ring();
    return served.status();
  }
  return *served ? Served::kJob : Served::kNothing;
}

absl::StatusOr<Worker::Served> Worker::RunAny(ShouldYield should_yield) {
  Served result = Served::kNothing;
  for (const int64_t channel_id : retries_.Due()) {
    const Served served = RunOrReport(channel_id, should_yield);
    if (served == Served::kJob) return served;
    if (served == Served::kBusy) result = served;
  }
  for (int64_t failed = -1; failed < retries_.size();) {
    failed = retries_.size();
    // Those that failed must not take the places of others.
    const int64_t limit = std::min(kClaimableAtOnce + failed, Storage::kMaxRows);
    const absl::StatusOr<absl::Time> now = options_.storage->Now();
    if (!now.ok()) return now.status();
    absl::StatusOr<std::vector<int64_t>> claimable = options_.storage->ReadClaimable(*now, limit);
    if (!claimable.ok()) return claimable.status();
    for (const int64_t channel_id : *claimable) {
      if (retries_.Waits(channel_id)) continue;
      const Served served = RunOrReport(channel_id, should_yield);
      if (served == Served::kJob) return served;
      if (served == Served::kBusy) result = served;
    }
  }
  return result;
}

void Worker::WriteEnds() {
  std::vector<int64_t> channel_ids;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [channel_id, ending] : endings_) channel_ids.push_back(channel_id);
  }
  const auto begin_nothing = [] { return true; };
  for (const int64_t channel_id : channel_ids) RunOrReport(channel_id, begin_nothing);
}

Worker::Served Worker::RunOrReport(int64_t channel_id, ShouldYield should_yield) {
  const absl::StatusOr<Served> served = RunNext(channel_id, should_yield);
  if (served.ok()) return *served;
  ReportTrouble(channel_id, served.status());
  return Served::kNothing;
}

absl::StatusOr<bool> Worker::Serve(int64_t channel_id, ShouldYield should_yield) {
  bool has_ended = false;
  {
    absl::MutexLock lock(&mutex_);
    has_ended = endings_.contains(channel_id);
  }
  if (!has_ended) {
    if (should_yield()) return false;
    absl::StatusOr<bool> ran = ClaimAndRun(channel_id, should_yield);
    if (!ran.ok() || !*ran) return ran;
  }
  const absl::StatusOr<bool> ended = WriteEnd(channel_id);
  // A job that yielded by itself goes on at once.
  return ended.ok() ? *ended || !should_yield() : ended;
}

Worker::Ending Worker::Run(const JobQueue::Claim& claim, const Channel& channel, ShouldYield should_yield) {
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter =
      MakeSafeAdapter(*options_.adapters, {channel.config, *options_.credentials}, reporter_);
  if (!adapter.ok()) {
    return {claim.fence, FailedEnd(AdapterError(adapter.status(), channel)), RetriesOf(claim.job, adapter.status())};
  }
  JobContext context(options_, reporter_, accounts_.For(channel, (*adapter)->capabilities().account), channel,
                     **adapter, claim.job, claim.fence, should_yield);
  const absl::Time begun = options_.clock->Now();
  absl::Status status = context.ReadNoted();
  if (status.ok()) status = RunKind(context);
  context.ReportCounts();
  reporter_.JobRan(claim.job, options_.clock->Now() - begun);
  Ending ending{claim.fence, EndOf(status, context), RetriesOf(claim.job, status)};
  if (context.output().left.has_value()) {
    ending.follow_ups.push_back(LeftBy(claim.job, *context.output().left, ending.end.state));
  } else if (ending.end.state == JobState::kCompleted) {
    for (JobRequest& chained : ChainedBy(context, ending.end.report->counts)) {
      ending.follow_ups.push_back(std::move(chained));
    }
  }
  if (context.output().retry_at.has_value()) {
    ending.follow_ups.push_back(RetryOf(claim.job, *context.output().retry_at));
  }
  return ending;
}

// A sync that failed for what passes leaves another one, so that no change waits for the next schedule: the later the
// more of them have failed in a row. Of other jobs, and of what does not pass by itself, nothing is left.
std::vector<JobRequest> Worker::RetriesOf(const Job& job, const absl::Status& status) {
  if (job.kind != JobKind::kSync || !WorthAnotherTry(status)) return {};
  const absl::StatusOr<absl::Time> now = options_.storage->Now();
  // Where not even that is to be had, the next schedule has to do.
  if (!now.ok()) return {};
  absl::Duration wait = options_.first_backoff;
  // The waits go on growing from those within the job.
  for (int tries = 1 - FailuresBefore(job); tries < options_.max_tries && wait < kLongestRetry; ++tries) wait *= 2;
  JobRequest retry = RetryOf(job, *now + std::min(wait, kLongestRetry));
  retry.options = OptionsOfRetry(job.options);
  return {std::move(retry)};
}

// How many syncs in a row failed before this one, each retried by the next or by what that one has chained.
int Worker::FailuresBefore(Job job) {
  int failures = 0;
  const auto goes_on = [](const Job& one) {
    return one.trigger == JobTrigger::kRetry || one.trigger == JobTrigger::kChain;
  };
  while (goes_on(job) && failures < kMostFailures) {
    absl::StatusOr<Job> before = options_.storage->ReadJob(job.from_job);
    if (!before.ok()) break;
    const bool failed = before->state == JobState::kFailed;
    if (job.trigger == JobTrigger::kRetry && !failed) break;
    failures += failed ? 1 : 0;
    job = *std::move(before);
  }
  return failures;
}

absl::StatusOr<bool> Worker::ClaimAndRun(int64_t channel_id, ShouldYield should_yield) {
  absl::StatusOr<absl::optional<JobQueue::Claim>> claim = queue_.ClaimSlot(channel_id, owner_);
  if (absl::IsNotFound(claim.status())) return false;  // The channel was removed meanwhile.
  if (!claim.ok()) return claim.status();
  if (!claim->has_value()) return false;
  const absl::StatusOr<Channel> channel = options_.storage->ReadChannel(channel_id);
  // The slot is held; the next try claims it again and is given the same job.
  const bool try_again = WorthAnotherTry(channel.status()) && retries_.Failures(channel_id) + 1 < options_.max_tries;
  if (!channel.ok() && try_again) return channel.status();
  Ending ending =
      channel.ok() ? Run(**claim, *channel, should_yield) : Ending{(*claim)->fence, FailedEnd(channel.status()), {}};
  absl::MutexLock lock(&mutex_);
  endings_.insert_or_assign(channel_id, std::move(ending));
  return true;
}

absl::StatusOr<bool> Worker::WriteEnd(int64_t channel_id) {
  Ending ending;
  {
    absl::MutexLock lock(&mutex_);
    ending = endings_.at(channel_id);
  }
  const bool yields = ending.end.state == JobState::kPending;
  const absl::Status status =
      yields ? queue_.Yield(ending.fence, ending.end) : queue_.Finish(ending.fence, ending.end, ending.follow_ups);
  // Another owner has taken the slot, or the channel is gone: what this one did since was refused, and the job is not
  // its own to end.
  const bool is_over = status.ok() || IsSlotLost(status) || absl::IsNotFound(status);
  if (!is_over) return status;
  {
    absl::MutexLock lock(&mutex_);
    endings_.erase(channel_id);
  }
  if (status.ok() && !yields) PruneJobs(channel_id);
  return !yields;
}

// The job has ended well however this goes, and the next end tries again.
void Worker::PruneJobs(int64_t channel_id) {
  const absl::StatusOr<absl::Time> now = options_.storage->Now();
  const absl::Status status =
      now.ok() ? options_.storage->PruneJobs(channel_id, *now, kPrunedAtOnce).status() : now.status();
  // NOT_FOUND: the channel was removed meanwhile.
  if (!status.ok() && !absl::IsNotFound(status)) ReportTrouble(channel_id, status);
}

// Names the channel as far as storage can say its name.
void Worker::ReportTrouble(int64_t channel_id, const absl::Status& status) {
  const absl::StatusOr<Channel> channel = options_.storage->ReadChannel(channel_id);
  if (channel.ok()) {
    reporter_.Trouble(channel->config.name, absl::StrCat("channel ", channel->config.name), status);
  } else {
    reporter_.Trouble("", absl::StrCat("channel with id ", channel_id), status);
  }
}

}  // namespace flxlink::engine
