// A world: a store, platforms with a channel each, processes whose workers run their jobs, and people who ask for
// things and change things, all by one seed. First everything goes wrong that can, then nothing does any more, and what
// must come of it is judged.

#ifndef FLXLINK_TESTS_SIMULATION_WORLD_H_
#define FLXLINK_TESTS_SIMULATION_WORLD_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace flxlink::simulation {

struct WorldOptions {
  uint64_t seed = 1;
  // The guard that is broken, see twins.h. Empty: none.
  std::string twin;
  // Where a new SQLite store is made, to be used in the place of one in memory. Empty: none is.
  std::string sqlite_path;
  // Where everything that happens is written. Default: nowhere.
  std::ostream* trace = nullptr;
};

struct Verdict {
  // What did not hold. Empty: everything did.
  std::string failure;
  // The last that happened until then.
  std::vector<std::string> tail;
  // Of all that happened.
  uint64_t digest = 0;
  int64_t points = 0;
  int64_t deaths = 0;
  int64_t items_judged = 0;
};

Verdict Simulate(const WorldOptions& options);

// What shows the same once more.
std::string ReplayCommand(const WorldOptions& options);

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_WORLD_H_
