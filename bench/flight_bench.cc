// Pushes that are under way at the same time: a sync through a platform that takes 100 ms a call and 100 items in each,
// with one engine thread.
//
//   flight_bench --benchmark_filter=Memory
//
// The argument is how many calls are under way; items_per_second is what the merchant sees.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/sqlite_storage.h"
#include "flxlink/storage.h"

namespace flxlink {
namespace {

constexpr int64_t kItems = 20000;
constexpr int64_t kItemsInACall = 100;
constexpr absl::Duration kCallTime = absl::Milliseconds(100);

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::abort();
}

// Items 0 to kItems; the calls of one PushSeveral go out together and take kCallTime.
class SlowPlatform : public ChannelAdapter {
 public:
  explicit SlowPlatform(int32_t in_flight) {
    PushKind kind;
    kind.name = "items";
    kind.fields = {SyncField::kPrice, SyncField::kQuantity};
    kind.max_items = kItemsInACall;
    kind.in_flight = in_flight;
    kind.takes_good_items = true;
    capabilities_.push_kinds = {kind};
    capabilities_.complete_pull = true;
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }

  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext&) const override {
    int64_t begin = 0;
    if (!request.cursor.empty() && !absl::SimpleAtoi(request.cursor, &begin)) {
      return absl::InvalidArgumentError(absl::StrCat("there is no page ", request.cursor));
    }
    const int64_t end = std::min(kItems, begin + request.limit);
    PullPage page;
    page.items.fields.names = {"sku"};
    page.items.fields.columns.resize(1);
    for (int64_t i = begin; i < end; ++i) {
      page.items.external_id.Add(absl::StrCat(i));
      page.items.parent_id.Add("");
      page.items.fields.columns[0].Add(absl::StrCat("S", i));
      AddValues({1000, 1, ChannelStatus::kUnknown}, &page.items);
    }
    if (end < kItems) page.next_cursor = absl::StrCat(end);
    return page;
  }

  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext&) const override {
    absl::SleepFor(kCallTime);
    return Applied(request);
  }

  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext&, PushDone done) const override {
    absl::SleepFor(kCallTime);
    for (size_t i = 0; i < requests.size(); ++i) done(i, Applied(requests[i]));
  }

 private:
  static PushReply Applied(const PushRequest& request) {
    PushReply reply;
    reply.outcomes.resize(request.items.size());
    for (PushOutcome& outcome : reply.outcomes) outcome.result = PushResult::kApplied;
    return reply;
  }

  AdapterCapabilities capabilities_;
};

ProductBatch Products(int64_t price) {
  ProductBatch products;
  for (int64_t i = 0; i < kItems; ++i) {
    products.key.Add(absl::StrCat("S", i));
    products.sku.Add(absl::StrCat("S", i));
    products.price.push_back(price);
    products.quantity.push_back(7);
  }
  return products;
}

// A channel of linked items, and its engine.
class Shop {
 public:
  Shop(std::unique_ptr<Storage> storage, int32_t in_flight) : storage_(std::move(storage)) {
    adapters_.Register("slow", [in_flight](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return std::make_unique<SlowPlatform>(in_flight);
    });
    EngineOptions options;
    options.storage = storage_.get();
    options.adapters = &adapters_;
    engine_ = Must(Engine::Create(options));
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "slow";
    config.link_priority = {{"sku", "sku"}};
    Must(engine_->AddChannel(config));
    SetPrices(999);
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Run(kind);
  }

  void SetPrices(int64_t price) {
    const absl::Status status = engine_->WriteProducts(Products(price)).status;
    if (!status.ok()) Must(absl::StatusOr<int>(status));
  }

  Job Run(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    const Job job = Must(engine_->Enqueue("shop", request));
    return Must(engine_->RunUntilFinal(job.job_id));
  }

 private:
  const std::unique_ptr<Storage> storage_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

void SyncAll(benchmark::State& state, std::unique_ptr<Storage> storage) {
  Shop shop(std::move(storage), static_cast<int32_t>(state.range(0)));
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
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "flxlink_flight_bench";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  SyncAll(state, Must(OpenSqliteStorage((folder / "shop.db").string())));
  std::filesystem::remove_all(folder);
}
BENCHMARK(BM_SyncSqlite)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace flxlink
