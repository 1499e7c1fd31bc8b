// A small reader of Prometheus' text format, version 0.0.4, written from its description and not from our writer.

#ifndef FLXLINK_TESTS_SUPPORT_PROMETHEUS_TEXT_H_
#define FLXLINK_TESTS_SUPPORT_PROMETHEUS_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "flxlink/field.h"

namespace flxlink {

struct PrometheusSample {
  std::string name;
  std::string help;
  std::string type;
  std::vector<Field> labels;
  double value = 0;
};

// The samples in their order. What is not in the format, and a name whose samples do not stand together, fail the test.
std::vector<PrometheusSample> ParsePrometheus(absl::string_view text);

}  // namespace flxlink

#endif  // FLXLINK_TESTS_SUPPORT_PROMETHEUS_TEXT_H_
