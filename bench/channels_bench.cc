// Many small channels on one SQLite store: a change to each, and a sync of each.
//
//   channels_bench --benchmark_filter=/2000/
//
// The arguments are how many channels there are, each with 20 listings that are linked and in sync, and how many
// workers the engine has. The time is that of the workers, from their start until the sync of every channel has ended;
// cpu_us_a_sync is what all threads computed in it, enqueue_per_s what one thread queued of these syncs before. The
// platform answers at once. A store lies in the folder of TMPDIR: on a disk this measures its commits, in memory
// (/dev/shm) what flxlink and SQLite compute.

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/bench_shop.h"
#include "benchmark/benchmark.h"
#include "flxlink/event.h"
#include "flxlink/executor.h"

namespace flxlink {
namespace {

constexpr int64_t kListings = 20;

// Has the items of one channel of the store, applies everything and keeps nothing.
class SmallPlatform : public ChannelAdapter {
 public:
  SmallPlatform(int64_t channel, std::atomic<int64_t>& pushed_items)
      : begin_(channel * kListings), pushed_items_(pushed_items) {
    capabilities_.push_kinds = {bench::ItemsKind(1)};
    capabilities_.complete_pull = true;
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest&, const CallContext&) const override {
    PullPage page;
    bench::AddItems(begin_, begin_ + kListings, &page);
    return page;
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext&) const override {
    pushed_items_ += static_cast<int64_t>(request.items.size());
    return bench::Applied(request);
  }

 private:
  const int64_t begin_;
  std::atomic<int64_t>& pushed_items_;
  AdapterCapabilities capabilities_;
};

// What sets up a store shares commits.
constexpr int kThreads = 4;

// The store with its channels, all in sync.
class Shops {
 public:
  explicit Shops(int64_t channels) : channels_(channels), storage_(folder_.Open()) {
    adapters_.Register("bench", [this](const AdapterContext& context) { return MakePlatform(context.config); });
    EngineOptions options;
    options.storage = storage_.get();
    options.adapters = &adapters_;
    options.event_capacity = 10 * channels;
    engine_ = bench::Must(Engine::Create(options));
    for (int64_t i = 0; i < kListings; ++i) Change();
    const std::unique_ptr<Executor> executor = NewThreadExecutor(kThreads);
    executor->ParallelFor(kThreads, [this](int thread) {
      for (int64_t channel = thread; channel < channels_; channel += kThreads) Add(channel);
    });
    executor->ParallelFor(kThreads,
                          [this](int) { bench::Must(engine_->RunPending(std::numeric_limits<int>::max()).status()); });
    EnqueueSyncs();
    RunSyncs(kThreads);
  }

  // The store of so many channels; the last one asked for is kept.
  static Shops& Of(int64_t channels) {
    static std::unique_ptr<Shops> shops;
    if (shops != nullptr && shops->channels_ == channels) return *shops;
    shops.reset();
    shops = std::make_unique<Shops>(channels);
    return *shops;
  }

  int64_t pushed_items() const { return pushed_items_; }

  // Gives one product of each channel a new price.
  void Change() {
    const int64_t which = changes_++ % kListings;
    for (int64_t begin = 0; begin < channels_; begin += Storage::kMaxRows) {
      ProductBatch products;
      for (int64_t channel = begin; channel < std::min(channels_, begin + Storage::kMaxRows); ++channel) {
        bench::AddProduct(channel * kListings + which, 2000 + changes_, &products);
      }
      bench::Must(engine_->WriteProducts(products).status);
    }
  }

  void EnqueueSyncs() {
    for (int64_t channel = 0; channel < channels_; ++channel) Enqueue(channel, JobKind::kSync, {});
  }

  // Runs what is queued to its end.
  void RunSyncs(int workers) {
    EventFilter filter;
    filter.kinds = {EventKind::kJobState};
    const std::unique_ptr<EventStream> events = engine_->Subscribe(filter);
    bench::Must(engine_->Start(workers));
    for (int64_t left = channels_; left > 0;) {
      const Job job = bench::Must(events->Next()).job;
      if (!IsFinal(job.state)) continue;
      if (job.kind != JobKind::kSync || job.state != JobState::kCompleted) std::abort();
      --left;
    }
    engine_->Stop();
  }

 private:
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> MakePlatform(const ChannelConfig& config) {
    int64_t channel = 0;
    if (!absl::SimpleAtoi(config.name, &channel)) return absl::InvalidArgumentError("a channel's name is its number");
    return std::make_unique<SmallPlatform>(channel, pushed_items_);
  }

  void Add(int64_t channel) {
    ChannelConfig config;
    config.name = absl::StrCat(channel);
    config.adapter = "bench";
    config.link_priority = {{"sku", "sku"}};
    bench::Must(engine_->AddChannel(config).status());
    JobOptions build;
    for (int64_t i = 0; i < kListings; ++i) build.skus.push_back(absl::StrCat("S", channel * kListings + i));
    Enqueue(channel, JobKind::kBuild, build);
    // Which chains the link job.
    Enqueue(channel, JobKind::kPull, {});
  }

  void Enqueue(int64_t channel, JobKind kind, JobOptions options) {
    JobRequest request;
    request.kind = kind;
    request.options = std::move(options);
    bench::Must(engine_->Enqueue(absl::StrCat(channel), request).status());
  }

  const int64_t channels_;
  int64_t changes_ = 0;
  std::atomic<int64_t> pushed_items_{0};
  const bench::SqliteFolder folder_{"flxlink_channels_bench"};
  const std::unique_ptr<Storage> storage_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

// Of all threads.
absl::Duration CpuTime() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

void BM_SyncOfEach(benchmark::State& state) {
  const int64_t channels = state.range(0);
  Shops& shops = Shops::Of(channels);
  const int64_t pushed = shops.pushed_items();
  absl::Duration enqueueing;
  absl::Duration cpu;
  for (auto iteration : state) {
    static_cast<void>(iteration);
    state.PauseTiming();
    shops.Change();
    const absl::Time begun = absl::Now();
    shops.EnqueueSyncs();
    enqueueing += absl::Now() - begun;
    cpu -= CpuTime();
    state.ResumeTiming();
    shops.RunSyncs(static_cast<int>(state.range(1)));
    cpu += CpuTime();
  }
  if (shops.pushed_items() - pushed != state.iterations() * channels)
    state.SkipWithError("not every change was pushed");
  const auto syncs = static_cast<double>(state.iterations() * channels);
  state.counters["syncs_per_s"] = benchmark::Counter(syncs, benchmark::Counter::kIsRate);
  state.counters["cpu_us_a_sync"] = absl::ToDoubleMicroseconds(cpu) / syncs;
  state.counters["enqueue_per_s"] = syncs / absl::ToDoubleSeconds(enqueueing);
}
BENCHMARK(BM_SyncOfEach)->ArgsProduct({{2000, 20000}, {1, 4}})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace flxlink
