// What becomes of the other channels, and of the job itself, when something fails outside of a job.

#include "src/engine/worker.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "flxlink/engine.h"
#include "flxlink/forwarding_storage.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/edit_channel.h"
#include "tests/support/manual_clock.h"

namespace flxlink::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Status kAway = absl::UnavailableError("the storage is away");

// A storage whose queue operations fail where a test says so. Thread-safe once it is set up.
class FailingStorage : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  // How a call ends before it is made; OK: it is made.
  std::function<absl::Status(const QueueChange&)> before_write_queue;
  // How a write of a queue ends once it was made.
  std::function<absl::Status(const QueueChange&)> after_write_queue;
  std::function<absl::Status(int64_t channel_id)> before_read_queue;
  std::function<absl::Status(int64_t channel_id)> before_read_channel;
  std::function<void()> after_progress;
  std::function<absl::Status()> before_prune;

  absl::Status WriteQueue(const QueueChange& change) override {
    absl::Status status = before_write_queue ? before_write_queue(change) : absl::OkStatus();
    if (status.ok()) status = ForwardingStorage::WriteQueue(change);
    return status.ok() && after_write_queue ? after_write_queue(change) : status;
  }
  absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) override {
    const absl::Status status = before_read_queue ? before_read_queue(channel_id) : absl::OkStatus();
    return status.ok() ? ForwardingStorage::ReadQueue(channel_id) : status;
  }
  absl::StatusOr<int64_t> PruneJobs(int64_t channel_id, absl::Time now, int64_t limit) override {
    const absl::Status status = before_prune ? before_prune() : absl::OkStatus();
    if (!status.ok()) return status;
    return ForwardingStorage::PruneJobs(channel_id, now, limit);
  }
  absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobReport& report) override {
    const absl::StatusOr<ProgressReply> reply = ForwardingStorage::WriteProgress(fence, report);
    if (after_progress) after_progress();
    return reply;
  }
  using ForwardingStorage::ReadChannel;
  absl::StatusOr<Channel> ReadChannel(int64_t channel_id) override {
    const absl::Status status = before_read_channel ? before_read_channel(channel_id) : absl::OkStatus();
    return status.ok() ? ForwardingStorage::ReadChannel(channel_id) : status;
  }
};

bool Ends(const QueueChange& change) {
  for (const Job& job : change.update) {
    if (IsFinal(job.state)) return true;
  }
  return false;
}

bool Claims(const QueueChange& change) {
  for (const Job& job : change.update) {
    if (job.state == JobState::kRunning) return true;
  }
  return false;
}

class WorkerTest : public ::testing::Test {
 protected:
  // The hooks look at what is gone once the test is over, and the engine writes what it still has when it ends.
  void TearDown() override {
    storage_.before_write_queue = nullptr;
    storage_.after_write_queue = nullptr;
    storage_.before_read_queue = nullptr;
    storage_.before_read_channel = nullptr;
    storage_.after_progress = nullptr;
    storage_.before_prune = nullptr;
  }

  WorkerTest() : inner_(NewMemoryStorage(clock_)), storage_(*inner_) {
    SimulatedOptions simulated;
    platform_ = std::make_shared<SimulatedPlatform>(clock_, simulated);
    RegisterSimulatedChannel(adapters_, platform_);
    engine_ = NewEngine();
  }

  std::unique_ptr<Engine> NewEngine() {
    EngineOptions options;
    options.storage = &storage_;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.page_rows = 2;
    absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options);
    EXPECT_TRUE(engine.ok()) << engine.status();
    EventFilter troubles;
    troubles.kinds = {EventKind::kTrouble};
    troubles_ = (*engine)->Subscribe(troubles);
    return *std::move(engine);
  }

  int64_t AddChannel(const std::string& name) {
    ChannelConfig config;
    config.name = name;
    config.adapter = "simulated";
    config.link_after_sync = false;
    const absl::StatusOr<Channel> channel = engine_->AddChannel(config);
    EXPECT_TRUE(channel.ok()) << channel.status();
    return channel->channel_id;
  }

  int64_t Enqueue(const std::string& channel, JobKind kind = JobKind::kPull) {
    JobRequest request;
    request.kind = kind;
    const absl::StatusOr<Job> job = engine_->Enqueue(channel, request);
    EXPECT_TRUE(job.ok()) << job.status();
    return job->job_id;
  }

  void SetSchedule(const std::string& channel, const std::string& name, const std::string& time_zone = "UTC") {
    ScheduleSpec spec;
    ASSERT_TRUE(engine_->SetSchedule(channel, spec, ScheduledJob::kPull, name).ok());
    if (time_zone == "UTC") return;
    const std::vector<Schedule> schedules = *inner_->ReadSchedules();
    for (Schedule schedule : schedules) {
      if (schedule.channel != channel || schedule.name != name) continue;
      schedule.spec.time_zone = time_zone;
      ASSERT_TRUE(inner_->WriteSchedule(schedule).ok());
    }
  }

  Job Read(int64_t job_id) { return *inner_->ReadJob(job_id); }

  // Where there was trouble since this was last asked.
  std::set<std::string> Troubled() {
    std::set<std::string> where;
    for (;;) {
      const absl::StatusOr<Event> event = troubles_->Next({absl::InfinitePast(), nullptr});
      if (!event.ok()) return where;
      where.insert(event->where);
    }
  }

  ManualClock clock_;
  const std::unique_ptr<Storage> inner_;
  FailingStorage storage_;
  std::shared_ptr<SimulatedPlatform> platform_;
  AdapterRegistry adapters_;
  std::unique_ptr<EventStream> troubles_;
  std::unique_ptr<Engine> engine_;
};

// -- What finished jobs leave

TEST_F(WorkerTest, AJobThatEndsRemovesWhatTheChannelDoesNotKeep) {
  AddChannel("shop");
  ASSERT_TRUE(EditChannel(*engine_, "shop", [](ChannelConfig& config) { config.keep_jobs = 2; }).ok());
  std::vector<int64_t> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(Enqueue("shop"));
    EXPECT_EQ(*engine_->RunPending(10), 1);
    EXPECT_EQ(Read(ids.back()).state, JobState::kCompleted);
    clock_.Advance(absl::Hours(2));
  }
  EXPECT_EQ(inner_->ReadJob(ids[0]).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(inner_->ReadJob(ids[1]).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Read(ids[2]).state, JobState::kCompleted);
  EXPECT_THAT(Troubled(), IsEmpty());
}

TEST_F(WorkerTest, AJobDoesNotFailWithTheRemovalOfOthers) {
  AddChannel("shop");
  ASSERT_TRUE(EditChannel(*engine_, "shop", [](ChannelConfig& config) { config.keep_jobs = 1; }).ok());
  const int64_t first = Enqueue("shop");
  EXPECT_EQ(*engine_->RunPending(10), 1);
  clock_.Advance(absl::Hours(2));
  storage_.before_prune = [] { return kAway; };
  const int64_t second = Enqueue("shop");
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(second).state, JobState::kCompleted);
  EXPECT_EQ(Read(first).state, JobState::kCompleted);
  EXPECT_THAT(Troubled(), ElementsAre("channel shop"));
  storage_.before_prune = nullptr;
  Enqueue("shop");
  EXPECT_EQ(*engine_->RunPending(10), 1) << "it is not put off";
  EXPECT_EQ(inner_->ReadJob(first).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Troubled(), IsEmpty());
}

// -- The end of a job

TEST_F(WorkerTest, AnEndThatCouldNotBeWrittenIsWrittenLaterAndTheJobRunsOnce) {
  AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  int refused = 0;
  storage_.before_write_queue = [&](const QueueChange& change) {
    return Ends(change) && ++refused == 1 ? kAway : absl::OkStatus();
  };
  EXPECT_EQ(*engine_->RunPending(10), 0);
  EXPECT_EQ(Read(job_id).state, JobState::kRunning);
  EXPECT_THAT(Troubled(), ElementsAre("channel shop"));
  EXPECT_EQ(*engine_->RunPending(10), 0) << "before it is time to try again";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(job_id).state, JobState::kCompleted);
  EXPECT_EQ(Read(job_id).attempts, 1);
  EXPECT_EQ(platform_->Counters().pulls, 1) << "it ran once";
  const int64_t next = Enqueue("shop");
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(next).state, JobState::kCompleted);
}

TEST_F(WorkerTest, OtherChannelsAreServedWhileAnEndCannotBeWritten) {
  const int64_t away = AddChannel("away");
  AddChannel("shop");
  Enqueue("away");
  const int64_t job_id = Enqueue("shop");
  storage_.before_write_queue = [&](const QueueChange& change) {
    return change.slot.channel_id == away && Ends(change) ? kAway : absl::OkStatus();
  };
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(job_id).state, JobState::kCompleted);
}

TEST_F(WorkerTest, RunUntilFinalWaitsUntilTheEndIsWritten) {
  AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  int refused = 0;
  storage_.before_write_queue = [&](const QueueChange& change) {
    return Ends(change) && ++refused <= 3 ? kAway : absl::OkStatus();
  };
  const absl::StatusOr<Job> job = engine_->RunUntilFinal(job_id);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state, JobState::kCompleted);
  EXPECT_EQ(platform_->Counters().pulls, 1);
}

TEST_F(WorkerTest, ACallThatEndsLeavesItsJobInTheQueue) {
  AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  Cancellation cancellation;
  cancellation.Cancel();
  const Call cancelled{absl::InfiniteFuture(), &cancellation};
  EXPECT_TRUE(absl::IsCancelled(engine_->RunUntilFinal(job_id, cancelled).status()));
  EXPECT_TRUE(absl::IsCancelled(engine_->RunPending(1, cancelled).status()));
  const Call late{clock_.Now(), nullptr};
  EXPECT_TRUE(absl::IsDeadlineExceeded(engine_->RunUntilFinal(job_id, late).status()));
  EXPECT_EQ(Read(job_id).state, JobState::kPending);
  EXPECT_EQ(engine_->RunUntilFinal(job_id)->state, JobState::kCompleted);
}

TEST_F(WorkerTest, ACallEndsItsWaitForAnothersJob) {
  AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  const OwnerId other = *storage_.OpenOwner();
  JobQueue queue(storage_, [] { return uint64_t{7}; });
  ASSERT_TRUE(queue.ClaimSlot(Read(job_id).channel_id, other)->has_value());
  const Call call{clock_.Now() + absl::Minutes(5), nullptr};
  EXPECT_TRUE(absl::IsDeadlineExceeded(engine_->RunUntilFinal(job_id, call).status()));
  EXPECT_EQ(clock_.Now(), call.deadline);
  EXPECT_EQ(Read(job_id).state, JobState::kRunning);
}

TEST_F(WorkerTest, RunUntilFinalGivesUpAfterItsTriesAndTheEndIsKept) {
  AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  storage_.before_write_queue = [&](const QueueChange& change) { return Ends(change) ? kAway : absl::OkStatus(); };
  EXPECT_EQ(engine_->RunUntilFinal(job_id).status(), kAway);
  storage_.before_write_queue = nullptr;
  engine_.reset();  // Which tries once more.
  EXPECT_EQ(Read(job_id).state, JobState::kCompleted);
  EXPECT_EQ(platform_->Counters().pulls, 1);
}

TEST_F(WorkerTest, ADeadProcessesJobIsTakenOverThoughItHadComeToAnEnd) {
  AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  storage_.before_write_queue = [&](const QueueChange& change) { return Ends(change) ? kAway : absl::OkStatus(); };
  EXPECT_EQ(*engine_->RunPending(10), 0);
  engine_.reset();
  EXPECT_EQ(Read(job_id).state, JobState::kRunning);
  storage_.before_write_queue = nullptr;
  engine_ = NewEngine();
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(job_id).state, JobState::kCompleted);
  EXPECT_EQ(Read(job_id).attempts, 2);
}

// -- Between the claim and the job

TEST_F(WorkerTest, AChannelThatCannotBeReadAfterTheClaimIsTriedAgain) {
  const int64_t shop = AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  int refused = 0;
  storage_.before_read_channel = [&](int64_t id) { return id == shop && ++refused == 1 ? kAway : absl::OkStatus(); };
  EXPECT_EQ(*engine_->RunPending(10), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(job_id).state, JobState::kCompleted);
  EXPECT_EQ(Read(job_id).attempts, 1);
}

TEST_F(WorkerTest, AChannelThatCannotBeReadForGoodFailsItsJobAndFreesTheSlot) {
  const int64_t shop = AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  storage_.before_read_channel = [&](int64_t id) {
    return id == shop ? absl::DataLossError("its row is damaged") : absl::OkStatus();
  };
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(job_id).state, JobState::kFailed);
  EXPECT_EQ(Read(job_id).error.value_or(Problem()).message, "its row is damaged");
  EXPECT_EQ(inner_->ReadQueue(shop)->slot.holder_job, 0);
}

TEST_F(WorkerTest, AClaimWhoseAnswerIsLostForGoodIsFoundAgain) {
  const int64_t shop = AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  bool lost = false;
  storage_.after_write_queue = [&](const QueueChange& change) {
    lost = lost || Claims(change);
    return lost && Claims(change) ? absl::UnknownError("the answer got lost") : absl::OkStatus();
  };
  storage_.before_read_queue = [&](int64_t id) { return lost && id == shop ? kAway : absl::OkStatus(); };
  EXPECT_EQ(*engine_->RunPending(10), 0);
  ASSERT_TRUE(lost);
  ASSERT_EQ(Read(job_id).state, JobState::kRunning) << "the claim was made";
  storage_.after_write_queue = nullptr;
  storage_.before_read_queue = nullptr;
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(job_id).state, JobState::kCompleted);
}

// -- Trouble stays where it is

TEST_F(WorkerTest, ChannelsWhoseReadsFailDoNotKeepOthersFromBeingServed) {
  std::vector<int64_t> bad;
  for (int i = 0; i < 40; ++i) {
    bad.push_back(AddChannel(absl::StrCat("bad", i)));
    Enqueue(absl::StrCat("bad", i));
  }
  AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  storage_.before_read_queue = [&](int64_t id) {
    return std::find(bad.begin(), bad.end(), id) != bad.end() ? absl::DataLossError("damaged") : absl::OkStatus();
  };
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(job_id).state, JobState::kCompleted);
  EXPECT_THAT(Troubled(), Contains("channel bad7"));
}

TEST_F(WorkerTest, AScheduleThatCannotBeComputedFiresOnceMoreAndIsDisabled) {
  AddChannel("lost");
  AddChannel("shop");
  SetSchedule("lost", "hourly", "Mars/Olympus");
  SetSchedule("shop", "hourly");
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*engine_->FireSchedules(), 2);
  const std::vector<Schedule> schedules = *engine_->ListSchedules();
  EXPECT_FALSE(schedules[0].enabled);
  EXPECT_EQ(schedules[0].problem.code, problem_code::kScheduleCannotFire);
  EXPECT_THAT(schedules[0].problem.message, HasSubstr("Mars/Olympus"));
  EXPECT_TRUE(schedules[1].enabled);
  EXPECT_TRUE(schedules[1].problem.empty());
  EXPECT_THAT(Troubled(), ElementsAre("schedule hourly of channel lost"));

  EXPECT_EQ(engine_->EnableSchedule("lost", "", true).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(engine_->EnableSchedule("lost", "", false).ok());
  const absl::StatusOr<ScheduleSetting> set = engine_->SetSchedule("lost", {}, ScheduledJob::kPull, "hourly");
  ASSERT_TRUE(set.ok());
  EXPECT_TRUE(set->replaced);
  EXPECT_TRUE(engine_->ListSchedules()->at(0).problem.empty());
}

TEST_F(WorkerTest, AScheduleWhoseChannelCannotBeReadDoesNotKeepOthersFromFiring) {
  const int64_t bad = AddChannel("bad");
  AddChannel("shop");
  SetSchedule("bad", "hourly");
  SetSchedule("shop", "hourly");
  clock_.Advance(absl::Hours(1));
  storage_.before_read_queue = [&](int64_t id) { return id == bad ? kAway : absl::OkStatus(); };
  EXPECT_EQ(*engine_->FireSchedules(), 1);
  EXPECT_THAT(Troubled(), ElementsAre("schedule hourly of channel bad"));
  storage_.before_read_queue = nullptr;
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*engine_->FireSchedules(), 1);
}

TEST_F(WorkerTest, WorkersReportTroubleWhenTheyMeetItAndServeOthers) {
  const int64_t bad = AddChannel("bad");
  AddChannel("shop");
  SetSchedule("bad", "hourly", "Mars/Olympus");
  clock_.Advance(absl::Hours(1));
  Enqueue("bad");
  storage_.before_read_queue = [&](int64_t id) { return id == bad ? kAway : absl::OkStatus(); };
  const int64_t job_id = Enqueue("shop");
  ASSERT_TRUE(engine_->Start(1).ok());
  std::set<std::string> where;
  while (where.size() < 2) where.insert(troubles_->Next()->where);
  EXPECT_EQ(engine_->RunUntilFinal(job_id)->state, JobState::kCompleted);
  engine_->Stop();
  EXPECT_THAT(where, ElementsAre("channel bad", "schedule hourly of channel bad"));
}

// -- Schedules by name

TEST_F(WorkerTest, AChannelHasSeveralSchedulesByName) {
  AddChannel("shop");
  ScheduleSpec spec;
  EXPECT_EQ(engine_->EnableSchedule("shop", "", false).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(engine_->SetSchedule("shop", spec, ScheduledJob::kBuild, "")->schedule.name, "build");
  EXPECT_EQ(engine_->ClearSchedule("shop", "pull").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(engine_->SetSchedule("shop", spec, ScheduledJob::kPull, "")->replaced, false);
  EXPECT_EQ(engine_->SetSchedule("shop", spec, ScheduledJob::kPull, "")->replaced, true);
  EXPECT_EQ(engine_->SetSchedule("shop", spec, ScheduledJob::kPull, "a b").status().code(),
            absl::StatusCode::kInvalidArgument);
  const absl::Status which = engine_->ClearSchedule("shop", "").status();
  EXPECT_EQ(which.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(which.message()), HasSubstr("build, pull"));
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*engine_->FireSchedules(), 2);
  std::vector<std::string> kinds;
  const std::vector<Job> jobs = engine_->ListJobs({}, {})->rows;
  for (const Job& job : jobs) kinds.emplace_back(ToString(job.kind));
  EXPECT_THAT(kinds, ElementsAre("pull", "build"));
  EXPECT_EQ(engine_->ClearSchedule("shop", "build")->name, "build");
  EXPECT_EQ(engine_->ClearSchedule("shop", "")->name, "pull");
  EXPECT_THAT(*engine_->ListSchedules(), IsEmpty());
}

// -- Pausing

TEST_F(WorkerTest, NothingBeginsOnAPausedChannelAndWhatRunsGivesWay) {
  AddChannel("shop");
  int64_t next = 0;
  storage_.after_progress = [&] {
    if (next != 0) return;
    ASSERT_TRUE(engine_->PauseChannel("shop").ok());
    next = Enqueue("shop");
  };
  const int64_t job_id = Enqueue("shop");
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(job_id).state, JobState::kPending);
  EXPECT_EQ(Read(job_id).attempts, 0) << "it was not begun in vain";
  EXPECT_EQ(Read(next).state, JobState::kPending);
  const absl::Status waits = engine_->RunUntilFinal(next).status();
  EXPECT_EQ(waits.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(waits.message()), HasSubstr("channel shop is paused"));
  EXPECT_TRUE(engine_->PauseChannel("shop").ok()) << "repeating it changes nothing";
  EXPECT_TRUE(engine_->ResumeChannel("shop").ok());
  EXPECT_EQ(*engine_->RunPending(10), 2);
  EXPECT_EQ(Read(job_id).state, JobState::kCompleted);
  EXPECT_EQ(Read(next).state, JobState::kCompleted);
  EXPECT_EQ(engine_->PauseChannel("nope").code(), absl::StatusCode::kNotFound);
}

// -- Jobs that wait for a time

TEST_F(WorkerTest, AJobRunsOnceItsTimeHasComeAndIsInNobodysWay) {
  AddChannel("shop");
  JobRequest retry;
  retry.kind = JobKind::kPull;
  retry.trigger = JobTrigger::kRetry;
  retry.priority = 100;
  retry.not_before = clock_.Now() + absl::Seconds(60);
  const absl::StatusOr<Job> waits = engine_->Enqueue("shop", retry);
  ASSERT_TRUE(waits.ok()) << waits.status();
  EXPECT_EQ(waits->not_before, retry.not_before);
  const int64_t due = Enqueue("shop", JobKind::kBuild);
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(due).state, JobState::kCompleted);
  clock_.Advance(absl::Seconds(59));
  EXPECT_EQ(*engine_->RunPending(10), 0);
  EXPECT_EQ(Read(waits->job_id).state, JobState::kPending);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*engine_->RunPending(10), 1);
  EXPECT_EQ(Read(waits->job_id).state, JobState::kCompleted);
}

TEST_F(WorkerTest, AFireOfAScheduleMakesAWaitingRetryDue) {
  AddChannel("shop");
  SetSchedule("shop", "pull");
  JobRequest retry;
  retry.kind = JobKind::kPull;
  retry.trigger = JobTrigger::kRetry;
  retry.not_before = clock_.Now() + absl::Hours(24);
  const absl::StatusOr<Job> waits = engine_->Enqueue("shop", retry);
  ASSERT_TRUE(waits.ok()) << waits.status();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*engine_->FireSchedules(), 1);
  EXPECT_EQ(Read(waits->job_id).trigger, JobTrigger::kSchedule);
  EXPECT_EQ(Read(waits->job_id).not_before, absl::nullopt);
  EXPECT_EQ(*engine_->RunPending(10), 1);
}

TEST_F(WorkerTest, RunUntilFinalDoesNotWaitForAJobThatIsNotDue) {
  AddChannel("shop");
  JobRequest later;
  later.kind = JobKind::kPull;
  later.not_before = clock_.Now() + absl::Seconds(60);
  const int64_t job_id = engine_->Enqueue("shop", later)->job_id;
  const int64_t other = Enqueue("shop", JobKind::kBuild);
  const absl::Time asked_at = clock_.Now();
  const absl::StatusOr<Job> waits = engine_->RunUntilFinal(job_id);
  ASSERT_TRUE(waits.ok()) << waits.status();
  EXPECT_EQ(waits->state, JobState::kPending);
  EXPECT_EQ(waits->not_before, later.not_before);
  EXPECT_EQ(clock_.Now(), asked_at);
  EXPECT_EQ(Read(other).state, JobState::kPending);
  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(engine_->RunUntilFinal(job_id)->state, JobState::kCompleted);
}

TEST_F(WorkerTest, WorkersServeAJobOnceItIsDue) {
  AddChannel("shop");
  JobRequest later;
  later.kind = JobKind::kPull;
  later.not_before = clock_.Now() + absl::Seconds(60);
  EventFilter states;
  states.kinds = {EventKind::kJobState};
  const std::unique_ptr<EventStream> stream = engine_->Subscribe(states);
  const int64_t job_id = engine_->Enqueue("shop", later)->job_id;
  ASSERT_TRUE(engine_->Start(2).ok());
  while (stream->Next()->job.state != JobState::kCompleted) continue;
  engine_->Stop();
  EXPECT_GE(Read(job_id).started_at, later.not_before);
}

TEST_F(WorkerTest, AJobThatWouldNeverBeDueIsRefused) {
  AddChannel("shop");
  JobRequest never;
  never.not_before = absl::InfiniteFuture();
  EXPECT_EQ(engine_->Enqueue("shop", never).status().code(), absl::StatusCode::kInvalidArgument);
}

// -- Notices

TEST_F(WorkerTest, ANoticeAsksForAFetchOrJoinsOne) {
  AddChannel("shop");
  const absl::StatusOr<Job> job = engine_->NoteItems("shop", {"7", "8"});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->kind, JobKind::kFetch);
  EXPECT_EQ(job->trigger, JobTrigger::kNotice);
  EXPECT_EQ(engine_->NoteItems("shop", {"9", "7"})->job_id, job->job_id);
  EXPECT_THAT(Read(job->job_id).options.items, ElementsAre("7", "8", "9"));
  EXPECT_EQ(Read(job->job_id).trigger, JobTrigger::kNotice);
  for (const std::vector<std::string>& odd :
       {std::vector<std::string>{}, {""}, {"7", std::string(1001, 'x')}, {std::string("a\0b", 3)}, {"\xff"}}) {
    EXPECT_EQ(engine_->NoteItems("shop", odd).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(engine_->NoteItems("nope", {"7"}).status().code(), absl::StatusCode::kNotFound);
}

// -- Lent threads

TEST_F(WorkerTest, DestroyingAnEngineMakesTheJobOfALentThreadYield) {
  AddChannel("shop");
  AddChannel("next");
  const int64_t job_id = Enqueue("shop");
  const int64_t next = Enqueue("next");
  absl::Notification runs;
  absl::Notification go_on;
  storage_.after_progress = [&] {
    if (runs.HasBeenNotified()) return;
    runs.Notify();
    go_on.WaitForNotification();
  };
  Engine* const engine = engine_.get();
  absl::Status left;
  std::thread lent([&] { left = engine->RunPending(10).status(); });
  runs.WaitForNotification();
  std::thread destroyer([&] { engine_.reset(); });
  // Until the destructor has begun; it cannot end before the job does.
  while (engine->RunPending(0).ok()) std::this_thread::yield();
  go_on.Notify();
  lent.join();
  destroyer.join();
  EXPECT_EQ(Read(job_id).state, JobState::kPending);
  EXPECT_EQ(Read(job_id).attempts, 0);
  EXPECT_EQ(left.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Read(next).attempts, 0) << "it left after the job that it ran";
}

TEST_F(WorkerTest, DestroyingAnEngineSendsAFollowerAway) {
  AddChannel("shop");
  const int64_t job_id = Enqueue("shop");
  // Another process serves the channel, so the lent thread follows until it is sent away.
  const OwnerId other = *inner_->OpenOwner();
  JobQueue queue(*inner_, [] { return uint64_t{7}; });
  ASSERT_TRUE(queue.ClaimSlot(Read(job_id).channel_id, other).ok());
  absl::Notification follows;
  storage_.before_read_queue = [&](int64_t) {
    if (!follows.HasBeenNotified()) follows.Notify();
    return absl::OkStatus();
  };
  Engine* const engine = engine_.get();
  absl::Status left;
  std::thread lent([&] { left = engine->RunUntilFinal(job_id).status(); });
  follows.WaitForNotification();
  engine_.reset();
  lent.join();
  EXPECT_EQ(left.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Read(job_id).state, JobState::kRunning) << "it is the other one's";
}

}  // namespace
}  // namespace flxlink::engine
