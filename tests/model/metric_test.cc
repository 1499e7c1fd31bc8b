#include "flxlink/metric.h"

#include <limits>

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

TEST(Metric, PrometheusTextSaysHelpAndTypeOnceAName) {
  const std::vector<Metric> metrics = {
      {"flxlink_jobs_total", MetricKind::kCounter, "Jobs that ended.", {{"channel", "shop"}, {"state", "failed"}}, 3},
      {"flxlink_jobs_total",
       MetricKind::kCounter,
       "Jobs that ended.",
       {{"channel", "shop"}, {"state", "completed"}},
       4},
      {"flxlink_queue_oldest_seconds", MetricKind::kGauge, "Age of the oldest pending job.", {}, 0.5}};
  EXPECT_EQ(FormatPrometheus(metrics),
            "# HELP flxlink_jobs_total Jobs that ended.\n"
            "# TYPE flxlink_jobs_total counter\n"
            "flxlink_jobs_total{channel=\"shop\",state=\"failed\"} 3\n"
            "flxlink_jobs_total{channel=\"shop\",state=\"completed\"} 4\n"
            "# HELP flxlink_queue_oldest_seconds Age of the oldest pending job.\n"
            "# TYPE flxlink_queue_oldest_seconds gauge\n"
            "flxlink_queue_oldest_seconds 0.5\n");
}

TEST(Metric, LabelsAndHelpAreEscaped) {
  const std::vector<Metric> metrics = {{"m", MetricKind::kGauge, "a\\b\nc", {{"l", "q\"b\\n\n"}}, 1}};
  EXPECT_EQ(FormatPrometheus(metrics), "# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{l=\"q\\\"b\\\\n\\n\"} 1\n");
}

TEST(Metric, NumbersAreExactAndOddOnesHaveTheirWords) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Metric> metrics = {{"a", MetricKind::kGauge, "", {}, 12345678901234.0},
                                       {"b", MetricKind::kGauge, "", {}, infinity},
                                       {"c", MetricKind::kGauge, "", {}, -infinity},
                                       {"d", MetricKind::kGauge, "", {}, std::numeric_limits<double>::quiet_NaN()}};
  const std::string text = FormatPrometheus(metrics);
  for (const char* sample : {"\na 12345678901234\n", "\nb +Inf\n", "\nc -Inf\n", "\nd NaN\n"}) {
    EXPECT_NE(text.find(sample), std::string::npos) << sample << text;
  }
}

TEST(Metric, NoMetricsAreNoText) { EXPECT_EQ(FormatPrometheus({}), ""); }

}  // namespace
}  // namespace flxlink::model
