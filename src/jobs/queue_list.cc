#include "src/jobs/queue_list.h"

#include <algorithm>
#include <cstddef>
#include <queue>
#include <tuple>
#include <utility>

#include "src/jobs/queue_order.h"

namespace flxlink::jobs {
namespace {

// Whether another channel's job is claimed before this one; as slots are compared.
bool IsBehind(const Job& job, const Job& other) {
  return std::make_tuple(other.prioritized_at, LaneOf(job), other.priority, job.created_at, job.channel_id) >
         std::make_tuple(job.prioritized_at, LaneOf(other), job.priority, other.created_at, other.channel_id);
}

// What a channel has still to do of what is due, in its order.
struct Line {
  std::vector<const Job*> jobs;
  size_t next = 0;

  const Job& front() const { return *jobs[next]; }
  bool operator<(const Line& other) const { return IsBehind(front(), other.front()); }
};

// The jobs of all channels by what becomes of them.
struct Groups {
  std::vector<const Job*> running;
  std::priority_queue<Line> due;
  std::vector<const Job*> waiting;
  std::vector<const Job*> paused;
};

void AddPending(const QueueSnapshot& queue, absl::Time now, Groups* groups) {
  Line due;
  for (const Job* job : OrderOf(queue.open_jobs, queue.slot.owes_bulk, now)) {
    std::vector<const Job*>& rest = IsDue(*job, now) ? due.jobs : groups->waiting;
    (queue.slot.paused ? groups->paused : rest).push_back(job);
  }
  if (!due.jobs.empty()) groups->due.push(std::move(due));
}

void AddQueue(const QueueSnapshot& queue, absl::Time now, Groups* groups) {
  for (const Job& job : queue.open_jobs) {
    if (job.state == JobState::kRunning) groups->running.push_back(&job);
  }
  AddPending(queue, now, groups);
}

// Takes one after the other.
void AppendDue(std::priority_queue<Line> due, std::vector<Job>* jobs) {
  while (!due.empty()) {
    Line line = due.top();
    due.pop();
    jobs->push_back(line.front());
    if (++line.next < line.jobs.size()) due.push(std::move(line));
  }
}

void Append(const std::vector<const Job*>& group, std::vector<Job>* jobs) {
  for (const Job* job : group) jobs->push_back(*job);
}

}  // namespace

std::vector<Job> ListQueue(absl::Span<const QueueSnapshot> queues, absl::Time now) {
  Groups groups;
  for (const QueueSnapshot& queue : queues) AddQueue(queue, now, &groups);
  std::stable_sort(groups.waiting.begin(), groups.waiting.end(),
                   [](const Job* a, const Job* b) { return *a->not_before < *b->not_before; });
  std::vector<Job> jobs;
  Append(groups.running, &jobs);
  AppendDue(std::move(groups.due), &jobs);
  Append(groups.waiting, &jobs);
  Append(groups.paused, &jobs);
  return jobs;
}

}  // namespace flxlink::jobs
