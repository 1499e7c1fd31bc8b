// The Linker against a slow one over random inputs, and the four properties that close the matching rules: the result
// does not depend on row order, threads or chunks; a second pass makes no link; from any subset of its links a pass
// reaches the same.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"
#include "gtest/gtest.h"
#include "tests/linker/slow_linker.h"

namespace flxlink::linker {
namespace {

constexpr int kWorlds = 20000;
constexpr int kColumns = 3;

// FLXLINK_TEST_SCALE makes the test shorter or longer, as for the other random tests.
int WorldCount() {
  const char* text = std::getenv("FLXLINK_TEST_SCALE");
  double scale = 1;
  if (text != nullptr && !absl::SimpleAtod(text, &scale)) scale = 1;
  return std::max(200, static_cast<int>(kWorlds * scale));
}

// ---- random input

class WorldMaker {
 public:
  explicit WorldMaker(uint32_t seed) : random_(seed) {}

  SlowWorld Make();

 private:
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  bool OneIn(int n) { return Below(n) == 0; }

  SlowRow MakeRow();
  void CopySide(const std::vector<SlowRow>& from, std::vector<SlowRow>* to);
  LinkRule MakeRule();
  void MakeLinks(SlowWorld* world);
  int64_t RandomRow(const std::vector<SlowRow>& rows) { return Below(static_cast<int>(rows.size())); }

  std::mt19937 random_;
  int values_ = 3;
};

SlowRow WorldMaker::MakeRow() {
  static const char* const kForms[] = {"a", "A", " a", "b", "c", "d", "e"};
  static const char* const kBlanks[] = {"", "", " ", "\t"};
  static const char* const kParents[] = {"p", "q", "r", "", " "};
  SlowRow row;
  for (int i = 0; i < kColumns; ++i) row.fields.emplace_back(OneIn(5) ? kBlanks[Below(4)] : kForms[Below(values_)]);
  row.parent = kParents[Below(5)];
  row.live = !OneIn(6);
  return row;
}

// The other side of a family: the same rows, some damaged.
void WorldMaker::CopySide(const std::vector<SlowRow>& from, std::vector<SlowRow>* to) {
  for (const SlowRow& row : from) {
    if (OneIn(8)) continue;
    to->push_back(row);
    const SlowRow other = MakeRow();
    const size_t column = static_cast<size_t>(Below(kColumns));
    if (OneIn(4)) to->back().fields[column] = other.fields[column];
    if (OneIn(4)) to->back().parent = other.parent;
    to->back().live = other.live;
  }
  std::shuffle(to->begin(), to->end(), random_);
}

LinkRule WorldMaker::MakeRule() {
  LinkRule rule{"", "", {}, OneIn(2) ? Ambiguity::kNext : Ambiguity::kStop};
  if (OneIn(3)) rule.normalizers.push_back(Normalizer::kTrim);
  if (OneIn(3)) rule.normalizers.push_back(Normalizer::kCasefold);
  return rule;
}

void WorldMaker::MakeLinks(SlowWorld* world) {
  std::set<int64_t> listings;
  std::set<int64_t> channel;
  for (int i = Below(4); i > 0; --i) {
    RowPair pair{OneIn(5) || world->listings.empty() ? kNoRow : RandomRow(world->listings),
                 OneIn(5) || world->channel.empty() ? kNoRow : RandomRow(world->channel)};
    const bool new_listing = pair.listing_row == kNoRow || listings.insert(pair.listing_row).second;
    if (!new_listing || (pair.channel_row != kNoRow && !channel.insert(pair.channel_row).second)) continue;
    if (pair.channel_row != kNoRow && OneIn(3)) {
      // Usually gone, sometimes back already.
      world->channel[static_cast<size_t>(pair.channel_row)].live = OneIn(3);
      world->broken_links.push_back(pair);
    } else {
      world->links.push_back(pair);
    }
  }
  if (world->listings.empty() || world->channel.empty()) return;
  for (int i = Below(8); i > 0; --i) {
    world->hand_unlinks.push_back({RandomRow(world->listings), RandomRow(world->channel)});
  }
}

SlowWorld WorldMaker::Make() {
  SlowWorld world;
  values_ = 3 + Below(5);
  for (int i = Below(10); i > 0; --i) world.listings.push_back(MakeRow());
  if (OneIn(2)) {
    CopySide(world.listings, &world.channel);
  } else {
    for (int i = Below(10); i > 0; --i) world.channel.push_back(MakeRow());
  }
  for (int i = 1 + Below(4); i > 0; --i) {
    world.priority.push_back(MakeRule());
    const int column = Below(kColumns);
    world.rule_columns.push_back({column, OneIn(4) ? Below(kColumns) : column});
  }
  MakeLinks(&world);
  world.parent_guard = OneIn(2);
  world.strict = OneIn(2);
  return world;
}

// ---- running the Linker

// A table that is cut into chunks of the given sizes, over and over; a size may be 0. A part is up to three chunks.
class ChunkedSource : public VariantSource {
 public:
  ChunkedSource(const std::vector<SlowRow>& rows, const std::vector<int>& sizes) : rows_(rows), ends_{0} {
    for (size_t turn = 0; ends_.back() < rows.size(); ++turn) {
      ends_.push_back(std::min(rows.size(), ends_.back() + static_cast<size_t>(sizes[turn % sizes.size()])));
    }
  }

  int64_t row_count() const override { return static_cast<int64_t>(rows_.size()); }
  int part_count() const override { return static_cast<int>((ends_.size() - 1 + kPartChunks - 1) / kPartChunks); }

  absl::Status Scan(int part, absl::Span<const int> columns,
                    absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const override {
    const size_t first = static_cast<size_t>(part) * kPartChunks;
    for (size_t chunk = first; chunk < std::min(first + kPartChunks, ends_.size() - 1); ++chunk) {
      if (absl::Status status = VisitRows(columns, ends_[chunk], ends_[chunk + 1], visit); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status VisitRows(absl::Span<const int> columns, size_t begin, size_t end,
                         absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const {
    std::vector<StringColumn> data(columns.size());
    std::vector<StringColumnView> views;
    std::vector<uint8_t> live;
    for (size_t i = begin; i < end; ++i) live.push_back(rows_[i].live);
    for (size_t c = 0; c < columns.size(); ++c) {
      for (size_t i = begin; i < end; ++i) {
        data[c].Add(columns[c] == kParentColumn ? rows_[i].parent : rows_[i].fields[static_cast<size_t>(columns[c])]);
      }
      views.push_back(data[c].view());
    }
    const bool all_live = std::find(live.begin(), live.end(), 0) == live.end();
    return visit({static_cast<int64_t>(begin), static_cast<int32_t>(end - begin), views,
                  all_live ? absl::Span<const uint8_t>() : absl::MakeConstSpan(live)});
  }

  static constexpr size_t kPartChunks = 3;

  const std::vector<SlowRow>& rows_;
  std::vector<size_t> ends_;  // ends_[i + 1] is the end of chunk i.
};

struct Collected : public LinkSink {
  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> some,
                      absl::Span<const LinkDetail> named) override {
    EXPECT_EQ(row_base, static_cast<int64_t>(outcomes.size()));
    outcomes.insert(outcomes.end(), some.begin(), some.end());
    details.insert(details.end(), named.begin(), named.end());
    return absl::OkStatus();
  }

  std::vector<LinkOutcome> outcomes;
  std::vector<LinkDetail> details;
  MatchStats stats;
};

struct How {
  std::vector<int> listing_chunks = {1 << 20};
  std::vector<int> channel_chunks = {1 << 20};
  Executor* executor = nullptr;
  int64_t memory_limit_bytes = 0;
  uint64_t hash_seed = 0;
};

// Keeps what a MatchInput points to.
class WorldInput {
 public:
  WorldInput(const SlowWorld& world, const How& how)
      : listings_(world.listings, how.listing_chunks),
        channel_(world.channel, how.channel_chunks),
        links_(world.links),
        broken_links_(world.broken_links),
        hand_unlinks_(world.hand_unlinks) {
    input_.listings = &listings_;
    input_.channel = &channel_;
    input_.rule_columns = world.rule_columns;
    input_.links = &links_;
    input_.broken_links = &broken_links_;
    input_.hand_unlinks = &hand_unlinks_;
    options_.parent_guard = world.parent_guard;
    options_.strict = world.strict;
    options_.details = true;
    options_.executor = how.executor;
    options_.memory_limit_bytes = how.memory_limit_bytes;
    options_.hash_seed = how.hash_seed;
  }
  const MatchInput& input() const { return input_; }
  const MatchOptions& options() const { return options_; }

 private:
  ChunkedSource listings_;
  ChunkedSource channel_;
  PairSpan links_;
  PairSpan broken_links_;
  PairSpan hand_unlinks_;
  MatchInput input_;
  MatchOptions options_;
};

Collected MatchWorld(const SlowWorld& world, const How& how = How()) {
  const WorldInput input(world, how);
  Collected collected;
  const auto linker = Linker::Create(world.priority);
  const auto stats = linker->Match(input.input(), input.options(), collected);
  EXPECT_TRUE(stats.ok()) << stats.status();
  if (stats.ok()) collected.stats = *stats;
  return collected;
}

// ---- comparing

std::string Text(const std::vector<int64_t>& rows) {
  std::string text;
  for (const int64_t row : rows) absl::StrAppend(&text, " ", row);
  return text;
}

std::string Text(const std::vector<LinkOutcome>& outcomes) {
  std::string text;
  for (const LinkOutcome& outcome : outcomes) {
    absl::StrAppend(&text, ToString(outcome.state), " ", outcome.channel_row, " ", outcome.rule, " ",
                    ToString(outcome.reason), "\n");
  }
  return text;
}

std::string Text(const std::vector<LinkDetail>& details) {
  std::string text;
  for (const LinkDetail& detail : details) {
    absl::StrAppend(&text, detail.listing_row, ": ", detail.target_row, " held by ", detail.holder_row, ";",
                    Text(detail.candidate_rows), ";", Text(detail.parent_rows), "\n");
  }
  return text;
}

std::string Text(const std::vector<RuleExplanation>& explanations) {
  std::string text;
  for (const RuleExplanation& one : explanations) {
    absl::StrAppend(&text, one.has_key, " '", one.key, "'", Text(one.listing_rows), ";", Text(one.channel_rows), ";",
                    one.listing_count, " ", one.channel_count, " ", ToString(one.reason), " ", one.linked, " ",
                    one.stopped, "\n");
  }
  return text;
}

std::string Text(const RuleStats& stats) {
  return absl::StrCat(stats.linked, " ", stats.linked_contradicted, " ", stats.ambiguous_listing, " ",
                      stats.ambiguous_channel, " ", stats.contradiction, " ", stats.target_taken, " ",
                      stats.unlinked_by_hand, " ") +
         absl::StrCat(stats.parent_mismatch, " ", stats.no_match, " ", stats.no_key);
}

// What a rule gave, counted from the slow linker's trace.
RuleStats CountTrace(const SlowResult& result, size_t rule) {
  RuleStats stats;
  std::map<LinkReason, int64_t*> counts = {{LinkReason::kAmbiguousListing, &stats.ambiguous_listing},
                                           {LinkReason::kAmbiguousChannel, &stats.ambiguous_channel},
                                           {LinkReason::kContradiction, &stats.contradiction},
                                           {LinkReason::kTargetTaken, &stats.target_taken},
                                           {LinkReason::kUnlinkedByHand, &stats.unlinked_by_hand},
                                           {LinkReason::kParentMismatch, &stats.parent_mismatch},
                                           {LinkReason::kNoMatch, &stats.no_match},
                                           {LinkReason::kNoKey, &stats.no_key}};
  for (const std::vector<RuleExplanation>& row : result.trace) {
    const RuleExplanation& said = row[rule];
    if (said.linked) {
      ++stats.linked;
      stats.linked_contradicted += said.reason == LinkReason::kContradiction;
    } else if (said.reason != LinkReason::kNone) {
      ++*counts.at(said.reason);
    }
  }
  return stats;
}

std::vector<RowPair> NewLinks(const std::vector<LinkOutcome>& outcomes) {
  std::vector<RowPair> pairs;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].rule > 0 && outcomes[i].state == LinkState::kLinked) {
      pairs.push_back({static_cast<int64_t>(i), outcomes[i].channel_row});
    }
  }
  return pairs;
}

// ---- the tests

TEST(LinkerPropertyTest, EqualsTheSlowLinker) {
  for (int seed = 0; seed < WorldCount(); ++seed) {
    const SlowWorld world = WorldMaker(static_cast<uint32_t>(seed)).Make();
    const SlowResult slow = SlowMatch(world, Flaw::kNone);
    const Collected got = MatchWorld(world);
    ASSERT_EQ(Text(got.outcomes), Text(slow.outcomes)) << "seed " << seed;
    ASSERT_EQ(Text(got.details), Text(slow.details)) << "seed " << seed;
    ASSERT_EQ(got.stats.rules.size(), world.priority.size());
    for (size_t rule = 0; rule < world.priority.size(); ++rule) {
      ASSERT_EQ(Text(got.stats.rules[rule]), Text(CountTrace(slow, rule))) << "seed " << seed;
    }
    ASSERT_EQ(got.stats.linked, static_cast<int64_t>(NewLinks(slow.outcomes).size()));
  }
}

TEST(LinkerPropertyTest, ExplainsAsTheSlowLinkerDoes) {
  for (int seed = 0; seed < WorldCount() / 4; ++seed) {
    const SlowWorld world = WorldMaker(static_cast<uint32_t>(seed)).Make();
    if (world.listings.empty()) continue;
    const SlowResult slow = SlowMatch(world, Flaw::kNone);
    const WorldInput input(world, How());
    const size_t row = static_cast<size_t>(seed) % world.listings.size();
    const auto got = Linker::Create(world.priority)->Explain(input.input(), input.options(), static_cast<int64_t>(row));
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_EQ(Text(*got), Text(slow.trace[row])) << "seed " << seed;
  }
}

TEST(LinkerPropertyTest, EveryFlawWouldBeSeen) {
  for (int flaw = 1; flaw < kFlawCount; ++flaw) {
    bool seen = false;
    for (int seed = 0; seed < kWorlds && !seen; ++seed) {
      const SlowWorld world = WorldMaker(static_cast<uint32_t>(seed)).Make();
      seen = Text(MatchWorld(world).outcomes) != Text(SlowMatch(world, static_cast<Flaw>(flaw)).outcomes);
    }
    EXPECT_TRUE(seen) << "flaw " << flaw;
  }
}

TEST(LinkerPropertyTest, DoesNotDependOnChunksThreadsMemoryOrHashes) {
  std::vector<std::unique_ptr<Executor>> executors;
  for (int threads = 1; threads <= 4; ++threads) executors.push_back(NewThreadExecutor(threads));
  for (int seed = 0; seed < WorldCount() / 4; ++seed) {
    const SlowWorld world = WorldMaker(static_cast<uint32_t>(seed)).Make();
    const Collected expected = MatchWorld(world);
    How how;
    how.listing_chunks = {1 + seed % 3, 0, 1};
    how.channel_chunks = {0, 2, 1 + seed % 5};
    how.executor = executors[static_cast<size_t>(seed) % executors.size()].get();
    // Every other one has to read its sources in as many passes as it has partitions.
    how.memory_limit_bytes = seed % 2;
    how.hash_seed = static_cast<uint64_t>(seed);
    const Collected got = MatchWorld(world, how);
    ASSERT_EQ(Text(got.outcomes), Text(expected.outcomes)) << "seed " << seed;
    ASSERT_EQ(Text(got.details), Text(expected.details)) << "seed " << seed;
  }
}

// Row i of the result is row order[i] of `rows`.
std::vector<SlowRow> Reorder(const std::vector<SlowRow>& rows, const std::vector<int64_t>& order) {
  std::vector<SlowRow> reordered;
  for (const int64_t row : order) reordered.push_back(rows[static_cast<size_t>(row)]);
  return reordered;
}

std::vector<int64_t> RandomOrder(size_t size, std::mt19937* random) {
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), *random);
  return order;
}

TEST(LinkerPropertyTest, DoesNotDependOnRowOrder) {
  for (int seed = 0; seed < WorldCount() / 4; ++seed) {
    std::mt19937 random(static_cast<uint32_t>(seed));
    const SlowWorld world = WorldMaker(static_cast<uint32_t>(seed)).Make();
    const std::vector<int64_t> listing_order = RandomOrder(world.listings.size(), &random);
    const std::vector<int64_t> channel_order = RandomOrder(world.channel.size(), &random);
    std::map<int64_t, int64_t> new_listing = {{kNoRow, kNoRow}};
    std::map<int64_t, int64_t> new_channel = {{kNoRow, kNoRow}};
    for (size_t i = 0; i < listing_order.size(); ++i) new_listing[listing_order[i]] = static_cast<int64_t>(i);
    for (size_t i = 0; i < channel_order.size(); ++i) new_channel[channel_order[i]] = static_cast<int64_t>(i);

    SlowWorld reordered = world;
    reordered.listings = Reorder(world.listings, listing_order);
    reordered.channel = Reorder(world.channel, channel_order);
    for (auto* pairs : {&reordered.links, &reordered.broken_links, &reordered.hand_unlinks}) {
      std::shuffle(pairs->begin(), pairs->end(), random);
      for (RowPair& pair : *pairs) pair = {new_listing[pair.listing_row], new_channel[pair.channel_row]};
    }
    std::vector<LinkOutcome> expected;
    const Collected straight = MatchWorld(world);
    for (const int64_t row : listing_order) {
      expected.push_back(straight.outcomes[static_cast<size_t>(row)]);
      expected.back().channel_row = new_channel[expected.back().channel_row];
    }
    ASSERT_EQ(Text(MatchWorld(reordered).outcomes), Text(expected)) << "seed " << seed;
  }
}

TEST(LinkerPropertyTest, ASecondPassMakesNoLink) {
  for (int seed = 0; seed < WorldCount(); ++seed) {
    SlowWorld world = WorldMaker(static_cast<uint32_t>(seed)).Make();
    const std::vector<RowPair> made = NewLinks(MatchWorld(world).outcomes);
    world.links.insert(world.links.end(), made.begin(), made.end());
    ASSERT_EQ(MatchWorld(world).stats.linked, 0) << "seed " << seed;
  }
}

TEST(LinkerPropertyTest, AnySubsetOfItsLinksLeadsToTheSame) {
  for (int seed = 0; seed < WorldCount(); ++seed) {
    std::mt19937 random(static_cast<uint32_t>(seed));
    SlowWorld world = WorldMaker(static_cast<uint32_t>(seed)).Make();
    const std::vector<LinkOutcome> full = MatchWorld(world).outcomes;
    std::vector<RowPair> kept;
    for (const RowPair& pair : NewLinks(full)) {
      if (random() % 2 == 0) kept.push_back(pair);
    }
    world.links.insert(world.links.end(), kept.begin(), kept.end());
    const std::vector<LinkOutcome> again = MatchWorld(world).outcomes;
    for (size_t i = 0; i < full.size(); ++i) {
      ASSERT_EQ(again[i].state, full[i].state) << "seed " << seed << ", row " << i;
      ASSERT_EQ(again[i].channel_row, full[i].channel_row) << "seed " << seed << ", row " << i;
    }
  }
}

}  // namespace
}  // namespace flxlink::linker
