// Runs simulated histories:
//
//   flxlink_simulate --seed N|--seeds A..B [--twin NAME] [--sqlite FOLDER] [--trace]
//
// It says of each that fails what did not hold and how to see it again, and exits with 1 if there was one.

#include <cstdint>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/simulation/twins.h"
#include "tests/simulation/world.h"

namespace flxlink::simulation {
namespace {

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 0;
  std::string twin;
  // Where SQLite stores are made.
  std::string folder;
  bool trace = false;
};

bool ParseSeeds(const std::string& text, Arguments* arguments) {
  const std::pair<std::string, std::string> ends = absl::StrSplit(text, absl::MaxSplits("..", 1));
  if (!absl::SimpleAtoi(ends.first, &arguments->first)) return false;
  arguments->last = arguments->first;
  return ends.second.empty() || absl::SimpleAtoi(ends.second, &arguments->last);
}

bool Parse(int count, char** values, Arguments* arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    if (name == "--trace") {
      arguments->trace = true;
      continue;
    }
    if (++i == count) return false;
    if (name == "--twin") {
      arguments->twin = values[i];
    } else if (name == "--sqlite") {
      arguments->folder = values[i];
    } else if ((name != "--seed" && name != "--seeds") || !ParseSeeds(values[i], arguments)) {
      return false;
    }
  }
  return arguments->last >= arguments->first;
}

int Usage() {
  std::cerr << "usage: flxlink_simulate --seed N|--seeds A..B [--twin NAME] [--sqlite FOLDER] [--trace]\ntwins:\n";
  for (const TwinName& twin : TwinNames()) std::cerr << "  " << twin.name << ": without " << twin.guard << "\n";
  return 2;
}

bool IsTwin(const std::string& name) {
  bool is_twin = name.empty();
  for (const TwinName& twin : TwinNames()) is_twin = is_twin || twin.name == name;
  return is_twin;
}

int Run(const Arguments& arguments) {
  int64_t failures = 0;
  int64_t points = 0;
  int64_t deaths = 0;
  int64_t items = 0;
  const absl::Time begun = absl::Now();
  for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    WorldOptions options;
    options.seed = seed;
    options.twin = arguments.twin;
    if (!arguments.folder.empty()) options.sqlite_path = absl::StrCat(arguments.folder, "/seed", seed, ".db");
    options.trace = arguments.trace ? &std::cout : nullptr;
    const Verdict verdict = Simulate(options);
    points += verdict.points;
    deaths += verdict.deaths;
    items += verdict.items_judged;
    if (verdict.failure.empty()) continue;
    ++failures;
    std::cout << "seed " << seed << ": " << verdict.failure << "\n  " << ReplayCommand(options) << std::endl;
  }
  const auto seeds = static_cast<int64_t>(arguments.last - arguments.first + 1);
  std::cout << seeds << " seeds, " << failures << " failed; a seed has " << points / seeds << " points, "
            << deaths / seeds << " deaths and " << items / seeds << " items judged, and takes "
            << absl::ToInt64Milliseconds(absl::Now() - begun) / seeds << " ms\n";
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace flxlink::simulation

int main(int count, char** values) {
  flxlink::simulation::Arguments arguments;
  const bool right = flxlink::simulation::Parse(count, values, &arguments);
  if (!right || !flxlink::simulation::IsTwin(arguments.twin)) return flxlink::simulation::Usage();
  return flxlink::simulation::Run(arguments);
}
