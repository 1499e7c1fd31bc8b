#include "src/cli/run_command.h"

#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "flxlink/engine.h"
#include "flxlink/job.h"
#include "src/cli/pages.h"
#include "src/cli/print.h"
#include "src/cli/stop_signal.h"

namespace flxlink::cli {
namespace {

constexpr int kMaxWorkers = 1024;
constexpr absl::Duration kLookAgain = absl::Milliseconds(100);

struct RunFlags {
  int workers = 1;
  bool until_idle = false;
};

// What several threads ran together.
class Tally {
 public:
  void Add(const absl::StatusOr<int>& ran) {
    absl::MutexLock lock(&mutex_);
    status_.Update(ran.status());
    if (ran.ok()) jobs_ += *ran;
  }

  absl::StatusOr<int> Result() {
    absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return status_;
    return jobs_;
  }

 private:
  absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  int jobs_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Runs jobs on this thread until none can be claimed, or the program is to stop: then what runs yields.
absl::StatusOr<int> RunClaimable(Engine& engine) {
  int jobs = 0;
  while (!IsStopping()) {
    absl::StatusOr<int> ran = engine.RunPending(1, UntilStopped());
    if (absl::IsCancelled(ran.status())) break;
    if (!ran.ok()) return ran;
    if (*ran == 0) break;
    jobs += *ran;
  }
  return jobs;
}

absl::StatusOr<int> RunClaimableOn(Engine& engine, int workers) {
  Tally tally;
  std::vector<std::thread> others;
  for (int i = 1; i < workers; ++i) others.emplace_back([&] { tally.Add(RunClaimable(engine)); });
  tally.Add(RunClaimable(engine));
  for (std::thread& other : others) other.join();
  return tally.Result();
}

// Whether there is a job in this state, leaving aside those that wait for a time.
absl::StatusOr<bool> HasJobs(Session& session, JobState state) {
  const absl::StatusOr<absl::Time> now = session.Now();
  if (!now.ok()) return now.status();
  JobFilter filter;
  filter.states = {state};
  bool found = false;
  const absl::Status status =
      ForEachRow([&](const PageRequest& page) { return session.engine().ListJobs(filter, page); },
                 [&](const Job& job) {
                   found = found || IsDue(job, *now);
                   return absl::OkStatus();
                 });
  if (!status.ok()) return status;
  return found;
}

// Pending jobs whose channel another process serves are waited for: that process may die, or leave them behind. Those
// that are not due are not.
absl::StatusOr<int> RunUntilIdle(Session& session, int workers) {
  Engine& engine = session.engine();
  if (absl::StatusOr<int> fired = engine.FireSchedules(); !fired.ok()) return fired;
  int jobs = 0;
  while (!IsStopping()) {
    // Asked first: what ends only afterwards may leave a job that this round did not see.
    const absl::StatusOr<bool> others_run = HasJobs(session, JobState::kRunning);
    if (!others_run.ok()) return others_run.status();
    const absl::StatusOr<int> ran = RunClaimableOn(engine, workers);
    if (!ran.ok()) return ran;
    jobs += *ran;
    if (*ran > 0) continue;
    const absl::StatusOr<bool> waiting = HasJobs(session, JobState::kPending);
    if (!waiting.ok()) return waiting.status();
    if (!*waiting || !*others_run) break;
    absl::SleepFor(kLookAgain);
  }
  return jobs;
}

absl::Status RunUntilStopped(Session& session, int workers) {
  if (absl::Status status = session.engine().Start(workers); !status.ok()) return status;
  while (!IsStopping()) absl::SleepFor(kLookAgain);
  session.engine().Stop(absl::ZeroDuration());
  session.EndProgress();
  const std::string name(StopSignal());
  return session.json() ? PrintJson({{"stopped_by", name}}) : PrintLine(absl::StrCat("run: stopped by ", name));
}

absl::Status Run(Session& session, const RunFlags& flags) {
  CatchStopSignals();
  if (!flags.until_idle) return RunUntilStopped(session, flags.workers);
  const absl::StatusOr<int> jobs = RunUntilIdle(session, flags.workers);
  session.EndProgress();
  if (!jobs.ok()) return jobs.status();
  return session.json() ? PrintJson({{"jobs_run", *jobs}}) : PrintLine(absl::StrCat("run: idle; jobs run: ", *jobs));
}

}  // namespace

void AddRunCommand(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* command = app.add_subcommand("run", "Fire schedules and run jobs, until SIGINT or SIGTERM");
  const auto flags = std::make_shared<RunFlags>();
  command->add_option("--workers", flags->workers, "Jobs to run at the same time (default: 1)")
      ->check(CLI::Range(1, kMaxWorkers))
      ->type_name("N");
  command->add_flag("--until-idle", flags->until_idle, "Stop when no job is left that is due");
  SetWork(command, globals, action, [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace flxlink::cli
