#include "src/engine/adapter_error.h"

#include "flxlink/channel_adapter.h"
#include "flxlink/problem.h"
#include "gtest/gtest.h"

namespace flxlink::engine {
namespace {

Channel Shop() {
  Channel channel;
  channel.config.name = "shop";
  return channel;
}

TEST(AdapterErrorTest, NamesTheChannelAndKeepsTheRest) {
  const absl::Status status =
      AdapterError(WithRetryAfter(absl::ResourceExhaustedError("busy"), absl::Seconds(3)), Shop());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfter(status), absl::Seconds(3));
  EXPECT_EQ(ProblemOf(status), (Problem{"throttled", {{"channel", "shop"}}, "busy"}));
}

TEST(AdapterErrorTest, TellsWhatATryLaterMayGetAround) {
  const auto code = [](const absl::Status& status) { return ProblemFrom(AdapterError(status, Shop())).code; };
  EXPECT_EQ(code(absl::UnavailableError("")), problem_code::kAdapterUnavailable);
  EXPECT_EQ(code(absl::DeadlineExceededError("")), problem_code::kAdapterUnavailable);
  EXPECT_EQ(code(absl::UnknownError("")), problem_code::kAdapterUnavailable);
  EXPECT_EQ(code(absl::ResourceExhaustedError("")), problem_code::kAdapterFailed);
  EXPECT_EQ(code(absl::InvalidArgumentError("")), problem_code::kAdapterFailed);
  EXPECT_EQ(code(absl::UnauthenticatedError("")), problem_code::kCredentialRefused);
}

TEST(AdapterErrorTest, LeavesWhatAnAdapterSaysItself) {
  const absl::Status own = ProblemStatus(absl::StatusCode::kUnavailable, "platform_down", {}, "back at noon");
  EXPECT_EQ(AdapterError(own, Shop()), own);
  EXPECT_EQ(AdapterError(absl::OkStatus(), Shop()), absl::OkStatus());
}

}  // namespace
}  // namespace flxlink::engine
