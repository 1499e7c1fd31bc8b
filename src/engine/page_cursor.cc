#include "src/engine/page_cursor.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace flxlink::engine {

std::string FormatCursor(absl::Span<const int64_t> place) { return absl::StrJoin(place, "."); }

absl::StatusOr<std::vector<int64_t>> ParseCursor(absl::string_view text, size_t numbers, int64_t first) {
  if (text.empty()) return std::vector<int64_t>(numbers, first);
  std::vector<int64_t> place;
  for (const absl::string_view part : absl::StrSplit(text, '.')) {
    int64_t number = 0;
    if (absl::SimpleAtoi(part, &number)) place.push_back(number);
  }
  if (place.size() == numbers && FormatCursor(place) == text) return place;
  return absl::InvalidArgumentError(
      absl::StrCat("PageRequest::after is \"", text, "\"; hand on what the page before gave as `next`"));
}

}  // namespace flxlink::engine
