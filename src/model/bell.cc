#include "flxlink/bell.h"

namespace flxlink {

void Bell::Ring() {
  absl::MutexLock lock(&mutex_);
  rings_.fetch_add(1, std::memory_order_release);
}

void Bell::Wait(uint64_t heard, absl::Duration timeout) const {
  if (rings() != heard) return;
  absl::MutexLock lock(&mutex_);
  const auto is_rung = [&] { return rings() != heard; };
  mutex_.AwaitWithTimeout(absl::Condition(&is_rung), timeout);
}

}  // namespace flxlink
