// Pushes that are under way at the same time: a sync through a platform that takes 100 ms a call and 100 items in each,
// with one engine thread.
//
//   flight_bench --benchmark_filter=Memory
//
// The argument is how many calls are under way; items_per_second is what the merchant sees.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bench/bench_shop.h"
#include "benchmark/benchmark.h"
#include "flxlink/memory_storage.h"

namespace flxlink {
namespace {

constexpr int64_t kItems = 20000;
constexpr absl::Duration kCallTime = absl::Milliseconds(100);

// The calls of one PushSeveral go out together and take kCallTime.
class SlowPlatform : public ChannelAdapter {
 public:
  explicit SlowPlatform(int32_t in_flight) {
    capabilities_.push_kinds = {bench::ItemsKind(in_flight)};
    capabilities_.complete_pull = true;
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext&) const override {
    return bench::PageOf(kItems, request);
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext&) const override {
    absl::SleepFor(kCallTime);
    return bench::Applied(request);
  }
  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext&, PushDone done) const override {
    absl::SleepFor(kCallTime);
    for (size_t i = 0; i < requests.size(); ++i) done(i, bench::Applied(requests[i]));
  }

 private:
  AdapterCapabilities capabilities_;
};

void SyncAll(benchmark::State& state, std::unique_ptr<Storage> storage) {
  const auto in_flight = static_cast<int32_t>(state.range(0));
  const auto register_adapter = [in_flight](AdapterRegistry& adapters) {
    adapters.Register("bench", [in_flight](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return std::make_unique<SlowPlatform>(in_flight);
    });
  };
  bench::Shop shop(std::move(storage), register_adapter, kItems);
  int64_t price = 2000;
  for (auto iteration : state) {
    static_cast<void>(iteration);
    state.PauseTiming();
    shop.SetPrices(++price);
    state.ResumeTiming();
    const Job job = shop.Run(JobKind::kSync);
    if (job.progress.done != kItems) {
      state.SkipWithError("not all items were sent");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}

void BM_SyncMemory(benchmark::State& state) { SyncAll(state, NewMemoryStorage()); }
BENCHMARK(BM_SyncMemory)->Arg(1)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

void BM_SyncSqlite(benchmark::State& state) {
  const bench::SqliteFolder folder("flxlink_flight_bench");
  SyncAll(state, folder.Open());
}
BENCHMARK(BM_SyncSqlite)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace flxlink
