#include "src/engine/backoff.h"

#include <algorithm>

namespace flxlink::engine {
namespace {

constexpr absl::Duration kLongestBackoff = absl::Minutes(1);

}  // namespace

absl::Duration Backoff(const EngineOptions& options, int tries) {
  absl::Duration wait = options.first_backoff;
  for (int i = 1; i < tries && wait < kLongestBackoff; ++i) wait *= 2;
  return std::min(wait, kLongestBackoff);
}

}  // namespace flxlink::engine
