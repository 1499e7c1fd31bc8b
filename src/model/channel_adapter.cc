#include "flxlink/channel_adapter.h"

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "flxlink/problem.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

// Statuses name their payloads by a URL; this one only has to be unlike all others.
constexpr absl::string_view kRetryAfterPayload = "flxlink/retry_after";

// A name as part of a variable's. A single '_' never comes of it, so that one can part two names: what two underscores
// and a hexadecimal digit begin is always a character of a name.
std::string VariablePart(absl::string_view name) {
  std::string part;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_islower(byte) || absl::ascii_isdigit(byte)) {
      part.push_back(absl::ascii_toupper(byte));
    } else {
      absl::StrAppendFormat(&part, "__%02X", byte);
    }
  }
  return part;
}

class EnvironmentCredentials : public CredentialResolver {
 public:
  absl::StatusOr<std::string> Resolve(absl::string_view channel_name, absl::string_view credential) const override {
    const std::string variable = absl::StrCat("FLXLINK_", VariablePart(channel_name), "_", VariablePart(credential));
    const char* value = std::getenv(variable.c_str());
    if (value != nullptr) return std::string(value);
    return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kCredentialMissing,
                         {{"channel", std::string(channel_name)}, {"credential", std::string(credential)}},
                         absl::StrCat("channel ", model::Quote(channel_name), ": there is no credential ",
                                      model::Quote(credential), " in the environment; set ", variable));
  }
};

}  // namespace

absl::StatusOr<PushOutcome> ChannelAdapter::PollReceipt(absl::string_view receipt) const {
  return absl::UnimplementedError(
      absl::StrCat("receipt ", model::Quote(receipt), ": this adapter gives no receipts; do not ask for them"));
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after) {
  status.SetPayload(kRetryAfterPayload, absl::Cord(absl::FormatDuration(retry_after)));
  return status;
}

absl::optional<absl::Duration> RetryAfter(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryAfterPayload);
  absl::Duration retry_after;
  if (!payload.has_value() || !absl::ParseDuration(std::string(*payload), &retry_after)) return absl::nullopt;
  return retry_after;
}

bool IsThrottled(const absl::Status& status) {
  return absl::IsResourceExhausted(status) && RetryAfter(status).has_value();
}

std::unique_ptr<CredentialResolver> NewEnvironmentCredentials() { return std::make_unique<EnvironmentCredentials>(); }

absl::StatusOr<std::unique_ptr<ChannelAdapter>> AdapterRegistry::Make(const AdapterContext& context) const {
  const auto found = factories_.find(context.config.adapter);
  if (found != factories_.end()) return found->second(context);
  const auto append_name = [](std::string* out, const auto& factory) { absl::StrAppend(out, factory.first); };
  return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoAdapter,
                       {{"channel", context.config.name}, {"adapter", context.config.adapter}},
                       absl::StrCat("channel ", model::Quote(context.config.name), ": there is no adapter ",
                                    model::Quote(context.config.adapter),
                                    "; use one of: ", absl::StrJoin(factories_, ", ", append_name)));
}

}  // namespace flxlink
