#include "src/cli/job_run.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/channel.h"
#include "flxlink/engine.h"
#include "flxlink/storage.h"
#include "src/cli/advice.h"
#include "src/cli/job_text.h"
#include "src/cli/json_view.h"
#include "src/cli/print.h"
#include "src/cli/stop_signal.h"

namespace flxlink::cli {
namespace {

// Problems that are printed after a job; `job problems` has all.
constexpr size_t kProblemsShown = 5;

// When it is asked to stop, the job yields.
absl::StatusOr<Job> RunUntilFinal(Engine& engine, int64_t job_id) {
  absl::StatusOr<Job> job = engine.RunUntilFinal(job_id, UntilStopped());
  if (job.ok() || !IsStopping()) return job;
  return absl::CancelledError(absl::StrCat("stopped by ", StopSignal(), "; job ", job_id,
                                           " goes on from where it is with: flxlink run --until-idle"));
}

// Runs what a job has chained, and what that chains. A chain never visits a kind twice, and no item is left to a pull
// twice in a row, so this comes to an end.
absl::StatusOr<std::vector<Job>> RunChained(Engine& engine, const Job& first) {
  std::vector<Job> chained;
  std::vector<int64_t> job_ids = first.chained;
  for (size_t next = 0; next < job_ids.size(); ++next) {
    absl::StatusOr<Job> job = RunUntilFinal(engine, job_ids[next]);
    if (!job.ok()) return job.status();
    for (const int64_t job_id : job->chained) {
      if (std::find(job_ids.begin(), job_ids.end(), job_id) == job_ids.end()) job_ids.push_back(job_id);
    }
    chained.push_back(*std::move(job));
  }
  return chained;
}

absl::StatusOr<LinkRemainder> ReadRemainder(Engine& engine, absl::string_view channel) {
  absl::StatusOr<ChannelCounts> counts = engine.CountChannel(channel);
  if (!counts.ok()) return counts.status();
  LinkRemainder remainder;
  remainder.broken = counts->by_link_state[LinkState::kBroken];
  remainder.unlinked = std::move(counts->unlinked_by_reason);
  // One without a reason is not live: no rule looked at it.
  remainder.unlinked.erase(LinkReason::kNone);
  return remainder;
}

// Listing variants that wait for a person, and so for what is not sent: as many of them as one page has, by the worst
// of what they wait for. Empty: none do.
absl::StatusOr<std::string> DescribeWaiting(Engine& engine, const std::string& channel) {
  ListingFilter filter;
  filter.attention = true;
  const absl::StatusOr<ListingPage> page = engine.ListListings(channel, filter, {});
  if (!page.ok()) return page.status();
  std::map<std::string, int64_t> waiting;
  for (const ListingRow& row : page->rows) {
    const Problem* worst = WorstOf(row.attentions);
    ++waiting[row.link_state == LinkState::kBroken || worst == nullptr ? std::string(ToString(row.link_state))
                                                                       : worst->code];
  }
  if (waiting.empty()) return std::string();
  const std::string counts = absl::StrJoin(
      waiting, ", ", [](std::string* out, const auto& entry) { absl::StrAppend(out, entry.second, " ", entry.first); });
  return absl::StrCat("  waiting for you: ", counts, page->next.empty() ? "" : " and more",
                      "; what they wait for: flxlink listing list ", channel, " --attention\n");
}

// A job's summary and its first problems.
absl::StatusOr<std::string> Describe(Session& session, const Job& job) {
  if (job.state == JobState::kPending) {
    const std::string due = DueAt(job);
    return absl::StrCat(ToString(job.kind), ": pending as job ", job.job_id, due.empty() ? "" : ", due at ", due,
                        "; to see what becomes of it: flxlink job show ", job.job_id, "\n");
  }
  absl::StatusOr<Channel> channel = session.FindChannel(job.channel);
  if (!channel.ok()) return channel.status();
  LinkRemainder remainder;
  const bool completed_link = job.kind == JobKind::kLink && job.state == JobState::kCompleted;
  if (completed_link) {
    absl::StatusOr<LinkRemainder> read = ReadRemainder(session.engine(), job.channel);
    if (!read.ok()) return read.status();
    remainder = *std::move(read);
  }
  std::string waiting;
  if (job.kind == JobKind::kSync && LaneOf(job) != Lane::kBulk) {
    absl::StatusOr<std::string> read = DescribeWaiting(session.engine(), job.channel);
    if (!read.ok()) return read.status();
    waiting = *std::move(read);
  }
  return absl::StrCat(SummarizeJob(job, channel->config.link_priority, completed_link ? &remainder : nullptr), "\n",
                      DescribeProblems(job, kProblemsShown), waiting);
}

// One that is not due is left to whoever runs the queue then.
bool IsWell(const Job& job) { return job.state == JobState::kCompleted || job.state == JobState::kPending; }

absl::StatusOr<std::string> DescribeRun(Session& session, const Job& job, const std::vector<Job>& chained) {
  absl::StatusOr<std::string> text = Describe(session, job);
  if (!text.ok()) return text;
  for (const Job& next : chained) {
    absl::StatusOr<std::string> more = Describe(session, next);
    if (!more.ok()) return more;
    absl::StrAppend(&*text, *more);
    if (IsWell(next) || next.kind == job.kind) continue;
    absl::StrAppend(&*text, "  ", OneLine(DescribeFailure(next)), "\n");
  }
  return text;
}

Json RunView(const Job& job, const std::vector<Job>& chained) {
  Json view = JobView(job);
  view["chained"] = Json::array();
  for (const Job& next : chained) view["chained"].push_back(JobView(next));
  return view;
}

// A job that ran, and those that it chained; or one that was only queued.
struct Run {
  Job job;
  std::vector<Job> chained;
};

absl::StatusOr<Run> RunOne(Session& session, const Job& job, bool wait) {
  if (!wait) return Run{job, {}};
  CatchStopSignals();
  absl::StatusOr<Job> final_job = RunUntilFinal(session.engine(), job.job_id);
  if (!final_job.ok()) return final_job.status();
  Run run = {*std::move(final_job), {}};
  absl::StatusOr<std::vector<Job>> chained = RunChained(session.engine(), run.job);
  if (!chained.ok()) return chained.status();
  run.chained = *std::move(chained);
  session.EndProgress();
  return run;
}

absl::Status LeftOrResultOf(const Job& job) {
  return job.state == JobState::kPending ? absl::OkStatus() : ResultOf(job);
}

// What was asked for is what the job does and those of its kind that it chains: the sync that a full one leaves, say.
absl::Status CheckRun(const Run& run, bool wait) {
  if (!wait) return absl::OkStatus();
  absl::Status result = LeftOrResultOf(run.job);
  for (const Job& next : run.chained) {
    if (result.ok() && next.kind == run.job.kind) result = LeftOrResultOf(next);
  }
  return result;
}

// `before`: what its first line begins with.
absl::Status PrintRun(Session& session, const std::string& before, const Run& run) {
  const absl::StatusOr<std::string> text = DescribeRun(session, run.job, run.chained);
  return text.ok() ? PrintText(absl::StrCat(before, *text)) : text.status();
}

}  // namespace

absl::Status RunJob(Session& session, const absl::StatusOr<Job>& job, bool wait) {
  if (!job.ok()) return job.status();
  const absl::StatusOr<Run> run = RunOne(session, *job, wait);
  if (!run.ok()) return run.status();
  const absl::Status status = session.json() ? PrintJson(RunView(run->job, run->chained)) : PrintRun(session, "", *run);
  return status.ok() ? CheckRun(*run, wait) : status;
}

absl::Status RunJobs(Session& session, const std::vector<AskedJob>& jobs, bool wait) {
  std::vector<absl::Status> failures;
  absl::optional<JsonArray> array;
  if (session.json()) array.emplace();
  for (const AskedJob& asked : jobs) {
    const absl::StatusOr<Run> run = asked.job.ok() ? RunOne(session, *asked.job, wait) : asked.job.status();
    if (!run.ok()) {
      failures.push_back(run.status());
      if (IsStopping()) break;
      continue;
    }
    absl::Status status = session.json() ? array->Add(RunView(run->job, run->chained))
                                         : PrintRun(session, absl::StrCat(OneLine(asked.channel), ": "), *run);
    if (!status.ok()) return status;
    if (status = CheckRun(*run, wait); !status.ok()) failures.push_back(std::move(status));
  }
  const absl::Status status = session.json() ? array->Finish() : absl::OkStatus();
  return status.ok() ? ReportFailures(failures) : status;
}

}  // namespace flxlink::cli
