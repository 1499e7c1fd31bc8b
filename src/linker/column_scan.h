// Reads one column of a VariantSource, and holds the source to its word about the shape of its chunks.

#ifndef FLXLINK_LINKER_COLUMN_SCAN_H_
#define FLXLINK_LINKER_COLUMN_SCAN_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"
#include "flxlink/string_column.h"

namespace flxlink::linker {

// Consecutive rows of one column.
struct ColumnChunk {
  int64_t row_base = 0;
  StringColumnView values;
  absl::Span<const uint8_t> live;  // Empty: all are live.

  bool IsLive(int64_t i) const { return live.empty() || live[static_cast<size_t>(i)] != 0; }
};

// Gives one part's rows of the column to `visit`, in order, and adds their number to *rows. Errors of the source and of
// `visit` are passed on; INTERNAL where the chunks do not follow each other, lie outside the source's rows, or are not
// made of one column of the right length.
absl::Status ScanPart(const VariantSource& source, int part, int column, int64_t* rows,
                      absl::FunctionRef<absl::Status(const ColumnChunk&)> visit);

// The same for all parts, one after the other. INTERNAL also where the parts do not follow each other.
absl::Status ScanColumn(const VariantSource& source, int column, absl::FunctionRef<void(const ColumnChunk&)> visit);

// OK where `rows`, the sum over all parts of one scan, is what the source says; else INTERNAL.
absl::Status CheckScannedRows(const VariantSource& source, int64_t rows);

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_COLUMN_SCAN_H_
