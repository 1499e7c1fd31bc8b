#include "src/csv/csv_page.h"

#include <cassert>
#include <cstring>

namespace flxlink::csv {
namespace {

// Most cells are short: a copy of this many bytes is one instruction, where one of just as many as there are is a call.
constexpr size_t kShortBytes = 16;
static_assert(kShortBytes <= RecordScanner::kPaddingBytes, "a short copy may read behind the text");

// Copies a cell's value and returns its end. Up to kShortBytes behind that are overwritten too.
inline char* CopyCell(const char* text, CsvCell cell, char* out) {
  const char* const from = text + cell.begin;
  const size_t size = cell.size;
  if (cell.has_doubled_quotes) {
    for (size_t i = 0; i < size; ++i) {
      *out++ = from[i];
      if (from[i] == '"') ++i;
    }
    return out;
  }
  if (size <= kShortBytes) {
    std::memcpy(out, from, kShortBytes);
  } else {
    std::memcpy(out, from, size);
  }
  return out + size;
}

}  // namespace

CsvPage::CsvPage(const char* text, absl::Span<const CsvCell> cells, size_t stride, size_t columns)
    : rows_(static_cast<int32_t>(cells.size() / stride)) {
  size_t bytes = 0;
  for (size_t row = 0; row < cells.size(); row += stride) {
    for (size_t column = 0; column < columns; ++column) bytes += cells[row + column].size;
  }
  offsets_.reset(new int32_t[columns * (static_cast<size_t>(rows_) + 1)]);
  bytes_.reset(new char[bytes + kShortBytes]);
  int32_t* offset = offsets_.get();
  char* out = bytes_.get();
  for (size_t column = 0; column < columns; ++column) {
    *offset++ = static_cast<int32_t>(out - bytes_.get());
    for (size_t at = column; at < cells.size(); at += stride) {
      out = CopyCell(text, cells[at], out);
      *offset++ = static_cast<int32_t>(out - bytes_.get());
    }
  }
}

CsvPage::CsvPage(absl::Span<const StringColumn> columns)
    : rows_(columns.empty() ? 0 : static_cast<int32_t>(columns.front().size())) {
  int64_t bytes = 0;
  for (const StringColumn& column : columns) bytes += column.byte_size();
  offsets_.reset(new int32_t[columns.size() * (static_cast<size_t>(rows_) + 1)]);
  bytes_.reset(new char[static_cast<size_t>(bytes)]);
  int32_t* offset = offsets_.get();
  char* out = bytes_.get();
  for (const StringColumn& column : columns) {
    assert(column.size() == rows_);
    *offset++ = static_cast<int32_t>(out - bytes_.get());
    for (int64_t row = 0; row < rows_; ++row) {
      out += column[row].copy(out, column[row].size());
      *offset++ = static_cast<int32_t>(out - bytes_.get());
    }
  }
}

}  // namespace flxlink::csv
