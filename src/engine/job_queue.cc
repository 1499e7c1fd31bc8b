#include "src/engine/job_queue.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"
#include "flxlink/schedule.h"

namespace flxlink::engine {
namespace {

// A queue that is overtaken this often in a row is not contended but broken.
constexpr int kMaxOvertaken = 1000;

// How often a write of unknown outcome is repeated.
constexpr int kMaxUnknown = 5;

JobKind KindOf(ScheduledJob job) {
  switch (job) {
    case ScheduledJob::kBuild:
      return JobKind::kBuild;
    case ScheduledJob::kPull:
      return JobKind::kPull;
    case ScheduledJob::kSync:
    case ScheduledJob::kSyncFull:
      return JobKind::kSync;
  }
  return JobKind::kSync;
}

JobRequest ScheduledRequest(ScheduledJob job) {
  JobRequest request;
  request.kind = KindOf(job);
  request.trigger = JobTrigger::kSchedule;
  request.options.full = job == ScheduledJob::kSyncFull;
  return request;
}

ScheduleFire FireOf(const Schedule& schedule, const absl::StatusOr<absl::Time>& next) {
  ScheduleFire fire;
  fire.name = schedule.name;
  fire.expected = schedule.next_fire;
  if (next.ok()) {
    fire.next = *next;
  } else {
    fire.problem =
        MakeProblem(problem_code::kScheduleCannotFire, {{"schedule", schedule.name}, {"channel", schedule.channel}},
                    std::string(next.status().message()));
  }
  return fire;
}

}  // namespace

void JobQueue::Report(const QueueChange& change) {
  if (reporter_ == nullptr) return;
  for (const Job& job : change.update) reporter_->JobChanged(job);
  for (const Job& job : change.insert) reporter_->JobChanged(job);
}

absl::Status JobQueue::Apply(int64_t channel_id, Plan plan) {
  int unknown = 0;
  QueueChange tried;  // Its outcome is not known.
  for (int overtaken = 0; overtaken < kMaxOvertaken;) {
    absl::StatusOr<QueueSnapshot> snapshot = storage_.ReadQueue(channel_id);
    if (!snapshot.ok()) return snapshot.status();
    absl::StatusOr<absl::Time> now = storage_.Now();
    if (!now.ok()) return now.status();
    absl::StatusOr<absl::optional<QueueChange>> change = plan(*snapshot, *now);
    if (!change.ok()) return change.status();
    if (!change->has_value()) {
      Report(tried);
      return absl::OkStatus();
    }
    (**change).number = random_();
    absl::Status status = storage_.WriteQueue(**change);
    if (absl::IsAborted(status)) {
      ++overtaken;
    } else if (absl::IsUnknown(status) && ++unknown < kMaxUnknown) {
      // The next reading shows whether it was written.
      tried = **std::move(change);
    } else {
      if (absl::IsAlreadyExists(status)) status = absl::OkStatus();
      if (status.ok()) Report(**change);
      return status;
    }
  }
  return absl::AbortedError(absl::StrCat("the queue of channel ", channel_id, " changed ", kMaxOvertaken,
                                         " times while one change was made; try again"));
}

// Rung whatever came of it: what failed may have been written all the same.
absl::Status JobQueue::Change(int64_t channel_id, Plan plan) {
  const absl::Status status = Apply(channel_id, plan);
  storage_.work_bell().Ring();
  return status;
}

absl::StatusOr<Job> JobQueue::Enqueue(int64_t channel_id, const JobRequest& request) {
  absl::StatusOr<int64_t> job_id = storage_.ReserveIds(1);
  if (!job_id.ok()) return job_id.status();
  Job job;
  const absl::Status status = Change(
      channel_id, [&](const QueueSnapshot& snapshot, absl::Time now) -> absl::StatusOr<absl::optional<QueueChange>> {
        jobs::EnqueueResult result = jobs::PlanEnqueue(snapshot, request, *job_id, now);
        job = std::move(result.job);
        return std::move(result.change);
      });
  if (!status.ok()) return status;
  return job;
}

absl::StatusOr<Job> JobQueue::ChangeJob(
    int64_t job_id, absl::FunctionRef<absl::StatusOr<QueueChange>(const QueueSnapshot&, absl::Time)> plan) {
  absl::StatusOr<Job> job = storage_.ReadJob(job_id);
  if (!job.ok()) return job.status();
  const absl::Status status =
      Change(job->channel_id,
             [&](const QueueSnapshot& snapshot, absl::Time now) -> absl::StatusOr<absl::optional<QueueChange>> {
               absl::StatusOr<QueueChange> change = plan(snapshot, now);
               if (!change.ok()) return change.status();
               return absl::make_optional(*std::move(change));
             });
  if (!status.ok()) return status;
  return storage_.ReadJob(job_id);
}

absl::StatusOr<Job> JobQueue::Prioritize(int64_t job_id) {
  return ChangeJob(job_id, [&](const QueueSnapshot& snapshot, absl::Time now) {
    return jobs::PlanPrioritize(snapshot, job_id, now);
  });
}

absl::StatusOr<Job> JobQueue::Cancel(int64_t job_id) {
  return ChangeJob(
      job_id, [&](const QueueSnapshot& snapshot, absl::Time now) { return jobs::PlanCancel(snapshot, job_id, now); });
}

absl::StatusOr<absl::optional<JobQueue::Claim>> JobQueue::ClaimSlot(int64_t channel_id, OwnerId owner) {
  absl::optional<Claim> claim;
  bool takes_over = false;
  const absl::Status status = Apply(
      channel_id, [&](const QueueSnapshot& snapshot, absl::Time now) -> absl::StatusOr<absl::optional<QueueChange>> {
        const Slot& slot = snapshot.slot;
        claim.reset();
        takes_over = slot.holder_job != 0 && slot.owner != owner;
        if (slot.holder_job != 0 && slot.owner == owner) {
          for (const Job& job : snapshot.open_jobs) {
            if (job.job_id == slot.holder_job)
              claim = Claim{job, {slot.channel_id, job.job_id, slot.epoch, slot.claim}};
          }
          return absl::optional<QueueChange>();
        }
        absl::StatusOr<jobs::ClaimResult> result = jobs::PlanClaim(snapshot, owner, random_(), now);
        if (absl::IsFailedPrecondition(result.status())) return absl::optional<QueueChange>();
        if (!result.ok()) return result.status();
        if (result->job.has_value()) claim = Claim{*std::move(result->job), result->fence};
        return absl::make_optional(std::move(result->change));
      });
  if (!status.ok()) return status;
  if (takes_over && claim.has_value()) {
    // The owner before may have reported once more after the queue was read; from now on it cannot.
    absl::StatusOr<Job> job = storage_.ReadJob(claim->job.job_id);
    if (!job.ok()) return job.status();
    claim->job = *std::move(job);
  }
  return claim;
}

absl::Status JobQueue::Finish(const Fence& fence, const jobs::JobEnd& end, const std::vector<JobRequest>& follow_ups) {
  std::vector<jobs::FollowUp> with_ids;
  if (!follow_ups.empty()) {
    absl::StatusOr<int64_t> first = storage_.ReserveIds(static_cast<int64_t>(follow_ups.size()));
    if (!first.ok()) return first.status();
    for (const JobRequest& request : follow_ups) {
      with_ids.push_back({*first + static_cast<int64_t>(with_ids.size()), request});
    }
  }
  bool written = false;
  return Change(fence.channel_id,
                [&](const QueueSnapshot& snapshot, absl::Time now) -> absl::StatusOr<absl::optional<QueueChange>> {
                  absl::StatusOr<QueueChange> change = jobs::PlanFinish(snapshot, fence, end, with_ids, now);
                  if (change.ok()) {
                    written = true;
                    return absl::make_optional(*std::move(change));
                  }
                  // After a write of unknown outcome, a fence that is stale now is how its success shows.
                  absl::StatusOr<Job> job = storage_.ReadJob(fence.job_id);
                  if (written && job.ok() && job->state == end.state) return absl::optional<QueueChange>();
                  return change.status();
                });
}

absl::Status JobQueue::Yield(const Fence& fence, const jobs::JobEnd& so_far) {
  bool written = false;
  return Change(fence.channel_id,
                [&](const QueueSnapshot& snapshot, absl::Time now) -> absl::StatusOr<absl::optional<QueueChange>> {
                  absl::StatusOr<QueueChange> change = jobs::PlanYield(snapshot, fence, so_far, now);
                  // After a write of unknown outcome, a slot that is not held by the fence any more is how its success
                  // shows.
                  if (written && absl::IsFailedPrecondition(change.status())) return absl::optional<QueueChange>();
                  if (!change.ok()) return change.status();
                  written = true;
                  return absl::make_optional(*std::move(change));
                });
}

absl::StatusOr<bool> JobQueue::Fire(const Schedule& schedule, const absl::StatusOr<absl::Time>& next, absl::Time now) {
  absl::StatusOr<int64_t> job_id = storage_.ReserveIds(1);
  if (!job_id.ok()) return job_id.status();
  absl::StatusOr<QueueSnapshot> snapshot = storage_.ReadQueue(schedule.channel_id);
  if (!snapshot.ok()) return snapshot.status();

  jobs::EnqueueResult result = jobs::PlanEnqueue(*snapshot, ScheduledRequest(schedule.job), *job_id, now);
  QueueChange change;
  change.expected_revision = snapshot->slot.revision;
  change.slot = snapshot->slot;
  if (result.change.has_value()) change = *std::move(result.change);
  change.fire = FireOf(schedule, next);
  change.number = random_();
  const absl::Status status = storage_.WriteQueue(change);
  storage_.work_bell().Ring();
  // Overtaken, by another fire or by any change of the queue: the schedule is looked at again soon.
  if (absl::IsAborted(status)) return false;
  if (!status.ok()) return status;
  Report(change);
  return true;
}

absl::Status JobQueue::Pause(int64_t channel_id, bool paused) {
  return Change(channel_id,
                [&](const QueueSnapshot& snapshot, absl::Time now) -> absl::StatusOr<absl::optional<QueueChange>> {
                  if (snapshot.slot.paused == paused) return absl::optional<QueueChange>();
                  return absl::make_optional(jobs::PlanPause(snapshot, paused, now));
                });
}

}  // namespace flxlink::engine
