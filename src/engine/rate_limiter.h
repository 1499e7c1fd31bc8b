// A token bucket: how long to wait so that a channel's rate limit is kept.

#ifndef FLXLINK_SRC_ENGINE_RATE_LIMITER_H_
#define FLXLINK_SRC_ENGINE_RATE_LIMITER_H_

#include "absl/time/time.h"
#include "flxlink/channel_adapter.h"

namespace flxlink::engine {

// Not thread-safe. It is told the time and waits for nobody.
class RateLimiter {
 public:
  // Starts with a full bucket.
  RateLimiter(const RateLimit& limit, absl::Time now);

  // Takes `cost` tokens and returns how long the caller must wait before it may make its call. A cost above the
  // bucket's size is taken as the bucket's size.
  absl::Duration Take(double cost, absl::Time now);

 private:
  RateLimit limit_;
  double tokens_;  // Below zero: taken ahead, by calls that are waiting.
  absl::Time filled_at_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_RATE_LIMITER_H_
