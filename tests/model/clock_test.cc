#include "flxlink/clock.h"

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

// What storage keeps must be equal to what was given to it.
TEST(ClockTest, TellsWholeMicroseconds) {
  for (int i = 0; i < 1000; ++i) {
    const absl::Time now = SystemClock().Now();
    ASSERT_EQ(now, absl::FromUnixMicros(absl::ToUnixMicros(now)));
  }
}

TEST(ClockTest, TellsTheMachinesTime) {
  const absl::Time before = absl::Now();
  const absl::Time now = SystemClock().Now();
  EXPECT_GE(now, before - absl::Microseconds(1));
  EXPECT_LE(now, absl::Now());
}

}  // namespace
}  // namespace flxlink::model
