#include "src/cli/job_watch.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "src/cli/job_text.h"
#include "src/cli/json_view.h"
#include "src/cli/live_lines.h"
#include "src/cli/print.h"
#include "src/cli/rate.h"
#include "src/cli/stop_signal.h"

namespace flxlink::cli {
namespace {

// Another process tells nobody what it does: a job is read again and again, and all queues, which are more, more
// rarely.
constexpr absl::Duration kLookAgain = absl::Milliseconds(100);
constexpr absl::Duration kLookAtQueuesAgain = absl::Milliseconds(500);

absl::Status Stopped(absl::string_view again) {
  return absl::CancelledError(
      absl::StrCat("stopped by ", StopSignal(), "; to go on watching: flxlink job watch", again));
}

// "job 7 (pull shop): running, 412,000 done".
std::string DescribeState(const Job& job) {
  std::vector<std::string> parts = {std::string(ToString(job.state))};
  const std::string due = DueAt(job);
  if (!due.empty()) parts.push_back(absl::StrCat("due at ", due));
  const bool has_begun = job.started_at.has_value();
  if (has_begun) parts.push_back(DescribeProgress(job.progress));
  return absl::StrCat("job ", job.job_id, " (", ToString(job.kind), " ", job.channel,
                      "): ", absl::StrJoin(parts, ", "));
}

// How fast each of the jobs that run goes on.
class Rates {
 public:
  // ", 3,980/s, about 2 min left"; empty where nothing can be said. To be asked for at each look.
  std::string Describe(const Job& job) {
    if (job.state != JobState::kRunning) {
      Forget(job.job_id);
      return "";
    }
    const JobProgress& progress = job.progress;
    const int64_t looked_at = progress.looked_at();
    Rate& rate = rates_[job.job_id];
    rate.Add(absl::Now(), looked_at);
    absl::optional<int64_t> left;
    if (progress.total.has_value()) left = *progress.total - looked_at;
    const std::string text = DescribeRate(rate, left);
    return text.empty() ? "" : absl::StrCat(", ", text);
  }

  void Forget(int64_t job_id) { rates_.erase(job_id); }

 private:
  std::map<int64_t, Rate> rates_;
};

// Tells of jobs: on a terminal of all at once at each look, otherwise of each that has come further.
class Watch {
 public:
  explicit Watch(bool json) : json_(json) {}

  // What is open now, each with its place in the queue; 0: it has none.
  absl::Status Show(const std::vector<Job>& jobs, const std::vector<int64_t>& positions) {
    if (json_) return absl::OkStatus();
    std::vector<std::string> lines;
    for (size_t i = 0; i < jobs.size(); ++i) {
      const std::string state = DescribeState(jobs[i]);
      lines.push_back(absl::StrCat(state, positions[i] == 0 ? "" : absl::StrCat(", position ", positions[i]),
                                   rates_.Describe(jobs[i])));
      if (live_.on_terminal() || std::exchange(told_[jobs[i].job_id], state) == state) continue;
      if (absl::Status status = live_.Keep(lines.back()); !status.ok()) return status;
    }
    return live_.Show(lines);
  }

  // A job that is over.
  absl::Status ShowEnd(const Job& job) {
    told_.erase(job.job_id);
    rates_.Forget(job.job_id);
    return json_ ? absl::OkStatus() : live_.Keep(DescribeState(job));
  }

 private:
  const bool json_;
  LiveLines live_;
  Rates rates_;
  std::map<int64_t, std::string> told_;
};

// A look at all queues, one after the other.
class QueueWatch {
 public:
  explicit QueueWatch(Session& session) : session_(session), watch_(session.json()) {
    if (session.json()) ended_ = std::make_unique<JsonArray>();
  }

  // Returns whether any job is open.
  absl::StatusOr<bool> Look() {
    absl::StatusOr<std::vector<Job>> queue = session_.engine().ListQueue("");
    if (!queue.ok()) return queue.status();
    std::vector<Job> open;
    std::vector<int64_t> positions;
    int64_t position = 0;
    for (Job& job : *queue) {
      positions.push_back(job.state == JobState::kPending ? ++position : 0);
      open.push_back(std::move(job));
    }
    absl::Status status = ShowEnded(open);
    if (status.ok()) status = watch_.Show(open, positions);
    if (!status.ok()) return status;
    return !open.empty();
  }

  absl::Status Finish() { return ended_ == nullptr ? absl::OkStatus() : ended_->Finish(); }

 private:
  // Those that were open at the last look and are not any more.
  absl::Status ShowEnded(const std::vector<Job>& open) {
    std::set<int64_t> were_open = std::exchange(open_, {});
    for (const Job& job : open) {
      open_.insert(job.job_id);
      were_open.erase(job.job_id);
    }
    for (const int64_t job_id : were_open) {
      const absl::StatusOr<Job> job = session_.engine().GetJob(job_id);
      // It went with its channel, or is open again.
      if (absl::IsNotFound(job.status()) || (job.ok() && !IsFinal(job->state))) continue;
      absl::Status status = job.status();
      if (status.ok()) status = watch_.ShowEnd(*job);
      if (status.ok() && ended_ != nullptr) status = ended_->Add(JobView(*job));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  Session& session_;
  Watch watch_;
  std::unique_ptr<JsonArray> ended_;
  std::set<int64_t> open_;
};

}  // namespace

absl::Status WatchJob(Session& session, int64_t job_id) {
  CatchStopSignals();
  Watch watch(session.json());
  while (!IsStopping()) {
    const absl::StatusOr<Job> job = session.FindJob(job_id);
    if (!job.ok()) return job.status();
    const bool is_over = IsFinal(job->state);
    absl::Status status = is_over ? watch.ShowEnd(*job) : watch.Show({*job}, {0});
    if (status.ok() && is_over && session.json()) status = PrintJson(JobView(*job));
    if (!status.ok()) return status;
    if (is_over) return ResultOf(*job);
    absl::SleepFor(kLookAgain);
  }
  return Stopped(absl::StrCat(" ", job_id));
}

absl::Status WatchQueue(Session& session) {
  CatchStopSignals();
  QueueWatch watch(session);
  absl::StatusOr<bool> any_open = true;
  while (*any_open && !IsStopping()) {
    any_open = watch.Look();
    if (!any_open.ok()) return any_open.status();
    if (*any_open) absl::SleepFor(kLookAtQueuesAgain);
  }
  const absl::Status status = watch.Finish();
  return status.ok() && *any_open ? Stopped("") : status;
}

}  // namespace flxlink::cli
