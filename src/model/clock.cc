#include "flxlink/clock.h"

#include "absl/time/clock.h"

namespace flxlink {
namespace {

class MachineClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixMicros(absl::ToUnixMicros(absl::Now())); }
  void Sleep(absl::Duration duration) override { absl::SleepFor(duration); }
  void SleepUnless(const Bell& bell, uint64_t heard, absl::Duration duration) override { bell.Wait(heard, duration); }
};

}  // namespace

void Clock::SleepUnless(const Bell& bell, uint64_t heard, absl::Duration duration) {
  if (bell.rings() == heard) Sleep(duration);
}

Clock& SystemClock() {
  static MachineClock* const clock = new MachineClock;
  return *clock;
}

}  // namespace flxlink
