#include "src/engine/job_context.h"

#include <algorithm>
#include <utility>

#include "src/engine/backoff.h"

namespace flxlink::engine {
bool WorthAnotherTry(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnknown:
      return true;
    case absl::StatusCode::kResourceExhausted:
      // A throttled channel says for how long; a full disk does not.
      return RetryAfter(status).has_value();
    default:
      return false;
  }
}

JobContext::JobContext(const EngineOptions& options, const Channel& channel, const ChannelAdapter& adapter,
                       const Job& job, const Fence& fence)
    : options_(options),
      channel_(channel),
      adapter_(adapter),
      job_(job),
      fence_(fence),
      rate_limiter_(adapter.capabilities().rate_limit, options.clock->Now()) {}

void JobContext::Count(absl::string_view name, int64_t amount) {
  for (auto& [key, value] : output_.counts) {
    if (key == name) {
      value += amount;
      return;
    }
  }
  output_.counts.emplace_back(std::string(name), amount);
}

void JobContext::AddProblem(absl::string_view subject, Problem problem) {
  if (output_.problems.size() >= static_cast<size_t>(Job::kMaxProblems)) return;
  output_.problems.push_back({std::string(subject), std::move(problem)});
}

absl::Status JobContext::Report() {
  absl::StatusOr<Storage::ProgressReply> reply =
      RetryValue<Storage::ProgressReply>([&] { return storage().WriteProgress(fence_, progress_); });
  if (!reply.ok()) return reply.status();
  if (options_.on_progress) options_.on_progress(job_, progress_);
  if (reply->cancel_requested) return absl::CancelledError("cancelled by a person");
  return absl::OkStatus();
}

absl::Duration JobContext::Backoff(int tries) const { return engine::Backoff(options_, tries); }

absl::Status JobContext::Retry(absl::FunctionRef<absl::Status()> call) {
  for (int tries = 1;; ++tries) {
    const absl::Status status = call();
    if (status.ok() || !WorthAnotherTry(status) || tries >= options_.max_tries) return status;
    options_.clock->Sleep(std::max(Backoff(tries), RetryAfter(status).value_or(absl::ZeroDuration())));
  }
}

absl::Status JobContext::Wait(absl::Duration duration) {
  // In slices, so that a request to cancel is seen soon.
  while (duration > absl::ZeroDuration()) {
    const absl::Duration slice = std::min(duration, absl::Seconds(1));
    options_.clock->Sleep(slice);
    duration -= slice;
    const absl::Status status = Report();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status JobContext::TakeTokens(double cost) { return Wait(rate_limiter_.Take(cost, Now())); }

// An epoch is held once, so its number and a count make a number that no earlier holder of the slot used.
int64_t JobContext::NextPushId() { return (fence_.epoch << 32) + ++pushes_; }

}  // namespace flxlink::engine
