#include "flxlink/metrics.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace flxlink {
namespace {

std::string FormatValue(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return absl::StrFormat("%.15g", value);
}

void AppendHead(const Metric& metric, std::string* text) {
  const std::string help = absl::StrReplaceAll(metric.help, {{"\\", "\\\\"}, {"\n", "\\n"}});
  absl::StrAppend(text, "# HELP ", metric.name, " ", help, "\n", "# TYPE ", metric.name, " ", ToString(metric.kind),
                  "\n");
}

void AppendSample(const Metric& metric, std::string* text) {
  absl::StrAppend(text, metric.name);
  const char* separator = "{";
  for (const Field& label : metric.labels) {
    const std::string value = absl::StrReplaceAll(label.value, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}});
    absl::StrAppend(text, separator, label.name, "=\"", value, "\"");
    separator = ",";
  }
  absl::StrAppend(text, metric.labels.empty() ? "" : "}", " ", FormatValue(metric.value), "\n");
}

}  // namespace

absl::string_view ToString(MetricKind kind) { return kind == MetricKind::kCounter ? "counter" : "gauge"; }

std::string FormatPrometheus(absl::Span<const Metric> metrics) {
  std::string text;
  const Metric* before = nullptr;
  for (const Metric& metric : metrics) {
    if (before == nullptr || before->name != metric.name) AppendHead(metric, &text);
    AppendSample(metric, &text);
    before = &metric;
  }
  return text;
}

}  // namespace flxlink
