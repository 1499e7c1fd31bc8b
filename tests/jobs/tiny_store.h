// One channel's queue as a storage would keep it: it applies changes by compare-and-set and fails the test where a
// change breaks a rule that no change may break.

#ifndef FLXLINK_TESTS_JOBS_TINY_STORE_H_
#define FLXLINK_TESTS_JOBS_TINY_STORE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/job.h"
#include "gtest/gtest.h"
#include "src/jobs/queue.h"
#include "src/jobs/queue_order.h"

namespace flxlink::jobs {

class TinyStore {
 public:
  static constexpr int64_t kChannel = 9;

  TinyStore() { slot_.channel_id = kChannel; }

  QueueSnapshot Read() const {
    QueueSnapshot snapshot;
    snapshot.slot = slot_;
    snapshot.dirty_priority = dirty_priority;
    snapshot.owner_alive = slot_.holder_job != 0 && dead_.count(slot_.owner) == 0;
    for (const auto& job : jobs_) {
      if (!IsFinal(job.second.state)) snapshot.open_jobs.push_back(job.second);
    }
    return snapshot;
  }

  // QueueSnapshot::dirty_priority of what is read from now on.
  absl::optional<int64_t> dirty_priority;

  const Slot& slot() const { return slot_; }
  const std::map<int64_t, Job>& jobs() const { return jobs_; }
  const Job& job(int64_t job_id) const { return jobs_.at(job_id); }

  void Kill(OwnerId owner) { dead_.insert(owner); }

  // False where the slot is not any more what the change was made from.
  bool Write(const QueueChange& change) {
    if (change.expected_revision != slot_.revision) return false;
    EXPECT_GE(change.slot.epoch, slot_.epoch);
    slot_ = change.slot;
    ++slot_.revision;
    for (const Job& job : change.insert) {
      EXPECT_TRUE(jobs_.emplace(job.job_id, job).second) << "job " << job.job_id << " is there already";
    }
    for (const Job& job : change.update) {
      const auto stored = jobs_.find(job.job_id);
      if (stored == jobs_.end()) {
        ADD_FAILURE() << "job " << job.job_id << " is not there";
      } else {
        EXPECT_FALSE(IsFinal(stored->second.state)) << "job " << job.job_id << " has ended";
        const Job before = std::exchange(stored->second, job);
        TakeReport(before, change, &stored->second);
      }
    }
    CheckSlot();
    return true;
  }

 private:
  // What the job has come to changes with a report of it only.
  static void TakeReport(const Job& before, const QueueChange& change, Job* job) {
    const bool reports = change.report_of == job->job_id;
    job->progress = reports ? change.report.progress : before.progress;
    job->cursor = reports ? change.report.cursor : before.cursor;
    job->counts = reports ? change.report.counts : before.counts;
    job->problem_count = before.problem_count;
    if (!reports) return;
    EXPECT_LE(change.report.problems_before, before.problem_count);
    job->problem_count = change.report.problems_before + static_cast<int64_t>(change.report.problems.size());
  }

  static bool IsBegunBulk(const Job& job) {
    const bool has_begun = job.state == JobState::kRunning || (job.state == JobState::kPending && job.started_at);
    return has_begun && LaneOf(job) == Lane::kBulk;
  }

  // At most one job runs, it is the holder, and the head is the first of those that wait and are due. What is to become
  // due before next_due can only be due already.
  void CheckSlot() const {
    std::vector<Job> due;
    absl::Time next_due = absl::InfiniteFuture();
    for (const auto& job : jobs_) {
      EXPECT_EQ(job.second.channel_id, kChannel);
      EXPECT_EQ(job.second.state == JobState::kRunning, job.first == slot_.holder_job) << "job " << job.first;
      if (job.second.state != JobState::kPending) continue;
      const absl::Time not_before = job.second.not_before.value_or(absl::InfinitePast());
      if (not_before >= slot_.next_due) {
        next_due = std::min(next_due, not_before);
      } else {
        due.push_back(job.second);
      }
    }
    const Job* head = NextJob(due, /*owes_bulk=*/false, absl::InfiniteFuture());
    EXPECT_EQ(slot_.owner != 0, slot_.holder_job != 0);
    EXPECT_EQ(slot_.claim != 0, slot_.holder_job != 0);
    EXPECT_EQ(slot_.next_due, next_due);
    EXPECT_EQ(slot_.head_job, head == nullptr ? 0 : head->job_id);
    EXPECT_EQ(slot_.head_lane, head == nullptr ? Lane::kUrgent : LaneOf(*head));
    EXPECT_EQ(slot_.head_priority, head == nullptr ? 0 : head->priority);
    EXPECT_EQ(slot_.head_sync_priority, head == nullptr ? absl::nullopt : head->sync_priority);
    EXPECT_EQ(slot_.head_prioritized_at, head == nullptr ? absl::InfinitePast() : head->prioritized_at);
    EXPECT_EQ(slot_.head_created_at, head == nullptr ? absl::InfinitePast() : head->created_at);
    EXPECT_TRUE(!slot_.owes_bulk || NextJob(due, /*owes_bulk=*/true, absl::InfiniteFuture()) != nullptr);
    EXPECT_LE(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return IsBegunBulk(job.second); }), 1);
    EXPECT_TRUE(slot_.holder_job != 0 || !slot_.cancel_requested);
  }

  Slot slot_;
  std::map<int64_t, Job> jobs_;
  std::set<OwnerId> dead_;
};

}  // namespace flxlink::jobs

#endif  // FLXLINK_TESTS_JOBS_TINY_STORE_H_
