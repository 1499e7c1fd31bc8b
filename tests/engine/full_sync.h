// A full sync and the sync that it chains, as one job.

#ifndef FLXLINK_TESTS_ENGINE_FULL_SYNC_H_
#define FLXLINK_TESTS_ENGINE_FULL_SYNC_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/engine.h"
#include "gtest/gtest.h"
#include "tests/support/job_counts.h"

namespace flxlink::engine {

// Runs the sync that this completed full sync has chained, if it has not run, and returns that with the counts and the
// problems of both. Any other job is returned as it is.
inline Job WithChainedSync(Engine& engine, Job full) {
  if (full.state != JobState::kCompleted || full.kind != JobKind::kSync || !full.options.full) return full;
  JobFilter filter;
  filter.channel = full.channel;
  filter.kinds = {JobKind::kSync};
  const absl::StatusOr<JobPage> jobs = engine.ListJobs(filter, {});
  EXPECT_TRUE(jobs.ok()) << jobs.status();
  for (const Job& job : jobs.ok() ? jobs->rows : std::vector<Job>()) {
    if (job.from_job != full.job_id || job.trigger != JobTrigger::kChain) continue;
    absl::StatusOr<Job> sync = engine.RunUntilFinal(job.job_id);
    EXPECT_TRUE(sync.ok()) << sync.status();
    if (!sync.ok()) return full;
    for (const auto& [name, count] : full.counts) {
      if (CountOf(*sync, name) == 0) sync->counts.emplace_back(name, count);
    }
    sync->problems.insert(sync->problems.begin(), full.problems.begin(), full.problems.end());
    return *std::move(sync);
  }
  ADD_FAILURE() << "no sync follows the full one";
  return full;
}

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_FULL_SYNC_H_
