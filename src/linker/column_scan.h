// Reads one column of a VariantSource, and holds the source to its word about the shape of its chunks.

#ifndef FLXLINK_LINKER_COLUMN_SCAN_H_
#define FLXLINK_LINKER_COLUMN_SCAN_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"
#include "flxlink/string_column.h"

namespace flxlink {

// Consecutive rows of one column.
struct ColumnChunk {
  int64_t row_base = 0;
  StringColumnView values;
  absl::Span<const uint8_t> live;  // Empty: all are live.

  bool IsLive(int64_t i) const { return live.empty() || live[static_cast<size_t>(i)] != 0; }
};

// Gives all rows of the column to `visit`, in order. Errors of the source are passed on; INTERNAL where the chunks do
// not follow each other, do not add up to row_count(), or are not made of one column of the right length.
absl::Status ScanColumn(const VariantSource& source, int column, absl::FunctionRef<void(const ColumnChunk&)> visit);

}  // namespace flxlink

#endif  // FLXLINK_LINKER_COLUMN_SCAN_H_
