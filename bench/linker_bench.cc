// Match of N listings with N channel variants in memory by two rules, SKU and then UPC, with one in twenty SKUs blank,
// one in twenty-five shared, and one in eight changed on the channel.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"

namespace flxlink {
namespace {

constexpr absl::string_view kNoParent;

std::string Sku(int64_t i, bool on_channel) {
  if (i % 20 == 0) return "";
  if (i % 25 == 1) return absl::StrCat("SHARED-", i / 200);
  if (on_channel && i % 8 == 3) return absl::StrCat("NEW-", i);
  return absl::StrFormat("SKU-%09d-X", i);
}

VariantTable MakeSide(int64_t rows, bool on_channel) {
  VariantTable table(2);
  for (int64_t i = 0; i < rows; ++i) {
    // Every number once, in another order on either side.
    const int64_t item = on_channel ? i * 7919 % rows : i;
    const std::string sku = Sku(item, on_channel);
    const std::string upc = absl::StrFormat("%012d", item * 37);
    table.AddRow({sku, upc}, kNoParent);
  }
  return table;
}

class CountingSink : public LinkSink {
 public:
  absl::Status Accept(int64_t, absl::Span<const LinkOutcome> outcomes, absl::Span<const LinkDetail>) override {
    rows += static_cast<int64_t>(outcomes.size());
    return absl::OkStatus();
  }
  int64_t rows = 0;
};

// Arguments: rows a side, threads.
void BM_Match(benchmark::State& state) {
  const VariantTable listings = MakeSide(state.range(0), false);
  const VariantTable channel = MakeSide(state.range(0), true);
  const auto linker = Linker::Create({{"sku", "sku", {}}, {"upc", "barcode", {}}});
  const std::unique_ptr<Executor> executor = NewThreadExecutor(static_cast<int>(state.range(1)));
  MatchInput input;
  input.listings = &listings;
  input.channel = &channel;
  input.rule_columns = {{0, 0}, {1, 1}};
  MatchOptions options;
  options.executor = executor.get();
  int64_t linked = 0;
  for (auto _ : state) {
    CountingSink sink;
    const auto stats = linker->Match(input, options, sink);
    if (!stats.ok() || sink.rows != state.range(0)) state.SkipWithError("the match failed");
    if (stats.ok()) linked = stats->linked;
  }
  state.counters["linked"] = static_cast<double>(linked);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Match)
    ->ArgNames({"rows", "threads"})
    ->ArgsProduct({{100000, 1000000}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace flxlink
