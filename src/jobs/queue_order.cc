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

// The first of some jobs by an order.
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

// Whether the running job, were it pending, would be the next one: to yield would be for nothing.
bool WouldGoOn(const QueueSnapshot& queue, const Job& running, absl::Time now) {
  Job yielded = running;
  yielded.state = JobState::kPending;
  std::vector<const Job*> due = Due(queue.open_jobs, now);
  due.push_back(&yielded);
  return Next(due, queue.slot.owes_bulk) == &yielded;
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
  const auto goes_ahead = [&](const Job* other) {
    if (IsBulk(*other)) return false;
    const bool prioritized_later = other->prioritized_at > running.prioritized_at;
    if (IsBulk(running)) return !IsPrioritized(running) || prioritized_later || ReadsOrSends(*other);
    if (running.kind != JobKind::kBuild && running.kind != JobKind::kSync) return false;
    if (IsPrioritized(*other) || IsPrioritized(running)) return prioritized_later;
    return other->priority > running.priority;
  };
  const std::vector<const Job*> due = Due(queue.open_jobs, now);
  return std::any_of(due.begin(), due.end(), goes_ahead) && !WouldGoOn(queue, running, now);
}

}  // namespace flxlink::jobs
