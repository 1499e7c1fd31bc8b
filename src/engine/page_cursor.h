// The text in which a page says what follows it: numbers with points between them.

#ifndef FLXLINK_SRC_ENGINE_PAGE_CURSOR_H_
#define FLXLINK_SRC_ENGINE_PAGE_CURSOR_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/page.h"

namespace flxlink::engine {

std::string FormatCursor(absl::Span<const int64_t> place);

// The `numbers` numbers of a place; all `first` where the text is empty. INVALID_ARGUMENT: it is no such text.
absl::StatusOr<std::vector<int64_t>> ParseCursor(absl::string_view text, size_t numbers, int64_t first);

// The page with these rows. It is the last where they are fewer than asked for; else what follows begins after the
// place of its last row, which `place_of` gives.
template <typename Row, typename PlaceOf>
absl::StatusOr<Page<Row>> ToPage(absl::StatusOr<std::vector<Row>> rows, int64_t limit, PlaceOf place_of) {
  if (!rows.ok()) return rows.status();
  Page<Row> page;
  page.rows = *std::move(rows);
  if (static_cast<int64_t>(page.rows.size()) >= limit) page.next = FormatCursor(place_of(page.rows.back()));
  return page;
}

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_PAGE_CURSOR_H_
