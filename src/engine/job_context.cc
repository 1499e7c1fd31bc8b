#include "src/engine/job_context.h"

#include <algorithm>
#include <utility>

#include "flxlink/problem.h"
#include "src/engine/backoff.h"

namespace flxlink::engine {
namespace {

// How often one who waits looks for a request to cancel: it is a write to storage.
constexpr absl::Duration kLookEvery = absl::Seconds(1);

// What linking reads was changed where one of these is not 0.
constexpr absl::string_view kLinkInputCounts[] = {"inserted", "changed", "healed",   "gone",
                                                  "created",  "broken",  "refreshed"};

absl::Status Cancelled() { return absl::CancelledError("cancelled by a person"); }

}  // namespace

bool IsSlotLost(const absl::Status& status) { return ProblemFrom(status).code == problem_code::kSlotLost; }

bool WorthAnotherTry(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnknown:
      return true;
    case absl::StatusCode::kResourceExhausted:
      // A throttled channel says for how long; a full disk does not.
      return IsThrottled(status);
    default:
      return false;
  }
}

JobContext::JobContext(const EngineOptions& options, Reporter& reporter, RateLimiters& rate_limiters,
                       const Channel& channel, const ChannelAdapter& adapter, const Job& job, const Fence& fence,
                       ShouldYield should_yield)
    : options_(options),
      reporter_(reporter),
      channel_(channel),
      adapter_(adapter),
      job_(job),
      fence_(fence),
      should_yield_(should_yield),
      rate_limiter_(rate_limiters.For(channel.channel_id, channel.config.adapter, adapter.capabilities().rate_limit,
                                      options.clock->Now())),
      told_(job.counts),
      progress_(job.progress) {
  output_.counts = job.counts;
  output_.problems = job.problems;
  for (const absl::string_view name : kLinkInputCounts) {
    if (CountOf(name) > 0) output_.changed_link_inputs = true;
  }
}

void JobContext::Count(absl::string_view name, int64_t amount) {
  for (auto& [key, value] : output_.counts) {
    if (key == name) {
      value += amount;
      return;
    }
  }
  output_.counts.emplace_back(std::string(name), amount);
}

void JobContext::SetCount(absl::string_view name, int64_t amount) { Count(name, amount - CountOf(name)); }

int64_t JobContext::CountOf(absl::string_view name) const {
  for (const auto& [key, value] : output_.counts) {
    if (key == name) return value;
  }
  return 0;
}

bool JobContext::HasCount(absl::string_view name) const {
  return std::any_of(output_.counts.begin(), output_.counts.end(),
                     [&](const auto& count) { return count.first == name; });
}

void JobContext::AddProblem(absl::string_view subject, Problem problem) {
  std::vector<JobProblem>& problems = output_.problems;
  if (problems.size() >= static_cast<size_t>(Job::kMaxProblems)) return;
  JobProblem noted{std::string(subject), std::move(problem)};
  if (std::find(problems.begin(), problems.end(), noted) == problems.end()) problems.push_back(std::move(noted));
}

absl::Status JobContext::Report() {
  absl::StatusOr<Storage::ProgressReply> reply =
      RetryValue<Storage::ProgressReply>([&] { return storage().WriteProgress(fence_, progress_); });
  if (!reply.ok()) return reply.status();
  waited_ = absl::ZeroDuration();
  ReportCounts();
  reporter_.Progressed(job_, progress_);
  return reply->cancel_requested ? Cancelled() : CheckYield();
}

// Counts are only ever added at the end, so those that were told come first.
void JobContext::ReportCounts() {
  JobCounts more;
  for (size_t i = 0; i < output_.counts.size(); ++i) {
    const int64_t told = i < told_.size() ? told_[i].second : 0;
    if (output_.counts[i].second > told) more.emplace_back(output_.counts[i].first, output_.counts[i].second - told);
  }
  told_ = output_.counts;
  if (!more.empty()) reporter_.Counted(job_, more);
}

absl::Duration JobContext::Backoff(int tries) const { return engine::Backoff(options_, tries); }

absl::Status JobContext::Retry(absl::FunctionRef<absl::Status()> call) {
  for (int tries = 1;; ++tries) {
    const absl::Status status = call();
    if (status.ok() || !WorthAnotherTry(status) || tries >= options_.max_tries) return status;
    const absl::Status waited = Wait(std::max(Backoff(tries), RetryAfter(status).value_or(absl::ZeroDuration())));
    if (!waited.ok()) return waited;
  }
}

absl::StatusOr<absl::Time> JobContext::Now() {
  return RetryValue<absl::Time>([&] { return storage().Now(); });
}

absl::Status JobContext::Write(absl::FunctionRef<absl::Status(absl::Time now)> call) {
  return Retry([&] {
    const absl::StatusOr<absl::Time> now = storage().Now();
    return now.ok() ? call(*now) : now.status();
  });
}

absl::Status JobContext::Wait(absl::Duration duration) {
  if (duration > absl::ZeroDuration() && before_wait_ != nullptr) {
    std::function<absl::Status()> before_wait = std::exchange(before_wait_, nullptr);
    const absl::Status status = before_wait();
    before_wait_ = std::move(before_wait);
    if (!status.ok()) return status;
  }
  while (duration > absl::ZeroDuration()) {
    if (absl::Status status = CheckYield(); !status.ok()) return status;
    const absl::Duration look_again = std::max(options_.poll_interval, absl::Milliseconds(1));
    const absl::Duration slice = std::min({duration, kLookEvery - waited_, look_again});
    options_.clock->Sleep(slice);
    duration -= slice;
    waited_ += slice;
    if (waited_ < kLookEvery) continue;
    const absl::Status status = LookForCancel();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status JobContext::CheckYield() const {
  return should_yield_() ? absl::CancelledError("the job yields") : absl::OkStatus();
}

// Tries once: who waits comes back in a second, and may be waiting for storage itself.
absl::Status JobContext::LookForCancel() {
  waited_ = absl::ZeroDuration();
  absl::StatusOr<Storage::ProgressReply> reply = storage().WriteProgress(fence_, progress_);
  if (!reply.ok()) return WorthAnotherTry(reply.status()) ? absl::OkStatus() : reply.status();
  return reply->cancel_requested ? Cancelled() : absl::OkStatus();
}

absl::Status JobContext::TakeTokens(double cost) {
  for (;;) {
    const absl::Duration wait = rate_limiter_.Take(cost, options_.clock->Now());
    if (wait <= absl::ZeroDuration()) return absl::OkStatus();
    const absl::Status status = Wait(wait);
    if (!status.ok()) return status;
  }
}

absl::StatusOr<PullPage> JobContext::Pull(const PullRequest& request) {
  return RetryValue<PullPage>([&]() -> absl::StatusOr<PullPage> {
    const absl::Status status = TakeTokens(adapter_.capabilities().rate_limit.pull_cost);
    if (!status.ok()) return status;
    return adapter_.Pull(request);
  });
}

absl::StatusOr<PushOutcome> JobContext::PollReceipt(absl::string_view receipt) {
  const absl::Status status = TakeTokens(adapter_.capabilities().rate_limit.poll_cost);
  if (!status.ok()) return status;
  return adapter_.PollReceipt(receipt);
}

// An epoch is held once, so its number and a count make a number that no earlier holder of the slot used.
int64_t JobContext::NextPushId() { return (fence_.epoch << 32) + ++pushes_; }

}  // namespace flxlink::engine
