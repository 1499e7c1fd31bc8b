// A sync and the jobs to which it leaves the rest, as one job.

#ifndef FLXLINK_TESTS_ENGINE_FULL_SYNC_H_
#define FLXLINK_TESTS_ENGINE_FULL_SYNC_H_

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "flxlink/engine.h"
#include "gtest/gtest.h"
#include "tests/support/job_counts.h"

namespace flxlink::engine {

// The job of that kind that `before` has chained. nullopt: there is none.
inline absl::optional<Job> ChainedBy(Engine& engine, const Job& before, JobKind kind) {
  for (const int64_t job_id : before.chained) {
    absl::StatusOr<Job> job = engine.GetJob(job_id);
    EXPECT_TRUE(job.ok()) << job.status();
    if (job.ok() && job->kind == kind) return *std::move(job);
  }
  return absl::nullopt;
}

// Runs the syncs that this sync has chained, if they have not run, and returns the last of them with the counts and the
// problems of all. Any other job is returned as it is.
inline Job WithChainedSync(Engine& engine, Job job) {
  while (job.state == JobState::kCompleted && job.kind == JobKind::kSync) {
    const absl::optional<Job> next = ChainedBy(engine, job, JobKind::kSync);
    if (!next.has_value()) {
      EXPECT_EQ(LaneOf(job), Lane::kUrgent) << "no sync follows the bulk one";
      return job;
    }
    absl::StatusOr<Job> sync = engine.RunUntilFinal(next->job_id);
    EXPECT_TRUE(sync.ok()) << sync.status();
    if (!sync.ok()) return job;
    for (const auto& [name, count] : job.counts) {
      if (CountOf(*sync, name) == 0) sync->counts.emplace_back(name, count);
    }
    sync->problems.insert(sync->problems.begin(), job.problems.begin(), job.problems.end());
    job = *std::move(sync);
  }
  return job;
}

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_FULL_SYNC_H_
