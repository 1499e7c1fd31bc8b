#include "src/channels/simulated/simulated_chance.h"

#include <cmath>

namespace flxlink::simulated {

double ToUnit(uint64_t bits) { return std::ldexp(static_cast<double>(bits >> 11), -53); }

absl::Duration SimulatedChance::Between(absl::Duration min, absl::Duration max) {
  const int64_t span = absl::ToInt64Microseconds(max - min);
  if (span <= 0) return min;
  return min + absl::Microseconds(static_cast<int64_t>(Below(static_cast<uint64_t>(span) + 1)));
}

}  // namespace flxlink::simulated
