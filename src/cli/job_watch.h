// `flxlink job watch`: follows jobs, whoever runs them. It runs nothing.
//
// On a terminal what is open is shown in its place, and how fast it goes on; otherwise a line is printed each time that
// a job has come further.

#ifndef FLXLINK_SRC_CLI_JOB_WATCH_H_
#define FLXLINK_SRC_CLI_JOB_WATCH_H_

#include <cstdint>

#include "absl/status/status.h"
#include "src/cli/session.h"

namespace flxlink::cli {

// A job until it is final or held; as JSON the job as it is then. Not OK where the job did not complete, or the program
// is asked to stop first.
absl::Status WatchJob(Session& session, int64_t job_id);

// The queue of all channels, in the order in which it will run, until no job is pending or running; as JSON the jobs
// that ended meanwhile, in that order. OK however they end; not OK where the program is asked to stop first.
absl::Status WatchQueue(Session& session);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_JOB_WATCH_H_
