// Metrics: counters and gauges of an engine, as numbers and as Prometheus text. See Engine::ReadMetrics.
//
// Plain data: share between threads while nobody writes. All functions are thread-safe.

#ifndef FLXLINK_METRICS_H_
#define FLXLINK_METRICS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/field.h"

namespace flxlink {

enum class MetricKind : uint8_t {
  kCounter,  // Only grows, from 0 when the engine was created.
  kGauge,    // How something is now.
};

// "counter", "gauge".
absl::string_view ToString(MetricKind kind);

// One number. All of one name have the same kind, help and names of labels.
struct Metric {
  std::string name;  // "flxlink_jobs_ended_total".
  std::string help;  // A sentence.
  MetricKind kind = MetricKind::kCounter;
  std::vector<Field> labels;
  double value = 0;
};

// Prometheus' text format 0.0.4 (content type "text/plain; version=0.0.4"): HELP and TYPE once a name, which holds for
// metrics of one name that follow each other, as ReadMetrics gives them.
std::string FormatPrometheus(absl::Span<const Metric> metrics);

}  // namespace flxlink

#endif  // FLXLINK_METRICS_H_
