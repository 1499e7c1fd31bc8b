// Running a job from the command line: serving its channel's queue until it is final, and printing what came of it.

#ifndef FLXLINK_SRC_CLI_JOB_RUN_H_
#define FLXLINK_SRC_CLI_JOB_RUN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/job.h"
#include "src/cli/session.h"

namespace flxlink::cli {

// Runs `job` and the jobs that it chains, or with `wait` off leaves it in its queue, and prints it. Not OK where the
// job, or one of its kind that it chained, did not complete or failed for some of its rows (ResultOf); how its other
// chained jobs end is printed only.
absl::Status RunJob(Session& session, const absl::StatusOr<Job>& job, bool wait);

// The same for jobs of several channels, one after another, each with its channel's name before it. What goes wrong
// with one keeps the others from nothing; OK where it is for each.
struct AskedJob {
  std::string channel;
  absl::StatusOr<Job> job;  // Or why there is none.
};
absl::Status RunJobs(Session& session, const std::vector<AskedJob>& jobs, bool wait);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_JOB_RUN_H_
