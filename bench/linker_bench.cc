// Match of N listing variants with N channel variants in memory, by two rules, SKU and then UPC.
//
// BM_Match and its kin are whole matches. The stages are told by what each adds to the one before: BM_ReadKeys reads
// one column of either side, BM_PartitionKeys also hashes its keys and copies them to where they belong,
// BM_BuildRuleKeys also joins them. A match does this for each rule, and then judges.
//
// a_variant is the time divided by the rows of both sides.

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "bench/link_data.h"
#include "benchmark/benchmark.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"
#include "src/linker/big_array.h"
#include "src/linker/key_code.h"
#include "src/linker/key_partitions.h"
#include "src/linker/key_scan.h"
#include "src/linker/rule_keys.h"

namespace flxlink {
namespace {

constexpr int64_t kDefaultBytes = 40;  // What a match may use for each variant if nothing else is said.
constexpr uint64_t kSeed = 7919;

struct Tables {
  VariantTable listings;
  VariantTable channel;
};

// Benchmarks of one size follow each other, so that the last tables are kept.
const Tables& TablesOf(int64_t rows) {
  static int64_t made_rows = 0;
  static std::unique_ptr<Tables> made;
  if (made_rows != rows) {
    made.reset();
    const LinkData data(rows);
    made = std::make_unique<Tables>(
        Tables{MakeLinkTable(data, DataSide::kListings), MakeLinkTable(data, DataSide::kChannel)});
    made_rows = rows;
  }
  return *made;
}

class CountingSink : public LinkSink {
 public:
  absl::Status Accept(int64_t, absl::Span<const LinkOutcome> outcomes, absl::Span<const LinkDetail>) override {
    rows += static_cast<int64_t>(outcomes.size());
    return absl::OkStatus();
  }
  int64_t rows = 0;
};

MatchInput InputOf(const Tables& tables) {
  MatchInput input;
  input.listings = &tables.listings;
  input.channel = &tables.channel;
  input.rule_columns = {{0, 0}, {1, 1}};
  return input;
}

void CountVariants(benchmark::State& state, const MatchInput& input) {
  const auto variants = static_cast<double>(input.listings->row_count() + input.channel->row_count());
  state.counters["a_variant"] =
      benchmark::Counter(variants, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Times the match with the threads that the benchmark's second argument says.
void RunMatches(benchmark::State& state, const LinkPriority& priority, const MatchInput& input, MatchOptions options) {
  const auto linker = Linker::Create(priority);
  const std::unique_ptr<Executor> executor = NewThreadExecutor(static_cast<int>(state.range(1)));
  options.executor = executor.get();
  int64_t linked = 0;
  for (auto _ : state) {
    CountingSink sink;
    const auto stats = linker->Match(input, options, sink);
    if (!stats.ok() || sink.rows != input.listings->row_count()) {
      state.SkipWithError("the match failed");
      return;
    }
    linked = stats->linked;
  }
  state.counters["linked"] = static_cast<double>(linked);
  CountVariants(state, input);
}

LinkPriority PlainRules() { return {{"sku", "sku"}, {"upc", "barcode"}}; }

void BM_Match(benchmark::State& state) { RunMatches(state, PlainRules(), InputOf(TablesOf(state.range(0))), {}); }

void BM_MatchInHalfOfMemory(benchmark::State& state) {
  MatchOptions options;
  options.memory_limit_bytes = 2 * state.range(0) * kDefaultBytes / 2;
  RunMatches(state, PlainRules(), InputOf(TablesOf(state.range(0))), options);
}

void BM_MatchNormalized(benchmark::State& state) {
  LinkPriority priority = PlainRules();
  priority[0].normalizers = {Normalizer::kTrim, Normalizer::kCasefold};
  priority[1].normalizers = {Normalizer::kGtin};
  RunMatches(state, priority, InputOf(TablesOf(state.range(0))), {});
}

void BM_MatchWithParentGuard(benchmark::State& state) {
  MatchOptions options;
  options.parent_guard = true;
  RunMatches(state, PlainRules(), InputOf(TablesOf(state.range(0))), options);
}

void SizesAndThreads(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const int64_t rows : {10000, 100000, 1000000, 10000000}) {
    for (const int64_t threads : {1, 2}) bench->Args({rows, threads});
  }
}

void MillionRows(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const int64_t threads : {1, 2}) bench->Args({1000000, threads});
}

BENCHMARK(BM_Match)->Apply(SizesAndThreads);
BENCHMARK(BM_MatchInHalfOfMemory)->Apply(MillionRows);
BENCHMARK(BM_MatchNormalized)->Apply(MillionRows);
BENCHMARK(BM_MatchWithParentGuard)->Apply(MillionRows);

// ---------------------------------------------------------------------------------------------------------------------
// Stages, of one rule
// ---------------------------------------------------------------------------------------------------------------------

void BM_ReadKeys(benchmark::State& state) {
  const MatchInput input = InputOf(TablesOf(state.range(0)));
  const std::unique_ptr<Executor> executor = NewThreadExecutor(static_cast<int>(state.range(1)));
  for (auto _ : state) {
    for (const VariantSource* source : {input.listings, input.channel}) {
      executor->ParallelFor(source->part_count(), [&](int part) {
        size_t bytes = 0;
        const absl::Status status = source->Scan(part, {0}, [&](const VariantChunk& chunk) {
          for (int64_t i = 0; i < chunk.row_count; ++i) bytes += chunk.columns[0][i].size();
          return absl::OkStatus();
        });
        benchmark::DoNotOptimize(bytes);
        benchmark::DoNotOptimize(status.ok());
      });
    }
  }
  CountVariants(state, input);
}

// Calls `build` with what a match of these rows works with, and times it.
void RunStage(benchmark::State& state, const MatchInput& input,
              absl::FunctionRef<absl::Status(const linker::KeyWork& work)> build) {
  const std::unique_ptr<Executor> executor = NewThreadExecutor(static_cast<int>(state.range(1)));
  const auto memory_bytes = static_cast<size_t>(2 * state.range(0) * kDefaultBytes);
  const MatchOptions options;
  for (auto _ : state) {
    linker::KeyWork work;
    work.executor = executor.get();
    work.options = &options;
    work.layout = linker::PartitionLayout(state.range(0), executor->width(), memory_bytes);
    work.seed = kSeed;
    linker::KeyBudget budget(memory_bytes);
    std::vector<linker::KeyMemory> memories;
    for (int i = 0; i < executor->width(); ++i) memories.emplace_back(work.layout.slab_bytes, &budget);
    work.memories = &memories;
    if (!build(work).ok()) {
      state.SkipWithError("the stage failed");
      return;
    }
  }
  CountVariants(state, input);
}

void BM_PartitionKeys(benchmark::State& state) {
  const MatchInput input = InputOf(TablesOf(state.range(0)));
  RunStage(state, input, [&](const linker::KeyWork& work) {
    linker::BigArray<linker::KeyCode> listings(static_cast<size_t>(input.listings->row_count()));
    linker::BigArray<linker::KeyCode> channel(static_cast<size_t>(input.channel->row_count()));
    return linker::ScanAndJoin({{input.listings, 0, true, &listings}, {input.channel, 0, true, &channel}}, {}, work,
                               [](int, absl::Span<const linker::KeyWriter>, size_t) {});
  });
}

void BM_BuildRuleKeys(benchmark::State& state) {
  const MatchInput input = InputOf(TablesOf(state.range(0)));
  RunStage(state, input, [&](const linker::KeyWork& work) {
    return linker::BuildRuleKeys(input, input.rule_columns[0], {}, work).status();
  });
}

BENCHMARK(BM_ReadKeys)->Apply(MillionRows);
BENCHMARK(BM_PartitionKeys)->Apply(MillionRows);
BENCHMARK(BM_BuildRuleKeys)->Apply(MillionRows);

// ---------------------------------------------------------------------------------------------------------------------
// Keys that an attacker chose
// ---------------------------------------------------------------------------------------------------------------------

constexpr size_t kKeyBytes = 32;

// XXH3 of 32 bytes adds up, for either half of them, a product of its two words, each combined by XOR with a word of a
// secret that everyone knows and with the seed. With seed 0, these first words make both products zero, whatever the
// second ones are.
constexpr char kCancelFirst[] = "\xb8\xfe\x6c\x39\x23\xa4\x4b\xbe";
constexpr char kCancelSecond[] = "\xde\xd4\x6d\xe9\x83\x90\x97\xdb";

std::string CraftedKey(uint64_t number) {
  std::string key(kKeyBytes, 'x');
  std::memcpy(&key[0], kCancelFirst, 8);
  std::memcpy(&key[8], &number, 8);
  std::memcpy(&key[16], kCancelSecond, 8);
  return key;
}

std::string RandomKey(uint64_t number) {
  std::mt19937_64 random(number);
  std::string key(kKeyBytes, 'x');
  for (size_t at = 0; at < kKeyBytes; at += 8) {
    const uint64_t word = random();
    std::memcpy(&key[at], &word, 8);
  }
  return key;
}

std::string OneKey(uint64_t) { return std::string(kKeyBytes, 'x'); }

using KeyMaker = std::string (*)(uint64_t number);

VariantTable TableOfKeys(KeyMaker make, int64_t rows) {
  VariantTable table(1);
  for (int64_t row = 0; row < rows; ++row) table.AddRow({make(static_cast<uint64_t>(row))}, "");
  return table;
}

// How many hashes the first thousand keys have under seed 0.
double CountHashesWithoutSeed(KeyMaker make) {
  std::unordered_set<uint64_t> hashes;
  for (uint64_t number = 0; number < 1000; ++number) {
    const std::string key = make(number);
    hashes.insert(XXH3_64bits(key.data(), key.size()));
  }
  return static_cast<double>(hashes.size());
}

void MatchKeys(benchmark::State& state, KeyMaker make) {
  const Tables tables{TableOfKeys(make, state.range(0)), TableOfKeys(make, state.range(0))};
  MatchInput input = InputOf(tables);
  input.rule_columns = {{0, 0}};
  MatchOptions options;
  options.hash_seed = std::random_device()();
  state.counters["hashes_of_1000_keys_seed_0"] = CountHashesWithoutSeed(make);
  RunMatches(state, {{"key", "key"}}, input, options);
}

void BM_MatchRandomKeys(benchmark::State& state) { MatchKeys(state, RandomKey); }
void BM_MatchCraftedKeys(benchmark::State& state) { MatchKeys(state, CraftedKey); }
void BM_MatchOneKey(benchmark::State& state) { MatchKeys(state, OneKey); }

BENCHMARK(BM_MatchRandomKeys)->Apply(MillionRows);
BENCHMARK(BM_MatchCraftedKeys)->Apply(MillionRows);
BENCHMARK(BM_MatchOneKey)->Apply(MillionRows);

}  // namespace
}  // namespace flxlink
