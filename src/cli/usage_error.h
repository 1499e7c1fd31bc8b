// Mistakes in how the program was called, as opposed to what went wrong in doing it: the exit code tells them apart.

#ifndef FLXLINK_CLI_USAGE_ERROR_H_
#define FLXLINK_CLI_USAGE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flxlink::cli {

// INVALID_ARGUMENT that IsUsageError() knows again.
absl::Status UsageError(absl::string_view message);

bool IsUsageError(const absl::Status& status);

}  // namespace flxlink::cli

#endif  // FLXLINK_CLI_USAGE_ERROR_H_
