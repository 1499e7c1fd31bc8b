#include "src/engine/adapter_error.h"

#include <string>

#include "absl/strings/string_view.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/problem.h"

namespace flxlink::engine {
namespace {

absl::string_view CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnknown:
      return problem_code::kAdapterUnavailable;
    case absl::StatusCode::kResourceExhausted:
      return RetryAfter(status).has_value() ? problem_code::kThrottled : problem_code::kAdapterFailed;
    case absl::StatusCode::kUnauthenticated:
      return problem_code::kCredentialRefused;
    default:
      return problem_code::kAdapterFailed;
  }
}

}  // namespace

absl::Status AdapterError(const absl::Status& status, const Channel& channel) {
  if (status.ok() || ProblemOf(status).has_value()) return status;
  return WithProblem(status,
                     MakeProblem(CodeOf(status), {{"channel", channel.config.name}}, std::string(status.message())));
}

}  // namespace flxlink::engine
