#include "flxlink/problem.h"

#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "flxlink/channel_adapter.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

const Problem kProblem = {"no_rule", {{"channel", "sh\xf6p"}, {"empty", ""}}, "what happened"};

TEST(ProblemTest, IsEmptyWithoutACode) {
  EXPECT_TRUE(Problem().empty());
  EXPECT_FALSE(kProblem.empty());
}

TEST(ProblemTest, EqualsOneOfTheSameParts) {
  EXPECT_EQ(MakeProblem("no_rule", kProblem.args, "what happened"), kProblem);
  EXPECT_FALSE(MakeProblem("no_draft", kProblem.args, "what happened") == kProblem);
  EXPECT_FALSE(MakeProblem("no_rule", {}, "what happened") == kProblem);
  EXPECT_FALSE(MakeProblem("no_rule", kProblem.args, "") == kProblem);
}

TEST(ProblemTest, TravelsWithAStatus) {
  const absl::Status status = WithProblem(absl::NotFoundError("the status's message"), kProblem);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "the status's message");
  EXPECT_EQ(ProblemOf(status), kProblem);
  EXPECT_EQ(ProblemFrom(status), kProblem);
}

TEST(ProblemTest, LeavesOtherPayloadsAlone) {
  const absl::Status status =
      WithProblem(WithRetryAfter(absl::ResourceExhaustedError("busy"), absl::Seconds(3)), kProblem);
  EXPECT_EQ(RetryAfter(status), absl::Seconds(3));
  EXPECT_EQ(ProblemOf(status), kProblem);
}

TEST(ProblemTest, IsTheStatusOfAProblem) {
  const absl::Status status = ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNoRule,
                                            {{"channel", "shop"}}, "channel shop has no link rule");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "channel shop has no link rule");
  EXPECT_EQ(ProblemOf(status), (Problem{"no_rule", {{"channel", "shop"}}, "channel shop has no link rule"}));
}

TEST(ProblemTest, HasNoneWhereAStatusCarriesNone) {
  EXPECT_EQ(ProblemOf(absl::OkStatus()), absl::nullopt);
  EXPECT_EQ(ProblemOf(WithProblem(absl::OkStatus(), kProblem)), absl::nullopt);
  EXPECT_EQ(ProblemOf(absl::UnavailableError("away")), absl::nullopt);
  EXPECT_TRUE(ProblemFrom(absl::OkStatus()).empty());
}

TEST(ProblemTest, IsNamedByTheStatusCodeWhereAStatusCarriesNone) {
  EXPECT_EQ(ProblemFrom(absl::UnavailableError("away")), (Problem{"unavailable", {}, "away"}));
  EXPECT_EQ(ProblemFrom(absl::DataLossError("")).code, problem_code::kDataLoss);
  EXPECT_EQ(ProblemFrom(absl::DeadlineExceededError("")).code, problem_code::kDeadlineExceeded);
  EXPECT_EQ(ProblemFrom(absl::UnauthenticatedError("")).code, problem_code::kUnauthenticated);
}

TEST(ProblemTest, IsNamedByTheStatusCodeWhereItsBytesAreDamaged) {
  absl::Status status = WithProblem(absl::UnavailableError("away"), kProblem);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord&) {
    absl::Status damaged = absl::UnavailableError("away");
    damaged.SetPayload(url, absl::Cord("\xff"));
    EXPECT_EQ(ProblemOf(damaged), absl::nullopt);
    EXPECT_EQ(ProblemFrom(damaged).code, "unavailable");
  });
}

}  // namespace
}  // namespace flxlink
