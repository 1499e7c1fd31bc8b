// Jobs over channels that answer at once: "null" keeps nothing and applies everything, "simulated" is the simulated
// platform without faults. Pull: of items that are unchanged. Sync: of a new price of each. Idle: a second of 4 workers
// that have nothing to do, of as many channels with a schedule each that is not due; `core` is the part of a core that
// they use.
//
//   job_bench --benchmark_filter=Sqlite

#include <sys/resource.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
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

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void RunIdle(benchmark::State& state, std::unique_ptr<Storage> storage) {
  AdapterRegistry adapters;
  RegisterNull(adapters);
  EngineOptions options;
  options.storage = storage.get();
  options.adapters = &adapters;
  const std::unique_ptr<Engine> engine = bench::Must(Engine::Create(options));
  ScheduleSpec daily;
  daily.kind = ScheduleKind::kEvery;
  daily.every = absl::Hours(24);
  for (int64_t i = 0; i < state.range(0); ++i) {
    ChannelConfig config;
    config.name = absl::StrCat("shop", i);
    config.adapter = "bench";
    bench::Must(engine->AddChannel(config));
    bench::Must(engine->SetSchedule(config.name, daily, ScheduledJob::kSync, ""));
  }
  bench::Must(engine->Start(4));
  const double before = CpuSeconds();
  for (auto iteration : state) {
    static_cast<void>(iteration);
    absl::SleepFor(absl::Seconds(1));
  }
  state.counters["core"] = (CpuSeconds() - before) / static_cast<double>(state.iterations());
  engine->Stop();
}

void BM_MemoryIdle(benchmark::State& state) { RunIdle(state, NewMemoryStorage()); }
BENCHMARK(BM_MemoryIdle)->Arg(200)->Arg(2000)->Arg(20000)->Iterations(10)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_SqliteIdle(benchmark::State& state) {
  const bench::SqliteFolder folder("flxlink_job_bench_idle");
  RunIdle(state, folder.Open());
}
BENCHMARK(BM_SqliteIdle)->Arg(200)->Arg(2000)->Arg(20000)->Iterations(10)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace flxlink
