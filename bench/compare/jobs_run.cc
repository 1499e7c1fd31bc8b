// flxlink's part of jobs.sh: jobs that do nothing, on a SQLite store, one a channel.
//
//   jobs_run PATH setup COUNT 0             so many channels without a listing
//   jobs_run PATH enqueue COUNT THREADS     a sync of each, by one call of Engine::Enqueue each
//   jobs_run PATH run COUNT WORKERS         the engine's workers run them, and have nothing to send
//   jobs_run PATH run-queue COUNT WORKERS   they are claimed and finished, and nothing is between
//   jobs_run PATH claim COUNT JOBS          COUNT claims beside 50 channels that are busy and have JOBS queued
//
// Prints the seconds that it took, and how many it did.

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "bench/bench_shop.h"
#include "flxlink/event.h"
#include "flxlink/executor.h"
#include "src/engine/job_queue.h"

namespace flxlink {
namespace {

using bench::Must;

// What sets up, and what asks for jobs together.
constexpr int kThreads = 50;
constexpr int64_t kBusyChannels = 50;

class NothingToDo : public ChannelAdapter {
 public:
  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest&, const CallContext&) const override { return PullPage(); }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext&) const override {
    return bench::Applied(request);
  }

 private:
  AdapterCapabilities capabilities_;
};

// Calls task(0) … task(count-1) on so many threads.
void ForEach(int64_t count, int threads, absl::FunctionRef<void(int64_t)> task) {
  std::atomic<int64_t> next{0};
  NewThreadExecutor(threads)->ParallelFor(threads, [&](int) {
    for (int64_t i = next++; i < count; i = next++) task(i);
  });
}

uint64_t RandomNumber() {
  thread_local std::mt19937_64 random{std::random_device()()};
  return random();
}

class Jobs {
 public:
  Jobs(const std::string& path, int64_t count)
      : count_(count), storage_(Must(OpenSqliteStorage(path))), queue_(*storage_, RandomNumber) {
    adapters_.Register("nothing", [](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return std::make_unique<NothingToDo>();
    });
    EngineOptions options;
    options.storage = storage_.get();
    options.adapters = &adapters_;
    options.event_capacity = 10 * count_ + 1000;
    engine_ = Must(Engine::Create(options));
  }

  void SetUp() {
    ForEach(count_, kThreads, [this](int64_t i) { AddChannel(absl::StrCat("c", i)); });
  }

  void Enqueue(int threads) {
    JobRequest sync;
    sync.kind = JobKind::kSync;
    ForEach(count_, threads, [&](int64_t i) { Must(engine_->Enqueue(absl::StrCat("c", i), sync).status()); });
  }

  void Run(int workers) {
    EventFilter filter;
    filter.kinds = {EventKind::kJobState};
    const std::unique_ptr<EventStream> events = engine_->Subscribe(filter);
    Must(engine_->Start(workers));
    for (int64_t left = count_; left > 0;) {
      const Job job = Must(events->Next()).job;
      if (!IsFinal(job.state)) continue;
      if (job.state != JobState::kCompleted) std::abort();
      --left;
    }
    engine_->Stop();
  }

  // The workers take the channels in turn, so that none is asked for twice.
  void RunQueue(int workers) {
    const std::vector<int64_t> channels = Must(storage_->ReadClaimable(Must(storage_->Now()), count_));
    if (static_cast<int64_t>(channels.size()) != count_) std::abort();
    const OwnerId owner = Must(storage_->OpenOwner());
    ForEach(count_, workers, [&](int64_t i) {
      const auto claim = Must(queue_.ClaimSlot(channels[static_cast<size_t>(i)], owner));
      if (!claim.has_value()) std::abort();
      Must(queue_.Finish(claim->fence, jobs::JobEnd(), {}));
    });
  }

  // Of one free channel, that is found among the busy ones.
  absl::Duration Claim(int64_t jobs) {
    const OwnerId owner = Must(storage_->OpenOwner());
    for (int64_t i = 0; i < kBusyChannels; ++i) KeepBusy(absl::StrCat("busy", i), jobs / kBusyChannels, owner);
    const int64_t free = AddChannel("free");
    JobRequest sync;
    sync.kind = JobKind::kSync;
    absl::Duration claiming;
    for (int64_t i = 0; i < count_; ++i) {
      Must(engine_->Enqueue("free", sync).status());
      const absl::Time begun = absl::Now();
      const std::vector<int64_t> channels = Must(storage_->ReadClaimable(Must(storage_->Now()), 16));
      const auto claim = Must(queue_.ClaimSlot(channels.at(0), owner));
      claiming += absl::Now() - begun;
      if (!claim.has_value() || claim->fence.channel_id != free) std::abort();
      Must(queue_.Finish(claim->fence, {}, {}));
    }
    return claiming;
  }

 private:
  int64_t AddChannel(const std::string& name) {
    ChannelConfig config;
    config.name = name;
    config.adapter = "nothing";
    return Must(engine_->AddChannel(config)).channel_id;
  }

  // A channel whose slot is held, with so many jobs behind it.
  void KeepBusy(const std::string& name, int64_t jobs, OwnerId owner) {
    const int64_t channel_id = AddChannel(name);
    JobRequest sync;
    sync.kind = JobKind::kSync;
    const Job running = Must(engine_->Enqueue(name, sync));
    if (!Must(queue_.ClaimSlot(channel_id, owner)).has_value()) std::abort();
    const QueueSnapshot queue = Must(storage_->ReadQueue(channel_id));
    QueueChange change;
    change.expected_revision = queue.slot.revision;
    change.slot = queue.slot;
    change.number = RandomNumber();
    const int64_t first = Must(storage_->ReserveIds(jobs));
    for (int64_t i = 0; i < jobs; ++i) {
      change.insert.push_back(running);
      change.insert.back().job_id = first + i;
    }
    Must(storage_->WriteQueue(change));
  }

  const int64_t count_;
  const std::unique_ptr<Storage> storage_;
  engine::JobQueue queue_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

int Main(const std::string& path, absl::string_view phase, int64_t count, int number) {
  Jobs jobs(path, count);
  const absl::Time begun = absl::Now();
  absl::optional<absl::Duration> took;
  if (phase == "setup") {
    jobs.SetUp();
  } else if (phase == "enqueue") {
    jobs.Enqueue(number);
  } else if (phase == "run") {
    jobs.Run(number);
  } else if (phase == "run-queue") {
    jobs.RunQueue(number);
  } else if (phase == "claim") {
    took = jobs.Claim(number);
  } else {
    return 2;
  }
  std::printf("{\"seconds\": %.6f, \"done\": %lld}\n", absl::ToDoubleSeconds(took.value_or(absl::Now() - begun)),
              static_cast<long long>(count));
  return 0;
}

}  // namespace
}  // namespace flxlink

int main(int argc, char** argv) {
  int64_t count = 0;
  int number = 0;
  if (argc == 5 && absl::SimpleAtoi(argv[3], &count) && absl::SimpleAtoi(argv[4], &number)) {
    return flxlink::Main(argv[1], argv[2], count, number);
  }
  std::fprintf(stderr, "usage: jobs_run PATH PHASE COUNT NUMBER; see jobs_run.cc\n");
  return 2;
}
