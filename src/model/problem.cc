#include "flxlink/problem.h"

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "src/model/record_codec.h"

namespace flxlink {
namespace {

// Statuses name their payloads by a URL; this one only has to be unlike all others.
constexpr absl::string_view kProblemPayload = "flxlink/problem";

}  // namespace

absl::Status WithProblem(absl::Status status, const Problem& problem) {
  status.SetPayload(kProblemPayload, absl::Cord(model::EncodeProblem(problem)));
  return status;
}

absl::Status ProblemStatus(absl::StatusCode status_code, absl::string_view code, std::vector<Field> args,
                           absl::string_view message) {
  return WithProblem(absl::Status(status_code, message), MakeProblem(code, std::move(args), std::string(message)));
}

absl::optional<Problem> ProblemOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kProblemPayload);
  if (!payload.has_value()) return absl::nullopt;
  absl::StatusOr<Problem> problem = model::DecodeProblem(std::string(*payload));
  if (!problem.ok()) return absl::nullopt;
  return *std::move(problem);
}

Problem ProblemFrom(const absl::Status& status) {
  if (status.ok()) return Problem();
  if (absl::optional<Problem> problem = ProblemOf(status); problem.has_value()) return *std::move(problem);
  return MakeProblem(absl::AsciiStrToLower(absl::StatusCodeToString(status.code())), {}, std::string(status.message()));
}

}  // namespace flxlink
