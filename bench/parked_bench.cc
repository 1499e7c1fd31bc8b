// How long a change of one product takes to be pushed, by a sync of its own on SQLite, on a channel of which many links
// wait for receipts that are not due:
//
//   parked_bench --benchmark_filter=1000000
//
// The arguments are how many items there are and how many of them wait. The time is from the change to its arrival at
// the platform, in the median; max_ms is the longest, job_ms that from the change to the end of the job, in the median.
// BM_SyncOfAll: how long a sync of everything takes until its first call arrives, which does not count what is dirty.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bench/bench_shop.h"
#include "benchmark/benchmark.h"
#include "flxlink/clock.h"

namespace flxlink {
namespace {

constexpr int kChanges = 500;
constexpr absl::Duration kReceiptTimeout = absl::Hours(48);

// The machine's, moved ahead.
class AheadClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + absl::Seconds(ahead_s.load()); }
  void Sleep(absl::Duration duration) override { absl::SleepFor(duration); }

  std::atomic<int64_t> ahead_s{0};
};

// What the platform is told and sees. Thread-safe.
struct Watch {
  std::atomic<bool> accepts{false};  // It decides later, and never does.
  std::atomic<int64_t> arrived_us{0};
};

class WatchedPlatform : public ChannelAdapter {
 public:
  WatchedPlatform(int64_t items, Watch& watch) : items_(items), watch_(watch) {
    capabilities_.push_kinds = {bench::ItemsKind(1)};
    capabilities_.push_kinds[0].receipt_timeout = kReceiptTimeout;
    capabilities_.complete_pull = true;
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext&) const override {
    return bench::PageOf(items_, request);
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext&) const override {
    int64_t none = 0;
    watch_.arrived_us.compare_exchange_strong(none, absl::ToUnixMicros(absl::Now()));
    PushReply reply = bench::Applied(request);
    if (!watch_.accepts) return reply;
    for (size_t i = 0; i < request.items.size(); ++i) {
      reply.outcomes[i].result = PushResult::kAccepted;
      reply.outcomes[i].receipt = request.items[i].idempotency_key;
    }
    return reply;
  }
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext&) const override {
    std::vector<PushOutcome> outcomes(receipts.size());
    for (PushOutcome& outcome : outcomes) outcome.result = PushResult::kAccepted;
    return outcomes;
  }

 private:
  const int64_t items_;
  Watch& watch_;
  AdapterCapabilities capabilities_;
};

// A channel in sync, on SQLite, but for what waits.
class ParkedShop {
 public:
  ParkedShop(int64_t items, int64_t parked)
      : items_(items),
        parked_(parked),
        shop_(
            OpenStorage(),
            [&](AdapterRegistry& adapters) {
              adapters.Register("bench",
                                [this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
                                  return std::make_unique<WatchedPlatform>(items_, watch_);
                                });
            },
            items) {
    shop_.Run(JobKind::kSync);
    watch_.accepts = true;
    shop_.SetPrices(0, parked, 1500);
    shop_.Run(JobKind::kSync);
    watch_.accepts = false;
    // What has waited for long is not asked about again for as long.
    clock_.ahead_s = absl::ToInt64Seconds(absl::Hours(8));
    shop_.Run(JobKind::kSync);
  }

  bench::Shop& shop() { return shop_; }

  // From now to the arrival of the first call, in seconds.
  double RunSync(absl::Time begun) {
    watch_.arrived_us = 0;
    if (shop_.Run(JobKind::kSync).state != JobState::kCompleted) std::abort();
    return absl::ToDoubleSeconds(absl::FromUnixMicros(watch_.arrived_us) - begun);
  }

  void ChangeOne(int change) {
    const int64_t i = parked_ + (7919 * int64_t{change}) % (items_ - parked_);
    shop_.SetPrices(i, i + 1, 1500 + change);
  }

 private:
  std::unique_ptr<Storage> OpenStorage() {
    SqliteOptions options;
    options.clock = &clock_;
    return folder_.Open(options);
  }

  const int64_t items_;
  const int64_t parked_;
  AheadClock clock_;
  Watch watch_;
  const bench::SqliteFolder folder_{"flxlink_parked_bench"};
  bench::Shop shop_;
};

double Part(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
}

void BM_ChangeOfOne(benchmark::State& state) {
  ParkedShop shop(state.range(0), state.range(1));
  std::vector<double> waits;
  std::vector<double> jobs;
  for (auto iteration : state) {
    static_cast<void>(iteration);
    for (int change = 0; change < kChanges; ++change) {
      const absl::Time begun = absl::Now();
      shop.ChangeOne(change);
      waits.push_back(shop.RunSync(begun));
      jobs.push_back(absl::ToDoubleSeconds(absl::Now() - begun));
    }
    state.SetIterationTime(Part(waits, 0.5));
  }
  state.counters["max_ms"] = 1000 * Part(waits, 1);
  state.counters["job_ms"] = 1000 * Part(jobs, 0.5);
}
BENCHMARK(BM_ChangeOfOne)
    ->Args({100000, 0})
    ->Args({100000, 20000})
    ->Args({1000000, 0})
    ->Args({1000000, 200000})
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime()
    ->Iterations(1);

void BM_SyncOfAll(benchmark::State& state) {
  ParkedShop shop(state.range(0), 0);
  for (auto iteration : state) {
    static_cast<void>(iteration);
    shop.shop().SetPrices(1500);
    state.SetIterationTime(shop.RunSync(absl::Now()));
  }
}
BENCHMARK(BM_SyncOfAll)->Arg(100000)->Arg(1000000)->Unit(benchmark::kMillisecond)->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace flxlink
