// Metrics: counters and gauges of an engine, as numbers and as text for Prometheus.
//
// Plain data and pure functions.

#ifndef FLXLINK_METRIC_H_
#define FLXLINK_METRIC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/field.h"

namespace flxlink {

enum class MetricKind : uint8_t {
  kCounter,  // Only grows, from 0 when the engine is made.
  kGauge,    // Goes up and down.
};

// One number. Metrics of one name differ in their labels and have the same kind and help.
struct Metric {
  std::string name;  // "flxlink_jobs_total"; units last: "_seconds", "_bytes".
  MetricKind kind = MetricKind::kGauge;
  std::string help;           // One sentence.
  std::vector<Field> labels;  // {"channel", "shop"}, {"kind", "pull"} … Never a secret.
  double value = 0;
};

// "counter", "gauge".
absl::string_view ToString(MetricKind kind);

// The text exposition format, version 0.0.4, of metrics whose equal names stand together.
// Source: prometheus.io, "Exposition formats".
std::string FormatPrometheus(absl::Span<const Metric> metrics);

}  // namespace flxlink

#endif  // FLXLINK_METRIC_H_
