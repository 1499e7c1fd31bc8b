#include <algorithm>
#include <iterator>
#include <utility>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/retention.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/memory/memory_storage.h"

namespace flxlink::memory {
namespace {

bool IsOpen(JobState state) { return state == JobState::kPending || state == JobState::kRunning; }

absl::Time EndOf(const Job& job) { return job.finished_at.value_or(absl::InfinitePast()); }

// Moves a schedule on, or disables it with the problem that it cannot be.
void RecordFire(const ScheduleFire& fire, Schedule& schedule) {
  schedule.problem = fire.problem;
  schedule.enabled = fire.problem.empty();
  if (schedule.enabled) schedule.next_fire = fire.next;
}

}  // namespace

absl::StatusOr<OwnerId> MemoryStorage::OpenOwner() {
  absl::MutexLock lock(&mutex_);
  const OwnerId owner = NextId();
  living_owners_.insert(owner);
  return owner;
}

absl::Status MemoryStorage::CloseOwner(OwnerId owner) {
  absl::MutexLock lock(&mutex_);
  if (living_owners_.erase(owner) > 0 && agenda_.IsHolder(owner)) ++work_number_;
  return absl::OkStatus();
}

absl::Status MemoryStorage::KeepAlive(OwnerId owner) {
  absl::MutexLock lock(&mutex_);
  return living_owners_.contains(owner) ? absl::OkStatus() : storage::OwnerIsDead(owner);
}

absl::StatusOr<QueueSnapshot> MemoryStorage::ReadQueue(int64_t channel_id) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  QueueSnapshot snapshot;
  snapshot.channel = (*channel)->channel.config.name;
  snapshot.slot = (*channel)->slot;
  snapshot.owner_alive = snapshot.slot.holder_job != 0 && living_owners_.contains(snapshot.slot.owner);
  for (const int64_t job_id : (*channel)->open_jobs) snapshot.open_jobs.push_back(ShownJob(jobs_.at(job_id)));
  snapshot.dirty_priority = (*channel)->DirtyPriority();
  return snapshot;
}

absl::Status MemoryStorage::CheckQueueWrite(const MemoryChannel& channel, const QueueChange& change) const {
  for (const Job& job : change.insert) {
    if (jobs_.contains(job.job_id)) return storage::JobExists(job.job_id);
  }
  if (storage::IsLastChange(change, channel.slot)) return storage::ChangeMade(channel.channel);
  if (channel.slot.revision != change.expected_revision)
    return storage::QueueMoved(channel.channel, change.expected_revision);
  for (const Job& job : change.update) {
    const auto found = jobs_.find(job.job_id);
    if (found == jobs_.end() || found->second.channel_id != job.channel_id) return storage::NoSuchJob(job.job_id);
  }
  if (change.report_of != 0) {
    if (absl::Status status = storage::CheckReport(change.report, CountProblems(change.report_of)); !status.ok()) {
      return status;
    }
  }
  if (!change.fire.has_value()) return absl::OkStatus();
  const auto schedule = channel.schedules.find(change.fire->name);
  const bool waits = schedule != channel.schedules.end() && schedule->second.enabled &&
                     schedule->second.next_fire == change.fire->expected;
  return waits ? absl::OkStatus() : storage::FireMoved(channel.channel, change.fire->name);
}

Job MemoryStorage::ShownJob(const Job& job) const {
  Job shown = job;
  shown.channel = channels_.at(job.channel_id).channel.config.name;
  shown.problem_count = CountProblems(job.job_id);
  shown.problems = FindProblems(job.job_id, 0, Job::kProblemsShown);
  return shown;
}

int64_t MemoryStorage::CountProblems(int64_t job_id) const {
  const auto problems = problems_.find(job_id);
  return problems == problems_.end() ? 0 : static_cast<int64_t>(problems->second.size());
}

std::vector<JobProblem> MemoryStorage::FindProblems(int64_t job_id, int64_t first, int64_t limit) const {
  const int64_t count = CountProblems(job_id);
  first = std::min(std::max<int64_t>(first, 0), count);
  if (first == count) return {};
  const auto begin = problems_.at(job_id).begin() + first;
  return {begin, begin + std::min(limit, count - first)};
}

void MemoryStorage::StoreProblems(int64_t job_id, const JobReport& report) {
  if (report.problems_before == CountProblems(job_id) && report.problems.empty()) return;
  std::vector<JobProblem>& problems = problems_[job_id];
  problems.resize(static_cast<size_t>(report.problems_before));
  problems.insert(problems.end(), report.problems.begin(), report.problems.end());
}

void MemoryStorage::ForgetJob(MemoryChannel& channel, int64_t job_id) {
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) return;
  channel.open_jobs.erase(job_id);
  channel.finished_jobs.erase({EndOf(job->second), job_id});
  jobs_.erase(job);
}

void MemoryStorage::StoreJob(MemoryChannel& channel, const Job& job) {
  ForgetJob(channel, job.job_id);
  Job& stored = jobs_[job.job_id] = job;
  stored.problems.clear();
  if (IsOpen(job.state)) {
    channel.open_jobs.insert(job.job_id);
  } else {
    channel.finished_jobs.insert({EndOf(job), job.job_id});
  }
}

absl::Status MemoryStorage::WriteQueue(const QueueChange& change) {
  if (absl::Status status = storage::CheckQueueChange(change); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(change.slot.channel_id);
  if (!found.ok()) return found.status();
  MemoryChannel& channel = **found;
  if (absl::Status status = CheckQueueWrite(channel, change); !status.ok()) return status;
  for (const Job& job : change.insert) StoreJob(channel, job);
  for (Job job : change.update) {
    storage::TakeReport(jobs_.at(job.job_id), change, &job);
    StoreJob(channel, job);
  }
  if (change.report_of != 0) StoreProblems(change.report_of, change.report);
  if (change.fire.has_value()) {
    Schedule& schedule = channel.schedules.at(change.fire->name);
    agenda_.Remove(schedule);
    RecordFire(*change.fire, schedule);
    agenda_.Add(schedule);
  }
  agenda_.Remove(channel.slot);
  channel.slot = change.slot;
  channel.slot.revision = change.expected_revision + 1;
  channel.slot.change = change.number;
  agenda_.Add(channel.slot);
  ++work_number_;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> MemoryStorage::ReadClaimable(absl::Time now, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  return agenda_.FindClaimable(now, limit, [this](OwnerId owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return living_owners_.contains(owner);
  });
}

absl::StatusOr<Storage::ProgressReply> MemoryStorage::WriteProgress(const Fence& fence, const JobReport& report) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  const auto job = jobs_.find(fence.job_id);
  if (job == jobs_.end()) return storage::NoSuchJob(fence.job_id);
  const absl::Status status = storage::CheckReport(report, CountProblems(fence.job_id));
  if (!status.ok()) return status;
  storage::TakeReport(report, &job->second);
  StoreProblems(fence.job_id, report);
  const Slot& slot = (*channel)->slot;
  return ProgressReply{slot.cancel_requested, slot.revision};
}

absl::StatusOr<Job> MemoryStorage::ReadJob(int64_t job_id) {
  absl::MutexLock lock(&mutex_);
  const auto found = jobs_.find(job_id);
  if (found == jobs_.end()) return storage::NoSuchJob(job_id);
  return ShownJob(found->second);
}

absl::StatusOr<std::vector<JobProblem>> MemoryStorage::ReadJobProblems(int64_t job_id, int64_t first, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  if (!jobs_.contains(job_id)) return storage::NoSuchJob(job_id);
  return FindProblems(job_id, first, limit);
}

absl::StatusOr<std::vector<Job>> MemoryStorage::ReadJobs(const JobFilter& filter, int64_t before_id, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  std::vector<Job> jobs;
  const auto newest = std::make_reverse_iterator(jobs_.lower_bound(before_id));
  for (auto job = newest; job != jobs_.rend() && static_cast<int64_t>(jobs.size()) < limit; ++job) {
    Job shown = ShownJob(job->second);
    if (Matches(shown, filter)) jobs.push_back(std::move(shown));
  }
  return jobs;
}

absl::StatusOr<int64_t> MemoryStorage::PruneJobs(int64_t channel_id, absl::Time now, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const auto& finished = (*channel)->finished_jobs;
  const ChannelConfig& config = (*channel)->channel.config;
  const int64_t count = static_cast<int64_t>(finished.size());
  if (finished.empty() || finished.begin()->first >= storage::ChosenBefore(config, count, now)) return 0;
  std::vector<storage::FinishedJob> jobs;
  for (const auto& [finished_at, job_id] : finished) {
    const Job& job = jobs_.at(job_id);
    jobs.push_back({job_id, job.kind, job.state, storage::ChangedSomething(job), finished_at});
  }
  const std::vector<int64_t> pruned =
      storage::ChoosePruned(std::move(jobs), count, config, now, limit, (*channel)->HoldingJobs());
  for (const int64_t job_id : pruned) {
    ForgetJob(**channel, job_id);
    problems_.erase(job_id);
  }
  return static_cast<int64_t>(pruned.size());
}

absl::StatusOr<bool> MemoryStorage::WriteSchedule(const Schedule& schedule) {
  if (absl::Status status = ValidateScheduleName(schedule.name); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(schedule.channel_id);
  if (!channel.ok()) return channel.status();
  const bool replaces = RemoveSchedule(**channel, schedule.name);
  (*channel)->schedules.insert({schedule.name, schedule});
  agenda_.Add(schedule);
  ++work_number_;
  return replaces;
}

absl::Status MemoryStorage::ClearSchedule(int64_t channel_id, absl::string_view name) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  RemoveSchedule(**channel, name);
  ++work_number_;
  return absl::OkStatus();
}

bool MemoryStorage::RemoveSchedule(MemoryChannel& channel, absl::string_view name) {
  const auto schedule = channel.schedules.find(name);
  if (schedule == channel.schedules.end()) return false;
  agenda_.Remove(schedule->second);
  channel.schedules.erase(schedule);
  return true;
}

absl::StatusOr<std::vector<Schedule>> MemoryStorage::ReadSchedules() {
  absl::MutexLock lock(&mutex_);
  std::vector<Schedule> schedules;
  for (const auto& [channel_id, channel] : channels_) {
    for (const auto& [name, schedule] : channel.schedules) schedules.push_back(NamedSchedule(schedule));
  }
  return schedules;
}

absl::StatusOr<std::vector<Schedule>> MemoryStorage::ReadDueSchedules(absl::Time now, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  std::vector<Schedule> due;
  for (const auto& [channel_id, name] : agenda_.FindDueSchedules(now, limit)) {
    due.push_back(NamedSchedule(channels_.at(channel_id).schedules.at(name)));
  }
  return due;
}

Schedule MemoryStorage::NamedSchedule(const Schedule& schedule) const {
  Schedule named = schedule;
  named.channel = channels_.at(schedule.channel_id).channel.config.name;
  return named;
}

absl::StatusOr<uint64_t> MemoryStorage::ReadWorkNumber() {
  absl::MutexLock lock(&mutex_);
  return work_number_;
}

absl::StatusOr<absl::Time> MemoryStorage::ReadNextDue(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  return agenda_.FindNextDue(now);
}

}  // namespace flxlink::memory
