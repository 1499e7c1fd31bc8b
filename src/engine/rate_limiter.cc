#include "src/engine/rate_limiter.h"

#include <algorithm>

namespace flxlink::engine {

RateLimiter::RateLimiter(const RateLimit& limit, absl::Time now)
    : limit_(limit), tokens_(limit.bucket_size), filled_at_(now) {}

absl::Duration RateLimiter::Take(double cost, absl::Time now) {
  if (limit_.bucket_size <= 0 || limit_.refill_per_second <= 0) return absl::ZeroDuration();
  // A clock that was set back refills nothing.
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(now - filled_at_));
  tokens_ = std::min(limit_.bucket_size, tokens_ + seconds * limit_.refill_per_second);
  filled_at_ = now;
  tokens_ -= std::min(cost, limit_.bucket_size);
  return tokens_ >= 0 ? absl::ZeroDuration() : absl::Seconds(-tokens_ / limit_.refill_per_second);
}

}  // namespace flxlink::engine
