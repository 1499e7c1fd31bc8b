// Sync planning and settling, as a sync of a million dirty links does it, without storage and channel.

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "flxlink/sync.h"

namespace flxlink {
namespace {

constexpr int64_t kLinks = 1000000;
constexpr int64_t kPageRows = 10000;

// One page of links whose quantity changed; a price in ten did too.
SyncBatch MakePage(int64_t first_id) {
  SyncBatch batch;
  for (int64_t id = first_id; id < first_id + kPageRows; ++id) {
    SyncRow row;
    row.listing_id = id;
    row.dirty_version = 1 + id % 100;
    row.product_price = 1000 + id % 5000;
    row.product_quantity = id % 97;
    row.status.base = Health::kListed;
    row.acknowledged = {row.product_price - (id % 10 == 0 ? 100 : 0), row.product_quantity + 1, ChannelStatus::kListed};
    row.dirty = true;
    batch.rows.push_back(row);
    batch.sku.Add(absl::StrCat("SKU-", id));
    batch.external_id.Add(absl::StrCat("gid://channel/Variant/", id));
    batch.parent_id.Add(absl::StrCat("product-", id / 4));
  }
  return batch;
}

std::vector<SyncBatch> MakePages() {
  std::vector<SyncBatch> pages;
  for (int64_t id = 1; id <= kLinks; id += kPageRows) pages.push_back(MakePage(id));
  return pages;
}

void PlanAndSettle(benchmark::State& state, PushGrouping grouping) {
  static const auto* const pages = new std::vector<SyncBatch>(MakePages());
  SyncPolicy policy;
  policy.fields = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  policy.status_grouping = grouping;
  PushOutcome applied;
  applied.result = PushResult::kApplied;
  const std::vector<PushOutcome> outcomes(static_cast<size_t>(kPageRows), applied);
  for (auto iteration : state) {
    static_cast<void>(iteration);
    int64_t push_id = 0;
    for (const SyncBatch& page : *pages) {
      const SyncPlan plan = PlanSync(page, SyncBatch(), policy);
      benchmark::DoNotOptimize(Settle(plan, 0, outcomes, ++push_id));
    }
  }
  state.SetItemsProcessed(state.iterations() * kLinks);
}

void BM_PlanAndSettle(benchmark::State& state) { PlanAndSettle(state, PushGrouping::kNone); }
BENCHMARK(BM_PlanAndSettle)->Unit(benchmark::kMillisecond);

void BM_PlanAndSettleOneStatusPerProduct(benchmark::State& state) { PlanAndSettle(state, PushGrouping::kProduct); }
BENCHMARK(BM_PlanAndSettleOneStatusPerProduct)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flxlink
