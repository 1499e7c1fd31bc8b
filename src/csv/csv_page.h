// A run of rows of a CSV file, by columns.

#ifndef FLXLINK_CSV_CSV_PAGE_H_
#define FLXLINK_CSV_CSV_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "flxlink/string_column.h"
#include "src/csv/record_scanner.h"
#include "src/model/prefetch.h"

namespace flxlink::csv {

// Columns of strings that take no more memory than they need. Immutable, and so safe for any number of threads.
class CsvPage {
 public:
  // No rows.
  CsvPage() = default;

  // Copies cells out of a text. Row r's column c is cells[r * stride + c], c below `columns` <= `stride`. Behind each
  // cell, RecordScanner::kPaddingBytes of the text must be readable.
  CsvPage(const char* text, absl::Span<const CsvCell> cells, size_t stride, size_t columns);

  // Copies columns of the same size, of less than 2^31 bytes in all.
  explicit CsvPage(absl::Span<const StringColumn> columns);

  int32_t rows() const { return rows_; }

  // Fetches ahead what tells where the row's first column is.
  void PrefetchOffset(int64_t row) const { model::PrefetchToRead(&offsets_[static_cast<size_t>(row)]); }

  StringColumnView column(size_t i) const {
    const size_t offsets = static_cast<size_t>(rows_) + 1;
    return StringColumnView(absl::MakeConstSpan(offsets_.get() + i * offsets, offsets), bytes_.get());
  }

 private:
  int32_t rows_ = 0;
  // Column by column, rows_ + 1 offsets each into bytes_, which holds all columns' strings one after the other.
  std::unique_ptr<int32_t[]> offsets_;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_CSV_PAGE_H_
