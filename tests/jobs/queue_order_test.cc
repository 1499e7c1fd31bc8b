#include "src/jobs/queue_order.h"

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/jobs/queue.h"
#include "tests/jobs/tiny_store.h"

namespace flxlink::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::Time At(int second) { return absl::FromUnixSeconds(1767225600 + second); }

// A pending job whose id says how old it is.
Job JobOf(int64_t job_id, JobKind kind) {
  Job job;
  job.job_id = job_id;
  job.kind = kind;
  job.created_at = At(static_cast<int>(job_id));
  job.priority = DefaultPriority(kind, {});
  return job;
}

Job Begun(Job job) {
  job.started_at = At(0);
  return job;
}

Job PrioritizedAt(Job job, int second) {
  job.prioritized_at = At(second);
  return job;
}

Job WithPriority(Job job, int64_t priority) {
  job.priority = priority;
  return job;
}

std::vector<int64_t> Order(const std::vector<Job>& jobs, bool owes_bulk = false) {
  std::vector<int64_t> ids;
  for (const Job* job : OrderOf(jobs, owes_bulk, At(1000))) ids.push_back(job->job_id);
  return ids;
}

TEST(QueueOrderTest, UrgentJobsGoBeforeBulkOnesAndByKind) {
  EXPECT_THAT(Order({JobOf(1, JobKind::kPull), JobOf(2, JobKind::kBuild), JobOf(3, JobKind::kLink),
                     JobOf(4, JobKind::kSync), JobOf(5, JobKind::kFetch), JobOf(6, JobKind::kRules)}),
              ElementsAre(5, 4, 3, 6, 2, 1));
}

TEST(QueueOrderTest, AmongEqualsTheOldestIsFirst) {
  EXPECT_THAT(Order({JobOf(3, JobKind::kRules), JobOf(2, JobKind::kLink)}), ElementsAre(2, 3));
}

TEST(QueueOrderTest, APriorityThatIsStatedCountsForMoreThanTheKind) {
  EXPECT_THAT(Order({JobOf(1, JobKind::kFetch), WithPriority(JobOf(2, JobKind::kBuild), 26)}), ElementsAre(2, 1));
}

TEST(QueueOrderTest, NoPriorityMakesABulkJobUrgent) {
  EXPECT_THAT(Order({WithPriority(JobOf(1, JobKind::kPull), 100), JobOf(2, JobKind::kBuild)}), ElementsAre(2, 1));
}

TEST(QueueOrderTest, WhatAPersonPrioritizedIsFirstInBothLanes) {
  EXPECT_THAT(Order({JobOf(1, JobKind::kFetch), PrioritizedAt(JobOf(2, JobKind::kPull), 5)}), ElementsAre(2, 1));
  EXPECT_THAT(Order({PrioritizedAt(JobOf(1, JobKind::kBuild), 6), PrioritizedAt(JobOf(2, JobKind::kPull), 5)}),
              ElementsAre(1, 2));
}

TEST(QueueOrderTest, WhatWasPassedOftenGoesNext) {
  Job passed = JobOf(1, JobKind::kBuild);
  passed.passed = Job::kMaxPassed - 1;
  const Job fetch = JobOf(2, JobKind::kFetch);
  EXPECT_THAT(Order({passed, fetch}), ElementsAre(2, 1));
  passed.passed = Job::kMaxPassed;
  EXPECT_THAT(Order({passed, fetch}), ElementsAre(1, 2));
  EXPECT_THAT(Order({passed, PrioritizedAt(fetch, 5)}), ElementsAre(2, 1)) << "but for what a person wants first";
}

// A bulk job that has begun is done before another begins.
TEST(QueueOrderTest, OneBulkJobAtATime) {
  Job full = JobOf(2, JobKind::kSync);
  full.options.full = true;
  EXPECT_THAT(Order({Begun(JobOf(1, JobKind::kPull)), PrioritizedAt(full, 5)}), ElementsAre(1, 2));
}

TEST(QueueOrderTest, APrioritizedBulkJobThatHasBegunIsPassedByFetchesAndSyncsOnly) {
  const Job pull = Begun(PrioritizedAt(JobOf(1, JobKind::kPull), 5));
  EXPECT_THAT(
      Order({pull, WithPriority(JobOf(2, JobKind::kLink), 100), JobOf(3, JobKind::kSync), JobOf(4, JobKind::kFetch)}),
      ElementsAre(4, 3, 1, 2));
  EXPECT_THAT(Order({pull, PrioritizedAt(JobOf(2, JobKind::kLink), 4)}), ElementsAre(1, 2));
  EXPECT_THAT(Order({pull, PrioritizedAt(JobOf(2, JobKind::kLink), 6)}), ElementsAre(2, 1));
}

TEST(QueueOrderTest, AnOwedStepIsFirstButForWhatIsPrioritized) {
  const Job pull = JobOf(1, JobKind::kPull);
  EXPECT_THAT(Order({pull, JobOf(2, JobKind::kSync), JobOf(3, JobKind::kFetch)}, true), ElementsAre(1, 3, 2));
  EXPECT_THAT(Order({pull, PrioritizedAt(JobOf(2, JobKind::kSync), 5), JobOf(3, JobKind::kFetch)}, true),
              ElementsAre(2, 1, 3));
}

TEST(QueueOrderTest, WhatIsNotDueComesLastInTheOrderInWhichItWillBe) {
  Job later = JobOf(1, JobKind::kFetch);
  later.not_before = At(3000);
  Job soon = JobOf(2, JobKind::kBuild);
  soon.not_before = At(2000);
  const std::vector<Job> jobs = {later, soon, JobOf(3, JobKind::kPull)};
  EXPECT_THAT(Order(jobs), ElementsAre(3, 2, 1));
  EXPECT_EQ(NextJob({later, soon}, false, At(1000)), nullptr);
}

TEST(QueueOrderTest, OnlyPendingJobsStandInIt) {
  Job ended = JobOf(1, JobKind::kSync);
  ended.state = JobState::kFailed;
  Job running = JobOf(2, JobKind::kSync);
  running.state = JobState::kRunning;
  EXPECT_THAT(Order({ended, running}), IsEmpty());
}

// Whether `running` gives way to `other`.
bool GivesWayTo(Job running, const Job& other, bool paused = false) {
  running.state = JobState::kRunning;
  running.started_at = At(0);
  QueueSnapshot queue;
  queue.slot.paused = paused;
  queue.open_jobs = {running, other};
  return GivesWay(queue, running, At(1000));
}

TEST(GivesWayTest, ABulkJobToEveryUrgentOneThatIsDue) {
  const Job pull = JobOf(1, JobKind::kPull);
  for (const JobKind kind : {JobKind::kBuild, JobKind::kLink, JobKind::kSync, JobKind::kRules, JobKind::kFetch}) {
    EXPECT_TRUE(GivesWayTo(pull, JobOf(2, kind))) << ToString(kind);
  }
  Job later = JobOf(2, JobKind::kFetch);
  later.not_before = At(1001);
  EXPECT_FALSE(GivesWayTo(pull, later));
  Job full = JobOf(2, JobKind::kSync);
  full.options.full = true;
  EXPECT_FALSE(GivesWayTo(pull, PrioritizedAt(full, 5))) << "it is bulk itself";
}

TEST(GivesWayTest, APrioritizedBulkJobToFetchesAndSyncsOnly) {
  const Job pull = PrioritizedAt(JobOf(1, JobKind::kPull), 5);
  EXPECT_TRUE(GivesWayTo(pull, JobOf(2, JobKind::kFetch)));
  EXPECT_TRUE(GivesWayTo(pull, JobOf(2, JobKind::kSync)));
  EXPECT_FALSE(GivesWayTo(pull, WithPriority(JobOf(2, JobKind::kLink), 100)));
  EXPECT_FALSE(GivesWayTo(pull, PrioritizedAt(JobOf(2, JobKind::kLink), 4)));
  EXPECT_TRUE(GivesWayTo(pull, PrioritizedAt(JobOf(2, JobKind::kLink), 6)));
}

TEST(GivesWayTest, ABuildOrSyncToAHigherPriority) {
  for (const JobKind kind : {JobKind::kBuild, JobKind::kSync}) {
    const Job job = JobOf(2, kind);
    EXPECT_TRUE(GivesWayTo(job, WithPriority(JobOf(3, JobKind::kRules), job.priority + 1)));
    EXPECT_FALSE(GivesWayTo(job, WithPriority(JobOf(1, JobKind::kRules), job.priority)));
    EXPECT_TRUE(GivesWayTo(job, PrioritizedAt(WithPriority(JobOf(3, JobKind::kRules), -1), 5)));
    EXPECT_FALSE(GivesWayTo(PrioritizedAt(job, 5), WithPriority(JobOf(3, JobKind::kRules), 100)));
    EXPECT_FALSE(GivesWayTo(job, PrioritizedAt(JobOf(3, JobKind::kPull), 5))) << "it is bulk";
  }
}

// The link waits for the pull, and the pull for the sync: who gave way would be the next again, and again.
TEST(GivesWayTest, NobodyWhoWouldBeTheNextAgain) {
  Job sync = JobOf(3, JobKind::kSync);
  sync.state = JobState::kRunning;
  sync.started_at = At(0);
  QueueSnapshot queue;
  queue.open_jobs = {Begun(PrioritizedAt(JobOf(1, JobKind::kPull), 6)), PrioritizedAt(JobOf(2, JobKind::kLink), 5),
                     sync};
  EXPECT_FALSE(GivesWay(queue, sync, At(1000)));
  queue.open_jobs[1].prioritized_at = At(7);
  EXPECT_TRUE(GivesWay(queue, sync, At(1000)));
}

TEST(GivesWayTest, OtherUrgentJobsToNobody) {
  for (const JobKind kind : {JobKind::kLink, JobKind::kRules, JobKind::kFetch}) {
    EXPECT_FALSE(GivesWayTo(JobOf(1, kind), PrioritizedAt(WithPriority(JobOf(2, JobKind::kSync), 100), 5)));
  }
}

TEST(OthersWaitTest, WhateverIsDueAndDoesNotRun) {
  QueueSnapshot queue;
  queue.open_jobs = {JobOf(1, JobKind::kSync)};
  queue.open_jobs[0].state = JobState::kRunning;
  EXPECT_FALSE(OthersWait(queue, At(1000)));
  queue.open_jobs.push_back(JobOf(2, JobKind::kPull));
  queue.open_jobs[1].not_before = At(1001);
  EXPECT_FALSE(OthersWait(queue, At(1000)));
  EXPECT_TRUE(OthersWait(queue, At(1001)));
  queue.open_jobs[1].state = JobState::kRunning;
  EXPECT_FALSE(OthersWait(queue, At(1001)));
}

TEST(GivesWayTest, AnyJobOfAPausedChannel) {
  Job later = JobOf(2, JobKind::kFetch);
  later.not_before = At(1001);
  EXPECT_TRUE(GivesWayTo(JobOf(1, JobKind::kFetch), later, /*paused=*/true));
}

}  // namespace
}  // namespace flxlink::jobs
