// Workers that wait for work, in simulated time: what waiting costs, and how soon it ends.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/forwarding_storage.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gtest/gtest.h"
#include "tests/simulation/process.h"
#include "tests/simulation/scheduler.h"

namespace flxlink::simulation {
namespace {

// Counts what is asked of it; its bell is its process's own.
class OneProcess : public ForwardingStorage {
 public:
  OneProcess(Storage& inner, Scheduler& scheduler) : ForwardingStorage(inner), scheduler_(scheduler) {}

  Bell& work_bell() override { return bell_; }

  std::map<std::string, int64_t> operations;

 protected:
  absl::Status Before(absl::string_view operation) override {
    if (operation != "Now") ++operations[std::string(operation)];
    scheduler_.Point(operation);
    return absl::OkStatus();
  }

 private:
  Scheduler& scheduler_;
  Bell bell_;
};

// Channels with a schedule each that is not due for two hours; an engine that works, and one of another process.
class Shops {
 public:
  explicit Shops(uint64_t seed, int channels = 1) : scheduler_(seed) {
    RegisterSimulatedChannel(adapters_, platform_);
    office_engine_ = NewEngine(office);
    for (int i = 0; i < channels; ++i) {
      ChannelConfig config;
      config.name = absl::StrCat("shop", i);
      config.adapter = "simulated";
      EXPECT_TRUE(office_engine_->AddChannel(config).ok());
      ScheduleSpec spec;
      spec.kind = ScheduleKind::kEvery;
      spec.every = absl::Hours(2);
      EXPECT_TRUE(office_engine_->SetSchedule(config.name, spec, ScheduledJob::kSync, "").ok());
    }
    engine_ = NewEngine(storage);
    storage.operations.clear();
  }

  // Workers serve until `act`, which a person does meanwhile, has returned.
  void Serve(const std::function<void()>& act, int workers = 2) {
    Cancellation stop;
    const auto work = [&] {
      EXPECT_EQ(engine_->Serve({absl::InfiniteFuture(), &stop}).code(), absl::StatusCode::kCancelled);
    };
    std::vector<Actor> actors(static_cast<size_t>(workers), Actor{"worker", work});
    actors.push_back({"person", [&] {
                        act();
                        stop.Cancel();
                      }});
    scheduler_.Run(std::move(actors));
  }

  static JobRequest Sync() {
    JobRequest request;
    request.kind = JobKind::kSync;
    return request;
  }
  void Sleep(absl::Duration duration) { scheduler_.Sleep(duration); }
  // Lets others come some way, in no time.
  void Dawdle() {
    for (uint64_t paces = scheduler_.Choose(100); paces > 0; --paces) scheduler_.Point("dawdles");
  }
  absl::Time now() const { return scheduler_.now(); }
  void TakePlatformAway() {
    SimulatedFaults faults;
    faults.unavailable = 1;
    platform_->SetFaults(faults);
  }

  Engine& engine() { return *engine_; }
  Engine& office_engine() { return *office_engine_; }

 private:
  std::unique_ptr<Engine> NewEngine(Storage& storage_of_process) {
    EngineOptions options;
    options.storage = &storage_of_process;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.poll_interval = absl::Seconds(1);
    return *Engine::Create(options);
  }

  Scheduler scheduler_;
  SimClock clock_{scheduler_};
  const std::unique_ptr<Storage> memory_ = NewMemoryStorage(clock_);
  const std::shared_ptr<SimulatedPlatform> platform_ = std::make_shared<SimulatedPlatform>(clock_, SimulatedOptions());
  AdapterRegistry adapters_;

 public:
  OneProcess storage{*memory_, scheduler_};
  OneProcess office{*memory_, scheduler_};

 private:
  std::unique_ptr<Engine> office_engine_;
  std::unique_ptr<Engine> engine_;
};

std::map<std::string, int64_t> OperationsOfAnIdleHour(int channels) {
  Shops shops(1, channels);
  shops.Serve([&] { shops.Sleep(absl::Hours(1)); });
  return shops.storage.operations;
}

TEST(IdleTest, AnHourCostsTheSameWhateverTheNumberOfChannels) {
  const std::map<std::string, int64_t> one = OperationsOfAnIdleHour(1);
  EXPECT_EQ(one, OperationsOfAnIdleHour(2000));
  const std::map<std::string, int64_t> of_two_workers = {
      {"ReadClaimable", 2}, {"ReadDueSchedules", 2}, {"ReadNextDue", 2}, {"ReadWorkNumber", one.at("ReadWorkNumber")}};
  EXPECT_EQ(one, of_two_workers) << "each looks once, and then asks whether anything has changed";
  EXPECT_LE(one.at("ReadWorkNumber"), 2 * 3602);
}

// Whatever the seed lets happen between the last look and the sleep.
TEST(IdleTest, WhatIsAskedForInTheProcessBeginsAtOnce) {
  constexpr int kChannels = 4;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Shops shops(seed, kChannels);
    shops.Serve(
        [&] {
          shops.Sleep(absl::Milliseconds(static_cast<int64_t>(10 * seed)));
          std::vector<Job> jobs;
          for (int i = 0; i < kChannels; ++i) {
            shops.Dawdle();
            jobs.push_back(*shops.engine().Enqueue(absl::StrCat("shop", i), Shops::Sync()));
          }
          shops.Sleep(absl::Seconds(5));
          for (const Job& job : jobs) {
            const absl::StatusOr<Job> later = shops.engine().GetJob(job.job_id);
            ASSERT_TRUE(later.ok());
            EXPECT_EQ(later->started_at, job.created_at) << "seed " << seed;
            EXPECT_EQ(later->state, JobState::kCompleted);
          }
        },
        1 + static_cast<int>(seed % 2));
  }
}

TEST(IdleTest, WhatIsAskedForInAnotherProcessBeginsWithinAPollInterval) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Shops shops(seed);
    shops.Serve([&] {
      shops.Sleep(absl::Milliseconds(static_cast<int64_t>(10 * seed)));
      const absl::StatusOr<Job> job = shops.office_engine().Enqueue("shop0", Shops::Sync());
      ASSERT_TRUE(job.ok());
      shops.Sleep(absl::Seconds(5));
      const absl::StatusOr<Job> later = shops.engine().GetJob(job->job_id);
      ASSERT_TRUE(later.ok() && later->started_at.has_value()) << "seed " << seed;
      EXPECT_LE(*later->started_at, job->created_at + absl::Seconds(1)) << "seed " << seed;
    });
  }
}

TEST(IdleTest, WhatBecomesDueBeginsOnTime) {
  Shops shops(1);
  shops.Serve([&] {
    JobRequest request = Shops::Sync();
    const absl::StatusOr<Job> now = shops.engine().Enqueue("shop0", request);
    ASSERT_TRUE(now.ok());
    request.not_before = now->created_at + absl::Milliseconds(1234567);
    const absl::StatusOr<Job> job = shops.office_engine().Enqueue("shop0", request);
    ASSERT_TRUE(job.ok());
    shops.Sleep(absl::Hours(3));
    EXPECT_EQ(shops.engine().GetJob(job->job_id)->started_at, request.not_before);
    const absl::StatusOr<std::vector<Schedule>> schedules = shops.engine().ListSchedules();
    const absl::StatusOr<JobPage> jobs = shops.engine().ListJobs({}, {});
    ASSERT_TRUE(schedules.ok() && jobs.ok());
    EXPECT_EQ(jobs->rows.front().trigger, JobTrigger::kSchedule);
    EXPECT_EQ(jobs->rows.front().started_at, schedules->front().next_fire - absl::Hours(2));
  });
}

// A pull that waits for a platform that is away.
TEST(IdleTest, CancellingWhatWaitsEndsItAtOnce) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Shops shops(seed);
    shops.TakePlatformAway();
    shops.Serve([&] {
      JobRequest request;
      request.kind = JobKind::kPull;
      const absl::StatusOr<Job> job = shops.engine().Enqueue("shop0", request);
      ASSERT_TRUE(job.ok());
      shops.Sleep(absl::Milliseconds(500));
      const absl::Time asked_at = shops.now();
      EXPECT_TRUE(shops.engine().Cancel(job->job_id).ok());
      shops.Sleep(absl::Seconds(5));
      const absl::StatusOr<Job> later = shops.engine().GetJob(job->job_id);
      ASSERT_TRUE(later.ok());
      EXPECT_EQ(later->state, JobState::kCancelled);
      EXPECT_EQ(later->finished_at, asked_at) << "seed " << seed;
    });
  }
}

}  // namespace
}  // namespace flxlink::simulation
