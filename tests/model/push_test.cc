#include "flxlink/push.h"

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

TEST(PushTest, ResultsHaveNames) {
  EXPECT_EQ(ToString(PushResult::kApplied), "applied");
  EXPECT_EQ(ToString(PushResult::kAccepted), "accepted");
  EXPECT_EQ(ToString(PushResult::kRejected), "rejected");
  EXPECT_EQ(ToString(PushResult::kNotFound), "not_found");
  EXPECT_EQ(ToString(PushResult::kConflict), "conflict");
  EXPECT_EQ(ToString(PushResult::kNotTried), "not_tried");
  EXPECT_EQ(ToString(PushResult::kThrottled), "throttled");
  EXPECT_EQ(ToString(PushResult::kUnavailable), "unavailable");
}

}  // namespace
}  // namespace flxlink::model
