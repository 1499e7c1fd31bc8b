#include "flxlink/bell.h"

#include <thread>

#include "absl/time/time.h"
#include "flxlink/clock.h"
#include "gtest/gtest.h"
#include "tests/support/manual_clock.h"

namespace flxlink::model {
namespace {

TEST(BellTest, ARingBeforeTheSleepEndsIt) {
  Bell bell;
  const uint64_t heard = bell.rings();
  bell.Ring();
  bell.Wait(heard, absl::InfiniteDuration());
  SystemClock().SleepUnless(bell, heard, absl::InfiniteDuration());
  EXPECT_EQ(bell.rings(), heard + 1);
}

TEST(BellTest, ARingWakesAllWhoSleep) {
  Bell bell;
  const auto sleep = [&bell] { SystemClock().SleepUnless(bell, 0, absl::InfiniteDuration()); };
  std::thread one(sleep);
  std::thread other(sleep);
  bell.Ring();
  one.join();
  other.join();
}

TEST(BellTest, WithoutARingASleepEndsByItself) {
  const Bell bell;
  SystemClock().SleepUnless(bell, bell.rings(), absl::Milliseconds(1));
  EXPECT_EQ(bell.rings(), uint64_t{0});
}

TEST(BellTest, AClockThatOnlyKnowsSleepSleepsUnlessItWasRung) {
  Bell bell;
  ManualClock clock;
  Clock& any = clock;
  const absl::Time start = any.Now();
  any.SleepUnless(bell, bell.rings(), absl::Hours(1));
  EXPECT_EQ(any.Now() - start, absl::Hours(1));
  const uint64_t heard = bell.rings();
  bell.Ring();
  any.SleepUnless(bell, heard, absl::Hours(1));
  EXPECT_EQ(any.Now() - start, absl::Hours(1));
}

}  // namespace
}  // namespace flxlink::model
