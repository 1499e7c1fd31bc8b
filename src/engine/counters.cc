#include "src/engine/counters.h"

namespace flxlink::engine {

void Counters::Add(const CounterName& counter, std::vector<Field> labels, double amount) {
  Key key{counter.name, {}};
  for (Field& label : labels) key.second.emplace_back(std::move(label.name), std::move(label.value));
  absl::MutexLock lock(&mutex_);
  Counter& entry = counters_[std::move(key)];
  entry.help = counter.help;
  entry.value += amount;
}

std::vector<Metric> Counters::Read() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Metric> metrics;
  for (const auto& [key, counter] : counters_) {
    Metric metric{std::string(key.first), std::string(counter.help), MetricKind::kCounter, {}, counter.value};
    for (const auto& [name, value] : key.second) metric.labels.push_back({name, value});
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

}  // namespace flxlink::engine
