#include "src/engine/queue_gauges.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

namespace flxlink::engine {
namespace {

constexpr JobState kOpenStates[] = {JobState::kPending, JobState::kRunning};

Metric Gauge(absl::string_view name, absl::string_view help, std::vector<Field> labels, double value) {
  return {std::string(name), std::string(help), MetricKind::kGauge, std::move(labels), value};
}

Metric OpenJobs(const QueueSnapshot& queue, JobState state) {
  const int64_t count =
      std::count_if(queue.open_jobs.begin(), queue.open_jobs.end(), [&](const Job& job) { return job.state == state; });
  return Gauge("flxlink_queue_jobs", "Jobs that are open, by state.",
               {{"channel", queue.channel}, {"state", std::string(ToString(state))}}, static_cast<double>(count));
}

Metric OldestPending(const QueueSnapshot& queue, absl::Time now) {
  absl::Duration oldest = absl::ZeroDuration();
  for (const Job& job : queue.open_jobs) {
    if (job.state != JobState::kPending) continue;
    oldest = std::max(oldest, now - std::max(job.created_at, job.not_before.value_or(job.created_at)));
  }
  return Gauge("flxlink_oldest_pending_seconds", "How long the oldest job that is due has waited.",
               {{"channel", queue.channel}}, absl::ToDoubleSeconds(oldest));
}

}  // namespace

absl::StatusOr<std::vector<Metric>> ReadQueueGauges(Storage& storage, absl::Time now) {
  absl::StatusOr<std::vector<Channel>> channels = storage.ReadChannels();
  if (!channels.ok()) return channels.status();
  std::vector<Metric> gauges;
  std::vector<Metric> depths;
  for (const Channel& channel : *channels) {
    absl::StatusOr<QueueSnapshot> queue = storage.ReadQueue(channel.channel_id);
    if (absl::IsNotFound(queue.status())) continue;  // Removed meanwhile.
    if (!queue.ok()) return queue.status();
    gauges.push_back(OldestPending(*queue, now));
    for (const JobState state : kOpenStates) depths.push_back(OpenJobs(*queue, state));
  }
  std::move(depths.begin(), depths.end(), std::back_inserter(gauges));
  return gauges;
}

}  // namespace flxlink::engine
