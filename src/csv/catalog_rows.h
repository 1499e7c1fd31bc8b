// The rows of a catalog, in pages, with the way from row to page and from id to row.

#ifndef FLXLINK_CSV_CATALOG_ROWS_H_
#define FLXLINK_CSV_CATALOG_ROWS_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/executor.h"
#include "src/csv/csv_page.h"
#include "src/csv/row_index.h"

namespace flxlink::csv {

// The first column of every page is the ids. The const functions are thread-safe.
class CatalogRows {
 public:
  CatalogRows() = default;
  explicit CatalogRows(std::vector<CsvPage> pages);

  int64_t row_count() const { return row_bases_.back(); }
  int page_count() const { return static_cast<int>(pages_.size()); }
  const CsvPage& page(int i) const { return pages_[static_cast<size_t>(i)]; }
  int64_t row_base(int page) const { return row_bases_[static_cast<size_t>(page)]; }

  absl::string_view cell(int64_t row, size_t column) const {
    const size_t page = PageOf(row);
    return pages_[page].column(column)[row - row_bases_[page]];
  }

  // See CsvCatalog::GetIds().
  void GetIds(absl::Span<const int64_t> rows, absl::Span<absl::string_view> ids) const;

  // Makes the index of ids. kNoRow where all are different; otherwise a row whose id another one has. With
  // InlineExecutor() that is the first row that has the id of a row before it.
  int64_t IndexIds(uint64_t hash_seed, Executor& executor);
  void DropIndex() { index_.reset(); }

  // The row that has the id, or kNoRow. There must be an index.
  int64_t FindRow(absl::string_view id) const;

 private:
  static constexpr int kBlockBits = 10;

  size_t PageOf(int64_t row) const {
    assert(row >= 0 && row < row_count());
    size_t page = page_of_block_[static_cast<size_t>(row >> kBlockBits)];
    while (row >= row_bases_[page + 1]) ++page;
    return page;
  }

  std::vector<CsvPage> pages_;
  std::vector<int64_t> row_bases_{0};    // By page, and behind them the number of rows.
  std::vector<uint32_t> page_of_block_;  // By block of 2^kBlockBits rows: the page that has its first row.
  absl::optional<RowIndex> index_;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_CATALOG_ROWS_H_
