#include <utility>

#include "absl/strings/str_cat.h"
#include "src/engine/adapter_error.h"
#include "src/engine/jobs.h"

namespace flxlink::engine {
namespace {

// How often a pull starts over because the channel changed between two of its pages.
constexpr int kMaxRestarts = 5;

// How old a cursor may be for another job to go on from it.
constexpr absl::Duration kOldestCursor = absl::Hours(1);

// A negative age is no age: somebody has set the clock.
bool IsYoung(absl::Duration age) { return age >= absl::ZeroDuration() && age < kOldestCursor; }

// Whether this job goes on with the pull that is in storage: the one that an attempt of it began whose worker died or,
// if that was a little while ago, the one that it began before it yielded or, as a re-run, the one that the job before
// it left behind. The pages of any other are too old to say what is gone, and so are those of a job that merely came
// before.
bool GoesOn(const JobContext& context, const PullState& pull, absl::Time now) {
  const Job& job = context.job();
  const bool is_own = pull.job_id == job.job_id;
  if (!pull.running) return false;
  if (is_own && job.attempts > 1) return true;
  if (!is_own && (job.trigger != JobTrigger::kRerun || pull.job_id != job.from_job)) return false;
  return !pull.cursor.empty() && pull.cursor_at.has_value() && IsYoung(now - *pull.cursor_at);
}

// Reads the pull's pages from `state.cursor` to the end. ABORTED: the channel changed, start over.
absl::Status ReadPages(JobContext& context, const PullState& state, std::string* revision) {
  PullRequest request{state.cursor, context.page_rows()};
  do {
    absl::StatusOr<PullPage> page = context.Pull(request);
    if (!page.ok()) return AdapterError(page.status(), context.channel());
    absl::StatusOr<PullWriteResult> written = context.WriteValue<PullWriteResult>([&](absl::Time now) {
      return context.storage().WritePulledPage(context.fence(), state.pull_number, *page, now);
    });
    if (!written.ok()) return written.status();

    context.Count("inserted", written->inserted);
    context.Count("changed", written->changed);
    context.Count("unchanged", written->unchanged);
    context.Count("healed", written->healed);
    if (written->inserted + written->changed + written->healed > 0) context.output().changed_link_inputs = true;
    context.progress().total += page->items.size();
    context.progress().done += page->items.size();
    const absl::Status status = context.Report();
    if (!status.ok()) return status;
    *revision = page->revision;
    request.cursor = page->next_cursor;
  } while (!request.cursor.empty());
  return absl::OkStatus();
}

// Whether the sweep would break more links than the channel allows without a person's approval.
absl::Status CheckBreakLimit(JobContext& context, int64_t pull_number) {
  const absl::optional<int64_t> limit = context.channel().config.break_limit;
  if (!limit.has_value() || context.job().options.approved) return absl::OkStatus();
  absl::StatusOr<int64_t> absent = context.storage().CountAbsentLinks(context.channel().channel_id, pull_number);
  if (!absent.ok()) return absent.status();
  if (*absent <= *limit) return absl::OkStatus();
  const std::string& name = context.channel().config.name;
  context.output().held = MakeProblem(
      problem_code::kBreakLimit, {{"channel", name}, {"links", absl::StrCat(*absent)}, {"limit", absl::StrCat(*limit)}},
      absl::StrCat("this pull would break ", *absent, " links of channel ", name, ", more than its limit of ", *limit));
  return absl::OkStatus();
}

absl::Status Sweep(JobContext& context, int64_t pull_number) {
  for (bool more = true; more;) {
    absl::StatusOr<SweepResult> swept = context.WriteValue<SweepResult>([&](absl::Time now) {
      return context.storage().SweepAbsent(context.fence(), pull_number, context.page_rows(), now);
    });
    if (!swept.ok()) return swept.status();
    context.Count("gone", swept->gone);
    context.Count("broken", swept->broken);
    if (swept->gone > 0) context.output().changed_link_inputs = true;
    more = swept->more;
    absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PullChannel(JobContext& context) {
  const bool complete = context.adapter().capabilities().complete_pull;
  absl::StatusOr<Channel> channel = context.storage().ReadChannel(context.channel().channel_id);
  if (!channel.ok()) return channel.status();
  const absl::StatusOr<absl::Time> begun_at = context.Now();
  if (!begun_at.ok()) return begun_at.status();
  PullState state = channel->pull;
  bool resume = GoesOn(context, state, *begun_at);
  if (resume) context.Count("resumed", 1);
  std::string revision;
  for (int restarts = 0;; ++restarts) {
    if (!resume) {
      absl::StatusOr<PullState> begun =
          context.RetryValue<PullState>([&] { return context.storage().BeginPull(context.fence()); });
      if (!begun.ok()) return begun.status();
      state = *std::move(begun);
      context.progress() = JobProgress();
    }
    resume = false;
    const absl::Status status = ReadPages(context, state, &revision);
    if (status.ok()) break;
    if (!absl::IsAborted(status) || restarts >= kMaxRestarts) return status;
  }

  if (complete) {
    absl::Status status = CheckBreakLimit(context, state.pull_number);
    if (!status.ok() || context.output().held.has_value()) return status;
    status = Sweep(context, state.pull_number);
    if (!status.ok()) return status;
  }
  return context.Write([&](absl::Time now) {
    return context.storage().EndPull(context.fence(), state.pull_number, complete, revision, now);
  });
}

absl::Status RunPullJob(JobContext& context) { return PullChannel(context); }

}  // namespace flxlink::engine
