#include "src/jobs/queue_order.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace flxlink::jobs {
namespace {

bool IsBulk(const Job& job) { return LaneOf(job) == Lane::kBulk; }
bool IsPrioritized(const Job& job) { return job.prioritized_at != absl::InfinitePast(); }
bool HasBegun(const Job& job) { return job.started_at.has_value(); }
bool ReadsOrSends(const Job& job) { return job.kind == JobKind::kFetch || job.kind == JobKind::kSync; }

// The order within a lane.
bool IsBefore(const Job& a, const Job& b) {
  const auto is_begun_bulk = [](const Job& job) { return IsBulk(job) && HasBegun(job); };
  const auto is_passed = [](const Job& job) { return !IsBulk(job) && job.passed >= Job::kMaxPassed; };
  if (is_begun_bulk(a) != is_begun_bulk(b)) return is_begun_bulk(a);
  if (a.prioritized_at != b.prioritized_at) return a.prioritized_at > b.prioritized_at;
  if (is_passed(a) != is_passed(b)) return is_passed(a);
  if (a.priority != b.priority) return a.priority > b.priority;
  return std::make_tuple(a.created_at, a.job_id) < std::make_tuple(b.created_at, b.job_id);
}

// The first in that order of those that `takes` takes. nullptr: there is none.
template <typename Takes>
const Job* First(const std::vector<const Job*>& jobs, Takes takes) {
  const Job* first = nullptr;
  for (const Job* job : jobs) {
    if (takes(*job) && (first == nullptr || IsBefore(*job, *first))) first = job;
  }
  return first;
}

// The next of those that are due.
const Job* Next(const std::vector<const Job*>& due, bool owes_bulk) {
  const Job* const bulk = First(due, IsBulk);
  const Job* const urgent = First(due, [](const Job& job) { return !IsBulk(job); });
  if (bulk == nullptr || urgent == nullptr) return bulk == nullptr ? urgent : bulk;
  if (urgent->prioritized_at > bulk->prioritized_at) return urgent;
  if (owes_bulk || (IsPrioritized(*bulk) && !HasBegun(*bulk))) return bulk;
  if (!IsPrioritized(*bulk)) return urgent;
  const Job* const may_pass = First(due, [](const Job& job) { return !IsBulk(job) && ReadsOrSends(job); });
  return may_pass == nullptr ? bulk : may_pass;
}

std::vector<const Job*> Due(absl::Span<const Job> jobs, absl::Time now) {
  std::vector<const Job*> due;
  for (const Job& job : jobs) {
    if (job.state == JobState::kPending && IsDue(job, now)) due.push_back(&job);
  }
  return due;
}

// Whether a job is not to keep `other` waiting, as far as only the two of them count.
bool Yields(const Job& running, const Job& other) {
  if (IsBulk(other)) return false;
  if (IsBulk(running)) return true;
  if (running.kind != JobKind::kBuild && running.kind != JobKind::kSync) return false;
  if (running.prioritized_at != other.prioritized_at) return other.prioritized_at > running.prioritized_at;
  return !IsPrioritized(running) && other.priority > running.priority;
}

}  // namespace

const Job* NextJob(absl::Span<const Job> jobs, bool owes_bulk, absl::Time now) {
  return Next(Due(jobs, now), owes_bulk);
}

std::vector<const Job*> OrderOf(absl::Span<const Job> jobs, bool owes_bulk, absl::Time now) {
  std::vector<const Job*> order;
  std::vector<const Job*> due = Due(jobs, now);
  while (!due.empty()) {
    const Job* const next = Next(due, owes_bulk);
    owes_bulk = owes_bulk && !IsBulk(*next);
    order.push_back(next);
    due.erase(std::find(due.begin(), due.end(), next));
  }
  const size_t waiting = order.size();
  for (const Job& job : jobs) {
    if (job.state == JobState::kPending && !IsDue(job, now)) order.push_back(&job);
  }
  std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(waiting), order.end(),
                   [](const Job* a, const Job* b) { return *a->not_before < *b->not_before; });
  return order;
}

bool GivesWay(const QueueSnapshot& queue, const Job& running, absl::Time now) {
  if (queue.slot.paused) return true;
  std::vector<const Job*> due = Due(queue.open_jobs, now);
  const bool is_wanted = std::any_of(due.begin(), due.end(), [&](const Job* other) { return Yields(running, *other); });
  if (!is_wanted) return false;
  // Were it the next again, it would give way for nothing, and for ever.
  due.push_back(&running);
  return Next(due, queue.slot.owes_bulk) != &running;
}

bool OthersWait(const QueueSnapshot& queue, absl::Time now) { return !Due(queue.open_jobs, now).empty(); }

}  // namespace flxlink::jobs
