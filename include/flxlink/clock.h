// Time, injected. Nothing in flxlink reads the machine's clock but SystemClock.

#ifndef FLXLINK_CLOCK_H_
#define FLXLINK_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"
#include "flxlink/bell.h"

namespace flxlink {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The time now, UTC, in whole microseconds (what storage keeps). It may step in either direction when somebody sets
  // the machine's clock: flxlink orders nothing by it that must not go wrong, and fences by epochs instead.
  virtual absl::Time Now() const = 0;

  // Waits for `duration`. A simulated clock moves its time instead.
  virtual void Sleep(absl::Duration duration) = 0;

  // Waits until `bell` was rung more often than `heard`, at most for `duration`. Default: Sleep, unless it was already;
  // which is right where Sleep moves a simulated time at once, since nobody rings meanwhile. Where it takes time, what
  // is rung is noticed only afterwards: override it then.
  virtual void SleepUnless(const Bell& bell, uint64_t heard, absl::Duration duration);
};

// The machine's clock. Never destroyed.
Clock& SystemClock();

}  // namespace flxlink

#endif  // FLXLINK_CLOCK_H_
