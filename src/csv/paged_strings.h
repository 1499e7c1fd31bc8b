// A long column of strings that is filled once and then read by row number.

#ifndef FLXLINK_CSV_PAGED_STRINGS_H_
#define FLXLINK_CSV_PAGED_STRINGS_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "flxlink/string_column.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv {

// Not thread-safe while it is being filled.
class PagedStrings {
 public:
  // A page of cells at their limit must stay below StringColumn's.
  static constexpr int64_t kPageRows = 1024;
  static_assert(kPageRows * (kMaxCsvFieldBytes + 4) < (int64_t{1} << 31), "a page may not fit into a StringColumn");

  // Adds a field of a CsvRecord.
  void Add(absl::string_view value) {
    if (size_++ % kPageRows == 0) pages_.emplace_back();
    pages_.back().Add(value);
  }

  int64_t size() const { return size_; }
  absl::string_view operator[](int64_t row) const {
    return pages_[static_cast<size_t>(row / kPageRows)][row % kPageRows];
  }

  // All pages but the last have kPageRows rows.
  const std::vector<StringColumn>& pages() const { return pages_; }

 private:
  std::vector<StringColumn> pages_;
  int64_t size_ = 0;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_PAGED_STRINGS_H_
