#include "src/cli/job_watch.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "src/cli/job_text.h"
#include "src/cli/json_view.h"
#include "src/cli/print.h"
#include "src/cli/stop_signal.h"

namespace flxlink::cli {
namespace {

// Another process tells nobody what it does: the job is read again and again.
constexpr absl::Duration kLookAgain = absl::Milliseconds(100);

std::string Describe(const Job& job) {
  const std::string due = DueAt(job);
  return absl::StrCat("job ", job.job_id, " (", ToString(job.kind), " ", job.channel, "): ", ToString(job.state), ", ",
                      due.empty() ? DescribeProgress(job.progress) : absl::StrCat("due at ", due));
}

absl::Status ResultOf(const Job& job) {
  return job.state == JobState::kCompleted ? absl::OkStatus() : absl::FailedPreconditionError(DescribeFailure(job));
}

}  // namespace

absl::Status WatchJob(Session& session, int64_t job_id) {
  CatchStopSignals();
  std::string shown;
  while (!IsStopping()) {
    const absl::StatusOr<Job> job = session.FindJob(job_id);
    if (!job.ok()) return job.status();
    const bool is_over = IsFinal(job->state) || job->state == JobState::kHeld;
    const std::string line = Describe(*job);
    absl::Status status = absl::OkStatus();
    if (session.json() && is_over) status = PrintJson(JobView(*job));
    if (!session.json() && line != shown) status = PrintLine(line);
    if (!status.ok()) return status;
    if (is_over) return ResultOf(*job);
    shown = line;
    absl::SleepFor(kLookAgain);
  }
  return absl::CancelledError(
      absl::StrCat("stopped by ", StopSignal(), "; to follow the job again: flxlink job watch ", job_id));
}

}  // namespace flxlink::cli
