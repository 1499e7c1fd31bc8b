#include "flxlink/csv_field.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/model/quote.h"

namespace flxlink {

void AppendCsvField(absl::string_view field, std::string* out) {
  const auto needs_quotes = [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; };
  if (std::none_of(field.begin(), field.end(), needs_quotes)) {
    out->append(field.data(), field.size());
    return;
  }
  out->push_back('"');
  for (const char c : field) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

absl::string_view ToString(DecimalMark mark) { return mark == DecimalMark::kPoint ? "point" : "comma"; }

absl::StatusOr<DecimalMark> ParseDecimalMark(absl::string_view text) {
  for (const DecimalMark mark : {DecimalMark::kPoint, DecimalMark::kComma}) {
    if (ToString(mark) == text) return mark;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no decimal mark ", model::Quote(text), "; use point or comma"));
}

}  // namespace flxlink
