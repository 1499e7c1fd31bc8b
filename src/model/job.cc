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

absl::string_view ToString(Lane lane) { return lane == Lane::kBulk ? "bulk" : "urgent"; }

absl::optional<JobState> ParseJobState(absl::string_view text) {
  for (const JobState state :
       {JobState::kPending, JobState::kRunning, JobState::kCompleted, JobState::kFailed, JobState::kCancelled}) {
    if (ToString(state) == text) return state;
  }
  return absl::nullopt;
}

bool IsFinal(JobState state) {
  return state == JobState::kCompleted || state == JobState::kFailed || state == JobState::kCancelled;
}

Lane LaneOf(JobKind kind, const JobOptions& options) {
  const bool is_bulk = (kind == JobKind::kPull && !options.since_last) ||
                       (kind == JobKind::kSync && (options.full || options.pull_first));
  return is_bulk ? Lane::kBulk : Lane::kUrgent;
}

Lane LaneOf(const Job& job) { return LaneOf(job.kind, job.options); }

JobKind KindInChain(JobKind kind, const JobOptions& options) {
  return LaneOf(kind, options) == Lane::kBulk ? JobKind::kPull : kind;
}

std::vector<JobKind> ChainAfter(const Job& job) {
  std::vector<JobKind> chain = job.chain;
  chain.push_back(KindInChain(job.kind, job.options));
  return chain;
}

int64_t DefaultPriority(JobKind kind, const JobOptions& options) {
  if (LaneOf(kind, options) == Lane::kBulk) return 0;
  switch (kind) {
    case JobKind::kSync:
      return options.force.empty() ? 20 : 30;
    case JobKind::kFetch:
      return 25;
    case JobKind::kPull:
    case JobKind::kLink:
    case JobKind::kRules:
      return 10;
    case JobKind::kBuild:
      return 5;
  }
  return 0;
}

bool IsDue(const Job& job, absl::Time now) { return !job.not_before.has_value() || *job.not_before <= now; }

}  // namespace flxlink
