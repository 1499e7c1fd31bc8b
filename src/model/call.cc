#include "flxlink/call.h"

namespace flxlink {

absl::Status CheckCall(const Call& call, absl::Time now) {
  if (call.cancellation != nullptr && call.cancellation->cancelled()) {
    return absl::CancelledError("the call was cancelled");
  }
  if (now >= call.deadline) return absl::DeadlineExceededError("the call's deadline has passed");
  return absl::OkStatus();
}

}  // namespace flxlink
