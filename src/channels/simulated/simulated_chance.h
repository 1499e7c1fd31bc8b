// SimulatedChance: whatever happens on the simulated platform by chance, all from one seed.
//
// Not thread-safe.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_CHANCE_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_CHANCE_H_

#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace flxlink::simulated {

// A number from 0 to 1, not 1 itself, of 64 random bits. The standard library's own distributions differ between
// systems.
double ToUnit(uint64_t bits);

class SimulatedChance {
 public:
  explicit SimulatedChance(uint64_t seed) : random_(seed) {}

  // Nothing is drawn for what never happens.
  bool Happens(double rate) { return rate > 0 && ToUnit(random_()) < rate; }
  // From 0 to `end`, not `end` itself, which is above 0.
  uint64_t Below(uint64_t end) { return random_() % end; }
  // Both ends included; `min` where the span is none.
  absl::Duration Between(absl::Duration min, absl::Duration max);

 private:
  std::mt19937_64 random_;
};

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_CHANCE_H_
