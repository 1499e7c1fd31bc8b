#include "flxlink/job.h"

namespace flxlink {

absl::string_view ToString(JobKind kind) {
  switch (kind) {
    case JobKind::kPull:
      return "pull";
    case JobKind::kBuild:
      return "build";
    case JobKind::kLink:
      return "link";
    case JobKind::kSync:
      return "sync";
    case JobKind::kRules:
      return "rules";
    case JobKind::kFetch:
      return "fetch";
  }
  return "";
}

absl::string_view ToString(JobState state) {
  switch (state) {
    case JobState::kPending:
      return "pending";
    case JobState::kRunning:
      return "running";
    case JobState::kCompleted:
      return "completed";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
    case JobState::kHeld:
      return "held";
  }
  return "";
}

absl::string_view ToString(JobTrigger trigger) {
  switch (trigger) {
    case JobTrigger::kHand:
      return "hand";
    case JobTrigger::kSchedule:
      return "schedule";
    case JobTrigger::kChain:
      return "chain";
    case JobTrigger::kRerun:
      return "rerun";
    case JobTrigger::kNotice:
      return "notice";
    case JobTrigger::kRetry:
      return "retry";
  }
  return "";
}

absl::optional<JobState> ParseJobState(absl::string_view text) {
  for (const JobState state : {JobState::kPending, JobState::kRunning, JobState::kCompleted, JobState::kFailed,
                               JobState::kCancelled, JobState::kHeld}) {
    if (ToString(state) == text) return state;
  }
  return absl::nullopt;
}

bool IsFinal(JobState state) {
  return state == JobState::kCompleted || state == JobState::kFailed || state == JobState::kCancelled;
}

bool IsDue(const Job& job, absl::Time now) { return !job.not_before.has_value() || *job.not_before <= now; }

}  // namespace flxlink
