#include "src/jobs/queue.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "src/jobs/queue_order.h"

namespace flxlink::jobs {
namespace {

bool Contains(const std::vector<JobKind>& kinds, JobKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// A snapshot that is being changed at a time, and what was changed in it.
class QueueEdit {
 public:
  QueueEdit(const QueueSnapshot& snapshot, absl::Time now)
      : now_(now),
        channel_(snapshot.channel),
        dirty_priority_(snapshot.dirty_priority),
        slot_(snapshot.slot),
        jobs_(snapshot.open_jobs) {}

  absl::Time now() const { return now_; }

  const std::string& channel() const { return channel_; }
  absl::optional<int64_t> dirty_priority() const { return dirty_priority_; }
  Slot& slot() { return slot_; }
  const Slot& slot() const { return slot_; }
  const std::vector<Job>& jobs() const { return jobs_; }

  const Job* Find(int64_t job_id) const {
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& job) { return job.job_id == job_id; });
    return found == jobs_.end() ? nullptr : &*found;
  }

  // The next of the pending jobs that are due; nullptr where there is none.
  const Job* Next() const { return NextJob(jobs_, slot_.owes_bulk, now_); }

  // When the first of the pending jobs that are not due will be. InfiniteFuture: there is none.
  absl::Time NextDue() const {
    absl::Time next = absl::InfiniteFuture();
    for (const Job& job : jobs_) {
      if (job.state == JobState::kPending && !IsDue(job, now_)) next = std::min(next, *job.not_before);
    }
    return next;
  }

  // The one that a wish for such a job can be joined with, due or not. One that has yielded takes nothing in: it may be
  // past what is wished for. A wish of the other lane is another job: what is urgent does not become bulk.
  const Job* FindToJoin(const JobRequest& request) const {
    const Lane lane = LaneOf(request.kind, request.options);
    const auto joins = [&](const Job& job) {
      return job.state == JobState::kPending && !job.started_at.has_value() && job.kind == request.kind &&
             LaneOf(job) == lane;
    };
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), joins);
    return found == jobs_.end() ? nullptr : &*found;
  }

  void Insert(Job job) {
    inserted_.insert(job.job_id);
    jobs_.push_back(std::move(job));
  }

  // Puts `job` in the place of the one with its id.
  void Update(Job job) {
    if (inserted_.count(job.job_id) == 0) updated_.insert(job.job_id);
    *std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& other) { return other.job_id == job.job_id; }) =
        std::move(job);
  }

  // What the job, which is updated, comes to.
  void SetReport(int64_t job_id, JobReport report) {
    report_of_ = job_id;
    report_ = std::move(report);
  }

  void FreeSlot() {
    slot_.holder_job = 0;
    slot_.owner = 0;
    slot_.claim = 0;
    slot_.cancel_requested = false;
  }

  // The change from the snapshot to what is here now, with the head that follows from it.
  QueueChange Take() {
    SetHead();
    QueueChange change;
    change.expected_revision = slot_.revision;
    change.slot = slot_;
    for (Job& job : jobs_) {
      if (inserted_.count(job.job_id) != 0) {
        change.insert.push_back(std::move(job));
      } else if (updated_.count(job.job_id) != 0) {
        change.update.push_back(std::move(job));
      }
    }
    change.report_of = report_of_;
    change.report = std::move(report_);
    return change;
  }

 private:
  void SetHead() {
    const Job* head = NextJob(jobs_, /*owes_bulk=*/false, now_);
    const Slot none;
    slot_.head_job = head == nullptr ? none.head_job : head->job_id;
    slot_.head_prioritized_at = head == nullptr ? none.head_prioritized_at : head->prioritized_at;
    slot_.head_lane = head == nullptr ? none.head_lane : LaneOf(*head);
    slot_.head_priority = head == nullptr ? none.head_priority : head->priority;
    slot_.head_sync_priority = head == nullptr ? none.head_sync_priority : head->sync_priority;
    slot_.head_created_at = head == nullptr ? none.head_created_at : head->created_at;
    slot_.next_due = NextDue();
    slot_.owes_bulk = slot_.owes_bulk && IsBulkDue();
  }

  bool IsBulkDue() const {
    return std::any_of(jobs_.begin(), jobs_.end(), [&](const Job& job) {
      return job.state == JobState::kPending && LaneOf(job) == Lane::kBulk && IsDue(job, now_);
    });
  }

  const absl::Time now_;
  const std::string channel_;
  const absl::optional<int64_t> dirty_priority_;
  Slot slot_;
  std::vector<Job> jobs_;
  std::set<int64_t> inserted_;
  std::set<int64_t> updated_;
  int64_t report_of_ = 0;
  JobReport report_;
};

// Adds to `*list` what of `more` is not in it.
void AddMissing(const std::vector<std::string>& more, std::vector<std::string>* list) {
  std::set<std::string> known(list->begin(), list->end());
  for (const std::string& text : more) {
    if (known.insert(text).second) list->push_back(text);
  }
}

// Options that do what either asks for. An approval is for one job and does not come from another's wish.
JobOptions JoinOptions(const JobOptions& pending, const JobOptions& wish) {
  JobOptions joined = pending;
  if (pending.skus.empty() || wish.skus.empty()) {
    joined.skus.clear();
  } else {
    AddMissing(wish.skus, &joined.skus);
  }
  AddMissing(wish.force, &joined.force);
  AddMissing(wish.items, &joined.items);
  joined.only_forced = pending.only_forced && wish.only_forced;
  joined.full = pending.full || wish.full;
  joined.pull_first = pending.pull_first || wish.pull_first;
  joined.release_broken = pending.release_broken || wish.release_broken;
  joined.release_doubtful = pending.release_doubtful || wish.release_doubtful;
  joined.since_last = pending.since_last && wish.since_last;
  return joined;
}

// The kinds that neither wish may lead to again: what only one of them came through, the other still may.
std::vector<JobKind> JoinChains(const std::vector<JobKind>& pending, const std::vector<JobKind>& wish) {
  std::vector<JobKind> joined;
  std::copy_if(pending.begin(), pending.end(), std::back_inserter(joined),
               [&](JobKind kind) { return Contains(wish, kind); });
  return joined;
}

// The earlier of two times; without one it is at once.
absl::optional<absl::Time> Earlier(const absl::optional<absl::Time>& a, const absl::optional<absl::Time>& b) {
  if (!a.has_value() || !b.has_value()) return absl::nullopt;
  return std::min(*a, *b);
}

// Whether the pending job gives up where it came from for where the request comes from. A retry would have begun by
// itself some time; what is asked for now has a better reason.
bool TakesOver(const JobRequest& request, const Job& pending) {
  if (request.trigger == JobTrigger::kRetry) return false;
  return pending.trigger == JobTrigger::kRetry || (request.trigger == JobTrigger::kRerun && pending.from_job == 0);
}

int64_t PriorityOf(const JobRequest& request) {
  return request.priority.value_or(DefaultPriority(request.kind, request.options));
}

// The highest sync priority of what a sync that is asked for now is to send; nullopt: of nothing.
absl::optional<int64_t> SyncPriorityOf(const JobRequest& request, const QueueEdit& edit) {
  const bool sends_dirty = request.kind == JobKind::kSync && !request.options.only_forced &&
                           LaneOf(request.kind, request.options) == Lane::kUrgent;
  return sends_dirty ? edit.dirty_priority() : absl::nullopt;
}

// nullopt: nobody stated it.
absl::optional<int64_t> StatedPriority(const Job& job) {
  if (job.priority == DefaultPriority(job.kind, job.options)) return absl::nullopt;
  return job.priority;
}

Job Join(const Job& pending, const JobRequest& request, absl::optional<int64_t> sync_priority) {
  Job joined = pending;
  joined.options = JoinOptions(pending.options, request.options);
  joined.chain = JoinChains(pending.chain, request.chain);
  joined.priority = std::max(pending.priority, PriorityOf(request));
  joined.sync_priority = std::max(pending.sync_priority, sync_priority);
  joined.not_before = Earlier(pending.not_before, request.not_before);
  if (TakesOver(request, pending)) {
    joined.trigger = request.trigger;
    joined.from_job = request.from_job;
  }
  return joined;
}

// Whether the wishes of two states of one job are the same.
bool SameWish(const Job& a, const Job& b) {
  return a.options == b.options && a.chain == b.chain && a.priority == b.priority &&
         a.sync_priority == b.sync_priority && a.not_before == b.not_before && a.trigger == b.trigger &&
         a.from_job == b.from_job;
}

Job NewJob(const QueueEdit& edit, const JobRequest& request, int64_t job_id) {
  Job job;
  job.job_id = job_id;
  job.channel_id = edit.slot().channel_id;
  job.channel = edit.channel();
  job.kind = request.kind;
  job.trigger = request.trigger;
  job.priority = PriorityOf(request);
  job.sync_priority = SyncPriorityOf(request, edit);
  job.not_before = request.not_before;
  job.options = request.options;
  job.chain = request.chain;
  job.from_job = request.from_job;
  job.created_at = edit.now();
  return job;
}

struct Enqueued {
  Job job;
  bool changed = false;
};

Enqueued Enqueue(const JobRequest& request, int64_t new_job_id, QueueEdit* edit) {
  if (const Job* made = edit->Find(new_job_id)) return {*made, false};
  if (const Job* pending = edit->FindToJoin(request)) {
    Job joined = Join(*pending, request, SyncPriorityOf(request, *edit));
    if (SameWish(joined, *pending)) return {std::move(joined), false};
    edit->Update(joined);
    return {std::move(joined), true};
  }
  Job job = NewJob(*edit, request, new_job_id);
  edit->Insert(job);
  return {std::move(job), true};
}

void End(Job job, JobState state, QueueEdit* edit) {
  job.state = state;
  job.finished_at = edit->now();
  edit->Update(std::move(job));
}

// The running job has ended: its slot is free, and a step is owed to the bulk lane where it was urgent.
void FreeSlotOf(const Job& ended, QueueEdit* edit) {
  edit->FreeSlot();
  if (LaneOf(ended) == Lane::kUrgent) edit->slot().owes_bulk = true;
}

// A dead owner's job that is not to be started again: its end, and a free slot.
void EndAbandoned(Job job, bool cancel_requested, QueueEdit* edit) {
  if (!cancel_requested) {
    job.error = MakeProblem(problem_code::kWorkerDied, {{"attempts", absl::StrCat(job.attempts)}},
                            absl::StrCat("its worker died ", job.attempts, " times"));
  }
  FreeSlotOf(job, edit);
  End(std::move(job), cancel_requested ? JobState::kCancelled : JobState::kFailed, edit);
}

// Counts for each urgent job that `begun` was asked for after it.
void CountPassed(const Job& begun, QueueEdit* edit) {
  if (LaneOf(begun) == Lane::kBulk) return;
  std::vector<Job> passed;
  for (const Job& job : edit->jobs()) {
    const bool waits = job.state == JobState::kPending && LaneOf(job) == Lane::kUrgent && IsDue(job, edit->now());
    const bool is_older = std::make_tuple(job.created_at, job.job_id) < std::make_tuple(begun.created_at, begun.job_id);
    if (waits && is_older) passed.push_back(job);
  }
  for (Job& job : passed) {
    ++job.passed;
    edit->Update(std::move(job));
  }
}

// Gives the slot to `owner`, who drew `claim`, for `job`, which is pending or whose worker died.
Job Start(Job job, OwnerId owner, uint64_t claim, QueueEdit* edit) {
  if (job.state == JobState::kPending) CountPassed(job, edit);
  edit->FreeSlot();
  Slot& slot = edit->slot();
  slot.holder_job = job.job_id;
  slot.owner = owner;
  ++slot.epoch;
  slot.claim = claim;
  job.state = JobState::kRunning;
  job.not_before.reset();
  job.passed = 0;
  ++job.attempts;
  if (!job.started_at.has_value()) job.started_at = edit->now();
  if (LaneOf(job) == Lane::kBulk) slot.owes_bulk = false;
  edit->Update(job);
  return job;
}

// Makes `*job` come to what `report` says.
void Report(const JobReport& report, Job* job, QueueEdit* edit) {
  job->progress = report.progress;
  job->cursor = report.cursor;
  job->counts = report.counts;
  job->problem_count = report.problems_before + static_cast<int64_t>(report.problems.size());
  edit->SetReport(job->job_id, report);
}

absl::Status ClaimError(const Slot& slot, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("the slot of channel ", slot.channel_id, " cannot be claimed: ", why));
}

// Why no pending job can be claimed.
absl::Status NothingIsDue(const QueueEdit& edit) {
  const absl::Time next = edit.NextDue();
  if (next == absl::InfiniteFuture()) return ClaimError(edit.slot(), "no job is pending");
  return ClaimError(edit.slot(), absl::StrCat("no job is due before ", absl::FormatTime(next, absl::UTCTimeZone())));
}

absl::Status WrongState(absl::string_view code, int64_t job_id, absl::string_view is) {
  return ProblemStatus(absl::StatusCode::kFailedPrecondition, code, {{"job", absl::StrCat(job_id)}},
                       absl::StrCat("job ", job_id, " ", is));
}

absl::Status HolderMissing(const Slot& slot) {
  return absl::DataLossError(absl::StrCat("the slot of channel ", slot.channel_id, " is held by job ", slot.holder_job,
                                          ", which is not there; restore the store from a backup"));
}

// The open job, or why nothing can be done with it.
absl::StatusOr<Job> OpenJob(const QueueEdit& edit, int64_t job_id) {
  const Job* job = edit.Find(job_id);
  if (job != nullptr) return *job;
  return WrongState(problem_code::kJobEnded, job_id, "has ended");
}

Job Ended(Job job, const JobEnd& end, QueueEdit* edit) {
  job.state = end.state;
  if (end.report.has_value()) Report(*end.report, &job, edit);
  job.error = job.state == JobState::kFailed ? end.error : absl::nullopt;
  job.finished_at = edit->now();
  return job;
}

// A chain goes on from what completed and never visits a kind twice; what is tried again is, however the job ended.
bool Follows(const JobRequest& request, const Job& ended) {
  if (request.trigger == JobTrigger::kRetry) return true;
  return ended.state == JobState::kCompleted && !Contains(request.chain, KindInChain(request.kind, request.options));
}

Job Yielded(Job job, const JobEnd& so_far, QueueEdit* edit) {
  job.state = JobState::kPending;
  job.attempts = std::max<int64_t>(job.attempts - 1, 0);
  if (so_far.report.has_value()) Report(*so_far.report, &job, edit);
  if (so_far.becomes_bulk) {
    job.options.since_last = false;
    job.started_at.reset();
  }
  return job;
}

JobRequest Chained(const Job& job, JobKind kind, JobOptions options) {
  JobRequest request;
  request.kind = kind;
  request.trigger = JobTrigger::kChain;
  request.priority = StatedPriority(job);
  request.options = std::move(options);
  request.chain = ChainAfter(job);
  request.from_job = job.job_id;
  return request;
}

// The job that holds the slot by this fence.
absl::StatusOr<Job> HoldingJob(const QueueEdit& edit, const Fence& fence) {
  const Slot& slot = edit.slot();
  if (slot.channel_id != fence.channel_id || slot.holder_job != fence.job_id || slot.epoch != fence.epoch ||
      slot.claim != fence.claim) {
    return WrongState(problem_code::kSlotLost, fence.job_id,
                      absl::StrCat("does not hold its slot in epoch ", fence.epoch, " any more"));
  }
  const Job* running = edit.Find(fence.job_id);
  if (running == nullptr) return HolderMissing(slot);
  return *running;
}

}  // namespace

EnqueueResult PlanEnqueue(const QueueSnapshot& snapshot, const JobRequest& request, int64_t new_job_id,
                          absl::Time now) {
  QueueEdit edit(snapshot, now);
  Enqueued enqueued = Enqueue(request, new_job_id, &edit);
  EnqueueResult result{std::move(enqueued.job), absl::nullopt};
  if (enqueued.changed) result.change = edit.Take();
  return result;
}

absl::StatusOr<ClaimResult> PlanClaim(const QueueSnapshot& snapshot, OwnerId owner, uint64_t claim, absl::Time now) {
  const Slot& slot = snapshot.slot;
  if (slot.paused) return ClaimError(slot, "it is paused");
  if (slot.holder_job != 0 && snapshot.owner_alive) {
    return ClaimError(slot, absl::StrCat("job ", slot.holder_job, " is running"));
  }

  QueueEdit edit(snapshot, now);
  const Job* next = nullptr;
  if (slot.holder_job != 0) {
    next = edit.Find(slot.holder_job);
    if (next == nullptr) return HolderMissing(slot);
    if (slot.cancel_requested || next->attempts >= kMaxAttempts) {
      EndAbandoned(*next, slot.cancel_requested, &edit);
      next = nullptr;
    }
  }
  if (next == nullptr) next = edit.Next();
  if (next == nullptr && slot.holder_job == 0) return NothingIsDue(edit);

  ClaimResult result;
  if (next != nullptr) {
    result.job = Start(*next, owner, claim, &edit);
    result.fence = Fence{slot.channel_id, result.job->job_id, edit.slot().epoch, claim};
  }
  result.change = edit.Take();
  // After a loss of power no owner lives, and who would claim it again finds it as it was. The end of a job is told.
  result.change.is_step = slot.holder_job == 0;
  return result;
}

absl::StatusOr<QueueChange> PlanFinish(const QueueSnapshot& snapshot, const Fence& fence, const JobEnd& end,
                                       absl::Span<const FollowUp> follow_ups, absl::Time now) {
  QueueEdit edit(snapshot, now);
  absl::StatusOr<Job> running = HoldingJob(edit, fence);
  if (!running.ok()) return running.status();
  if (!IsFinal(end.state)) {
    return absl::InvalidArgumentError(absl::StrCat("job ", fence.job_id, " cannot end as ", ToString(end.state)));
  }
  Job ended = Ended(*std::move(running), end, &edit);
  FreeSlotOf(ended, &edit);
  for (const FollowUp& follow_up : follow_ups) {
    if (!Follows(follow_up.request, ended)) continue;
    const Enqueued next = Enqueue(follow_up.request, follow_up.job_id, &edit);
    if (follow_up.request.trigger != JobTrigger::kRetry) ended.chained.push_back(next.job.job_id);
  }
  edit.Update(std::move(ended));
  return edit.Take();
}

absl::StatusOr<QueueChange> PlanYield(const QueueSnapshot& snapshot, const Fence& fence, const JobEnd& so_far,
                                      absl::Time now) {
  QueueEdit edit(snapshot, now);
  absl::StatusOr<Job> running = HoldingJob(edit, fence);
  if (!running.ok()) return running.status();
  Job yielded = Yielded(*std::move(running), so_far, &edit);
  if (snapshot.slot.cancel_requested) {
    FreeSlotOf(yielded, &edit);
    End(std::move(yielded), JobState::kCancelled, &edit);
  } else {
    edit.FreeSlot();
    edit.Update(std::move(yielded));
  }
  return edit.Take();
}

absl::StatusOr<QueueChange> PlanCancel(const QueueSnapshot& snapshot, int64_t job_id, absl::Time now) {
  QueueEdit edit(snapshot, now);
  absl::StatusOr<Job> job = OpenJob(edit, job_id);
  if (!job.ok()) return job.status();
  const bool runs = job->state == JobState::kRunning;
  if (runs && snapshot.owner_alive) {
    edit.slot().cancel_requested = true;
  } else {
    if (runs) FreeSlotOf(*job, &edit);
    job->error.reset();
    End(*std::move(job), JobState::kCancelled, &edit);
  }
  return edit.Take();
}

absl::StatusOr<QueueChange> PlanPrioritize(const QueueSnapshot& snapshot, int64_t job_id, absl::Time now) {
  QueueEdit edit(snapshot, now);
  absl::StatusOr<Job> job = OpenJob(edit, job_id);
  if (!job.ok()) return job.status();
  if (job->state != JobState::kPending) return WrongState(problem_code::kJobRunning, job_id, "is running already");
  job->not_before.reset();
  // Clocks may stand still or step back, and the later prioritize is to win all the same.
  job->prioritized_at = now;
  for (const Job& other : edit.jobs()) {
    if (other.job_id == job_id) continue;
    job->prioritized_at = std::max(job->prioritized_at, other.prioritized_at + absl::Microseconds(1));
  }
  edit.Update(*std::move(job));
  return edit.Take();
}

QueueChange PlanPause(const QueueSnapshot& snapshot, bool paused, absl::Time now) {
  QueueEdit edit(snapshot, now);
  edit.slot().paused = paused;
  return edit.Take();
}

JobRequest RerunRequest(const Job& job) {
  JobRequest request;
  request.kind = job.kind;
  request.trigger = JobTrigger::kRerun;
  request.priority = job.priority;
  request.options = job.options;
  request.from_job = job.job_id;
  return request;
}

bool FeedsLink(const Job& job, const JobCounts& counts, const ChannelConfig& config) {
  const auto counts_new = [](const auto& count) { return count.first == "created" && count.second > 0; };
  switch (job.kind) {
    case JobKind::kBuild:
      return config.link_after_build && std::any_of(counts.begin(), counts.end(), counts_new);
    case JobKind::kSync:
      return config.link_after_sync && LaneOf(job) == Lane::kUrgent;
    case JobKind::kPull:
    case JobKind::kFetch:
      return config.link_after_sync;
    default:
      return false;
  }
}

JobRequest LinkAfter(const Job& job) { return Chained(job, JobKind::kLink, JobOptions()); }

JobRequest SyncAfter(const Job& bulk) {
  JobOptions options;
  options.force = bulk.options.force;
  options.only_forced = bulk.options.only_forced;
  options.items = bulk.options.items;
  return Chained(bulk, JobKind::kSync, std::move(options));
}

JobRequest LeftBy(const Job& job, JobKind kind, JobOptions options) {
  JobRequest request = Chained(job, kind, std::move(options));
  request.chain.clear();
  return request;
}

}  // namespace flxlink::jobs
