#include "src/engine/rate_limiter.h"

#include <algorithm>

namespace flxlink::engine {
namespace {

// Who waited for as long as he was told gets his tokens, whatever the rounding.
constexpr double kRounding = 1e-6;

}  // namespace

RateLimiter::RateLimiter(const RateLimit& limit, absl::Time now)
    : limit_(limit), tokens_(limit.bucket_size), filled_at_(now) {}

absl::Duration RateLimiter::Take(double cost, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (limit_.bucket_size <= 0 || limit_.refill_per_second <= 0) return absl::ZeroDuration();
  // A clock that was set back refills nothing.
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(now - filled_at_));
  tokens_ = std::min(limit_.bucket_size, tokens_ + seconds * limit_.refill_per_second);
  filled_at_ = now;
  cost = std::min(cost, limit_.bucket_size);
  if (tokens_ + kRounding < cost) {
    return absl::Ceil(absl::Seconds((cost - tokens_) / limit_.refill_per_second), absl::Microseconds(1));
  }
  tokens_ = std::max(0.0, tokens_ - cost);
  return absl::ZeroDuration();
}

void RateLimiter::SetLimit(const RateLimit& limit) {
  absl::MutexLock lock(&mutex_);
  // Where there was no limit nothing was counted either: who begins to count begins with a full bucket.
  tokens_ = limit_.bucket_size <= 0 ? limit.bucket_size : std::min(tokens_, limit.bucket_size);
  limit_ = limit;
}

}  // namespace flxlink::engine
