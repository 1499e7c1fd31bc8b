#include "flxlink/event.h"

namespace flxlink {

absl::string_view ToString(EventKind kind) {
  switch (kind) {
    case EventKind::kMissed:
      return "missed";
    case EventKind::kJobState:
      return "job_state";
    case EventKind::kJobProgress:
      return "job_progress";
    case EventKind::kLinks:
      return "links";
    case EventKind::kAttentionRaised:
      return "attention_raised";
    case EventKind::kAttentionCleared:
      return "attention_cleared";
    case EventKind::kTrouble:
      return "trouble";
    case EventKind::kLog:
      return "log";
  }
  return "unknown";
}

absl::string_view ToString(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

}  // namespace flxlink
