#include "src/linker/column_scan.h"

#include "absl/strings/str_cat.h"

namespace flxlink {
namespace {

bool IsWellFormed(const VariantChunk& chunk, int64_t next_row, int64_t row_count) {
  return chunk.row_base == next_row && chunk.row_count >= 0 && chunk.row_count <= row_count - next_row &&
         chunk.columns.size() == 1 && chunk.columns[0].size() == chunk.row_count &&
         (chunk.live.empty() || chunk.live.size() == static_cast<size_t>(chunk.row_count));
}

}  // namespace

absl::Status ScanColumn(const VariantSource& source, int column, absl::FunctionRef<void(const ColumnChunk&)> visit) {
  const int64_t row_count = source.row_count();
  int64_t next_row = 0;
  const auto check_and_visit = [&](const VariantChunk& chunk) {
    if (!IsWellFormed(chunk, next_row, row_count)) {
      return absl::InternalError(absl::StrCat("a source of variants gave a chunk that does not fit at row ", next_row));
    }
    visit({next_row, chunk.columns[0], chunk.live});
    next_row += chunk.row_count;
    return absl::OkStatus();
  };
  if (absl::Status status = source.Scan({column}, check_and_visit); !status.ok()) return status;
  if (next_row != row_count) {
    return absl::InternalError(absl::StrCat("a source of variants gave ", next_row, " rows instead of ", row_count));
  }
  return absl::OkStatus();
}

}  // namespace flxlink
