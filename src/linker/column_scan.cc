#include "src/linker/column_scan.h"

#include "absl/strings/str_cat.h"

namespace flxlink::linker {
namespace {

bool IsWellFormed(const VariantChunk& chunk, int64_t row_count) {
  return chunk.row_base >= 0 && chunk.row_base <= row_count && chunk.row_count >= 0 &&
         chunk.row_count <= row_count - chunk.row_base && chunk.columns.size() == 1 &&
         chunk.columns[0].size() == chunk.row_count &&
         (chunk.live.empty() || chunk.live.size() == static_cast<size_t>(chunk.row_count));
}

absl::Status DoesNotFit(int64_t row) {
  return absl::InternalError(absl::StrCat("a source of variants gave a chunk that does not fit at row ", row));
}

}  // namespace

absl::Status ScanPart(const VariantSource& source, int part, int column, int64_t* rows,
                      absl::FunctionRef<absl::Status(const ColumnChunk&)> visit) {
  const int64_t row_count = source.row_count();
  int64_t next_row = kNoRow;  // A part's first row is the source's to say.
  return source.Scan(part, {column}, [&](const VariantChunk& chunk) {
    if (!IsWellFormed(chunk, row_count) || (next_row != kNoRow && chunk.row_base != next_row)) {
      return DoesNotFit(next_row == kNoRow ? chunk.row_base : next_row);
    }
    next_row = chunk.row_base + chunk.row_count;
    *rows += chunk.row_count;
    return visit({chunk.row_base, chunk.columns[0], chunk.live});
  });
}

absl::Status ScanColumn(const VariantSource& source, int column, absl::FunctionRef<void(const ColumnChunk&)> visit) {
  int64_t next_row = 0;
  int64_t rows = 0;
  for (int part = 0; part < source.part_count(); ++part) {
    const absl::Status status = ScanPart(source, part, column, &rows, [&](const ColumnChunk& chunk) {
      if (chunk.row_base != next_row) return DoesNotFit(next_row);
      next_row += chunk.values.size();
      visit(chunk);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
  }
  return CheckScannedRows(source, rows);
}

absl::Status CheckScannedRows(const VariantSource& source, int64_t rows) {
  if (rows == source.row_count()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("a source of variants gave ", rows, " rows instead of ", source.row_count()));
}

}  // namespace flxlink::linker
