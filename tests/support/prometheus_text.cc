#include "tests/support/prometheus_text.h"

#include <cstdlib>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

std::string Unescape(absl::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 1 < text.size();
    if (escaped) ++i;
    plain += escaped && text[i] == 'n' ? '\n' : text[i];
  }
  return plain;
}

// Takes `{a="b",c="d"}` from the front of `*rest`.
std::vector<Field> TakeLabels(absl::string_view* rest) {
  std::vector<Field> labels;
  if (!absl::ConsumePrefix(rest, "{")) return labels;
  while (!rest->empty() && !absl::ConsumePrefix(rest, "}")) {
    const size_t equals = rest->find("=\"");
    if (equals == absl::string_view::npos) {
      ADD_FAILURE() << "no label: " << *rest;
      return labels;
    }
    const absl::string_view name = rest->substr(0, equals);
    size_t end = equals + 2;
    while (end < rest->size() && (*rest)[end] != '"') end += (*rest)[end] == '\\' ? 2 : 1;
    labels.push_back({std::string(name), Unescape(rest->substr(equals + 2, end - equals - 2))});
    rest->remove_prefix(end + 1);
    absl::ConsumePrefix(rest, ",");
  }
  return labels;
}

}  // namespace

std::vector<PrometheusSample> ParsePrometheus(absl::string_view text) {
  EXPECT_TRUE(text.empty() || absl::EndsWith(text, "\n"));
  std::vector<PrometheusSample> samples;
  std::set<std::string> names;
  PrometheusSample head;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (absl::ConsumePrefix(&line, "# HELP ")) {
      const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(' ', 1));
      head = {std::string(parts.first), Unescape(parts.second), "", {}, 0};
      EXPECT_TRUE(names.insert(head.name).second) << head.name << " comes twice";
    } else if (absl::ConsumePrefix(&line, "# TYPE ")) {
      const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(' ', 1));
      EXPECT_EQ(parts.first, head.name);
      head.type = std::string(parts.second);
    } else {
      PrometheusSample sample = head;
      EXPECT_TRUE(absl::ConsumePrefix(&line, head.name)) << line;
      sample.labels = TakeLabels(&line);
      EXPECT_TRUE(absl::ConsumePrefix(&line, " ")) << line;
      char* end = nullptr;
      sample.value = std::strtod(std::string(line).c_str(), &end);
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

}  // namespace flxlink
