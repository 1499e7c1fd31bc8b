// Bell: what those sleep on who wait for something, and what those ring who bring it about.

#ifndef FLXLINK_BELL_H_
#define FLXLINK_BELL_H_

#include <atomic>
#include <cstdint>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace flxlink {

// Thread-safe. A ring says that it is worth looking, and nothing else: whoever wakes looks again. So that no ring is
// lost between looking and sleeping, read `rings` before you look, and sleep until there are more:
//
//   const uint64_t heard = bell.rings();
//   if (nothing is to be done) clock.SleepUnless(bell, heard, duration);
class Bell {
 public:
  Bell() = default;
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  // How often it was rung. Costs nothing.
  uint64_t rings() const { return rings_.load(std::memory_order_acquire); }

  // Wakes everybody. To be called after what it tells of has happened.
  void Ring();

  // Sleeps until it was rung more often than `heard`, at most for `timeout` of the machine's time. Whoever has a Clock
  // calls Clock::SleepUnless instead.
  void Wait(uint64_t heard, absl::Duration timeout) const;

 private:
  mutable absl::Mutex mutex_;
  std::atomic<uint64_t> rings_{0};  // Changed under the mutex, so that no sleeper misses it.
};

}  // namespace flxlink

#endif  // FLXLINK_BELL_H_
