#include "src/jobs/queue.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/jobs/tiny_store.h"

namespace flxlink::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::Time At(int second) { return absl::FromUnixSeconds(1767225600 + second); }

JobRequest Ask(JobKind kind, int64_t priority = 0) {
  JobRequest request;
  request.kind = kind;
  request.priority = priority;
  return request;
}

// For a job that waits until that second.
JobRequest Later(JobKind kind, int second, int64_t priority = 0) {
  JobRequest request = Ask(kind, priority);
  request.not_before = At(second);
  return request;
}

JobRequest Retry(int second, int64_t from_job) {
  JobRequest request = Later(JobKind::kSync, second);
  request.trigger = JobTrigger::kRetry;
  request.from_job = from_job;
  return request;
}

const Problem kWhy = {"code", {{"name", "value"}}, "why"};

JobEnd EndAs(JobState state) {
  JobEnd end;
  end.state = state;
  if (state != JobState::kCompleted) end.error = kWhy;
  return end;
}

class QueueTest : public ::testing::Test {
 protected:
  // Asks for a job and returns its id.
  int64_t Enqueue(const JobRequest& request, int second = 0) {
    const EnqueueResult result = PlanEnqueue(store_.Read(), request, ++last_id_, At(second));
    EXPECT_TRUE(!result.change.has_value() || store_.Write(*result.change));
    return result.job.job_id;
  }

  void Apply(const absl::StatusOr<QueueChange>& change) {
    ASSERT_TRUE(change.ok()) << change.status();
    ASSERT_TRUE(store_.Write(*change));
  }

  Fence Claim(OwnerId owner = 1, int second = 0) {
    const absl::StatusOr<ClaimResult> claim = PlanClaim(store_.Read(), owner, ++last_claim_, At(second));
    EXPECT_TRUE(claim.ok()) << claim.status();
    if (!claim.ok()) return {};
    EXPECT_TRUE(store_.Write(claim->change));
    EXPECT_TRUE(claim->job.has_value());
    EXPECT_EQ(claim->fence.job_id, store_.slot().holder_job);
    return claim->fence;
  }

  void Finish(const Fence& fence, JobState state) {
    Apply(PlanFinish(store_.Read(), fence, EndAs(state), {}, At(100)));
  }

  std::string ClaimError(int second = 0) {
    const absl::Status status = PlanClaim(store_.Read(), 1, 1, At(second)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    return std::string(status.message());
  }

  TinyStore store_;
  int64_t last_id_ = 0;
  uint64_t last_claim_ = 0;
};

TEST_F(QueueTest, ANewJobIsWhatWasAskedFor) {
  JobRequest request = Ask(JobKind::kLink, 4);
  request.trigger = JobTrigger::kChain;
  request.chain = {JobKind::kPull};
  request.options.release_broken = true;
  request.from_job = 77;
  const Job& job = store_.job(Enqueue(request, 3));
  EXPECT_EQ(job.kind, JobKind::kLink);
  EXPECT_EQ(job.state, JobState::kPending);
  EXPECT_EQ(job.trigger, JobTrigger::kChain);
  EXPECT_EQ(job.priority, 4);
  EXPECT_THAT(job.chain, ElementsAre(JobKind::kPull));
  EXPECT_EQ(job.options, request.options);
  EXPECT_EQ(job.from_job, 77);
  EXPECT_EQ(job.created_at, At(3));
  EXPECT_EQ(job.attempts, 0);
}

TEST_F(QueueTest, AskingTwiceIsAskingOnce) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  EXPECT_EQ(Enqueue(Ask(JobKind::kPull), 1), id);
  EXPECT_EQ(store_.jobs().size(), 1u);
  EXPECT_FALSE(PlanEnqueue(store_.Read(), Ask(JobKind::kPull), 50, At(2)).change.has_value());
  EXPECT_NE(Enqueue(Ask(JobKind::kSync)), id);
}

// The answer to the first enqueue was lost, and the job has begun since.
TEST_F(QueueTest, AskingAgainWithTheSameIdGivesTheJob) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  Claim();
  const EnqueueResult again = PlanEnqueue(store_.Read(), Ask(JobKind::kPull), id, At(2));
  EXPECT_EQ(again.job.job_id, id);
  EXPECT_EQ(again.job.state, JobState::kRunning);
  EXPECT_FALSE(again.change.has_value());
}

TEST_F(QueueTest, OneFollowUpWaitsWhileTheKindRuns) {
  const int64_t first = Enqueue(Ask(JobKind::kSync));
  Claim();
  const int64_t second = Enqueue(Ask(JobKind::kSync));
  EXPECT_NE(second, first);
  EXPECT_EQ(Enqueue(Ask(JobKind::kSync)), second);
}

TEST_F(QueueTest, JoinedSyncsDoAllThatWasAskedFor) {
  JobRequest forced = Ask(JobKind::kSync, 2);
  forced.options.force = {"A", "B"};
  forced.options.only_forced = true;
  const int64_t id = Enqueue(forced);
  forced.options.force = {"B", "C"};
  forced.priority = 7;
  Enqueue(forced);
  EXPECT_THAT(store_.job(id).options.force, ElementsAre("A", "B", "C"));
  EXPECT_TRUE(store_.job(id).options.only_forced);
  EXPECT_EQ(store_.job(id).priority, 7);

  Enqueue(Ask(JobKind::kSync));
  EXPECT_THAT(store_.job(id).options.force, ElementsAre("A", "B", "C"));
  EXPECT_FALSE(store_.job(id).options.only_forced);
  EXPECT_EQ(store_.job(id).priority, 7);
}

// Otherwise a price would wait for a pull of hours.
TEST_F(QueueTest, AWishOfTheOtherLaneIsAnotherJob) {
  JobRequest full = Ask(JobKind::kSync);
  full.options.full = true;
  JobRequest since_last = Ask(JobKind::kPull);
  since_last.options.since_last = true;
  const int64_t full_id = Enqueue(full);
  const int64_t pull_id = Enqueue(Ask(JobKind::kPull));
  EXPECT_NE(Enqueue(Ask(JobKind::kSync)), full_id);
  EXPECT_NE(Enqueue(since_last), pull_id);
  EXPECT_EQ(Enqueue(full), full_id);
  EXPECT_EQ(Enqueue(Ask(JobKind::kPull)), pull_id);
}

TEST_F(QueueTest, AJobGoesOnFromWhatADeadWorkerReported) {
  const int64_t id = Enqueue(Ask(JobKind::kBuild));
  JobEnd so_far;
  so_far.report.emplace().cursor = "7";
  so_far.report->counts = {{"created", 7}};
  so_far.report->problems = {{"sku", kWhy}};
  const Fence fence = Claim(1);
  Apply(PlanYield(store_.Read(), fence, so_far, At(1)));
  Claim(2);
  store_.Kill(2);
  Claim(3);
  EXPECT_EQ(store_.job(id).attempts, 2);
  EXPECT_EQ(store_.job(id).cursor, "7");
  EXPECT_EQ(store_.job(id).counts, so_far.report->counts);
  EXPECT_EQ(store_.job(id).problem_count, 1);
}

TEST_F(QueueTest, WhatBecomesBulkWaitsInThatLane) {
  JobRequest since_last = Ask(JobKind::kPull);
  since_last.options.since_last = true;
  const int64_t id = Enqueue(since_last);
  JobEnd so_far;
  so_far.becomes_bulk = true;
  const Fence fence = Claim();
  Apply(PlanYield(store_.Read(), fence, so_far, At(1)));
  EXPECT_EQ(LaneOf(store_.job(id)), Lane::kBulk);
  EXPECT_EQ(store_.job(id).attempts, 0);
  EXPECT_EQ(Enqueue(Ask(JobKind::kPull)), id) << "it has not begun to pull";
  EXPECT_NE(Enqueue(since_last), id);
}

// A full sync is a pull that marks; the sync that sends comes after it, and a link job after that.
TEST_F(QueueTest, AFullSyncChainsASync) {
  JobRequest request = Ask(JobKind::kSync);
  request.options.full = true;
  request.options.force = {"A"};
  const int64_t full = Enqueue(request);
  Fence fence = Claim();
  Apply(PlanFinish(store_.Read(), fence, JobEnd(), {{40, SyncAfter(store_.job(full))}}, At(1)));
  const Job sync = store_.job(40);
  EXPECT_EQ(LaneOf(sync), Lane::kUrgent);
  EXPECT_EQ(sync.from_job, full);
  EXPECT_EQ(sync.options.force, request.options.force);
  EXPECT_THAT(sync.chain, ElementsAre(JobKind::kPull));
  fence = Claim();
  Apply(PlanFinish(store_.Read(), fence, JobEnd(), {{41, LinkAfter(sync)}}, At(2)));
  EXPECT_THAT(store_.job(41).chain, ElementsAre(JobKind::kPull, JobKind::kSync));
}

// What a sync leaves to a pull is not done yet: another sync may follow, and a link job after that.
TEST_F(QueueTest, ASyncFollowsThePullThatASyncLeft) {
  JobRequest request = Ask(JobKind::kSync, 44);
  const int64_t sync = Enqueue(request);
  Fence fence = Claim();
  JobOptions options;
  options.pull_first = true;
  options.force = {"A"};
  options.items = {"i1"};
  Apply(PlanFinish(store_.Read(), fence, JobEnd(), {{40, LeftBy(store_.job(sync), JobKind::kSync, options)}}, At(1)));
  const Job bulk = store_.job(40);
  EXPECT_EQ(LaneOf(bulk), Lane::kBulk);
  EXPECT_EQ(bulk.from_job, sync);
  EXPECT_EQ(bulk.priority, 44);
  EXPECT_EQ(bulk.options, options);
  fence = Claim();
  Apply(PlanFinish(store_.Read(), fence, JobEnd(), {{41, SyncAfter(bulk)}}, At(2)));
  const Job last = store_.job(41);
  EXPECT_EQ(LaneOf(last), Lane::kUrgent);
  EXPECT_EQ(last.priority, 44);
  EXPECT_EQ(last.options.force, options.force);
  EXPECT_EQ(last.options.items, options.items) << "they have been looked at";
  EXPECT_THAT(last.chain, ElementsAre(JobKind::kPull));
}

TEST_F(QueueTest, WhatPullsFirstJoinsAFullSyncAndNoPartialOne) {
  JobRequest full = Ask(JobKind::kSync);
  full.options.full = true;
  const int64_t id = Enqueue(full);
  JobRequest pull_first = Ask(JobKind::kSync);
  pull_first.options.pull_first = true;
  pull_first.options.items = {"i1"};
  EXPECT_EQ(Enqueue(pull_first), id);
  EXPECT_TRUE(store_.job(id).options.full);
  EXPECT_THAT(store_.job(id).options.items, ElementsAre("i1"));
  EXPECT_NE(Enqueue(Ask(JobKind::kSync)), id);
}

TEST_F(QueueTest, WithoutAPriorityTheKindDecides) {
  JobRequest request;
  request.kind = JobKind::kSync;
  const int64_t id = Enqueue(request);
  EXPECT_EQ(store_.job(id).priority, 20);
  request.options.force = {"A"};
  Enqueue(request);
  EXPECT_EQ(store_.job(id).priority, 30) << "it is forced now";
  request.options.full = true;
  EXPECT_EQ(store_.job(Enqueue(request)).priority, 0);
}

TEST_F(QueueTest, JoinedBuildsBuildAllThatWasAskedFor) {
  JobRequest some = Ask(JobKind::kBuild);
  some.options.skus = {"A"};
  const int64_t id = Enqueue(some);
  some.options.skus = {"B", "A"};
  Enqueue(some);
  EXPECT_THAT(store_.job(id).options.skus, ElementsAre("A", "B"));
  Enqueue(Ask(JobKind::kBuild));
  EXPECT_THAT(store_.job(id).options.skus, IsEmpty());
  Enqueue(some);
  EXPECT_THAT(store_.job(id).options.skus, IsEmpty());
}

TEST_F(QueueTest, JoinedFetchesLookAtAllThatWasAskedFor) {
  JobRequest some = Ask(JobKind::kFetch);
  some.options.items = {"X1", "X2"};
  const int64_t id = Enqueue(some);
  some.options.items = {"X2", "X3"};
  EXPECT_EQ(Enqueue(some), id);
  EXPECT_THAT(store_.job(id).options.items, ElementsAre("X1", "X2", "X3"));
}

TEST_F(QueueTest, JoinedLinksReleaseBroken) {
  const int64_t id = Enqueue(Ask(JobKind::kLink));
  JobRequest release = Ask(JobKind::kLink);
  release.options.release_broken = true;
  Enqueue(release);
  EXPECT_TRUE(store_.job(id).options.release_broken);
  Enqueue(Ask(JobKind::kLink));
  EXPECT_TRUE(store_.job(id).options.release_broken);
}

// A job that a person asks for may chain whatever they may expect of it, whoever asked for it before.
TEST_F(QueueTest, JoiningKeepsOnlyTheCommonChain) {
  JobRequest chained = Ask(JobKind::kLink);
  chained.chain = {JobKind::kBuild, JobKind::kPull};
  const int64_t id = Enqueue(chained);
  chained.chain = {JobKind::kPull};
  Enqueue(chained);
  EXPECT_THAT(store_.job(id).chain, ElementsAre(JobKind::kPull));
  Enqueue(Ask(JobKind::kLink));
  EXPECT_THAT(store_.job(id).chain, IsEmpty());
}

TEST_F(QueueTest, JoiningARerunNamesTheOldJob) {
  const int64_t id = Enqueue(Ask(JobKind::kLink));
  JobRequest rerun = Ask(JobKind::kLink);
  rerun.trigger = JobTrigger::kRerun;
  rerun.from_job = 40;
  Enqueue(rerun);
  EXPECT_EQ(store_.job(id).from_job, 40);
  EXPECT_EQ(store_.job(id).trigger, JobTrigger::kRerun);
  rerun.from_job = 41;
  Enqueue(rerun);
  EXPECT_EQ(store_.job(id).from_job, 40);
}

// Who asked first made it; what joins later with another reason does not change where it came from.
TEST_F(QueueTest, JoiningAChainedRequestKeepsWhereTheJobCameFrom) {
  const int64_t id = Enqueue(Ask(JobKind::kLink));
  JobRequest chained = Ask(JobKind::kLink);
  chained.trigger = JobTrigger::kChain;
  chained.from_job = 40;
  Enqueue(chained);
  EXPECT_EQ(store_.job(id).trigger, JobTrigger::kHand);
  EXPECT_EQ(store_.job(id).from_job, 0);
}

TEST_F(QueueTest, AJobIsClaimedWhenItsTimeHasCome) {
  const int64_t id = Enqueue(Later(JobKind::kSync, 50));
  EXPECT_EQ(store_.job(id).not_before, At(50));
  EXPECT_EQ(store_.slot().head_job, 0);
  EXPECT_EQ(store_.slot().next_due, At(50));
  EXPECT_THAT(ClaimError(49), HasSubstr("no job is due before 2026-01-01T00:00:50"));
  EXPECT_EQ(Claim(1, 50).job_id, id);
  EXPECT_EQ(store_.job(id).not_before, absl::nullopt);
  EXPECT_EQ(store_.slot().next_due, absl::InfiniteFuture());
}

TEST_F(QueueTest, AWaitingJobHidesNothingThatIsDue) {
  const int64_t first = Enqueue(Later(JobKind::kSync, 50, 100));
  Enqueue(Later(JobKind::kBuild, 40, 90));
  const int64_t due = Enqueue(Ask(JobKind::kPull), 10);
  EXPECT_EQ(store_.slot().head_job, due);
  EXPECT_EQ(store_.slot().next_due, At(40));
  const Fence fence = Claim(1, 11);
  EXPECT_EQ(fence.job_id, due);
  EXPECT_EQ(store_.slot().head_job, 0);
  Finish(fence, JobState::kCompleted);  // By now all are due.
  EXPECT_EQ(store_.slot().head_job, first);
  EXPECT_EQ(store_.slot().next_due, absl::InfiniteFuture());
}

// What was the head when the slot was last changed may not be the first any more.
TEST_F(QueueTest, ClaimTakesTheFirstOfWhatIsDueByThen) {
  const int64_t later = Enqueue(Later(JobKind::kSync, 50, 1));
  const int64_t head = Enqueue(Ask(JobKind::kPull));
  EXPECT_EQ(store_.slot().head_job, head);
  EXPECT_EQ(Claim(1, 50).job_id, later);
  EXPECT_EQ(store_.slot().head_job, head);
}

// Whoever looks finds the job when its time has come.
TEST_F(QueueTest, EveryChangeSaysWhenTheNextJobIsDue) {
  const int64_t last = Enqueue(Later(JobKind::kSync, 70));
  const int64_t first = Enqueue(Later(JobKind::kBuild, 50));
  EXPECT_EQ(store_.slot().next_due, At(50));
  Apply(PlanCancel(store_.Read(), first, At(5)));
  EXPECT_EQ(store_.slot().next_due, At(70));
  Apply(PlanPause(store_.Read(), true, At(70)));
  EXPECT_EQ(store_.slot().head_job, last);
  Apply(PlanPause(store_.Read(), false, At(69)));
  EXPECT_EQ(store_.slot().head_job, 0);
  EXPECT_EQ(store_.slot().next_due, At(70));
}

TEST_F(QueueTest, ARequestMakesAWaitingRetryDueAndIsItsTrigger) {
  for (const JobTrigger trigger :
       {JobTrigger::kHand, JobTrigger::kSchedule, JobTrigger::kChain, JobTrigger::kRerun, JobTrigger::kNotice}) {
    const int64_t id = Enqueue(Retry(50, 40));
    EXPECT_EQ(store_.job(id).from_job, 40);
    JobRequest request = Ask(JobKind::kSync);
    request.trigger = trigger;
    request.from_job = trigger == JobTrigger::kChain ? 7 : 0;
    EXPECT_EQ(Enqueue(request), id);
    EXPECT_EQ(store_.job(id).not_before, absl::nullopt);
    EXPECT_EQ(store_.job(id).trigger, trigger);
    EXPECT_EQ(store_.job(id).from_job, request.from_job);
    EXPECT_EQ(store_.slot().head_job, id);
    Finish(Claim(), JobState::kCompleted);
  }
}

TEST_F(QueueTest, ARetryThatIsAskedForTwiceKeepsTheEarlierTime) {
  const int64_t id = Enqueue(Retry(50, 40));
  EXPECT_EQ(Enqueue(Retry(60, 41)), id);
  EXPECT_EQ(store_.job(id).not_before, At(50));
  EXPECT_EQ(Enqueue(Retry(20, 42)), id);
  EXPECT_EQ(store_.job(id).not_before, At(20));
  EXPECT_EQ(store_.slot().next_due, At(20));
  EXPECT_EQ(store_.job(id).trigger, JobTrigger::kRetry);
  EXPECT_EQ(store_.job(id).from_job, 40);
}

TEST_F(QueueTest, ARetryDoesNotPutOffWhatIsPending) {
  const int64_t id = Enqueue(Ask(JobKind::kSync));
  EXPECT_EQ(Enqueue(Retry(50, 40)), id);
  EXPECT_EQ(store_.job(id).not_before, absl::nullopt);
  EXPECT_EQ(store_.job(id).trigger, JobTrigger::kHand);
  EXPECT_EQ(store_.job(id).from_job, 0);
}

TEST_F(QueueTest, PrioritizeMakesAJobDue) {
  const int64_t id = Enqueue(Later(JobKind::kSync, 50));
  Enqueue(Ask(JobKind::kPull));
  Apply(PlanPrioritize(store_.Read(), id, At(5)));
  EXPECT_EQ(store_.job(id).not_before, absl::nullopt);
  EXPECT_EQ(Claim(1, 6).job_id, id);
}

// Even where the clock was set back meanwhile.
TEST_F(QueueTest, AJobThatHasBegunIsDue) {
  const int64_t id = Enqueue(Later(JobKind::kSync, 50));
  const Fence fence = Claim(1, 50);
  Apply(PlanYield(store_.Read(), fence, JobEnd(), At(40)));
  EXPECT_EQ(store_.slot().head_job, id);
}

TEST_F(QueueTest, ClaimTakesTheFirst) {
  Enqueue(Ask(JobKind::kPull));
  const int64_t urgent = Enqueue(Ask(JobKind::kSync, 5), 1);
  const Fence fence = Claim(3, 10);
  EXPECT_EQ(fence.channel_id, TinyStore::kChannel);
  EXPECT_EQ(fence.job_id, urgent);
  EXPECT_EQ(fence.epoch, 1);
  EXPECT_EQ(store_.slot().owner, 3);
  const Job& job = store_.job(urgent);
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.attempts, 1);
  EXPECT_EQ(job.started_at, At(10));
  EXPECT_EQ(job.finished_at, absl::nullopt);
}

TEST_F(QueueTest, ClaimSaysWhyThereIsNothingToClaim) {
  EXPECT_THAT(ClaimError(), HasSubstr("no job is pending"));
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  store_.Write(PlanPause(store_.Read(), true, At(0)));
  EXPECT_THAT(ClaimError(), HasSubstr("paused"));
  store_.Write(PlanPause(store_.Read(), false, At(0)));
  Claim();
  Enqueue(Ask(JobKind::kSync));
  EXPECT_THAT(ClaimError(), HasSubstr("job " + std::to_string(id) + " is running"));
}

TEST_F(QueueTest, ADeadOwnersJobGoesOn) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  const Fence first = Claim(1, 10);
  store_.Kill(1);
  Enqueue(Ask(JobKind::kBuild, 100));
  const Fence second = Claim(2, 20);
  EXPECT_EQ(first.job_id, id);
  EXPECT_EQ(second.job_id, id);
  EXPECT_EQ(second.epoch, first.epoch + 1);
  EXPECT_EQ(store_.job(id).attempts, 2);
  EXPECT_EQ(store_.job(id).started_at, At(10));
}

TEST_F(QueueTest, APausedSlotIsNotTakenOver) {
  Enqueue(Ask(JobKind::kPull));
  Claim(1);
  store_.Kill(1);
  store_.Write(PlanPause(store_.Read(), true, At(0)));
  EXPECT_THAT(ClaimError(), HasSubstr("paused"));
}

TEST_F(QueueTest, AJobThatKillsItsWorkersIsFailed) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  for (OwnerId owner = 1; owner <= kMaxAttempts; ++owner) {
    EXPECT_EQ(Claim(owner).job_id, id);
    store_.Kill(owner);
  }
  const absl::StatusOr<ClaimResult> claim = PlanClaim(store_.Read(), 99, 1, At(30));
  ASSERT_TRUE(claim.ok()) << claim.status();
  EXPECT_FALSE(claim->job.has_value());
  ASSERT_TRUE(store_.Write(claim->change));
  EXPECT_EQ(store_.job(id).state, JobState::kFailed);
  EXPECT_EQ(store_.job(id).error,
            (Problem{std::string(problem_code::kWorkerDied), {{"attempts", "5"}}, "its worker died 5 times"}));
  EXPECT_EQ(store_.job(id).finished_at, At(30));
  EXPECT_EQ(store_.slot().holder_job, 0);
  EXPECT_THAT(ClaimError(), HasSubstr("no job is pending"));
}

TEST_F(QueueTest, TheNextJobStartsWhereTheDeadOnesAreFailed) {
  Enqueue(Ask(JobKind::kPull));
  for (OwnerId owner = 1; owner <= kMaxAttempts; ++owner) {
    Claim(owner);
    store_.Kill(owner);
  }
  const int64_t next = Enqueue(Ask(JobKind::kSync));
  const Fence fence = Claim(99);
  EXPECT_EQ(fence.job_id, next);
  EXPECT_EQ(fence.epoch, kMaxAttempts + 1);
}

TEST_F(QueueTest, ADeadOwnersJobThatWasToBeCancelledIsCancelled) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  Claim(1);
  Apply(PlanCancel(store_.Read(), id, At(5)));
  store_.Kill(1);
  const int64_t next = Enqueue(Ask(JobKind::kSync));
  EXPECT_EQ(Claim(2, 7).job_id, next);
  EXPECT_EQ(store_.job(id).state, JobState::kCancelled);
  EXPECT_EQ(store_.job(id).finished_at, At(7));
  EXPECT_EQ(store_.job(id).error, absl::nullopt);
}

TEST_F(QueueTest, FinishWritesWhatCameOfTheJob) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim();
  JobEnd end = EndAs(JobState::kFailed);
  JobReport& report = end.report.emplace();
  report.progress = {10, 7, 3};
  report.counts = {{"pulled", 7}};
  report.problems = {{"a", kWhy}, {"b", kWhy}};
  Apply(PlanFinish(store_.Read(), fence, end, {}, At(50)));
  const Job& job = store_.job(id);
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.progress.done, 7);
  EXPECT_EQ(job.counts, report.counts);
  EXPECT_EQ(job.problem_count, 2);
  EXPECT_EQ(job.error, kWhy);
  EXPECT_EQ(job.finished_at, At(50));
  EXPECT_EQ(store_.slot().holder_job, 0);
  EXPECT_EQ(store_.slot().owner, 0);
  EXPECT_EQ(store_.slot().epoch, 1);
}

TEST_F(QueueTest, AStaleFenceFinishesNothing) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  const Fence first = Claim(1);
  store_.Kill(1);
  const Fence second = Claim(2);
  Fence other_channel = second;
  ++other_channel.channel_id;
  Fence other_job = second;
  ++other_job.job_id;
  for (const Fence& stale : {first, other_channel, other_job, Fence()}) {
    const absl::Status status = PlanFinish(store_.Read(), stale, JobEnd(), {}, At(1)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  }
  Finish(second, JobState::kCompleted);
  EXPECT_EQ(PlanFinish(store_.Read(), second, JobEnd(), {}, At(1)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store_.job(id).state, JobState::kCompleted);
}

TEST_F(QueueTest, AJobCannotEndAsPendingOrRunning) {
  Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim();
  for (const JobState state : {JobState::kPending, JobState::kRunning}) {
    EXPECT_EQ(PlanFinish(store_.Read(), fence, EndAs(state), {}, At(1)).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(QueueTest, CompletionAsksForFollowUps) {
  Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim();
  JobRequest link = Ask(JobKind::kLink);
  link.chain = {JobKind::kPull};
  Apply(PlanFinish(store_.Read(), fence, JobEnd(), {{{40, link}}}, At(60)));
  EXPECT_EQ(store_.job(40).state, JobState::kPending);
  EXPECT_THAT(store_.job(40).chain, ElementsAre(JobKind::kPull));
  EXPECT_EQ(store_.job(40).created_at, At(60));
  EXPECT_EQ(store_.slot().head_job, 40);
  EXPECT_THAT(store_.job(fence.job_id).chained, ElementsAre(40));
}

TEST_F(QueueTest, FollowUpsJoinWhatIsPending) {
  Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim();
  const int64_t pending = Enqueue(Ask(JobKind::kLink));
  JobRequest link = Ask(JobKind::kLink, 6);
  link.chain = {JobKind::kPull};
  link.options.release_broken = true;
  Apply(PlanFinish(store_.Read(), fence, JobEnd(), {{{40, link}}}, At(60)));
  EXPECT_EQ(store_.jobs().count(40), 0u);
  EXPECT_TRUE(store_.job(pending).options.release_broken);
  EXPECT_EQ(store_.job(pending).priority, 6);
  EXPECT_THAT(store_.job(fence.job_id).chained, ElementsAre(pending));
}

TEST_F(QueueTest, AChainNeverVisitsAKindTwice) {
  JobRequest request = Ask(JobKind::kPull);
  request.chain = {JobKind::kSync};
  Enqueue(request);
  const Fence fence = Claim();
  std::vector<FollowUp> follow_ups = {{40, Ask(JobKind::kPull)}, {41, Ask(JobKind::kSync)}, {42, Ask(JobKind::kLink)}};
  for (FollowUp& follow_up : follow_ups) follow_up.request.chain = {JobKind::kSync, JobKind::kPull};
  Apply(PlanFinish(store_.Read(), fence, JobEnd(), follow_ups, At(60)));
  EXPECT_EQ(store_.jobs().count(40), 0u);
  EXPECT_EQ(store_.jobs().count(41), 0u);
  EXPECT_EQ(store_.jobs().count(42), 1u);
}

TEST_F(QueueTest, OnlyCompletionAsksForFollowUps) {
  int64_t id = 40;
  for (const JobState state : {JobState::kFailed, JobState::kCancelled}) {
    Enqueue(Ask(JobKind::kPull));
    const Fence fence = Claim();
    Apply(PlanFinish(store_.Read(), fence, EndAs(state), {{{++id, Ask(JobKind::kLink)}}}, At(60)));
    EXPECT_EQ(store_.jobs().count(id), 0u);
  }
}

TEST_F(QueueTest, CancelIsImmediateWhenPending) {
  const int64_t pending = Enqueue(Ask(JobKind::kSync));
  Apply(PlanCancel(store_.Read(), pending, At(71)));
  EXPECT_EQ(store_.job(pending).state, JobState::kCancelled);
  EXPECT_EQ(store_.slot().head_job, 0);
}

TEST_F(QueueTest, CancelIsCooperativeWhenRunning) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim();
  Apply(PlanCancel(store_.Read(), id, At(1)));
  Apply(PlanCancel(store_.Read(), id, At(2)));
  EXPECT_TRUE(store_.slot().cancel_requested);
  EXPECT_EQ(store_.job(id).state, JobState::kRunning);
  Finish(fence, JobState::kCancelled);
  EXPECT_EQ(store_.job(id).state, JobState::kCancelled);
  EXPECT_FALSE(store_.slot().cancel_requested);
}

TEST_F(QueueTest, CompletionWinsOverACancelThatCameTooLate) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim();
  Apply(PlanCancel(store_.Read(), id, At(1)));
  Finish(fence, JobState::kCompleted);
  EXPECT_EQ(store_.job(id).state, JobState::kCompleted);
}

TEST_F(QueueTest, CancelIsImmediateWhereTheWorkerDied) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim(1);
  store_.Kill(1);
  Apply(PlanCancel(store_.Read(), id, At(1)));
  EXPECT_EQ(store_.job(id).state, JobState::kCancelled);
  EXPECT_EQ(store_.slot().holder_job, 0);
  EXPECT_FALSE(PlanFinish(store_.Read(), fence, JobEnd(), {}, At(2)).ok());
}

TEST_F(QueueTest, NothingIsDoneToAJobThatHasEnded) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  Finish(Claim(), JobState::kCompleted);
  for (const absl::Status& status :
       {PlanCancel(store_.Read(), id, At(1)).status(), PlanPrioritize(store_.Read(), id, At(1)).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ProblemOf(status), (Problem{"job_ended", {{"job", "1"}}, "job 1 has ended"}));
  }
}

TEST_F(QueueTest, PrioritizeGoesAheadOfEverything) {
  Enqueue(Ask(JobKind::kPull, 1000));
  const int64_t low = Enqueue(Ask(JobKind::kSync, -5));
  const int64_t lower = Enqueue(Ask(JobKind::kBuild, -6));
  Apply(PlanPrioritize(store_.Read(), low, At(5)));
  EXPECT_EQ(store_.slot().head_job, low);
  EXPECT_EQ(store_.job(low).priority, -5);
  // At the same time, and by a clock that was set back.
  Apply(PlanPrioritize(store_.Read(), lower, At(5)));
  EXPECT_EQ(store_.slot().head_job, lower);
  Apply(PlanPrioritize(store_.Read(), low, At(-5000)));
  EXPECT_EQ(store_.slot().head_job, low);
  Apply(PlanPrioritize(store_.Read(), low, At(-6000)));
  EXPECT_EQ(store_.slot().head_job, low);
}

TEST_F(QueueTest, OnlyPendingJobsArePrioritized) {
  const int64_t running = Enqueue(Ask(JobKind::kSync));
  Claim();
  EXPECT_THAT(std::string(PlanPrioritize(store_.Read(), running, At(1)).status().message()),
              HasSubstr("is running already"));
}

TEST_F(QueueTest, AJobThatEndsWithoutAReportKeepsTheLast) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  JobEnd so_far;
  so_far.report.emplace().counts = {{"pulled", 7}};
  Fence fence = Claim();
  Apply(PlanYield(store_.Read(), fence, so_far, At(1)));
  fence = Claim();
  Apply(PlanFinish(store_.Read(), fence, EndAs(JobState::kFailed), {}, At(2)));
  EXPECT_EQ(store_.job(id).counts, so_far.report->counts);
}

TEST_F(QueueTest, PauseLeavesTheRunningJobAlone) {
  const int64_t id = Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim();
  store_.Write(PlanPause(store_.Read(), true, At(0)));
  EXPECT_TRUE(store_.slot().paused);
  EXPECT_EQ(store_.slot().holder_job, id);
  Finish(fence, JobState::kCompleted);
  EXPECT_TRUE(store_.slot().paused);
}

TEST_F(QueueTest, RerunAsksForTheSame) {
  JobRequest request = Ask(JobKind::kSync, 3);
  request.options.full = true;
  request.options.force = {"A"};
  request.chain = {JobKind::kBuild};
  const int64_t id = Enqueue(request);
  Finish(Claim(), JobState::kFailed);
  const JobRequest rerun = RerunRequest(store_.job(id));
  EXPECT_EQ(rerun.kind, JobKind::kSync);
  EXPECT_EQ(rerun.trigger, JobTrigger::kRerun);
  EXPECT_EQ(rerun.priority, 3);
  EXPECT_EQ(rerun.options, request.options);
  EXPECT_THAT(rerun.chain, IsEmpty());
  EXPECT_EQ(rerun.from_job, id);
}

TEST(FeedsLinkTest, FollowsTheChannelsConfiguration) {
  for (const JobKind kind :
       {JobKind::kPull, JobKind::kBuild, JobKind::kLink, JobKind::kSync, JobKind::kRules, JobKind::kFetch}) {
    for (const bool after_build : {false, true}) {
      for (const bool after_sync : {false, true}) {
        for (const int64_t created : {0, 3}) {
          ChannelConfig config;
          config.link_after_build = after_build;
          config.link_after_sync = after_sync;
          const JobCounts counts = {{"unchanged", 7}, {"created", created}};
          const bool reads_items = kind == JobKind::kPull || kind == JobKind::kSync || kind == JobKind::kFetch;
          const bool wanted = kind == JobKind::kBuild ? after_build && created > 0 : reads_items && after_sync;
          Job job;
          job.kind = kind;
          EXPECT_EQ(FeedsLink(job, counts, config), wanted) << ToString(kind);
          job.options.full = true;
          EXPECT_EQ(FeedsLink(job, counts, config), wanted && kind != JobKind::kSync) << ToString(kind);
        }
      }
    }
  }
}

TEST(LinkAfterTest, SaysWhatItFollows) {
  Job job;
  job.job_id = 44;
  job.kind = JobKind::kPull;
  job.priority = 8;
  job.chain = {JobKind::kRules};
  const JobRequest link = LinkAfter(job);
  EXPECT_EQ(link.kind, JobKind::kLink);
  EXPECT_EQ(link.trigger, JobTrigger::kChain);
  EXPECT_EQ(link.from_job, 44);
  EXPECT_EQ(link.priority, 8);
  EXPECT_THAT(link.chain, ElementsAre(JobKind::kRules, JobKind::kPull));
}

// What a claim ends on its way, others are told of.
TEST_F(QueueTest, AClaimOfAFreeSlotIsAStepOfWhichNobodyIsTold) {
  Enqueue(Ask(JobKind::kPull));
  EXPECT_TRUE(PlanClaim(store_.Read(), 1, 1, At(1))->change.is_step);
  Claim(1);
  store_.Kill(1);
  EXPECT_FALSE(PlanClaim(store_.Read(), 2, 2, At(1))->change.is_step);
  EXPECT_FALSE(PlanEnqueue(store_.Read(), Ask(JobKind::kSync), 44, At(1)).change->is_step);
}

// Two that decided on the same snapshot: the second is refused and decides again.
TEST_F(QueueTest, ChangesOfOneSnapshotExcludeEachOther) {
  Enqueue(Ask(JobKind::kPull));
  const QueueSnapshot snapshot = store_.Read();
  EXPECT_TRUE(store_.Write(PlanClaim(snapshot, 1, 1, At(1))->change));
  EXPECT_FALSE(store_.Write(PlanClaim(snapshot, 2, 2, At(1))->change));
  EXPECT_FALSE(store_.Write(*PlanCancel(snapshot, 1, At(1))));
  EXPECT_FALSE(store_.Write(*PlanEnqueue(snapshot, Ask(JobKind::kSync), 44, At(1)).change));
}

TEST_F(QueueTest, ASlotWithoutItsJobIsDamage) {
  Enqueue(Ask(JobKind::kPull));
  const Fence fence = Claim();
  QueueSnapshot snapshot = store_.Read();
  snapshot.open_jobs.clear();
  EXPECT_EQ(PlanFinish(snapshot, fence, JobEnd(), {}, At(1)).status().code(), absl::StatusCode::kDataLoss);
  snapshot.owner_alive = false;
  EXPECT_EQ(PlanClaim(snapshot, 2, 2, At(1)).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace flxlink::jobs
