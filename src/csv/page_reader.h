// Reads the records of a CSV file on several threads.

#ifndef FLXLINK_CSV_PAGE_READER_H_
#define FLXLINK_CSV_PAGE_READER_H_

#include <cstddef>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/executor.h"
#include "src/csv/csv_page.h"
#include "src/csv/csv_text.h"

namespace flxlink::csv {

// How many bytes a thread takes at a time: so many that they are worth its while, so few that they stay in a core's
// cache while they are read, cut into cells and copied.
constexpr size_t kCsvRangeBytes = size_t{1} << 20;

// Which cells of a record to keep.
struct CsvSelection {
  size_t column_count = 0;    // How many cells a record has.
  std::vector<int> wanted;    // The columns to keep, all different; page column i is wanted[i].
  bool first_filled = false;  // Whether the first of them must not be empty.
};

// Reads all records from `body` on, where the first one begins, cut into ranges of `range_bytes`. Pages are in the
// file's order, none empty.
//
// nullopt where it is not sure. What it gives is what CsvReader gives; where CsvReader says that something is wrong,
// this gives nullopt, and so it may where nothing is. CsvReader then has to tell.
absl::optional<std::vector<CsvPage>> ReadCsvPages(const CsvText& text, size_t body, const CsvSelection& selection,
                                                  size_t range_bytes, Executor& executor);

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_PAGE_READER_H_
