// Sync planning and settling, as a sync of a million dirty links does it, without storage and channel.

#include <cstdint>
#include <numeric>
#include <utility>
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
    row.status.author = StatusAuthor::kPerson;
    row.acknowledged = {row.product_price - (id % 10 == 0 ? 100 : 0), row.product_quantity + 1, ChannelStatus::kListed};
    row.dirty = true;
    batch.rows.push_back(row);
    batch.sku.Add(absl::StrCat("SKU-", id));
    batch.external_id.Add(absl::StrCat("gid://channel/Variant/", id));
    batch.parent_id.Add(absl::StrCat("product-", id / 4));
    batch.handle.Add("");
  }
  return batch;
}

std::vector<SyncBatch> MakePages() {
  std::vector<SyncBatch> pages;
  for (int64_t id = 1; id <= kLinks; id += kPageRows) pages.push_back(MakePage(id));
  return pages;
}

// The policy of a channel with these push kinds.
SyncPolicy PolicyOf(std::vector<SyncFields> kinds) {
  SyncPolicy policy;
  policy.fields = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  policy.kinds = std::move(kinds);
  return policy;
}

SyncPolicy OneKind() { return PolicyOf({{SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}}); }

SyncPolicy ThreeKinds() { return PolicyOf({{SyncField::kPrice}, {SyncField::kQuantity}, {SyncField::kStatus}}); }

// The first step of every link: with three kinds, links whose price changed too have another one left.
void PlanAndSettle(benchmark::State& state, const SyncPolicy& policy) {
  static const auto* const pages = new std::vector<SyncBatch>(MakePages());
  PushOutcome applied;
  applied.result = PushResult::kApplied;
  const std::vector<PushOutcome> outcomes(static_cast<size_t>(kPageRows), applied);
  std::vector<int64_t> items(static_cast<size_t>(kPageRows));
  std::iota(items.begin(), items.end(), 0);
  for (auto iteration : state) {
    static_cast<void>(iteration);
    int64_t push_id = 0;
    for (const SyncBatch& page : *pages) {
      const SyncPlan plan = PlanSync(page, SyncBatch(), policy);
      benchmark::DoNotOptimize(Settle(plan, items, outcomes, ++push_id));
    }
  }
  state.SetItemsProcessed(state.iterations() * kLinks);
}

void BM_PlanAndSettle(benchmark::State& state) { PlanAndSettle(state, OneKind()); }
BENCHMARK(BM_PlanAndSettle)->Unit(benchmark::kMillisecond);

void BM_PlanAndSettleThreeKinds(benchmark::State& state) { PlanAndSettle(state, ThreeKinds()); }
BENCHMARK(BM_PlanAndSettleThreeKinds)->Unit(benchmark::kMillisecond);

void BM_PlanAndSettleOneStatusPerProduct(benchmark::State& state) {
  SyncPolicy policy = OneKind();
  policy.parent_status = true;
  PlanAndSettle(state, policy);
}
BENCHMARK(BM_PlanAndSettleOneStatusPerProduct)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flxlink
