#include "flxlink/call.h"

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

TEST(Call, GoesOnForEverByDefault) {
  EXPECT_TRUE(CheckCall({}, absl::UnixEpoch() + absl::Hours(24 * 365 * 1000)).ok());
}

TEST(Call, EndsAtItsDeadline) {
  const absl::Time deadline = absl::FromUnixSeconds(100);
  const Call call{deadline, nullptr};
  EXPECT_TRUE(CheckCall(call, deadline - absl::Microseconds(1)).ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(CheckCall(call, deadline)));
}

TEST(Call, StaysCancelled) {
  Cancellation cancellation;
  const Call call{absl::InfiniteFuture(), &cancellation};
  EXPECT_TRUE(CheckCall(call, absl::Now()).ok());
  cancellation.Cancel();
  cancellation.Cancel();
  EXPECT_TRUE(cancellation.cancelled());
  EXPECT_TRUE(absl::IsCancelled(CheckCall(call, absl::Now())));
}

}  // namespace
}  // namespace flxlink::model
