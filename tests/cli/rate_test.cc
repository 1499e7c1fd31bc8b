#include "src/cli/rate.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace flxlink::cli {
namespace {

absl::Time At(double second) { return absl::FromUnixSeconds(1767225600) + absl::Seconds(second); }

TEST(RateTest, IsNotKnownBeforeSomethingWasDoneForASecond) {
  Rate rate;
  EXPECT_EQ(rate.PerSecond(), absl::nullopt);
  rate.Add(At(0), 1000);
  rate.Add(At(5), 1000);
  EXPECT_EQ(rate.PerSecond(), absl::nullopt) << "what was done before is nobody's rate";
  EXPECT_EQ(rate.TimeFor(10), absl::nullopt);
  EXPECT_EQ(DescribeRate(rate, 10), "");

  Rate quick;
  quick.Add(At(0), 0);
  quick.Add(At(0.5), 500);
  EXPECT_EQ(quick.PerSecond(), absl::nullopt);
  quick.Add(At(1), 1000);
  EXPECT_EQ(quick.PerSecond(), 1000);
}

TEST(RateTest, IsThatOfTheLastHalfMinute) {
  Rate rate;
  for (int second = 0; second <= 100; ++second) rate.Add(At(second), 10 * second);
  EXPECT_EQ(rate.PerSecond(), 10);
  for (int second = 101; second <= 130; ++second) rate.Add(At(second), 1000 + 20 * (second - 100));
  EXPECT_EQ(rate.PerSecond(), 20);
  EXPECT_EQ(rate.TimeFor(40), absl::Seconds(2));
}

TEST(RateTest, OfRareStepsIsThatOfTheLastTwo) {
  Rate rate;
  for (int minute = 0; minute <= 10; ++minute) rate.Add(At(60 * minute), 600 * minute);
  EXPECT_EQ(rate.PerSecond(), 10);
  rate.Add(At(60 * 11), 600 * 10 + 1200);
  EXPECT_EQ(rate.PerSecond(), 20);
}

TEST(RateTest, FallsWhileNothingIsDone) {
  Rate rate;
  rate.Add(At(0), 0);
  rate.Add(At(10), 100);
  EXPECT_EQ(rate.PerSecond(), 10);
  rate.Add(At(20), 100);
  EXPECT_EQ(rate.PerSecond(), 5);
  rate.Add(At(1000), 100);
  EXPECT_EQ(rate.PerSecond(), 0.1);
}

TEST(RateTest, BeginsAnewWithTheJobAndWithTheClock) {
  Rate rate;
  rate.Add(At(0), 0);
  rate.Add(At(10), 1000);
  rate.Add(At(11), 5);
  EXPECT_EQ(rate.PerSecond(), absl::nullopt);
  rate.Add(At(12), 10);
  EXPECT_EQ(rate.PerSecond(), 5);
  rate.Add(At(2), 20);
  EXPECT_EQ(rate.PerSecond(), absl::nullopt);
  rate.Add(At(4), 40);
  EXPECT_EQ(rate.PerSecond(), 10);
}

TEST(RateTest, IsDescribedWithTheTimeThatIsLeft) {
  Rate rate;
  rate.Add(At(0), 0);
  rate.Add(At(10), 39800);
  EXPECT_EQ(DescribeRate(rate, absl::nullopt), "3,980/s");
  EXPECT_EQ(DescribeRate(rate, 1), "3,980/s, about 1 s left");
  EXPECT_EQ(DescribeRate(rate, 3980 * 60), "3,980/s, about 1 min left");
  EXPECT_EQ(DescribeRate(rate, 3980 * 61), "3,980/s, about 2 min left");
  EXPECT_EQ(DescribeRate(rate, 3980 * 3600), "3,980/s, about 1 h 0 min left");
  EXPECT_EQ(DescribeRate(rate, 3980 * 3601), "3,980/s, about 1 h 1 min left");
  EXPECT_EQ(DescribeRate(rate, int64_t{1} << 62), "3,980/s") << "who would wait for that";
  Rate slow;
  slow.Add(At(0), 0);
  slow.Add(At(10), 4);
  EXPECT_EQ(DescribeRate(slow, 10), "0.4/s, about 25 s left");
}

}  // namespace
}  // namespace flxlink::cli
