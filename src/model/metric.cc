#include "flxlink/metric.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace flxlink {
namespace {

std::string EscapeHelp(absl::string_view text) { return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\n", "\\n"}}); }

std::string EscapeLabel(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}});
}

// Whole numbers without an exponent, so that a counter stays exact for people and programs.
std::string FormatValue(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::trunc(value) == value && std::abs(value) <= kExact) return absl::StrCat(static_cast<int64_t>(value));
  return absl::StrFormat("%.17g", value);
}

void AppendSample(const Metric& metric, std::string* text) {
  absl::StrAppend(text, metric.name);
  for (size_t i = 0; i < metric.labels.size(); ++i) {
    absl::StrAppend(text, i == 0 ? "{" : ",", metric.labels[i].name, "=\"", EscapeLabel(metric.labels[i].value), "\"");
  }
  absl::StrAppend(text, metric.labels.empty() ? " " : "} ", FormatValue(metric.value), "\n");
}

}  // namespace

absl::string_view ToString(MetricKind kind) { return kind == MetricKind::kCounter ? "counter" : "gauge"; }

std::string FormatPrometheus(absl::Span<const Metric> metrics) {
  std::string text;
  absl::string_view name;
  for (const Metric& metric : metrics) {
    if (metric.name != name) {
      absl::StrAppend(&text, "# HELP ", metric.name, " ", EscapeHelp(metric.help), "\n");
      absl::StrAppend(&text, "# TYPE ", metric.name, " ", ToString(metric.kind), "\n");
      name = metric.name;
    }
    AppendSample(metric, &text);
  }
  return text;
}

}  // namespace flxlink
