#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "flxlink/storage_kit/retention.h"

namespace flxlink::storage {
namespace {

// Counts that say what a job saw, and how.
constexpr absl::string_view kSightings[] = {
    "unchanged", "whole",     "resumed", "item_problems", "unnamed", "judged",  "unlinked", "status_rules_would_change",
    "equal",     "held_back", "refused", "compared",      "forced",  "counted",
};

bool IsSighting(absl::string_view name) {
  return std::find(std::begin(kSightings), std::end(kSightings), name) != std::end(kSightings);
}

bool EndedBefore(const FinishedJob& a, const FinishedJob& b) {
  return std::tie(a.finished_at, a.job_id) < std::tie(b.finished_at, b.job_id);
}

absl::Time TooOldBefore(const ChannelConfig& config, absl::Time now) {
  return now - config.keep_days * absl::Hours(24);
}

// Takes out the last job of each kind, and its last that failed; the jobs are in the order in which they ended.
void KeepLast(std::vector<FinishedJob>* jobs) {
  std::set<JobKind> kinds;
  std::set<JobKind> failed_kinds;
  std::vector<FinishedJob> others;
  for (auto job = jobs->rbegin(); job != jobs->rend(); ++job) {
    const bool is_last = kinds.insert(job->kind).second;
    const bool is_last_failure = job->state == JobState::kFailed && failed_kinds.insert(job->kind).second;
    if (!is_last && !is_last_failure) others.push_back(*job);
  }
  std::reverse(others.begin(), others.end());
  *jobs = std::move(others);
}

}  // namespace

bool ChangedSomething(const Job& job) {
  return std::any_of(job.counts.begin(), job.counts.end(),
                     [](const auto& count) { return count.second > 0 && !IsSighting(count.first); });
}

absl::Time ChosenBefore(const ChannelConfig& config, int64_t count, absl::Time now) {
  return count > config.keep_jobs ? now - kStaysAtLeast : TooOldBefore(config, now);
}

std::vector<int64_t> ChoosePruned(std::vector<FinishedJob> jobs, int64_t count, const ChannelConfig& config,
                                  absl::Time now, int64_t limit, const std::set<int64_t>& holding) {
  std::sort(jobs.begin(), jobs.end(), &EndedBefore);
  const auto is_same = [](const FinishedJob& a, const FinishedJob& b) { return a.job_id == b.job_id; };
  jobs.erase(std::unique(jobs.begin(), jobs.end(), is_same), jobs.end());
  KeepLast(&jobs);
  const auto holds = [&](const FinishedJob& job) { return holding.count(job.job_id) > 0; };
  jobs.erase(std::remove_if(jobs.begin(), jobs.end(), holds), jobs.end());
  const auto ended_before = [&](absl::Time time) {
    return std::find_if(jobs.begin(), jobs.end(), [&](const FinishedJob& job) { return job.finished_at >= time; });
  };
  jobs.erase(ended_before(now - kStaysAtLeast), jobs.end());
  const auto old_end = ended_before(TooOldBefore(config, now));
  const auto changed_less = [](const FinishedJob& a, const FinishedJob& b) { return a.changed < b.changed; };
  std::stable_sort(jobs.begin(), old_end, changed_less);
  std::stable_sort(old_end, jobs.end(), changed_less);
  const int64_t too_old = old_end - jobs.begin();
  const int64_t pruned =
      std::min({std::max(too_old, count - config.keep_jobs), limit, static_cast<int64_t>(jobs.size())});
  std::vector<int64_t> job_ids;
  for (const FinishedJob& job : jobs) {
    if (static_cast<int64_t>(job_ids.size()) >= pruned) break;
    job_ids.push_back(job.job_id);
  }
  return job_ids;
}

}  // namespace flxlink::storage
