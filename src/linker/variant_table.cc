#include <cassert>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "flxlink/linker.h"

namespace flxlink {
namespace {

constexpr size_t kMaxPageRows = 1 << 16;

bool Fits(const std::vector<StringColumn>& columns, absl::Span<const absl::string_view> fields,
          absl::string_view parent) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!columns[i].Fits(fields[i])) return false;
  }
  return columns.back().Fits(parent);
}

}  // namespace

VariantTable::VariantTable(int columns) : columns_(columns) {}

void VariantTable::AddRow(absl::Span<const absl::string_view> fields, absl::string_view parent, bool live) {
  assert(fields.size() == static_cast<size_t>(columns_));
  if (pages_.empty() || pages_.back().live.size() == kMaxPageRows || !Fits(pages_.back().columns, fields, parent)) {
    pages_.push_back({row_count_, std::vector<StringColumn>(static_cast<size_t>(columns_) + 1), {}});
  }
  Page& page = pages_.back();
  for (size_t i = 0; i < fields.size(); ++i) page.columns[i].Add(fields[i]);
  page.columns.back().Add(parent);
  page.live.push_back(live ? 1 : 0);
  ++row_count_;
}

absl::Status VariantTable::Scan(int part, absl::Span<const int> columns,
                                absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const {
  for (const int column : columns) {
    if (column < kParentColumn || column >= columns_) {
      return absl::InvalidArgumentError(absl::StrCat("there is no column ", column, "; there are ", columns_));
    }
  }
  if (pages_.empty()) return absl::OkStatus();
  const Page& page = pages_[static_cast<size_t>(part)];
  std::vector<StringColumnView> views;
  for (const int column : columns) {
    views.push_back(page.columns[static_cast<size_t>(column == kParentColumn ? columns_ : column)].view());
  }
  return visit({page.row_base, static_cast<int32_t>(page.live.size()), views, page.live});
}

absl::Status PairSpan::Scan(absl::FunctionRef<absl::Status(absl::Span<const RowPair>)> visit) const {
  return pairs_.empty() ? absl::OkStatus() : visit(pairs_);
}

}  // namespace flxlink
