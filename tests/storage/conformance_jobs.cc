// Conformance: owners, queues, jobs, schedules, several threads at once, and durability.

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

constexpr int64_t kMax = Storage::kMaxRows;
constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

int64_t MakeChannel(Storage& storage, const std::string& name = "shop") {
  return Value(storage.CreateChannel(NamedConfig(name))).channel_id;
}

// A job with nothing at its default.
Job FullJob(Storage& storage, int64_t channel_id) {
  Job job = NewJob(storage, channel_id, JobKind::kLink);
  job.state = JobState::kRunning;
  job.trigger = JobTrigger::kRerun;
  job.priority = -7;
  job.sync_priority = -8;
  job.prioritized_at = At(3);
  job.not_before = At(5);
  job.options = {{"A", "b,\"c\""}, {"F"}, true, true, true, true, true, true, {"X1", "X,2"}};
  job.chain = {JobKind::kPull, JobKind::kBuild};
  job.from_job = 5;
  job.chained = {44, 45};
  job.progress = {10, 6, 4};
  job.attempts = 2;
  job.passed = 3;
  job.cursor = "a/\"1\"";
  job.created_at = At(1);
  job.started_at = At(2);
  job.finished_at = At(4);
  job.counts = {{"linked", 6}, {"sent", -1}};
  job.error = Problem{"code", {{"näme", "a \"value\""}, {"empty", ""}}, "what went wrong"};
  return job;
}

// Problems with all kinds of text, numbered from `first` on.
std::vector<JobProblem> SomeProblems(int64_t first, int64_t count) {
  std::vector<JobProblem> problems;
  for (int64_t i = first; i < first + count; ++i) {
    problems.push_back({absl::StrCat("S", i), {"code", {{"näme", "a \"value\""}, {"empty", ""}}, "méssage"}});
  }
  return problems;
}

JobReport SomeReport(int64_t problems_before, int64_t new_problems) {
  return {{10, 6, 1},
          "b/\"2\"",
          {{"linked", 7}, {"sent", -2}},
          problems_before,
          SomeProblems(problems_before, new_problems)};
}

// What the job has come to, as it is read.
std::string ReportText(Storage& storage, int64_t job_id) {
  Job job = Value(storage.ReadJob(job_id));
  std::string text = ToText(job);
  for (const JobProblem& problem : Value(storage.ReadJobProblems(job_id, 0, kMax))) {
    absl::StrAppend(&text, " ", problem.subject, problem.problem.message);
  }
  return text;
}

void ExpectReport(Storage& storage, int64_t job_id, const JobReport& report) {
  const Job job = Value(storage.ReadJob(job_id));
  EXPECT_EQ(job.progress, report.progress);
  EXPECT_EQ(job.cursor, report.cursor);
  EXPECT_EQ(job.counts, report.counts);
  const int64_t count = report.problems_before + static_cast<int64_t>(report.problems.size());
  EXPECT_EQ(job.problem_count, count);
  EXPECT_EQ(job.problems, SomeProblems(0, std::min(count, Job::kProblemsShown)));
  EXPECT_EQ(Value(storage.ReadJobProblems(job_id, 0, kMax)), SomeProblems(0, count));
}

// Puts a pending job into the queue.
void Add(Storage& storage, const Job& job) {
  EXPECT_EQ(storage.WriteQueue(Enqueue(Value(storage.ReadQueue(job.channel_id)), job)), absl::OkStatus());
}

// A channel with one pending job as its head.
int64_t ChannelWithHead(Storage& storage, const std::string& name, absl::Time prioritized_at, int64_t priority,
                        absl::Time created_at, absl::optional<int64_t> sync_priority = absl::nullopt) {
  const int64_t channel_id = MakeChannel(storage, name);
  Job job = NewJob(storage, channel_id);
  job.prioritized_at = prioritized_at;
  job.priority = priority;
  job.sync_priority = sync_priority;
  job.created_at = created_at;
  Add(storage, job);
  return channel_id;
}

// A slot without a head, whose job begins at `due`.
int64_t ChannelThatWaits(Storage& storage, const std::string& name, absl::Time due) {
  const int64_t channel_id = MakeChannel(storage, name);
  Job job = NewJob(storage, channel_id);
  job.not_before = due;
  QueueChange change;
  change.slot.channel_id = channel_id;
  change.slot.next_due = due;
  change.insert = {job};
  EXPECT_EQ(storage.WriteQueue(change), absl::OkStatus());
  return channel_id;
}

std::vector<int64_t> JobIds(const std::vector<Job>& jobs) {
  std::vector<int64_t> ids;
  for (const Job& job : jobs) ids.push_back(job.job_id);
  return ids;
}

Schedule HourlySchedule(int64_t channel_id, absl::Time next_fire, std::string name = "sync") {
  Schedule schedule;
  schedule.channel_id = channel_id;
  schedule.name = std::move(name);
  schedule.next_fire = next_fire;
  return schedule;
}

// Runs `work(0)` to `work(count - 1)`, each in a thread of its own.
template <typename Work>
void InThreads(int count, const Work& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Owners
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, EveryOwnerIsNew) {
  OwnerId last = 0;
  for (int i = 0; i < 5; ++i) {
    const OwnerId owner = Value(storage().OpenOwner());
    EXPECT_GT(owner, last);
    last = owner;
    EXPECT_EQ(storage().CloseOwner(owner), absl::OkStatus());
  }
}

TEST_P(StorageConformance, LivingOwnerKeepsAliveAndClosesOnce) {
  EXPECT_GT(storage().keep_alive_interval(), absl::ZeroDuration());
  const OwnerId owner = Value(storage().OpenOwner());
  EXPECT_EQ(storage().KeepAlive(owner), absl::OkStatus());
  EXPECT_EQ(storage().KeepAlive(owner), absl::OkStatus());
  EXPECT_EQ(storage().CloseOwner(owner), absl::OkStatus());
  EXPECT_EQ(storage().CloseOwner(owner), absl::OkStatus()) << "said twice is said once";
}

TEST_P(StorageConformance, OwnerThatDiedIsNoticed) {
  Shop shop(under_test());
  Shop other(under_test(), "other");
  EXPECT_TRUE(shop.Queue().owner_alive);
  EXPECT_TRUE(Value(storage().ReadClaimable(At(0), 10)).empty());
  under_test().KillOwner(shop.owner());
  EXPECT_FALSE(shop.Queue().owner_alive);
  EXPECT_TRUE(other.Queue().owner_alive);
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 10)), std::vector<int64_t>{shop.channel_id()});
  under_test().KillOwner(shop.owner());
  EXPECT_FALSE(shop.Queue().owner_alive);
}

TEST_P(StorageConformance, OwnerThatClosedDoesNotHold) {
  Shop shop(under_test());
  ASSERT_EQ(storage().CloseOwner(shop.owner()), absl::OkStatus());
  EXPECT_FALSE(shop.Queue().owner_alive);
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 10)), std::vector<int64_t>{shop.channel_id()});
}

TEST_P(StorageConformance, FreeSlotHasNoLivingOwner) {
  Shop shop(under_test());
  QueueChange change = Finish(shop.Queue(), JobState::kCompleted);
  change.slot.owner = shop.owner();
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  EXPECT_FALSE(shop.Queue().owner_alive);
}

TEST_P(StorageConformance, OneOwnerHoldsManySlots) {
  const OwnerId owner = Value(storage().OpenOwner());
  std::vector<int64_t> channels;
  for (const char* name : {"a", "b", "c"}) {
    const int64_t channel_id = MakeChannel(storage(), name);
    const Job job = NewJob(storage(), channel_id);
    Add(storage(), job);
    ASSERT_EQ(storage().WriteQueue(Claim(Value(storage().ReadQueue(channel_id)), job.job_id, owner)), absl::OkStatus());
    channels.push_back(channel_id);
  }
  EXPECT_TRUE(Value(storage().ReadClaimable(At(0), 10)).empty());
  under_test().KillOwner(owner);
  std::vector<int64_t> claimable = Value(storage().ReadClaimable(At(0), 10));
  std::sort(claimable.begin(), claimable.end());
  EXPECT_EQ(claimable, channels);
}

// ---------------------------------------------------------------------------------------------------------------------
// Waking who waits for work
// ---------------------------------------------------------------------------------------------------------------------

// Whoever sleeps compares the number with an earlier one.
TEST_P(StorageConformance, WorkNumberTellsOfEachChange) {
  const int64_t channel_id = MakeChannel(storage());
  const OwnerId owner = Value(storage().OpenOwner());
  uint64_t last = Value(storage().ReadWorkNumber());
  const auto expect_moved = [&](const char* by) {
    const uint64_t before = std::exchange(last, Value(storage().ReadWorkNumber()));
    EXPECT_NE(before, last) << by;
  };
  const Job job = NewJob(storage(), channel_id);
  last = Value(storage().ReadWorkNumber());
  Add(storage(), job);
  expect_moved("a job that is queued");
  ASSERT_EQ(storage().WriteQueue(Claim(Value(storage().ReadQueue(channel_id)), job.job_id, owner)), absl::OkStatus());
  expect_moved("a claim");
  under_test().KillOwner(owner);
  expect_moved("the death of an owner that holds a slot");
  ASSERT_TRUE(storage().WriteSchedule(HourlySchedule(channel_id, At(7))).ok());
  expect_moved("a schedule");
}

TEST_P(StorageConformance, WorkBellIsOneAndStays) {
  Bell& bell = storage().work_bell();
  const uint64_t heard = bell.rings();
  storage().work_bell().Ring();
  EXPECT_GT(bell.rings(), heard);
}

// A storage whose number always changes is looked at anyway, and need not know.
TEST_P(StorageConformance, NextDueIsTheFirstAfterNow) {
  const uint64_t number = Value(storage().ReadWorkNumber());
  if (Value(storage().ReadWorkNumber()) != number) GTEST_SKIP() << "this store's work number always changes";
  EXPECT_EQ(Value(storage().ReadNextDue(At(0))), absl::InfiniteFuture());
  ChannelThatWaits(storage(), "waits", At(20));
  const int64_t scheduled = MakeChannel(storage(), "scheduled");
  ASSERT_TRUE(storage().WriteSchedule(HourlySchedule(scheduled, At(10))).ok());
  Schedule disabled = HourlySchedule(scheduled, At(5), "disabled");
  disabled.enabled = false;
  ASSERT_TRUE(storage().WriteSchedule(disabled).ok());
  EXPECT_EQ(Value(storage().ReadNextDue(At(0))), At(10));
  EXPECT_EQ(Value(storage().ReadNextDue(At(10))), At(20)) << "what is due already is no wake-up";
  EXPECT_EQ(Value(storage().ReadNextDue(At(20))), absl::InfiniteFuture());
  EXPECT_EQ(storage().ClearSchedule(scheduled, "sync"), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadNextDue(At(0))), At(20));
}

TEST_P(StorageConformance, PausedAndRemovedChannelsAreNeverDue) {
  const int64_t paused = ChannelThatWaits(storage(), "paused", At(20));
  const int64_t removed = ChannelThatWaits(storage(), "removed", At(30));
  ASSERT_TRUE(storage().WriteSchedule(HourlySchedule(removed, At(10))).ok());
  const QueueSnapshot queue = Value(storage().ReadQueue(paused));
  QueueChange change;
  change.expected_revision = queue.slot.revision;
  change.slot = queue.slot;
  change.slot.paused = true;
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  ASSERT_EQ(storage().RemoveChannel(removed), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadNextDue(At(0))), absl::InfiniteFuture());
  EXPECT_TRUE(Value(storage().ReadClaimable(At(100), 10)).empty());
  EXPECT_TRUE(Value(storage().ReadDueSchedules(At(100), 10)).empty());
}

// ---------------------------------------------------------------------------------------------------------------------
// Queues
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, NewChannelHasAFreeSlot) {
  const int64_t channel_id = MakeChannel(storage());
  const QueueSnapshot queue = Value(storage().ReadQueue(channel_id));
  Slot fresh;
  fresh.channel_id = channel_id;
  EXPECT_EQ(ToText(queue.slot), ToText(fresh));
  EXPECT_FALSE(queue.owner_alive);
  EXPECT_TRUE(queue.open_jobs.empty());
}

TEST_P(StorageConformance, SlotIsKeptWhole) {
  const int64_t channel_id = MakeChannel(storage());
  const OwnerId owner = Value(storage().OpenOwner());
  QueueChange change;
  change.slot.channel_id = channel_id;
  change.slot.holder_job = 11;
  change.slot.epoch = 1LL << 40;
  change.slot.claim = ~uint64_t{0} - 5;
  change.number = ~uint64_t{0} - 6;
  change.slot.owner = owner;
  change.slot.paused = true;
  change.slot.cancel_requested = true;
  change.slot.head_job = 12;
  change.slot.head_prioritized_at = At(31);
  change.slot.head_lane = Lane::kBulk;
  change.slot.owes_bulk = true;
  change.slot.head_priority = -9;
  change.slot.head_sync_priority = -10;
  change.slot.head_created_at = At(32);
  change.slot.next_due = At(33);
  Job holder = NewJob(storage(), channel_id);
  holder.job_id = 11;
  holder.state = JobState::kRunning;
  Job head = holder;
  head.job_id = 12;
  head.state = JobState::kPending;
  change.insert = {holder, head};
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  Slot expected = change.slot;
  expected.revision = 1;
  expected.change = change.number;
  EXPECT_EQ(ToText(Value(storage().ReadQueue(channel_id)).slot), ToText(expected));

  QueueChange back;
  back.expected_revision = 1;
  back.slot.channel_id = channel_id;
  ASSERT_EQ(storage().WriteQueue(back), absl::OkStatus());
  expected = back.slot;
  expected.revision = 2;
  EXPECT_EQ(ToText(Value(storage().ReadQueue(channel_id)).slot), ToText(expected));
}

TEST_P(StorageConformance, JobIsKeptWhole) {
  const int64_t channel_id = MakeChannel(storage());
  const Job full = FullJob(storage(), channel_id);
  Add(storage(), full);
  EXPECT_EQ(ToText(Value(storage().ReadJob(full.job_id))), ToText(full));
  const QueueSnapshot queue = Value(storage().ReadQueue(channel_id));
  ASSERT_EQ(queue.open_jobs.size(), 1u);
  EXPECT_EQ(ToText(queue.open_jobs[0]), ToText(full));
  const Job plain = NewJob(storage(), channel_id, JobKind::kPull);
  Add(storage(), plain);
  EXPECT_EQ(ToText(Value(storage().ReadJob(plain.job_id))), ToText(plain));
}

TEST_P(StorageConformance, EveryKindStateAndTriggerIsKept) {
  const int64_t channel_id = MakeChannel(storage());
  for (const JobKind kind :
       {JobKind::kPull, JobKind::kBuild, JobKind::kLink, JobKind::kSync, JobKind::kRules, JobKind::kFetch}) {
    for (const JobState state :
         {JobState::kPending, JobState::kRunning, JobState::kCompleted, JobState::kFailed, JobState::kCancelled}) {
      for (const JobTrigger trigger : {JobTrigger::kHand, JobTrigger::kSchedule, JobTrigger::kChain, JobTrigger::kRerun,
                                       JobTrigger::kNotice, JobTrigger::kRetry}) {
        Job job = NewJob(storage(), channel_id, kind);
        job.state = state;
        job.trigger = trigger;
        Add(storage(), job);
        EXPECT_EQ(ToText(Value(storage().ReadJob(job.job_id))), ToText(job));
      }
    }
  }
}

TEST_P(StorageConformance, QueueShowsOpenJobsById) {
  const int64_t channel_id = MakeChannel(storage());
  const int64_t other_id = MakeChannel(storage(), "other");
  const int64_t first = Value(storage().ReserveIds(10));
  const std::vector<JobState> states = {JobState::kRunning,   JobState::kCompleted, JobState::kPending,
                                        JobState::kCancelled, JobState::kPending,   JobState::kFailed};
  QueueChange change;
  change.slot.channel_id = channel_id;
  for (size_t i = 0; i < states.size(); ++i) {
    Job job = NewJob(storage(), channel_id);
    job.job_id = first + static_cast<int64_t>(states.size() - i);  // Given in falling order.
    job.state = states[i];
    change.insert.push_back(job);
  }
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  Add(storage(), NewJob(storage(), other_id));
  EXPECT_EQ(JobIds(Value(storage().ReadQueue(channel_id)).open_jobs),
            (std::vector<int64_t>{first + 2, first + 4, first + 6}));
}

TEST_P(StorageConformance, UpdatedJobIsKeptWholeAndLeavesTheQueueWhenFinal) {
  const int64_t channel_id = MakeChannel(storage());
  const Job job = NewJob(storage(), channel_id);
  Add(storage(), job);
  Job updated = FullJob(storage(), channel_id);
  updated.job_id = job.job_id;
  QueueChange change;
  change.expected_revision = 1;
  change.slot.channel_id = channel_id;
  change.update = {updated};
  change.report_of = job.job_id;
  change.report = {updated.progress, updated.cursor, updated.counts, 0, SomeProblems(0, 2)};
  updated.problem_count = 2;
  updated.problems = change.report.problems;
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  EXPECT_EQ(ToText(Value(storage().ReadJob(job.job_id))), ToText(updated));
  updated.state = JobState::kCancelled;
  updated.options = {};
  updated.chain.clear();
  updated.started_at.reset();
  updated.progress = {};
  updated.cursor.clear();
  updated.counts.clear();
  updated.problem_count = 0;
  updated.problems.clear();
  change.expected_revision = 2;
  change.update = {updated};
  change.report = {};
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  EXPECT_EQ(ToText(Value(storage().ReadJob(job.job_id))), ToText(updated));
  EXPECT_TRUE(Value(storage().ReadQueue(channel_id)).open_jobs.empty());
}

TEST_P(StorageConformance, ChangeOfAQueueThatMovedIsAborted) {
  const int64_t channel_id = MakeChannel(storage());
  const QueueSnapshot read = Value(storage().ReadQueue(channel_id));
  const Job job = NewJob(storage(), channel_id);
  Add(storage(), job);
  const std::string before = StoreText(storage());
  QueueChange late = Enqueue(read, NewJob(storage(), channel_id));
  EXPECT_EQ(Code(storage().WriteQueue(late)), kAborted);
  late.expected_revision = 2;
  EXPECT_EQ(Code(storage().WriteQueue(late)), kAborted);
  Job failed = job;
  failed.state = JobState::kFailed;
  late = QueueChange();
  late.slot = read.slot;
  late.update = {failed};
  EXPECT_EQ(Code(storage().WriteQueue(late)), kAborted);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, RepeatedInsertIsKnownAsMadeBefore) {
  const int64_t channel_id = MakeChannel(storage());
  const int64_t other_id = MakeChannel(storage(), "other");
  const QueueChange change = Enqueue(Value(storage().ReadQueue(channel_id)), NewJob(storage(), channel_id));
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  const std::string once = StoreText(storage());
  EXPECT_EQ(Code(storage().WriteQueue(change)), kAlreadyExists);
  QueueChange fresh = change;
  fresh.expected_revision = 1;
  EXPECT_EQ(Code(storage().WriteQueue(fresh)), kAlreadyExists);
  fresh.insert.insert(fresh.insert.begin(), NewJob(storage(), channel_id));
  EXPECT_EQ(Code(storage().WriteQueue(fresh)), kAlreadyExists) << "one of them is there";
  Job elsewhere = change.insert[0];
  elsewhere.channel_id = other_id;
  EXPECT_EQ(Code(storage().WriteQueue(Enqueue(Value(storage().ReadQueue(other_id)), elsewhere))), kAlreadyExists)
      << "ids are unique in the store";
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, UpdateOfAnUnknownJobIsNotFound) {
  const int64_t channel_id = MakeChannel(storage());
  QueueChange change = Enqueue(Value(storage().ReadQueue(channel_id)), NewJob(storage(), channel_id));
  change.update = {NewJob(storage(), channel_id)};
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().WriteQueue(change)), kNotFound);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, JobOfAnotherChannelIsRefused) {
  const int64_t channel_id = MakeChannel(storage());
  const int64_t other_id = MakeChannel(storage(), "other");
  const QueueSnapshot queue = Value(storage().ReadQueue(channel_id));
  EXPECT_EQ(Code(storage().WriteQueue(Enqueue(queue, NewJob(storage(), other_id)))), kInvalidArgument);
  const Job job = NewJob(storage(), other_id);
  Add(storage(), job);
  QueueChange change = Enqueue(queue, NewJob(storage(), channel_id));
  change.update = {job};
  EXPECT_EQ(Code(storage().WriteQueue(change)), kInvalidArgument);
  EXPECT_TRUE(Value(storage().ReadQueue(channel_id)).open_jobs.empty());
}

TEST_P(StorageConformance, AsManyJobsAsAllowedAndNoMore) {
  const int64_t channel_id = MakeChannel(storage());
  const int64_t first = Value(storage().ReserveIds(kMax + 1));
  QueueChange change;
  change.slot.channel_id = channel_id;
  Job job = NewJob(storage(), channel_id);
  for (int64_t i = 0; i <= kMax; ++i) {
    job.job_id = first + i;
    change.insert.push_back(job);
  }
  EXPECT_EQ(Code(storage().WriteQueue(change)), kInvalidArgument);
  change.insert.pop_back();
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadJobs({}, kLast, kMax)).size(), static_cast<size_t>(kMax));
  for (const int64_t limit : {int64_t{0}, int64_t{-1}, kMax + 1}) {
    EXPECT_EQ(Code(storage().ReadJobs({}, kLast, limit)), kInvalidArgument);
    EXPECT_EQ(Code(storage().ReadClaimable(At(0), limit)), kInvalidArgument);
  }
}

TEST_P(StorageConformance, JobsOwnReportsAreNewerThanAQueueChange) {
  Shop shop(under_test());
  const int64_t job_id = shop.fence().job_id;
  const QueueSnapshot read = shop.Queue();
  const JobReport report = SomeReport(0, 3);
  Value(storage().WriteProgress(shop.fence(), report));
  QueueChange change;
  change.expected_revision = read.slot.revision;
  change.slot = read.slot;
  change.slot.cancel_requested = true;
  change.update = {read.open_jobs.at(0)};
  change.update[0].priority = 4;
  ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadJob(job_id)).priority, 4);
  ExpectReport(storage(), job_id, report);

  // Whoever ends the job of an owner that died may have read it before its last report, too.
  QueueChange end = Finish(read, JobState::kCompleted);
  end.expected_revision = shop.Queue().slot.revision;
  ASSERT_EQ(storage().WriteQueue(end), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadJob(job_id)).state, JobState::kCompleted);
  ExpectReport(storage(), job_id, report);
}

TEST_P(StorageConformance, AQueueChangeMayReport) {
  Shop shop(under_test());
  const int64_t job_id = shop.fence().job_id;
  Value(storage().WriteProgress(shop.fence(), SomeReport(0, 3)));
  QueueChange end = Finish(shop.Queue(), JobState::kCompleted);
  end.report_of = job_id + 1;
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().WriteQueue(end)), kInvalidArgument) << "it updates no such job";
  end.report_of = job_id;
  end.report = SomeReport(4, 1);
  EXPECT_EQ(Code(storage().WriteQueue(end)), kInvalidArgument) << "there are three";
  EXPECT_EQ(StoreText(storage()), before);
  end.report = SomeReport(3, 2);
  ASSERT_EQ(storage().WriteQueue(end), absl::OkStatus());
  ExpectReport(storage(), job_id, end.report);
}

TEST_P(StorageConformance, ReportsAddProblemsAndCanBeRepeated) {
  Shop shop(under_test());
  const int64_t job_id = shop.fence().job_id;
  for (const JobReport& report : {SomeReport(0, 0), SomeReport(0, 2), SomeReport(2, 1), SomeReport(3, 0)}) {
    for (int times = 0; times < 2; ++times) {
      Value(storage().WriteProgress(shop.fence(), report));
      ExpectReport(storage(), job_id, report);
    }
  }
  Value(storage().WriteProgress(shop.fence(), SomeReport(1, 1)));
  ExpectReport(storage(), job_id, SomeReport(1, 1));
}

TEST_P(StorageConformance, ProblemsAreReadInPages) {
  Shop shop(under_test());
  const int64_t job_id = shop.fence().job_id;
  Shop other(under_test(), "other");
  Value(storage().WriteProgress(other.fence(), SomeReport(0, 5)));
  EXPECT_TRUE(Value(storage().ReadJobProblems(job_id, 0, 10)).empty());
  const int64_t count = Job::kProblemsShown + 50;
  Value(storage().WriteProgress(shop.fence(), SomeReport(0, count)));
  ExpectReport(storage(), job_id, SomeReport(0, count));
  for (const int64_t first : {int64_t{0}, int64_t{7}, count - 10, count - 1, count, count + 1}) {
    const int64_t rows = std::max<int64_t>(std::min<int64_t>(10, count - first), 0);
    EXPECT_EQ(Value(storage().ReadJobProblems(job_id, first, 10)), SomeProblems(first, rows)) << first;
  }
  EXPECT_EQ(shop.Queue().open_jobs.at(0).problems.size(), static_cast<size_t>(Job::kProblemsShown));
  EXPECT_EQ(Value(storage().ReadJobs({}, kLast, 10)).at(1).problem_count, count);
  for (const int64_t limit : {int64_t{0}, int64_t{-1}, kMax + 1}) {
    EXPECT_EQ(Code(storage().ReadJobProblems(job_id, 0, limit)), kInvalidArgument);
  }
  const absl::Status none = storage().ReadJobProblems(other.fence().job_id + 100, 0, 10).status();
  EXPECT_EQ(none.code(), kNotFound);
  EXPECT_EQ(ProblemFrom(none).code, problem_code::kNoJob);
}

TEST_P(StorageConformance, NoMoreProblemsThanAreKept) {
  Shop shop(under_test());
  const int64_t job_id = shop.fence().job_id;
  Value(storage().WriteProgress(shop.fence(), SomeReport(0, Job::kMaxProblems - 1)));
  const std::string before = ReportText(storage(), job_id);
  EXPECT_EQ(Code(storage().WriteProgress(shop.fence(), SomeReport(Job::kMaxProblems - 1, 2))), kInvalidArgument);
  EXPECT_EQ(Code(storage().WriteProgress(shop.fence(), SomeReport(Job::kMaxProblems, 0))), kInvalidArgument);
  EXPECT_EQ(Code(storage().WriteProgress(shop.fence(), SomeReport(-1, 1))), kInvalidArgument);
  EXPECT_EQ(ReportText(storage(), job_id), before);
  Value(storage().WriteProgress(shop.fence(), SomeReport(Job::kMaxProblems - 1, 1)));
  ExpectReport(storage(), job_id, SomeReport(0, Job::kMaxProblems));
}

TEST_P(StorageConformance, ProgressIsAbsoluteAndMovesNoRevision) {
  Shop shop(under_test());
  const int64_t revision = shop.Queue().slot.revision;
  EXPECT_FALSE(Value(storage().WriteProgress(shop.fence(), Progress(10, 3, 1))).cancel_requested);
  EXPECT_FALSE(Value(storage().WriteProgress(shop.fence(), Progress(10, 3, 1))).cancel_requested);
  const Job job = Value(storage().ReadJob(shop.fence().job_id));
  EXPECT_EQ(job.progress.total, 10);
  EXPECT_EQ(job.progress.done, 3);
  EXPECT_EQ(job.progress.failed, 1);
  EXPECT_EQ(shop.Queue().slot.revision, revision) << "or every report would make an enqueue fail";
  Value(storage().WriteProgress(shop.fence(), Progress(absl::nullopt, 12, 1)));
  EXPECT_EQ(Value(storage().ReadJob(shop.fence().job_id)).progress.total, absl::nullopt) << "not known any more";
}

TEST_P(StorageConformance, ProgressTellsOfARequestToCancel) {
  Shop shop(under_test());
  QueueChange cancel;
  cancel.slot = shop.Queue().slot;
  cancel.expected_revision = cancel.slot.revision;
  cancel.slot.cancel_requested = true;
  ASSERT_EQ(storage().WriteQueue(cancel), absl::OkStatus());
  EXPECT_TRUE(Value(storage().WriteProgress(shop.fence(), Progress(1, 1, 0))).cancel_requested);
}

// ---------------------------------------------------------------------------------------------------------------------
// Claiming
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, OnlyFreeSlotsWithWorkAreClaimable) {
  MakeChannel(storage(), "idle");
  const int64_t waiting = ChannelWithHead(storage(), "waiting", absl::InfinitePast(), 0, At(1));
  const int64_t paused = ChannelWithHead(storage(), "paused", absl::InfinitePast(), 0, At(1));
  Shop busy(under_test(), "busy");
  Add(storage(), NewJob(storage(), busy.channel_id()));
  QueueChange pause;
  pause.slot = Value(storage().ReadQueue(paused)).slot;
  pause.expected_revision = pause.slot.revision;
  pause.slot.paused = true;
  ASSERT_EQ(storage().WriteQueue(pause), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 10)), std::vector<int64_t>{waiting});
  busy.EndJob();
  std::vector<int64_t> claimable = Value(storage().ReadClaimable(At(0), 10));
  std::sort(claimable.begin(), claimable.end());
  EXPECT_EQ(claimable, (std::vector<int64_t>{waiting, busy.channel_id()}));
}

TEST_P(StorageConformance, SlotIsClaimableOnceItsNextJobIsDue) {
  const int64_t late = ChannelThatWaits(storage(), "late", At(60));
  const int64_t early = ChannelThatWaits(storage(), "early", At(50));
  QueueChange pause;
  pause.slot = Value(storage().ReadQueue(ChannelThatWaits(storage(), "paused", At(50)))).slot;
  pause.expected_revision = pause.slot.revision;
  pause.slot.paused = true;
  ASSERT_EQ(storage().WriteQueue(pause), absl::OkStatus());
  Shop busy(under_test(), "busy");
  QueueChange hold;
  hold.slot = busy.Queue().slot;
  hold.expected_revision = hold.slot.revision;
  hold.slot.next_due = At(50);
  ASSERT_EQ(storage().WriteQueue(hold), absl::OkStatus());
  EXPECT_TRUE(Value(storage().ReadClaimable(At(49), 10)).empty());
  EXPECT_EQ(Value(storage().ReadClaimable(At(50), 10)), std::vector<int64_t>{early});
  EXPECT_EQ(Value(storage().ReadClaimable(At(60), 10)), (std::vector<int64_t>{early, late}));
  EXPECT_EQ(Value(storage().ReadClaimable(At(60), 1)), std::vector<int64_t>{early});
}

TEST_P(StorageConformance, SlotWhoseNextJobIsDueHasItsAge) {
  const absl::Time never = absl::InfinitePast();
  const int64_t waits = ChannelThatWaits(storage(), "waits", At(50));
  const int64_t older = ChannelWithHead(storage(), "older", never, 0, At(49));
  const int64_t younger = ChannelWithHead(storage(), "younger", never, 0, At(51));
  const int64_t low = ChannelWithHead(storage(), "low", never, -1, At(0));
  const int64_t high = ChannelWithHead(storage(), "high", never, 1, At(70));
  EXPECT_EQ(Value(storage().ReadClaimable(At(49), 10)), (std::vector<int64_t>{high, older, younger, low}));
  EXPECT_EQ(Value(storage().ReadClaimable(At(50), 10)), (std::vector<int64_t>{high, older, waits, younger, low}));
  EXPECT_EQ(Value(storage().ReadClaimable(At(50), 3)), (std::vector<int64_t>{high, older, waits}));
}

TEST_P(StorageConformance, JobThatIsNeverDueIsRefused) {
  const int64_t channel_id = MakeChannel(storage());
  Job job = NewJob(storage(), channel_id);
  job.not_before = absl::InfiniteFuture();
  EXPECT_EQ(Code(storage().WriteQueue(Enqueue(Value(storage().ReadQueue(channel_id)), job))), kInvalidArgument);
}

TEST_P(StorageConformance, PausedSlotOfADeadOwnerIsNotClaimable) {
  Shop shop(under_test());
  QueueChange pause;
  pause.slot = shop.Queue().slot;
  pause.expected_revision = pause.slot.revision;
  pause.slot.paused = true;
  ASSERT_EQ(storage().WriteQueue(pause), absl::OkStatus());
  under_test().KillOwner(shop.owner());
  EXPECT_TRUE(Value(storage().ReadClaimable(At(0), 10)).empty());
}

TEST_P(StorageConformance, MostUrgentHeadIsClaimedFirst) {
  const absl::Time never = absl::InfinitePast();
  const int64_t late = ChannelWithHead(storage(), "1", never, 0, At(9));
  const int64_t early = ChannelWithHead(storage(), "2", never, 0, At(1));
  const int64_t low = ChannelWithHead(storage(), "3", never, -1, At(0));
  const int64_t high = ChannelWithHead(storage(), "4", never, 5, At(9));
  const int64_t first_asked = ChannelWithHead(storage(), "5", At(20), -9, At(9));
  const int64_t last_asked = ChannelWithHead(storage(), "6", At(21), -9, At(9));
  const std::vector<int64_t> expected = {last_asked, first_asked, high, early, late, low};
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 10)), expected);
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 2)), (std::vector<int64_t>{last_asked, first_asked}));
}

TEST_P(StorageConformance, OfOnePriorityTheHighestSyncPriorityIsClaimedFirst) {
  const absl::Time never = absl::InfinitePast();
  const int64_t none = ChannelWithHead(storage(), "1", never, 20, At(1));
  const int64_t low = ChannelWithHead(storage(), "2", never, 20, At(2), -3);
  const int64_t late = ChannelWithHead(storage(), "3", never, 20, At(9), 4);
  const int64_t early = ChannelWithHead(storage(), "4", never, 20, At(8), 4);
  const int64_t other = ChannelWithHead(storage(), "5", never, 21, At(9));
  const std::vector<int64_t> expected = {other, early, late, low, none};
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 10)), expected);
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 3)), (std::vector<int64_t>{other, early, late}));
}

TEST_P(StorageConformance, TakingOverFromADeadOwnerStartsANewEpoch) {
  Shop shop(under_test());
  under_test().KillOwner(shop.owner());
  const OwnerId successor = Value(storage().OpenOwner());
  ASSERT_EQ(storage().WriteQueue(Claim(shop.Queue(), shop.fence().job_id, successor)), absl::OkStatus());
  const QueueSnapshot queue = shop.Queue();
  EXPECT_TRUE(queue.owner_alive);
  EXPECT_EQ(queue.slot.owner, successor);
  EXPECT_EQ(queue.slot.epoch, shop.fence().epoch + 1);
  EXPECT_EQ(queue.open_jobs.at(0).attempts, 2);
  EXPECT_TRUE(Value(storage().ReadClaimable(At(0), 10)).empty());
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading jobs
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, JobsAreReadNewestFirst) {
  const int64_t east = MakeChannel(storage(), "east");
  const int64_t west = MakeChannel(storage(), "west");
  std::vector<int64_t> ids;
  for (int i = 0; i < 6; ++i) {
    Job job = NewJob(storage(), i % 2 == 0 ? east : west);
    job.state = i < 3 ? JobState::kFailed : JobState::kPending;
    Add(storage(), job);
    ids.push_back(job.job_id);
  }
  const auto read = [&](const std::string& channel, const std::vector<JobState>& states, int64_t before,
                        int64_t limit) {
    JobFilter filter;
    filter.channel = channel;
    filter.states = states;
    return JobIds(Value(storage().ReadJobs(filter, before, limit)));
  };
  const std::vector<int64_t> newest_first(ids.rbegin(), ids.rend());
  EXPECT_EQ(read("", {}, kLast, 10), newest_first);
  EXPECT_EQ(read("", {}, ids[5], 2), (std::vector<int64_t>{ids[4], ids[3]}));
  EXPECT_EQ(read("west", {}, kLast, 10), (std::vector<int64_t>{ids[5], ids[3], ids[1]}));
  EXPECT_EQ(read("west", {}, ids[5], 1), std::vector<int64_t>{ids[3]});
  EXPECT_EQ(read("", {JobState::kFailed}, kLast, 10), (std::vector<int64_t>{ids[2], ids[1], ids[0]}));
  EXPECT_EQ(read("east", {JobState::kFailed}, ids[2], 10), std::vector<int64_t>{ids[0]});
  EXPECT_TRUE(read("", {JobState::kRunning}, kLast, 10).empty());
  EXPECT_TRUE(read("nowhere", {}, kLast, 10).empty());
  EXPECT_TRUE(read("", {}, ids[0], 10).empty());
}

TEST_P(StorageConformance, JobsHaveTheirChannelsName) {
  const int64_t shop = MakeChannel(storage(), "shop");
  const int64_t other = MakeChannel(storage(), "other");
  Job job = NewJob(storage(), shop);
  job.channel = "not looked at";
  Add(storage(), job);
  Add(storage(), NewJob(storage(), other));
  EXPECT_EQ(Value(storage().ReadJob(job.job_id)).channel, "shop");
  const QueueSnapshot queue = Value(storage().ReadQueue(shop));
  EXPECT_EQ(queue.channel, "shop");
  EXPECT_EQ(queue.open_jobs.at(0).channel, "shop");
  const std::vector<Job> jobs = Value(storage().ReadJobs({}, kLast, 10));
  EXPECT_EQ(jobs.at(0).channel, "other");
  EXPECT_EQ(jobs.at(1).channel, "shop");
}

TEST_P(StorageConformance, UnknownJobIsNotFound) { EXPECT_EQ(Code(storage().ReadJob(987654321)), kNotFound); }

// ---------------------------------------------------------------------------------------------------------------------
// Schedules
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, SchedulesAreKeptWhole) {
  const int64_t east = MakeChannel(storage(), "east");
  const int64_t west = MakeChannel(storage(), "west");
  const int64_t north = MakeChannel(storage(), "north");
  Schedule daily = HourlySchedule(west, At(10));
  daily.spec.kind = ScheduleKind::kDaily;
  daily.spec.hour = 7;
  daily.spec.minute = 30;
  daily.spec.time_zone = "Europe/Berlin";
  daily.job = ScheduledJob::kSyncFull;
  daily.enabled = false;
  daily.problem = {"code", {{"zone", "Mars"}}, "détail"};
  Schedule cron = HourlySchedule(north, absl::FromUnixMicros(1767225600123456), "weekly");
  cron.spec.kind = ScheduleKind::kCron;
  cron.spec.cron = "0 3 * * 1";
  cron.job = ScheduledJob::kPull;
  Schedule build = HourlySchedule(north, At(7), "nightly");
  build.job = ScheduledJob::kBuild;
  Schedule every = HourlySchedule(east, At(5));
  every.spec.kind = ScheduleKind::kEvery;
  every.spec.every = absl::Hours(2);
  for (const Schedule& schedule : {cron, daily, every, build}) {
    EXPECT_FALSE(Value(storage().WriteSchedule(schedule)));
  }
  const std::vector<Schedule> read = Value(storage().ReadSchedules());
  ASSERT_EQ(read.size(), 4u);
  EXPECT_EQ(ToText(read[0]), ToText(every));
  EXPECT_EQ(ToText(read[1]), ToText(daily));
  EXPECT_EQ(ToText(read[2]), ToText(build));
  EXPECT_EQ(ToText(read[3]), ToText(cron));
  EXPECT_EQ(read[0].channel, "east");
  EXPECT_EQ(read[3].channel, "north");
}

TEST_P(StorageConformance, ScheduleReplacesTheOneOfItsName) {
  const int64_t channel_id = MakeChannel(storage());
  const Schedule kept = HourlySchedule(channel_id, At(30), "kept");
  EXPECT_FALSE(Value(storage().WriteSchedule(kept)));
  EXPECT_FALSE(Value(storage().WriteSchedule(HourlySchedule(channel_id, At(10)))));
  Schedule other = HourlySchedule(channel_id, At(20));
  other.spec.kind = ScheduleKind::kEvery;
  EXPECT_TRUE(Value(storage().WriteSchedule(other)));
  EXPECT_TRUE(Value(storage().WriteSchedule(other)));
  const std::vector<Schedule> read = Value(storage().ReadSchedules());
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(ToText(read[0]), ToText(kept));
  EXPECT_EQ(ToText(read[1]), ToText(other));
  ASSERT_EQ(storage().ClearSchedule(channel_id, "sync"), absl::OkStatus());
  EXPECT_EQ(ToText(Value(storage().ReadSchedules()).at(0)), ToText(kept));
  EXPECT_EQ(storage().ClearSchedule(channel_id, "sync"), absl::OkStatus()) << "repeating it changes nothing";
  EXPECT_EQ(Code(storage().WriteSchedule(HourlySchedule(channel_id, At(10), ""))), kInvalidArgument);
}

TEST_P(StorageConformance, OnlySchedulesThatAreDueAreReadAsSuch) {
  const int64_t shop = MakeChannel(storage());
  const int64_t other = MakeChannel(storage(), "other");
  Schedule disabled = HourlySchedule(shop, At(1), "disabled");
  disabled.enabled = false;
  for (const Schedule& schedule :
       {HourlySchedule(shop, At(20), "b"), HourlySchedule(shop, At(21), "later"), HourlySchedule(shop, At(20), "a"),
        HourlySchedule(other, At(20), "a"), HourlySchedule(other, At(10), "z"), disabled}) {
    ASSERT_EQ(Code(storage().WriteSchedule(schedule)), kOk);
  }
  const auto names = [&](absl::Time now, int64_t limit) {
    std::vector<std::string> text;
    for (const Schedule& schedule : Value(storage().ReadDueSchedules(now, limit))) {
      text.push_back(absl::StrCat(schedule.channel, " ", schedule.name));
    }
    return text;
  };
  EXPECT_EQ(names(At(9), 10), std::vector<std::string>{});
  EXPECT_EQ(names(At(20), 10), (std::vector<std::string>{"other z", "shop a", "shop b", "other a"}));
  EXPECT_EQ(names(At(20), 2), (std::vector<std::string>{"other z", "shop a"}));
  EXPECT_EQ(Code(storage().ReadDueSchedules(At(20), 0)), kInvalidArgument);
}

TEST_P(StorageConformance, ScheduleFiresOnce) {
  const int64_t channel_id = MakeChannel(storage());
  ASSERT_EQ(Code(storage().WriteSchedule(HourlySchedule(channel_id, At(3600)))), kOk);
  ASSERT_EQ(Code(storage().WriteSchedule(HourlySchedule(channel_id, At(3600), "other"))), kOk);
  QueueChange fire = Enqueue(Value(storage().ReadQueue(channel_id)), NewJob(storage(), channel_id));
  fire.fire = ScheduleFire{"sync", At(3600), At(7200), {}};
  ASSERT_EQ(storage().WriteQueue(fire), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadSchedules()).at(0).next_fire, At(3600)) << "another one's fire";
  EXPECT_EQ(Value(storage().ReadSchedules()).at(1).next_fire, At(7200));
  const std::string once = StoreText(storage());
  QueueChange second = Enqueue(Value(storage().ReadQueue(channel_id)), NewJob(storage(), channel_id));
  second.fire = fire.fire;
  EXPECT_EQ(Code(storage().WriteQueue(second)), kAborted);
  EXPECT_EQ(StoreText(storage()), once) << "neither the fire nor the job";
  ASSERT_EQ(storage().ClearSchedule(channel_id, "sync"), absl::OkStatus());
  second.fire = ScheduleFire{"sync", At(7200), At(10800), {}};
  EXPECT_EQ(Code(storage().WriteQueue(second)), kAborted) << "the schedule was cleared meanwhile";
  EXPECT_EQ(Value(storage().ReadQueue(channel_id)).open_jobs.size(), 1u);
}

TEST_P(StorageConformance, FireWithoutANextOneDisablesTheSchedule) {
  const int64_t channel_id = MakeChannel(storage());
  Schedule schedule = HourlySchedule(channel_id, At(3600));
  ASSERT_EQ(Code(storage().WriteSchedule(schedule)), kOk);
  QueueChange fire = Enqueue(Value(storage().ReadQueue(channel_id)), NewJob(storage(), channel_id));
  fire.fire = ScheduleFire{"sync", At(3600), {}, {"code", {{"zone", "Mars"}}, "its zone is gone"}};
  ASSERT_EQ(storage().WriteQueue(fire), absl::OkStatus());
  schedule.enabled = false;
  schedule.problem = fire.fire->problem;
  EXPECT_EQ(ToText(Value(storage().ReadSchedules()).at(0)), ToText(schedule));
  QueueChange second = Enqueue(Value(storage().ReadQueue(channel_id)), NewJob(storage(), channel_id));
  second.fire = ScheduleFire{"sync", At(3600), At(7200), {}};
  EXPECT_EQ(Code(storage().WriteQueue(second)), kAborted) << "it was disabled meanwhile";
}

// ---------------------------------------------------------------------------------------------------------------------
// Several threads
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, ReservedIdsAreUniqueOverThreads) {
  absl::Mutex mutex;
  std::set<int64_t> ids;
  InThreads(4, [&](int) {
    for (int i = 0; i < 25; ++i) {
      const int64_t first = Value(storage().ReserveIds(3));
      absl::MutexLock lock(&mutex);
      for (int64_t id = first; id < first + 3; ++id) EXPECT_TRUE(ids.insert(id).second) << id;
    }
  });
  EXPECT_EQ(ids.size(), 300u);
}

TEST_P(StorageConformance, NoJobIsLostWhenThreadsEnqueueAtOnce) {
  const int64_t channel_id = MakeChannel(storage());
  InThreads(4, [&](int) {
    for (int i = 0; i < 10; ++i) {
      const Job job = NewJob(storage(), channel_id);
      absl::Status status = absl::AbortedError("not tried");
      while (absl::IsAborted(status))
        status = storage().WriteQueue(Enqueue(Value(storage().ReadQueue(channel_id)), job));
      EXPECT_EQ(status, absl::OkStatus());
    }
  });
  const QueueSnapshot queue = Value(storage().ReadQueue(channel_id));
  EXPECT_EQ(queue.open_jobs.size(), 40u);
  EXPECT_EQ(queue.slot.revision, 40);
}

TEST_P(StorageConformance, OneOfManyThreadsClaimsASlot) {
  for (int round = 0; round < 5; ++round) {
    const int64_t channel_id = MakeChannel(storage(), absl::StrCat("shop", round));
    const Job job = NewJob(storage(), channel_id);
    Add(storage(), job);
    const QueueSnapshot free = Value(storage().ReadQueue(channel_id));
    absl::Mutex mutex;
    std::vector<OwnerId> winners;
    InThreads(4, [&](int) {
      const OwnerId owner = Value(storage().OpenOwner());
      const absl::Status status = storage().WriteQueue(Claim(free, job.job_id, owner));
      absl::MutexLock lock(&mutex);
      if (status.ok()) {
        winners.push_back(owner);
      } else {
        EXPECT_EQ(status.code(), kAborted) << status;
      }
    });
    ASSERT_EQ(winners.size(), 1u);
    EXPECT_EQ(Value(storage().ReadQueue(channel_id)).slot.owner, winners[0]);
    EXPECT_EQ(Value(storage().ReadJob(job.job_id)).attempts, 1);
  }
}

TEST_P(StorageConformance, ReadersSeeWholeTransactions) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  // Writers state price and quantity together; whoever reads them must never see one without the other.
  InThreads(3, [&](int thread) {
    for (int64_t i = 0; i < 20; ++i) {
      if (thread == 0) {
        shop.WriteProducts({{"K1", "S1", 1000 + i, 1000 + i}}, At(10 + i));
      } else {
        const SyncRow row = shop.LinkRow("S1");
        EXPECT_TRUE(row.product_price == row.product_quantity || row.product_price == 100) << row.product_price;
      }
    }
  });
  EXPECT_EQ(shop.LinkRow("S1").product_price, 1019);
}

// ---------------------------------------------------------------------------------------------------------------------
// Durability
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, EverythingOutlivesReopening) {
  Shop shop(under_test());
  shop.StockAndLink(4);
  ASSERT_EQ(shop.Edit("S2", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S3", Only(ListingEdit::Kind::kPause)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Priority(3)), absl::OkStatus());
  shop.Pull({{"X1", 1, 2, ChannelStatus::kHidden, "P", {{"sku", "s"}}}, {"X2"}, {"X3"}});  // Breaks S4.
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}))), kNothingLeftOut);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1"}}, "page 2")}, At(20)));
  ASSERT_EQ(Code(storage().WriteSchedule(HourlySchedule(shop.channel_id(), At(60)))), kOk);
  Add(storage(), FullJob(storage(), shop.channel_id()));
  Value(storage().WriteProgress(shop.fence(), SomeReport(0, 2)));
  const int64_t reserved = Value(storage().ReserveIds(10));
  const OwnerId owner = Value(storage().OpenOwner());
  const std::vector<std::string> dirty = shop.DirtySkus();
  const std::string before = StoreText(storage());

  if (!under_test().Reopen()) GTEST_SKIP() << "this store does not outlive its object";
  EXPECT_EQ(StoreText(storage()), before);
  EXPECT_EQ(shop.DirtySkus(), dirty);
  EXPECT_GE(Value(storage().ReserveIds(1)), reserved + 10);
  EXPECT_GT(Value(storage().OpenOwner()), owner);
}

TEST_P(StorageConformance, InterruptedWorkGoesOnAfterReopening) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1", 100, 10}}, "page 2")}, At(20)));
  if (!under_test().Reopen()) GTEST_SKIP() << "this store does not outlive its object";
  under_test().KillOwner(shop.owner());
  EXPECT_EQ(Value(storage().ReadClaimable(At(0), 10)), std::vector<int64_t>{shop.channel_id()});
  const OwnerId successor = Value(storage().OpenOwner());
  ASSERT_EQ(storage().WriteQueue(Claim(shop.Queue(), shop.fence().job_id, successor)), absl::OkStatus());
  const Fence fence = FenceOf(shop.Queue().slot);
  ASSERT_EQ(shop.channel().pull.cursor, "page 2");
  Value(storage().WritePulledPages(fence, pull, {ToPage({{"X2", 100, 10}})}, At(21)));
  EXPECT_EQ(Value(storage().SweepAbsent(fence, pull, 10, At(22))).gone, 0) << "pages from before the end of it count";
  EXPECT_EQ(storage().EndPull(fence, pull, true, "", At(23)), absl::OkStatus());
}

}  // namespace flxlink
