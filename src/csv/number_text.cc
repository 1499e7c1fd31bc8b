#include "src/csv/number_text.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "src/model/quote.h"

namespace flxlink::csv {
namespace {

constexpr absl::string_view kMarks = ".,";

absl::string_view TextOf(DecimalMark mark) { return mark == DecimalMark::kPoint ? "." : ","; }

DecimalMark Other(DecimalMark mark) { return mark == DecimalMark::kPoint ? DecimalMark::kComma : DecimalMark::kPoint; }

bool IsDigits(absl::string_view text) {
  return absl::c_all_of(text, [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

// One to three digits and then groups of three, at least one.
bool IsGrouped(absl::string_view whole, DecimalMark mark) {
  absl::ConsumePrefix(&whole, "-");
  const std::vector<absl::string_view> groups = absl::StrSplit(whole, TextOf(mark));
  if (groups.size() < 2 || groups.front().empty() || groups.front().size() > 3) return false;
  return absl::c_all_of(groups, IsDigits) &&
         std::all_of(groups.begin() + 1, groups.end(), [](absl::string_view group) { return group.size() == 3; });
}

std::string WithoutGroups(absl::string_view whole, DecimalMark mark) {
  return IsGrouped(whole, mark) ? absl::StrReplaceAll(whole, {{TextOf(mark), ""}}) : std::string(whole);
}

// With `mark` as the decimal mark.
std::string PlainWith(absl::string_view cell, DecimalMark mark) {
  const size_t at = cell.rfind(TextOf(mark));
  if (at == absl::string_view::npos) return WithoutGroups(cell, Other(mark));
  const absl::string_view decimals = cell.substr(at + 1);
  // What is no number is not to become one.
  if (!IsDigits(decimals) || decimals.empty()) return std::string(cell);
  return absl::StrCat(WithoutGroups(cell.substr(0, at), Other(mark)), ".", decimals);
}

// What a number tells of itself, of the last of its marks.
struct Reading {
  DecimalMark mark = DecimalMark::kPoint;
  bool is_decimal = false;
  bool is_unclear = false;
};

Reading ReadMarks(absl::string_view cell) {
  Reading reading;
  const size_t last = cell.find_last_of(kMarks);
  if (last == absl::string_view::npos) return reading;
  reading.mark = cell[last] == '.' ? DecimalMark::kPoint : DecimalMark::kComma;
  const auto times = absl::c_count(cell, cell[last]);
  const bool is_alone = absl::c_count_if(cell, [](char c) { return c == '.' || c == ','; }) == 1;
  reading.is_unclear = is_alone && IsGrouped(cell, reading.mark);
  reading.is_decimal = times == 1 && !reading.is_unclear;
  return reading;
}

}  // namespace

absl::StatusOr<std::string> PlainNumber(absl::string_view cell, const NumberFormat& format) {
  if (format.said.has_value()) {
    std::string plain = PlainWith(cell, *format.said);
    // A point that is none between thousands must not become the decimal mark that it was said not to be.
    if (*format.said == DecimalMark::kPoint || plain != cell || !absl::StrContains(cell, ".")) return plain;
    return absl::InvalidArgumentError(
        absl::StrCat(model::Quote(cell), " has no decimal comma, which the file was said to have"));
  }
  if (format.separator == ',') return std::string(cell);
  const Reading reading = ReadMarks(cell);
  if (reading.is_unclear) {
    return absl::InvalidArgumentError(absl::StrCat(
        model::Quote(cell), " can be read in two ways; say whether the file's decimal mark is the point or the comma"));
  }
  return PlainWith(cell, reading.is_decimal ? reading.mark : Other(reading.mark));
}

bool IsUnclear(absl::string_view cell, const NumberFormat& format) {
  return !format.said.has_value() && format.separator != ',' && ReadMarks(cell).is_unclear;
}

absl::optional<DecimalMark> DecimalMarkOf(absl::string_view cell, const NumberFormat& format) {
  if (format.said.has_value()) return format.said;
  if (format.separator == ',') return DecimalMark::kPoint;
  const Reading reading = ReadMarks(cell);
  if (!reading.is_decimal) return absl::nullopt;
  return reading.mark;
}

absl::StatusOr<int64_t> ParseWholeNumber(absl::string_view cell, const NumberFormat& format) {
  const absl::StatusOr<std::string> plain = PlainNumber(absl::StripAsciiWhitespace(cell), format);
  if (!plain.ok()) return plain.status();
  absl::string_view whole = *plain;
  const size_t point = whole.find('.');
  if (point != absl::string_view::npos && point + 1 < whole.size() &&
      whole.find_first_not_of('0', point + 1) == absl::string_view::npos) {
    whole = whole.substr(0, point);
  }
  int64_t value = 0;
  if (absl::SimpleAtoi(whole, &value) && value != std::numeric_limits<int64_t>::min()) return value;
  return absl::InvalidArgumentError(absl::StrCat(model::Quote(cell), " is not a whole number"));
}

}  // namespace flxlink::csv
