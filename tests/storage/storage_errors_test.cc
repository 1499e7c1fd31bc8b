#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "flxlink/problem.h"
#include "flxlink/storage_kit/errors.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

struct Expected {
  absl::Status status;
  absl::StatusCode code;
  std::string names;  // What the message must name.
};

TEST(StorageErrors, EachHasItsCodeNamesItsSubjectAndIsOneLine) {
  Channel channel;
  channel.config.name = "shop";
  channel.revision = 3;
  Slot slot;
  slot.holder_job = 17;
  const std::vector<Expected> errors = {
      {storage::NoSuchChannel(41), absl::StatusCode::kNotFound, "41"},
      {storage::NoSuchChannel("shop"), absl::StatusCode::kNotFound, "shop"},
      {storage::NoSuchProduct(42), absl::StatusCode::kNotFound, "42"},
      {storage::NoSuchListing(43), absl::StatusCode::kNotFound, "43"},
      {storage::NoSuchSku(channel, "A-1"), absl::StatusCode::kNotFound, "A-1"},
      {storage::NoSuchItem(channel, "X-1"), absl::StatusCode::kNotFound, "X-1"},
      {storage::NoSuchJob(44), absl::StatusCode::kNotFound, "44"},
      {storage::NameTaken("shop"), absl::StatusCode::kAlreadyExists, "shop"},
      {storage::JobExists(45), absl::StatusCode::kAlreadyExists, "45"},
      {storage::ChannelMoved(channel, 2), absl::StatusCode::kAborted, "revision 3"},
      {storage::QueueMoved(channel, 46), absl::StatusCode::kAborted, "46"},
      {storage::FireMoved(channel, "nightly"), absl::StatusCode::kAborted, "shop"},
      {storage::StaleFence({1, 47, 2}), absl::StatusCode::kFailedPrecondition, "job 47"},
      {storage::ChannelBusy(channel, slot), absl::StatusCode::kFailedPrecondition, "job 17"},
      {storage::PullNotRunning(channel, 48), absl::StatusCode::kFailedPrecondition, "pull 48"},
      {storage::AlreadyLinked("A-1", "X-1"), absl::StatusCode::kFailedPrecondition, "A-1 is linked to item X-1"},
      {storage::NotLinked("A-1"), absl::StatusCode::kFailedPrecondition, "A-1"},
      {storage::ItemNotLive("X-1"), absl::StatusCode::kFailedPrecondition, "X-1"},
      {storage::OwnerIsDead(49), absl::StatusCode::kFailedPrecondition, "49"},
      {storage::LinkBaseIsSet(channel), absl::StatusCode::kFailedPrecondition, "shop"},
      {storage::NoLinkBase(channel), absl::StatusCode::kFailedPrecondition, "shop"},
  };
  for (const Expected& error : errors) {
    EXPECT_EQ(error.status.code(), error.code) << error.status;
    EXPECT_TRUE(absl::StrContains(error.status.message(), error.names)) << error.status;
    EXPECT_FALSE(absl::StrContains(error.status.message(), "\n")) << error.status;
    EXPECT_TRUE(absl::StrContains(error.status.message(), ";")) << "it says how to fix it: " << error.status;
  }
}

TEST(StorageErrors, ThoseThatAPersonCausesHaveACodeAndArguments) {
  Channel channel;
  channel.config.name = "shop";
  EXPECT_EQ(ProblemFrom(storage::NoSuchChannel("shop")).code, problem_code::kNoChannel);
  EXPECT_EQ(ProblemFrom(storage::NameTaken("shop")).code, problem_code::kChannelExists);
  const Problem no_item = ProblemFrom(storage::NoSuchItem(channel, "X-1"));
  EXPECT_EQ(no_item.code, problem_code::kNoItem);
  EXPECT_EQ(no_item.args, (std::vector<Field>{{"channel", "shop"}, {"external_id", "X-1"}}));
  const Problem linked = ProblemFrom(storage::AlreadyLinked("A-1", "X-1"));
  EXPECT_EQ(linked.code, problem_code::kAlreadyLinked);
  EXPECT_EQ(linked.args, (std::vector<Field>{{"sku", "A-1"}, {"external_id", "X-1"}}));
}

}  // namespace
}  // namespace flxlink
