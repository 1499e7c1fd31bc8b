// `flxlink job watch`: follows a job, whoever runs it.

#ifndef FLXLINK_SRC_CLI_JOB_WATCH_H_
#define FLXLINK_SRC_CLI_JOB_WATCH_H_

#include <cstdint>

#include "absl/status/status.h"
#include "src/cli/session.h"

namespace flxlink::cli {

// Prints a line each time the job has come further, until it is final or held; as JSON the job as it is then. It runs
// nothing. Not OK where the job did not complete, or the program is asked to stop first.
absl::Status WatchJob(Session& session, int64_t job_id);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_JOB_WATCH_H_
