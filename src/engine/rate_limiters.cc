#include "src/engine/rate_limiters.h"

namespace flxlink::engine {

RateLimiter& RateLimiters::For(int64_t channel_id, absl::string_view adapter, const RateLimit& limit, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  const auto [entry, inserted] = limiters_.try_emplace({channel_id, std::string(adapter)}, limit, now);
  if (!inserted) entry->second.SetLimit(limit);
  return entry->second;
}

}  // namespace flxlink::engine
