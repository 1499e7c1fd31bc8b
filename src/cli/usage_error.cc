#include "src/cli/usage_error.h"

#include "absl/strings/cord.h"

namespace flxlink::cli {
namespace {

constexpr absl::string_view kPayloadUrl = "flxlink/usage_error";

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kPayloadUrl, absl::Cord());
  return status;
}

bool IsUsageError(const absl::Status& status) { return status.GetPayload(kPayloadUrl).has_value(); }

}  // namespace flxlink::cli
