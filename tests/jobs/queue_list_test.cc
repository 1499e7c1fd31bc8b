#include "src/jobs/queue_list.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::Time At(int second) { return absl::FromUnixSeconds(1767225600 + second); }

// A pending job whose id says how old it is.
Job JobOf(int64_t job_id, JobKind kind, JobState state = JobState::kPending) {
  Job job;
  job.job_id = job_id;
  job.kind = kind;
  job.state = state;
  job.created_at = At(static_cast<int>(job_id));
  job.priority = DefaultPriority(kind, {});
  return job;
}

Job DueAt(Job job, int second) {
  job.not_before = At(second);
  return job;
}

Job PrioritizedAt(Job job, int second) {
  job.prioritized_at = At(second);
  return job;
}

QueueSnapshot QueueOf(int64_t channel_id, std::vector<Job> jobs) {
  QueueSnapshot queue;
  queue.slot.channel_id = channel_id;
  for (Job& job : jobs) job.channel_id = channel_id;
  queue.open_jobs = std::move(jobs);
  return queue;
}

std::vector<int64_t> Ids(const std::vector<QueueSnapshot>& queues) {
  std::vector<int64_t> ids;
  for (const Job& job : ListQueue(queues, At(100))) ids.push_back(job.job_id);
  return ids;
}

TEST(QueueListTest, OneChannelsJobsAreInTheirOrder) {
  EXPECT_THAT(Ids({}), IsEmpty());
  EXPECT_THAT(Ids({QueueOf(1, {DueAt(JobOf(2, JobKind::kSync), 500), DueAt(JobOf(3, JobKind::kSync), 400),
                               JobOf(4, JobKind::kPull), JobOf(5, JobKind::kLink), JobOf(6, JobKind::kSync),
                               JobOf(7, JobKind::kBuild, JobState::kRunning)})}),
              ElementsAre(7, 6, 5, 4, 3, 2));
}

TEST(QueueListTest, ChannelsTakeTurnsByTheirNextJobs) {
  // The third channel's pull stands before its sync, so that both come before what is less urgent than the pull.
  EXPECT_THAT(Ids({QueueOf(1, {JobOf(1, JobKind::kLink), JobOf(2, JobKind::kPull)}),
                   QueueOf(2, {JobOf(3, JobKind::kSync), JobOf(4, JobKind::kBuild)}),
                   QueueOf(3, {PrioritizedAt(JobOf(5, JobKind::kPull), 50), JobOf(6, JobKind::kSync)})}),
              ElementsAre(5, 3, 6, 1, 4, 2));
}

TEST(QueueListTest, WhatRunsIsFirstAndWhatCannotRunIsLast) {
  QueueSnapshot paused = QueueOf(1, {JobOf(1, JobKind::kSync), DueAt(JobOf(2, JobKind::kSync), 300)});
  paused.slot.paused = true;
  EXPECT_THAT(Ids({paused, QueueOf(2, {DueAt(JobOf(3, JobKind::kSync), 500), JobOf(4, JobKind::kPull)}),
                   QueueOf(3, {DueAt(JobOf(6, JobKind::kSync), 400)}),
                   QueueOf(4, {JobOf(7, JobKind::kPull, JobState::kRunning)})}),
              ElementsAre(7, 4, 6, 3, 1, 2));
}

// As between slots: the lane before the priority, the priority before the age, and then the older channel.
TEST(QueueListTest, ChannelsAreComparedAsTheirSlotsAre) {
  Job bulk = JobOf(1, JobKind::kPull);
  bulk.priority = 90;
  Job same = JobOf(4, JobKind::kSync);
  same.created_at = At(3);
  EXPECT_THAT(Ids({QueueOf(4, {same}), QueueOf(1, {bulk}), QueueOf(2, {JobOf(2, JobKind::kBuild)}),
                   QueueOf(3, {JobOf(3, JobKind::kSync)}), QueueOf(5, {PrioritizedAt(JobOf(5, JobKind::kBuild), 9)})}),
              ElementsAre(5, 3, 4, 2, 1));
}

}  // namespace
}  // namespace flxlink::jobs
