#include "flxlink/metrics.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/prometheus_text.h"

namespace flxlink {
namespace {

TEST(MetricsTest, AReaderOfTheFormatGetsWhatWasGiven) {
  const std::vector<Metric> metrics = {
      {"a_total", "Back\\slash and\nline.", MetricKind::kCounter, {{"channel", "a\"b\\c\nd"}, {"kind", "pull"}}, 3},
      {"a_total", "Back\\slash and\nline.", MetricKind::kCounter, {{"channel", ""}, {"kind", "sync"}}, 0.1},
      {"b_seconds", "Now.", MetricKind::kGauge, {}, 123456789012345.0},
      {"c_seconds", "Odd.", MetricKind::kGauge, {}, std::numeric_limits<double>::infinity()},
  };
  const std::vector<PrometheusSample> samples = ParsePrometheus(FormatPrometheus(metrics));
  ASSERT_EQ(samples.size(), metrics.size());
  for (size_t i = 0; i < metrics.size(); ++i) {
    EXPECT_EQ(samples[i].name, metrics[i].name);
    EXPECT_EQ(samples[i].help, metrics[i].help);
    EXPECT_EQ(samples[i].type, ToString(metrics[i].kind));
    EXPECT_EQ(samples[i].labels, metrics[i].labels);
    EXPECT_EQ(samples[i].value, metrics[i].value);
  }
}

TEST(MetricsTest, HelpAndTypeComeOnceAName) {
  const std::vector<Metric> metrics = {{"a_total", "A.", MetricKind::kCounter, {{"x", "1"}}, 1},
                                       {"a_total", "A.", MetricKind::kCounter, {{"x", "2"}}, 2}};
  EXPECT_EQ(FormatPrometheus(metrics),
            "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 2\n");
  EXPECT_EQ(FormatPrometheus({}), "");
}

}  // namespace
}  // namespace flxlink
