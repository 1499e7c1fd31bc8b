// How long a change of one product waits while a channel does what takes long, on SQLite, with one engine thread:
//
//   lanes_bench
//
// BM_ChangeDuringPull: a whole pull through a platform that takes 5 ms a page of 1,000 items. BM_ForcedDuringSync: a
// sync of everything through one that takes 100 ms a call of 100 items, eight at a time; what is asked for meanwhile is
// forced. The argument is how many items there are. wait_p50_ms and wait_max_ms are from the change to its arrival at
// the platform, step_p50_ms is what lies between two pages, or two rounds of calls.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bench/bench_shop.h"
#include "benchmark/benchmark.h"

namespace flxlink {
namespace {

constexpr int kChanges = 40;
constexpr int64_t kItemsInAPage = 1000;
constexpr int32_t kInFlight = 8;

// What the platform sees. Thread-safe.
class Watch {
 public:
  void Step() {
    const absl::MutexLock lock(&mutex_);
    const absl::Time now = absl::Now();
    if (last_step_ != absl::InfinitePast()) steps_.push_back(now - last_step_);
    last_step_ = now;
  }
  void Arrive(const PushRequest& request) {
    const absl::MutexLock lock(&mutex_);
    for (const PushItem& item : request.items) {
      if (item.external_id == awaited_) arrived_ = true;
    }
  }
  void Await(std::string external_id) {
    const absl::MutexLock lock(&mutex_);
    awaited_ = std::move(external_id);
    arrived_ = false;
  }
  void WaitForArrival() {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&arrived_));
  }
  std::vector<absl::Duration> TakeSteps() {
    const absl::MutexLock lock(&mutex_);
    last_step_ = absl::InfinitePast();
    return std::exchange(steps_, {});
  }

  std::atomic<int64_t> page_ms{0};
  std::atomic<int64_t> call_ms{0};

 private:
  absl::Mutex mutex_;
  std::vector<absl::Duration> steps_;
  absl::Time last_step_ = absl::InfinitePast();
  std::string awaited_;
  bool arrived_ = false;
};

class WatchedPlatform : public ChannelAdapter {
 public:
  WatchedPlatform(int64_t items, Watch& watch) : items_(items), watch_(watch) {
    capabilities_.push_kinds = {bench::ItemsKind(kInFlight)};
    capabilities_.complete_pull = true;
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext&) const override {
    if (watch_.page_ms > 0) watch_.Step();
    absl::SleepFor(absl::Milliseconds(watch_.page_ms.load()));
    PullRequest page = request;
    page.limit = std::min(page.limit, kItemsInAPage);
    return bench::PageOf(items_, page);
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext&) const override {
    watch_.Arrive(request);
    return bench::Applied(request);
  }
  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext&, PushDone done) const override {
    if (watch_.call_ms > 0) watch_.Step();
    for (const PushRequest& request : requests) watch_.Arrive(request);
    absl::SleepFor(absl::Milliseconds(watch_.call_ms.load()));
    for (size_t i = 0; i < requests.size(); ++i) done(i, bench::Applied(requests[i]));
  }

 private:
  const int64_t items_;
  Watch& watch_;
  AdapterCapabilities capabilities_;
};

double Ms(std::vector<absl::Duration> durations, double part) {
  if (durations.empty()) return 0;
  std::sort(durations.begin(), durations.end());
  const auto at = static_cast<size_t>(part * static_cast<double>(durations.size() - 1));
  return absl::ToDoubleMilliseconds(durations[at]);
}

// A channel in sync, on SQLite.
class WatchedShop {
 public:
  explicit WatchedShop(int64_t items)
      : items_(items),
        shop_(
            folder_.Open(),
            [&](AdapterRegistry& adapters) {
              adapters.Register("bench",
                                [this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
                                  return std::make_unique<WatchedPlatform>(items_, watch_);
                                });
            },
            items) {
    shop_.Run(JobKind::kSync);
  }

  Watch& watch() { return watch_; }
  bench::Shop& shop() { return shop_; }

  // Runs the job on one thread of the engine, and meanwhile changes a product so often and asks for `request`.
  void Measure(benchmark::State& state, JobKind kind, const JobRequest& request) {
    std::vector<absl::Duration> waits;
    for (auto iteration : state) {
      static_cast<void>(iteration);
      const int64_t job_id = Enqueue(kind, JobRequest());
      bench::Must(shop_.engine().Start(1));
      for (int i = 0; i < kChanges; ++i) {
        absl::SleepFor(absl::Milliseconds(50 + 7 * i % 40));
        waits.push_back(Change((7919 * i) % items_, request));
      }
      const Job job = bench::Must(shop_.engine().RunUntilFinal(job_id));
      if (job.state != JobState::kCompleted) state.SkipWithError("the job did not complete");
      shop_.engine().Stop();
      state.counters["done"] = static_cast<double>(job.progress.done);
    }
    const std::vector<absl::Duration> steps = watch_.TakeSteps();
    state.counters["wait_p50_ms"] = Ms(waits, 0.5);
    state.counters["wait_max_ms"] = Ms(waits, 1);
    state.counters["step_p50_ms"] = Ms(steps, 0.5);
  }

 private:
  int64_t Enqueue(JobKind kind, JobRequest request) {
    request.kind = kind;
    return bench::Must(shop_.engine().Enqueue("shop", request)).job_id;
  }

  absl::Duration Change(int64_t i, JobRequest request) {
    watch_.Await(absl::StrCat(i));
    const absl::Time begun = absl::Now();
    shop_.SetPrices(i, i + 1, ++price_);
    if (request.options.only_forced) request.options.force = {absl::StrCat("S", i)};
    Enqueue(JobKind::kSync, request);
    watch_.WaitForArrival();
    return absl::Now() - begun;
  }

  const int64_t items_;
  Watch watch_;
  const bench::SqliteFolder folder_{"flxlink_lanes_bench"};
  bench::Shop shop_;
  int64_t price_ = 5000;
};

void BM_ChangeDuringPull(benchmark::State& state) {
  WatchedShop shop(state.range(0));
  shop.watch().page_ms = 5;
  shop.Measure(state, JobKind::kPull, JobRequest());
}
BENCHMARK(BM_ChangeDuringPull)->Arg(100000)->Arg(1000000)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

void BM_ForcedDuringSync(benchmark::State& state) {
  WatchedShop shop(state.range(0));
  shop.watch().call_ms = 100;
  shop.shop().SetPrices(1500);
  JobRequest forced;
  forced.options.only_forced = true;
  shop.Measure(state, JobKind::kSync, forced);
}
BENCHMARK(BM_ForcedDuringSync)->Arg(100000)->Arg(1000000)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace flxlink
