#include "src/csv/catalog_rows.h"

#include <algorithm>
#include <utility>

#include "flxlink/linker.h"
#include "src/model/prefetch.h"

namespace flxlink::csv {

CatalogRows::CatalogRows(std::vector<CsvPage> pages) : pages_(std::move(pages)) {
  for (size_t page = 0; page < pages_.size(); ++page) {
    row_bases_.push_back(row_count() + pages_[page].rows());
    while (static_cast<int64_t>(page_of_block_.size()) << kBlockBits < row_count()) {
      page_of_block_.push_back(static_cast<uint32_t>(page));
    }
  }
}

// A cell of a row somewhere is two accesses to memory that depend on each other, its offsets and its bytes. Each is
// asked for early, for all rows, so that they wait for memory together.
void CatalogRows::GetIds(absl::Span<const int64_t> rows, absl::Span<absl::string_view> ids) const {
  for (const int64_t row : rows) {
    const size_t page = PageOf(row);
    pages_[page].PrefetchOffset(row - row_bases_[page]);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    ids[i] = cell(rows[i], 0);
    model::PrefetchToRead(ids[i].data());
  }
}

int64_t CatalogRows::IndexIds(uint64_t hash_seed, Executor& executor) {
  index_.emplace(row_count(), hash_seed);
  std::vector<int64_t> repeated(pages_.size(), kNoRow);
  executor.ParallelFor(page_count(), [&](int page) {
    const auto id_of = [this](int64_t row) { return cell(row, 0); };
    repeated[static_cast<size_t>(page)] = index_->Insert(row_base(page), this->page(page).column(0), id_of);
  });
  const auto first = std::find_if(repeated.begin(), repeated.end(), [](int64_t row) { return row != kNoRow; });
  return first == repeated.end() ? kNoRow : *first;
}

int64_t CatalogRows::FindRow(absl::string_view id) const {
  assert(index_.has_value());
  return index_->Find(id, [this](int64_t row) { return cell(row, 0); });
}

}  // namespace flxlink::csv
