#include <algorithm>
#include <set>
#include <tuple>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/retention.h"
#include "flxlink/storage_kit/rules.h"
#include "src/model/record_codec.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_queries.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"
#include "src/storage/sqlite/text_list.h"

namespace flxlink::sqlite {
namespace {

// Their numbers count from 0.
#define FLXLINK_PROBLEM_COUNT                                                                               \
  "coalesce((SELECT max(number) + 1 FROM job_problem p WHERE p.channel_id = job.channel_id AND p.job_id = " \
  "job.job_id), 0)"

#define FLXLINK_SELECT_JOB                                                                                     \
  "SELECT job_id, channel_id, kind, state, triggered_by, priority, prioritized_at, from_job, progress_total, " \
  "progress_done, progress_failed, attempts, created_at, started_at, finished_at, error_code, error_args, "    \
  "error_message, details, "                                                                                   \
  "(SELECT name FROM channel WHERE channel.channel_id = job.channel_id), not_before, passed, sync_priority, "  \
  "report, " FLXLINK_PROBLEM_COUNT ", progress_held FROM job "

// A problem in three columns from `column`: code, args, message; NULL is none.
Problem ReadProblem(Connection& db, const Query& query, int column) {
  if (query.IsNull(column)) return Problem();
  return MakeProblem(query.Text(column), ReadFields(db, query.Text(column + 1)), query.String(column + 2));
}

std::string ArgsText(const Problem& problem) { return problem.empty() ? std::string() : EncodeFields(problem.args); }

Job ReadJobRow(Connection& db, const Query& query) {
  Job job;
  const absl::Status details = model::DecodeJobDetails(query.Text(18), &job);
  if (!details.ok()) db.Fail(details);
  job.job_id = query.Int(0);
  job.channel_id = query.Int(1);
  job.kind = query.EnumValue(2, JobKind::kFetch);
  job.state = query.EnumValue(3, JobState::kCancelled);
  job.trigger = query.EnumValue(4, JobTrigger::kRetry);
  job.priority = query.Int(5);
  job.prioritized_at = query.Time(6);
  job.from_job = query.Int(7);
  job.progress = {query.OptionalInt(8), query.Int(9), query.Int(10), query.Int(25)};
  job.attempts = query.Int(11);
  job.created_at = query.Time(12);
  job.started_at = query.OptionalTime(13);
  job.finished_at = query.OptionalTime(14);
  if (!query.IsNull(15)) job.error = ReadProblem(db, query, 15);
  job.channel = query.String(19);
  job.not_before = query.OptionalTime(20);
  job.passed = query.Int(21);
  job.sync_priority = query.OptionalInt(22);
  absl::StatusOr<JobReport> report = model::DecodeJobReport(query.Text(23));
  if (!report.ok()) db.Fail(report.status());
  if (report.ok()) {
    job.counts = std::move(report->counts);
    job.cursor = std::move(report->cursor);
  }
  job.problem_count = query.Int(24);
  return job;
}

std::vector<JobProblem> FindProblems(Connection& db, int64_t channel_id, int64_t job_id, int64_t first, int64_t limit) {
  std::vector<JobProblem> problems;
  Query query(db,
              "SELECT subject, code, args, message FROM job_problem WHERE channel_id = ?1 AND job_id = ?2 AND "
              "number >= ?3 ORDER BY number LIMIT ?4");
  query.Bind(channel_id, job_id, first, limit);
  while (query.Next()) problems.push_back({query.String(0), ReadProblem(db, query, 1)});
  return problems;
}

// A row as it is given out.
Job ReadShownJob(Connection& db, const Query& query) {
  Job job = ReadJobRow(db, query);
  if (job.problem_count > 0) job.problems = FindProblems(db, job.channel_id, job.job_id, 0, Job::kProblemsShown);
  return job;
}

absl::optional<Job> FindJob(Connection& db, int64_t job_id) {
  Query query(db, FLXLINK_SELECT_JOB "WHERE job_id = ?1");
  if (!query.Bind(job_id).Next()) return absl::nullopt;
  return ReadJobRow(db, query);
}

void StoreJob(Connection& db, const Job& job) {
  const Problem error = job.error.value_or(Problem());
  Query(
      db,
      "INSERT OR REPLACE INTO job (job_id, channel_id, kind, state, triggered_by, priority, prioritized_at, from_job, "
      "progress_total, progress_done, progress_failed, attempts, created_at, started_at, finished_at, "
      "error_code, error_args, error_message, details, not_before, passed, changed, sync_priority, report, "
      "progress_held) VALUES (?1, "
      "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)")
      .Run(job.job_id, job.channel_id, ToString(job.kind), ToString(job.state), ToString(job.trigger), job.priority,
           job.prioritized_at, NullIfZero{job.from_job}, job.progress.total, job.progress.done, job.progress.failed,
           job.attempts, job.created_at, job.started_at, job.finished_at, NullIfEmpty{error.code},
           NullIfEmpty{ArgsText(error)}, NullIfEmpty{error.message}, Blob{model::EncodeJobDetails(job)}, job.not_before,
           job.passed, storage::ChangedSomething(job), job.sync_priority,
           Blob{model::EncodeJobReport(job.counts, job.cursor)}, job.progress.held);
}

absl::Status UpdateJob(Connection& db, const QueueChange& change, Job job) {
  const absl::optional<Job> stored = FindJob(db, job.job_id);
  if (!stored.has_value() || stored->channel_id != job.channel_id) return storage::NoSuchJob(job.job_id);
  storage::TakeReport(*stored, change, &job);
  StoreJob(db, job);
  if (change.report_of != job.job_id) return absl::OkStatus();
  const absl::Status status = storage::CheckReport(change.report, stored->problem_count);
  if (status.ok()) StoreJobProblems(db, job.channel_id, job.job_id, change.report);
  return status;
}

void StoreSlot(Connection& db, const Slot& slot, int64_t revision, uint64_t change) {
  Query(
      db,
      "UPDATE slot SET revision = ?2, holder_job = ?3, epoch = ?4, owner = ?5, paused = ?6, cancel_requested = ?7, "
      "head_job = ?8, head_prioritized_at = ?9, head_priority = ?10, head_created_at = ?11, claim = ?12, change = ?13, "
      "next_due = ?14, head_lane = ?15, owes_bulk = ?16, head_sync_priority = ?17 WHERE channel_id = ?1")
      .Run(slot.channel_id, revision, NullIfZero{slot.holder_job}, slot.epoch, NullIfZero{slot.owner}, slot.paused,
           slot.cancel_requested, NullIfZero{slot.head_job}, slot.head_prioritized_at, slot.head_priority,
           slot.head_created_at, static_cast<int64_t>(slot.claim), static_cast<int64_t>(change), slot.next_due,
           static_cast<int64_t>(slot.head_lane), slot.owes_bulk, slot.head_sync_priority);
}

absl::Status RecordFire(Connection& db, const Channel& channel, const ScheduleFire& fire) {
  const bool goes_on = fire.problem.empty();
  const int64_t moved =
      Query(db,
            "UPDATE schedule SET next_fire = ?4, enabled = ?5, problem_code = ?6, problem_args = ?7, "
            "problem_message = ?8 WHERE channel_id = ?1 AND name = ?2 AND next_fire = ?3 AND enabled = 1")
          .Run(channel.channel_id, fire.name, fire.expected, goes_on ? fire.next : fire.expected, goes_on,
               NullIfEmpty{fire.problem.code}, NullIfEmpty{ArgsText(fire.problem)}, NullIfEmpty{fire.problem.message});
  return moved > 0 ? absl::OkStatus() : storage::FireMoved(channel, fire.name);
}

absl::Status ApplyQueueChange(Connection& db, const QueueChange& change) {
  const absl::optional<Channel> channel = FindChannel(db, change.slot.channel_id);
  if (!channel.has_value()) return storage::NoSuchChannel(change.slot.channel_id);
  for (const Job& job : change.insert) {
    if (FindJob(db, job.job_id).has_value()) return storage::JobExists(job.job_id);
  }
  const Slot slot = FindSlot(db, change.slot.channel_id).value_or(Slot());
  if (storage::IsLastChange(change, slot)) return storage::ChangeMade(*channel);
  if (slot.revision != change.expected_revision) return storage::QueueMoved(*channel, change.expected_revision);
  absl::Status status = absl::OkStatus();
  for (const Job& job : change.insert) StoreJob(db, job);
  for (const Job& job : change.update) {
    if (status.ok()) status = UpdateJob(db, change, job);
  }
  if (status.ok() && change.fire.has_value()) status = RecordFire(db, *channel, *change.fire);
  StoreSlot(db, change.slot, change.expected_revision + 1, change.number);
  return status;
}

absl::string_view ScheduleKindText(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::kHourly:
      return "hourly";
    case ScheduleKind::kDaily:
      return "daily";
    case ScheduleKind::kEvery:
      return "every";
    case ScheduleKind::kCron:
      return "cron";
  }
  return "";
}

ScheduleKind ParseScheduleKind(Connection& db, absl::string_view text) {
  for (ScheduleKind kind : {ScheduleKind::kHourly, ScheduleKind::kDaily, ScheduleKind::kEvery, ScheduleKind::kCron}) {
    if (ScheduleKindText(kind) == text) return kind;
  }
  db.FailCorrupt(text);
  return ScheduleKind::kHourly;
}

Schedule ReadScheduleRow(Connection& db, const Query& query) {
  Schedule schedule;
  schedule.channel_id = query.Int(0);
  schedule.channel = query.String(1);
  schedule.name = query.String(2);
  schedule.spec.kind = ParseScheduleKind(db, query.Text(3));
  schedule.spec.hour = query.Int32(4);
  schedule.spec.minute = query.Int32(5);
  schedule.spec.every = absl::Microseconds(query.Int(6));
  schedule.spec.cron = query.String(7);
  schedule.spec.time_zone = query.String(8);
  schedule.job = query.EnumValue(9, ScheduledJob::kSyncFull);
  schedule.enabled = query.Bool(10);
  schedule.next_fire = query.Time(11);
  schedule.problem = ReadProblem(db, query, 12);
  return schedule;
}

void StoreSchedule(Connection& db, const Schedule& schedule) {
  const ScheduleSpec& spec = schedule.spec;
  const Problem& problem = schedule.problem;
  Query(db,
        "INSERT OR REPLACE INTO schedule (channel_id, name, kind, hour, minute, every_us, cron, time_zone, job, "
        "enabled, next_fire, problem_code, problem_args, problem_message) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")
      .Run(schedule.channel_id, schedule.name, ScheduleKindText(spec.kind), spec.hour, spec.minute,
           absl::ToInt64Microseconds(spec.every), spec.cron, spec.time_zone, ToString(schedule.job), schedule.enabled,
           schedule.next_fire, NullIfEmpty{problem.code}, NullIfEmpty{ArgsText(problem)}, NullIfEmpty{problem.message});
}

// The query for jobs, in the order that an index has: parameters are before_id, limit, channel, state, kinds.
// `channel_id` 0: of all channels. `state` empty: of all states.
absl::string_view JobsQuery(int64_t channel_id, absl::string_view state) {
#define FLXLINK_JOBS_MATCH \
  "job_id < ?1 AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5))) ORDER BY job_id DESC LIMIT ?2"
  if (channel_id != 0 && !state.empty()) {
    return FLXLINK_SELECT_JOB "WHERE channel_id = ?3 AND state = ?4 AND " FLXLINK_JOBS_MATCH;
  }
  if (channel_id != 0) return FLXLINK_SELECT_JOB "WHERE channel_id = ?3 AND " FLXLINK_JOBS_MATCH;
  if (!state.empty()) return FLXLINK_SELECT_JOB "WHERE state = ?4 AND " FLXLINK_JOBS_MATCH;
  return FLXLINK_SELECT_JOB "WHERE " FLXLINK_JOBS_MATCH;
}

// Jobs of one state, or of any where it is empty.
void AddJobs(Connection& db, int64_t channel_id, absl::string_view state, const TextList& kinds, int64_t before_id,
             int64_t limit, std::vector<Job>* jobs) {
  Query query(db, JobsQuery(channel_id, state));
  query.Bind(before_id, limit, channel_id, state, kinds.parameter());
  while (query.Next()) jobs->push_back(ReadShownJob(db, query));
}

// Each state is read by itself, since only so does an index have the order.
std::vector<Job> FindJobs(Connection& db, int64_t channel_id, const JobFilter& filter, int64_t before_id,
                          int64_t limit) {
  std::vector<Job> jobs;
  const TextList kinds(filter.kinds);
  if (filter.states.empty()) AddJobs(db, channel_id, "", kinds, before_id, limit, &jobs);
  for (const JobState state : std::set<JobState>(filter.states.begin(), filter.states.end())) {
    AddJobs(db, channel_id, ToString(state), kinds, before_id, limit, &jobs);
  }
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.job_id > b.job_id; });
  if (static_cast<int64_t>(jobs.size()) > limit) jobs.resize(static_cast<size_t>(limit));
  return jobs;
}

}  // namespace

absl::StatusOr<OwnerId> SqliteStorage::OpenOwner() {
  OwnerId owner = 0;
  absl::Status status = Write([&](Connection& db) {
    owner = NextInSequence(db, "owner", 1);
    return absl::OkStatus();
  });
  if (status.ok()) status = owners_->Hold(owner);
  if (!status.ok()) return status;
  return owner;
}

absl::Status SqliteStorage::CloseOwner(OwnerId owner) {
  const absl::Status status = CheckProcess();
  return status.ok() ? owners_->LetGo(owner) : status;
}

absl::Status SqliteStorage::KeepAlive(OwnerId owner) {
  absl::Status status = CheckProcess();
  if (status.ok()) status = CheckFiles();
  if (!status.ok()) return status;
  const absl::StatusOr<bool> alive = owners_->IsAlive(owner);
  if (!alive.ok()) return alive.status();
  return *alive ? absl::OkStatus() : storage::OwnerIsDead(owner);
}

absl::StatusOr<QueueSnapshot> SqliteStorage::ReadQueue(int64_t channel_id) {
  QueueSnapshot snapshot;
  absl::Status status = ReadOfChannel(channel_id, [&](Connection& db) {
    snapshot.channel = FindChannel(db, channel_id).value_or(Channel()).config.name;
    snapshot.slot = FindSlot(db, channel_id).value_or(Slot());
    snapshot.owner_alive = snapshot.slot.holder_job != 0 && IsOwnerAlive(db, snapshot.slot.owner);
    Query query(db, FLXLINK_SELECT_JOB "WHERE channel_id = ?1 AND state IN ('pending', 'running') ORDER BY job_id");
    query.Bind(channel_id);
    while (query.Next()) snapshot.open_jobs.push_back(ReadShownJob(db, query));
    Query dirty(db, kDirtyPriority);
    if (dirty.Bind(channel_id).Next()) snapshot.dirty_priority = dirty.Int(0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return snapshot;
}

absl::Status SqliteStorage::WriteQueue(const QueueChange& change) {
  absl::Status status = storage::CheckQueueChange(change);
  if (!status.ok()) return status;
  return Write(change.is_step ? WriteKind::kSmallStep : WriteKind::kSmall,
               [&](Connection& db) { return ApplyQueueChange(db, change); });
}

absl::StatusOr<std::vector<int64_t>> SqliteStorage::ReadClaimable(absl::Time now, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<Slot> slots;
  status = Read([&](Connection& db) {
    Query free(db, kFreeSlots);
    free.Bind(limit);
    while (free.Next()) slots.push_back(ReadSlot(free));
    Query due(db, kDueSlots);
    due.Bind(now, limit);
    while (due.Next()) slots.push_back(ReadSlot(due));
    Query held(db, kHeldSlots);
    held.Bind();
    while (held.Next()) {
      const Slot slot = ReadSlot(held);
      if (!IsOwnerAlive(db, slot.owner)) slots.push_back(slot);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  std::sort(slots.begin(), slots.end(), storage::IsMoreUrgent);
  if (static_cast<int64_t>(slots.size()) > limit) slots.resize(static_cast<size_t>(limit));
  std::vector<int64_t> channel_ids;
  for (const Slot& slot : slots) channel_ids.push_back(slot.channel_id);
  return channel_ids;
}

// A step: a loss of power that takes it back takes what comes after it, too.
absl::StatusOr<Storage::ProgressReply> SqliteStorage::WriteProgress(const Fence& fence, const JobReport& report) {
  ProgressReply reply;
  absl::Status status = WriteFenced(fence, StepOfRows(report.problems.size()), [&](Connection& db) {
    Query count(db, "SELECT " FLXLINK_PROBLEM_COUNT " FROM job WHERE channel_id = ?1 AND job_id = ?2");
    if (!count.Bind(fence.channel_id, fence.job_id).Next()) return storage::NoSuchJob(fence.job_id);
    if (absl::Status checked = storage::CheckReport(report, count.Int(0)); !checked.ok()) return checked;
    const JobProgress& progress = report.progress;
    Query(
        db,
        "UPDATE job SET progress_total = ?3, progress_done = ?4, progress_failed = ?5, report = ?6, progress_held = ?7 "
        "WHERE channel_id = ?1 AND job_id = ?2")
        .Run(fence.channel_id, fence.job_id, progress.total, progress.done, progress.failed,
             Blob{model::EncodeJobReport(report.counts, report.cursor)}, progress.held);
    StoreJobProblems(db, fence.channel_id, fence.job_id, report);
    const Slot slot = FindSlot(db, fence.channel_id).value_or(Slot());
    reply = {slot.cancel_requested, slot.revision};
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return reply;
}

absl::StatusOr<Job> SqliteStorage::ReadJob(int64_t job_id) {
  absl::optional<Job> job;
  absl::Status status = Read([&](Connection& db) {
    Query query(db, FLXLINK_SELECT_JOB "WHERE job_id = ?1");
    if (!query.Bind(job_id).Next()) return storage::NoSuchJob(job_id);
    job = ReadShownJob(db, query);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return *std::move(job);
}

absl::StatusOr<std::vector<JobProblem>> SqliteStorage::ReadJobProblems(int64_t job_id, int64_t first, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<JobProblem> problems;
  status = Read([&](Connection& db) {
    Query channel(db, "SELECT channel_id FROM job WHERE job_id = ?1");
    if (!channel.Bind(job_id).Next()) return storage::NoSuchJob(job_id);
    problems = FindProblems(db, channel.Int(0), job_id, first, limit);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return problems;
}

absl::StatusOr<std::vector<Job>> SqliteStorage::ReadJobs(const JobFilter& filter, int64_t before_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<Job> jobs;
  status = Read([&](Connection& db) {
    int64_t channel_id = 0;
    if (!filter.channel.empty()) {
      const absl::optional<Channel> channel = FindChannel(db, filter.channel);
      if (!channel.has_value()) return absl::OkStatus();
      channel_id = channel->channel_id;
    }
    jobs = FindJobs(db, channel_id, filter, before_id, limit);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return jobs;
}

absl::StatusOr<bool> SqliteStorage::WriteSchedule(const Schedule& schedule) {
  absl::Status status = ValidateScheduleName(schedule.name);
  if (!status.ok()) return status;
  bool replaces = false;
  status = Write([&](Connection& db) {
    if (!ChannelExists(db, schedule.channel_id)) return storage::NoSuchChannel(schedule.channel_id);
    replaces = Query(db, "SELECT 1 FROM schedule WHERE channel_id = ?1 AND name = ?2")
                   .Bind(schedule.channel_id, schedule.name)
                   .Next();
    StoreSchedule(db, schedule);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return replaces;
}

absl::Status SqliteStorage::ClearSchedule(int64_t channel_id, absl::string_view name) {
  return Write([&](Connection& db) {
    if (!ChannelExists(db, channel_id)) return storage::NoSuchChannel(channel_id);
    Query(db, "DELETE FROM schedule WHERE channel_id = ?1 AND name = ?2").Run(channel_id, name);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Schedule>> SqliteStorage::ReadSchedules() {
  std::vector<Schedule> schedules;
  absl::Status status = Read([&](Connection& db) {
    Query query(db, FLXLINK_SELECT_SCHEDULE "ORDER BY s.channel_id, s.name");
    query.Bind();
    while (query.Next()) schedules.push_back(ReadScheduleRow(db, query));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return schedules;
}

absl::StatusOr<std::vector<Schedule>> SqliteStorage::ReadDueSchedules(absl::Time now, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<Schedule> schedules;
  status = Read([&](Connection& db) {
    Query query(db, kDueSchedules);
    query.Bind(now, limit);
    while (query.Next()) schedules.push_back(ReadScheduleRow(db, query));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return schedules;
}

absl::StatusOr<uint64_t> SqliteStorage::ReadWorkNumber() {
  absl::Status status = CheckProcess();
  if (status.ok()) status = CheckFiles();
  if (!status.ok()) return status;
  absl::MutexLock lock(&watch_mutex_);
  return watch_.Look(path_, options_.lock_timeout, *owners_);
}

absl::StatusOr<absl::Time> SqliteStorage::ReadNextDue(absl::Time now) {
  absl::Time next = absl::InfiniteFuture();
  absl::Status status = Read([&](Connection& db) {
    for (const absl::string_view sql : {kNextDueSlot, kNextDueSchedule}) {
      Query query(db, sql);
      if (query.Bind(now).Next()) next = std::min(next, query.Time(0));
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return next;
}

}  // namespace flxlink::sqlite
