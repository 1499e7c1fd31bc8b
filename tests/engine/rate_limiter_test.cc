#include "src/engine/rate_limiter.h"

#include "gtest/gtest.h"
#include "src/engine/rate_limiters.h"

namespace flxlink::engine {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

TEST(RateLimiterTest, GivesWhatIsSavedUpAndThenMakesWait) {
  RateLimiter limiter({2, 0.5, 1, 1, 1}, kStart);
  EXPECT_EQ(limiter.Take(1, kStart), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take(1, kStart), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take(1, kStart), absl::Seconds(2));
  EXPECT_EQ(limiter.Take(1, kStart), absl::Seconds(2)) << "who has to wait has taken nothing";
  EXPECT_EQ(limiter.Take(1, kStart + absl::Seconds(2)), absl::ZeroDuration());
}

TEST(RateLimiterTest, MoreThanTheBucketHoldsIsAWholeBucket) {
  RateLimiter limiter({2, 1, 1, 1, 1}, kStart);
  EXPECT_EQ(limiter.Take(50, kStart), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take(50, kStart), absl::Seconds(2));
}

TEST(RateLimiterTest, AClockThatIsSetBackRefillsNothing) {
  RateLimiter limiter({1, 1, 1, 1, 1}, kStart);
  EXPECT_EQ(limiter.Take(1, kStart), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take(1, kStart - absl::Hours(1)), absl::Seconds(1));
}

TEST(RateLimiterTest, NoLimitNeverMakesWait) {
  RateLimiter limiter({}, kStart);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.Take(1, kStart), absl::ZeroDuration());
}

TEST(RateLimitersTest, ABucketBelongsToAChannelAndItsAdapter) {
  const RateLimit limit = {1, 1, 1, 1, 1};
  RateLimiters limiters;
  EXPECT_EQ(limiters.For(1, "mine", limit, kStart).Take(1, kStart), absl::ZeroDuration());
  EXPECT_EQ(limiters.For(1, "mine", limit, kStart).Take(1, kStart), absl::Seconds(1));
  EXPECT_EQ(limiters.For(2, "mine", limit, kStart).Take(1, kStart), absl::ZeroDuration());
  EXPECT_EQ(limiters.For(1, "other", limit, kStart).Take(1, kStart), absl::ZeroDuration());
}

TEST(RateLimitersTest, AnotherLimitKeepsWhatWasSavedUp) {
  RateLimiters limiters;
  EXPECT_EQ(limiters.For(1, "mine", {}, kStart).Take(1, kStart), absl::ZeroDuration());
  RateLimiter& limiter = limiters.For(1, "mine", {4, 1, 1, 1, 1}, kStart);
  EXPECT_EQ(limiter.Take(4, kStart), absl::ZeroDuration()) << "begins full";
  limiters.For(1, "mine", {2, 2, 1, 1, 1}, kStart);
  EXPECT_EQ(limiter.Take(2, kStart), absl::Seconds(1));
}

}  // namespace
}  // namespace flxlink::engine
