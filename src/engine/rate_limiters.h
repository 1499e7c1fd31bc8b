// The rate limiters of an engine's channels.

#ifndef FLXLINK_SRC_ENGINE_RATE_LIMITERS_H_
#define FLXLINK_SRC_ENGINE_RATE_LIMITERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flxlink/channel_adapter.h"
#include "src/engine/rate_limiter.h"

namespace flxlink::engine {

// A platform counts calls over all jobs, so a bucket outlives the job that draws from it: it is made when a channel's
// first job asks for it and stays as long as this. Thread-safe.
class RateLimiters {
 public:
  // The bucket of a channel with that adapter, now by `limit`. A channel that gets another adapter begins anew.
  RateLimiter& For(int64_t channel_id, absl::string_view adapter, const RateLimit& limit, absl::Time now);

 private:
  absl::Mutex mutex_;
  std::map<std::pair<int64_t, std::string>, RateLimiter> limiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_RATE_LIMITERS_H_
