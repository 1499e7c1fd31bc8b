// Jobs over channels that answer at once: "null" keeps nothing and applies everything, "simulated" is the simulated
// platform without faults. Pull: of items that are unchanged. Sync: of a new price of each.
//
//   job_bench --benchmark_filter=Sqlite

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/bench_shop.h"
#include "benchmark/benchmark.h"
#include "flxlink/clock.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"

namespace flxlink {
namespace {

constexpr int64_t kItems = 100000;

class NullPlatform : public ChannelAdapter {
 public:
  NullPlatform() {
    PushKind kind;
    kind.name = "items";
    kind.fields = {SyncField::kPrice, SyncField::kQuantity};
    kind.takes_good_items = true;
    capabilities_.push_kinds = {kind};
    capabilities_.complete_pull = true;
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext&) const override {
    return bench::PageOf(kItems, request);
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext&) const override {
    return bench::Applied(request);
  }

 private:
  AdapterCapabilities capabilities_;
};

void RegisterNull(AdapterRegistry& adapters) {
  adapters.Register("bench", [](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    return std::make_unique<NullPlatform>();
  });
}

void RegisterSimulated(AdapterRegistry& adapters) {
  const auto platform = std::make_shared<SimulatedPlatform>(SystemClock(), SimulatedOptions());
  for (int64_t i = 0; i < kItems; ++i) {
    SimulatedItem item;
    item.external_id = absl::StrCat(i);
    item.values = {1000, 1, ChannelStatus::kListed};
    item.fields = {{"sku", absl::StrCat("S", i)}};
    platform->SetItem(std::move(item));
  }
  RegisterSimulatedChannel(adapters, platform, "bench");
}

// Runs a job that has to do with every item, and has a new price of each where it is a sync.
void RunAll(benchmark::State& state, std::unique_ptr<Storage> storage, JobKind kind,
            void (*register_adapter)(AdapterRegistry&)) {
  bench::Shop shop(std::move(storage), register_adapter, kItems);
  int64_t price = 2000;
  for (auto iteration : state) {
    static_cast<void>(iteration);
    state.PauseTiming();
    if (kind == JobKind::kSync) shop.SetPrices(++price);
    state.ResumeTiming();
    const Job job = shop.Run(kind);
    if (job.state == JobState::kCompleted && job.progress.done == kItems) continue;
    state.SkipWithError("not all items were done");
    break;
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}

void BM_Memory(benchmark::State& state, JobKind kind, void (*register_adapter)(AdapterRegistry&)) {
  RunAll(state, NewMemoryStorage(), kind, register_adapter);
}
BENCHMARK_CAPTURE(BM_Memory, pull_null, JobKind::kPull, &RegisterNull)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(BM_Memory, sync_null, JobKind::kSync, &RegisterNull)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(BM_Memory, pull_simulated, JobKind::kPull, &RegisterSimulated)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Memory, sync_simulated, JobKind::kSync, &RegisterSimulated)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_Sqlite(benchmark::State& state, JobKind kind, void (*register_adapter)(AdapterRegistry&)) {
  const bench::SqliteFolder folder("flxlink_job_bench");
  RunAll(state, folder.Open(), kind, register_adapter);
}
BENCHMARK_CAPTURE(BM_Sqlite, pull_null, JobKind::kPull, &RegisterNull)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(BM_Sqlite, sync_null, JobKind::kSync, &RegisterNull)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(BM_Sqlite, pull_simulated, JobKind::kPull, &RegisterSimulated)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Sqlite, sync_simulated, JobKind::kSync, &RegisterSimulated)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace flxlink
