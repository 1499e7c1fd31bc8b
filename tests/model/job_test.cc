#include "flxlink/job.h"

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

TEST(JobTest, KindsAndTriggersHaveNames) {
  EXPECT_EQ(ToString(JobKind::kPull), "pull");
  EXPECT_EQ(ToString(JobKind::kBuild), "build");
  EXPECT_EQ(ToString(JobKind::kLink), "link");
  EXPECT_EQ(ToString(JobKind::kSync), "sync");
  EXPECT_EQ(ToString(JobKind::kRules), "rules");
  EXPECT_EQ(ToString(JobKind::kFetch), "fetch");
  EXPECT_EQ(ToString(JobTrigger::kHand), "hand");
  EXPECT_EQ(ToString(JobTrigger::kSchedule), "schedule");
  EXPECT_EQ(ToString(JobTrigger::kChain), "chain");
  EXPECT_EQ(ToString(JobTrigger::kRerun), "rerun");
  EXPECT_EQ(ToString(JobTrigger::kNotice), "notice");
  EXPECT_EQ(ToString(JobTrigger::kRetry), "retry");
}

TEST(JobTest, AJobIsDueFromItsTimeOn) {
  const absl::Time time = absl::FromUnixSeconds(1767225600);
  Job job;
  EXPECT_TRUE(IsDue(job, absl::InfinitePast()));
  job.not_before = time;
  EXPECT_FALSE(IsDue(job, time - absl::Microseconds(1)));
  EXPECT_TRUE(IsDue(job, time));
}

TEST(JobTest, StatesAreReadByTheirNames) {
  const struct {
    JobState state;
    absl::string_view name;
    bool final;
  } kStates[] = {
      {JobState::kPending, "pending", false},    {JobState::kRunning, "running", false},
      {JobState::kCompleted, "completed", true}, {JobState::kFailed, "failed", true},
      {JobState::kCancelled, "cancelled", true},
  };
  for (const auto& state : kStates) {
    EXPECT_EQ(ToString(state.state), state.name);
    EXPECT_EQ(ParseJobState(state.name), state.state);
    EXPECT_EQ(IsFinal(state.state), state.final) << state.name;
  }
  EXPECT_EQ(ParseJobState("Pending"), absl::nullopt);
  EXPECT_EQ(ParseJobState(""), absl::nullopt);
}

}  // namespace
}  // namespace flxlink::model
