// Asking whoever sits at the terminal before something is done that is not easily undone.

#ifndef FLXLINK_SRC_CLI_CONFIRM_H_
#define FLXLINK_SRC_CLI_CONFIRM_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flxlink::cli {

// Asks `question`, which ends without a mark, and waits for the answer. OK: it was yes, or nobody sits there to be
// asked, as in a script. CANCELLED: it was anything else.
absl::Status Confirm(absl::string_view question);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_CONFIRM_H_
