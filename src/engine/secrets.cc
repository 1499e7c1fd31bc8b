#include "src/engine/secrets.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_replace.h"
#include "absl/types/optional.h"

namespace flxlink::engine {

void Secrets::Add(absl::string_view secret) {
  if (secret.empty()) return;
  absl::MutexLock lock(&mutex_);
  if (std::find(secrets_.begin(), secrets_.end(), secret) != secrets_.end()) return;
  const auto shorter = [&](const std::string& known) { return known.size() < secret.size(); };
  secrets_.insert(std::find_if(secrets_.begin(), secrets_.end(), shorter), std::string(secret));
}

bool Secrets::empty() const {
  absl::MutexLock lock(&mutex_);
  return secrets_.empty();
}

std::string Secrets::Redact(absl::string_view text) const {
  std::string redacted(text);
  absl::MutexLock lock(&mutex_);
  for (const std::string& secret : secrets_) absl::StrReplaceAll({{secret, "***"}}, &redacted);
  return redacted;
}

Problem Secrets::Redact(Problem problem) const {
  if (empty()) return problem;
  problem.message = Redact(problem.message);
  for (Field& arg : problem.args) arg.value = Redact(arg.value);
  return problem;
}

absl::Status Secrets::Redact(const absl::Status& status) const {
  if (status.ok() || empty()) return status;
  absl::Status redacted(status.code(), Redact(status.message()));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) { redacted.SetPayload(type, payload); });
  absl::optional<Problem> problem = ProblemOf(status);
  return problem.has_value() ? WithProblem(std::move(redacted), Redact(*std::move(problem))) : redacted;
}

}  // namespace flxlink::engine
