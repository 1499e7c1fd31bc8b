#include "src/csv/file_kind.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace flxlink::csv {
namespace {

constexpr absl::string_view kZip = "PK\x03\x04";
constexpr absl::string_view kCompoundFile = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

// Every other byte, from `first` on, is that of an ASCII character in UTF-16, which a CSV file begins with.
bool IsHalfNul(absl::string_view bytes, size_t first) {
  size_t pairs = 0;
  for (size_t at = 0; at + 1 < bytes.size(); at += 2, ++pairs) {
    const bool is_nul[2] = {bytes[at] == '\0', bytes[at + 1] == '\0'};
    if (!is_nul[first] || is_nul[1 - first]) break;
  }
  return pairs >= 2;
}

absl::Status IsNoText(absl::string_view file, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", what));
}

}  // namespace

absl::Status CheckIsText(absl::string_view file, absl::string_view first_bytes) {
  if (absl::StartsWith(first_bytes, kZip)) {
    return IsNoText(file, "it is an .xlsx workbook or another zip archive; save its sheet as CSV in UTF-8");
  }
  if (absl::StartsWith(first_bytes, kCompoundFile)) {
    return IsNoText(file, "it is an .xls workbook; save its sheet as CSV in UTF-8");
  }
  if (IsHalfNul(first_bytes, 0) || IsHalfNul(first_bytes, 1)) {
    return IsNoText(file, "it looks like UTF-16 without a byte-order mark; save it as UTF-8");
  }
  return absl::OkStatus();
}

bool LooksLikeWindows1252(absl::string_view text) {
  // The bytes that mean nothing there.
  return text.find_first_of("\x81\x8D\x8F\x90\x9D") == absl::string_view::npos;
}

bool LooksLikeNumber(absl::string_view cell) {
  const absl::string_view number = absl::StripAsciiWhitespace(cell);
  const auto is_digit = [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); };
  const auto is_of_number = [&](char c) { return is_digit(c) || absl::StrContains("+-.,", absl::string_view(&c, 1)); };
  return absl::c_any_of(number, is_digit) && absl::c_all_of(number, is_of_number);
}

}  // namespace flxlink::csv
