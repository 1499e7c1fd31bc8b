// A token bucket: how long to wait so that a channel's rate limit is kept.

#ifndef FLXLINK_SRC_ENGINE_RATE_LIMITER_H_
#define FLXLINK_SRC_ENGINE_RATE_LIMITER_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flxlink/channel_adapter.h"

namespace flxlink::engine {

// Thread-safe. It is told the time and waits for nobody.
class RateLimiter {
 public:
  // Starts with a full bucket.
  RateLimiter(const RateLimit& limit, absl::Time now);

  // Takes `cost` tokens and returns zero, or takes none and returns how long to wait before asking again. A cost above
  // the bucket's size is taken as the bucket's size.
  absl::Duration Take(double cost, absl::Time now);

  // From now on by this limit. What was saved up stays, as far as it fits.
  void SetLimit(const RateLimit& limit);

 private:
  absl::Mutex mutex_;
  RateLimit limit_ ABSL_GUARDED_BY(mutex_);
  double tokens_ ABSL_GUARDED_BY(mutex_);
  absl::Time filled_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_RATE_LIMITER_H_
