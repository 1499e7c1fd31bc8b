#include "flxlink/push.h"

namespace flxlink {

bool IsUnheardOf(const OpenItem& open) { return open.receipt.empty() && !open.lingers; }

absl::string_view ToString(PushResult result) {
  switch (result) {
    case PushResult::kApplied:
      return "applied";
    case PushResult::kAccepted:
      return "accepted";
    case PushResult::kRejected:
      return "rejected";
    case PushResult::kNotFound:
      return "not_found";
    case PushResult::kConflict:
      return "conflict";
    case PushResult::kNotTried:
      return "not_tried";
    case PushResult::kThrottled:
      return "throttled";
    case PushResult::kUnavailable:
      return "unavailable";
  }
  return "";
}

}  // namespace flxlink
