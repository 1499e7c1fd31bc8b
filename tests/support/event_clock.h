// A clock for several threads: time passes only while all of them sleep, and then to when the first wakes up, so that
// no thread finds that time has passed while it was busy.

#ifndef FLXLINK_TESTS_SUPPORT_EVENT_CLOCK_H_
#define FLXLINK_TESTS_SUPPORT_EVENT_CLOCK_H_

#include <algorithm>
#include <cstddef>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flxlink/clock.h"

namespace flxlink {

// Thread-safe. Sleep is for threads that are between Enter and Leave, and for one alone.
class EventClock : public Clock {
 public:
  absl::Time Now() const override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }

  void Sleep(absl::Duration duration) override {
    absl::MutexLock lock(&mutex_);
    const auto wakes = wake_ups_.insert(now_ + duration);
    PassTime();
    const auto is_time = [&] { return now_ >= *wakes; };
    mutex_.Await(absl::Condition(&is_time));
    wake_ups_.erase(wakes);
  }

  // `threads` are to be waited for from now on; to be called before any of them begins.
  void Enter(size_t threads) {
    absl::MutexLock lock(&mutex_);
    threads_ += threads;
  }
  // By a thread that ends.
  void Leave() {
    absl::MutexLock lock(&mutex_);
    --threads_;
    PassTime();
  }

 private:
  // One that has woken up is among the wake-ups until it runs: then time waits for it.
  void PassTime() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!wake_ups_.empty() && wake_ups_.size() >= threads_) now_ = std::max(now_, *wake_ups_.begin());
  }

  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1767225600);
  size_t threads_ ABSL_GUARDED_BY(mutex_) = 0;
  std::multiset<absl::Time> wake_ups_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink

#endif  // FLXLINK_TESTS_SUPPORT_EVENT_CLOCK_H_
