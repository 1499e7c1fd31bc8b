// Simulated histories in which everything holds, and twins with a broken guard in which it does not.
//
// FLXLINK_TEST_SCALE makes the test of histories shorter or longer.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/simulation/twins.h"
#include "tests/simulation/world.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::simulation {

void PrintTo(const TwinName& twin, std::ostream* out) { *out << twin.name; }

namespace {

uint64_t Scaled(int usual) {
  const char* const text = std::getenv("FLXLINK_TEST_SCALE");
  double scale = 1;
  if (text != nullptr && !absl::SimpleAtod(text, &scale)) ADD_FAILURE() << "FLXLINK_TEST_SCALE is no number: " << text;
  return static_cast<uint64_t>(std::max(1.0, usual * scale));
}

TEST(SimulationTest, EverythingHoldsWhateverGoesWrong) {
  int64_t items = 0;
  for (uint64_t seed = 1; seed <= Scaled(200); ++seed) {
    WorldOptions options;
    options.seed = seed;
    const Verdict verdict = Simulate(options);
    items += verdict.items_judged;
    EXPECT_EQ(verdict.failure, "") << absl::StrJoin(verdict.tail, "\n") << "\nreplay: " << ReplayCommand(options);
  }
  EXPECT_GT(items, 0);
}

// What made them fail:
//   11263, 19702            a link job that yielded forgot what it had counted, and failed
//   39701, 50122, 95853     a link job that yielded had counted as unlinked what it linked after that
//   51289                   a receipt of an earlier link was decided after the item's next link had sent
//   53639                   a listing variant was linked to another item while its last push could still land
//   102980                  a push went out after its worker had overslept its call
TEST(SimulationTest, WhatOnceFailedHolds) {
  constexpr uint64_t kSeeds[] = {11263, 19702, 39701, 50122, 51289, 53639, 95853, 102980};
  for (const uint64_t seed : kSeeds) {
    WorldOptions options;
    options.seed = seed;
    const Verdict verdict = Simulate(options);
    EXPECT_EQ(verdict.failure, "") << absl::StrJoin(verdict.tail, "\n") << "\nreplay: " << ReplayCommand(options);
  }
}

TEST(SimulationTest, TheSameSeedIsTheSameHistory) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    WorldOptions options;
    options.seed = seed;
    const Verdict first = Simulate(options);
    const Verdict second = Simulate(options);
    EXPECT_EQ(first.digest, second.digest) << "seed " << seed;
    EXPECT_EQ(first.points, second.points) << "seed " << seed;
  }
}

TEST(SimulationTest, TheHistoryIsTheSameOverSqlite) {
  const TemporaryFolder folder;
  for (uint64_t seed = 1; seed <= Scaled(10); ++seed) {
    WorldOptions options;
    options.seed = seed;
    const Verdict memory = Simulate(options);
    options.sqlite_path = folder.PathOf(absl::StrCat("seed", seed, ".db"));
    const Verdict sqlite = Simulate(options);
    EXPECT_EQ(memory.digest, sqlite.digest) << "seed " << seed;
    EXPECT_EQ(sqlite.failure, "") << absl::StrJoin(sqlite.tail, "\n");
  }
}

class TwinTest : public ::testing::TestWithParam<TwinName> {};

// The oracles see that a guard is broken, in a number of histories that a test can run.
TEST_P(TwinTest, IsCaught) {
  constexpr uint64_t kMost = 2000;
  WorldOptions options;
  options.twin = GetParam().name;
  Verdict verdict;
  while (verdict.failure.empty() && options.seed <= kMost) {
    verdict = Simulate(options);
    ++options.seed;
  }
  EXPECT_NE(verdict.failure, "") << "a store without " << GetParam().guard << " is taken for a sound one";
  std::cout << "seed " << options.seed - 1 << ": " << verdict.failure << std::endl;
}

INSTANTIATE_TEST_SUITE_P(All, TwinTest, ::testing::ValuesIn(TwinNames()),
                         [](const ::testing::TestParamInfo<TwinName>& twin) { return twin.param.name; });

}  // namespace
}  // namespace flxlink::simulation
