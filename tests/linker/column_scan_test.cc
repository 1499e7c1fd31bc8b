#include "src/linker/column_scan.h"

#include <vector>

#include "gtest/gtest.h"

namespace flxlink::linker {
namespace {

// Gives the chunks that it was told, whatever they are.
class ScriptedSource : public VariantSource {
 public:
  struct Part {
    int64_t row_base;
    int32_t row_count;
    int64_t strings;
    size_t columns;
    size_t live;
  };

  ScriptedSource(int64_t rows, std::vector<Part> parts) : rows_(rows), parts_(std::move(parts)) {}
  int64_t row_count() const override { return rows_; }
  absl::Status Scan(int, absl::Span<const int>,
                    absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const override {
    for (const Part& part : parts_) {
      StringColumn column;
      for (int64_t i = 0; i < part.strings; ++i) column.Add("x");
      const std::vector<StringColumnView> columns(part.columns, column.view());
      const std::vector<uint8_t> live(part.live, 1);
      if (absl::Status status = visit({part.row_base, part.row_count, columns, live}); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  int64_t rows_;
  std::vector<Part> parts_;
};

absl::Status Scan(int64_t rows, std::vector<ScriptedSource::Part> parts) {
  int64_t seen = 0;
  const absl::Status status = ScanColumn(ScriptedSource(rows, std::move(parts)), 0,
                                         [&](const ColumnChunk& chunk) { seen += chunk.values.size(); });
  if (status.ok()) {
    EXPECT_EQ(seen, rows);
  }
  EXPECT_LE(seen, rows);
  return status;
}

TEST(ScanColumnTest, TakesChunksThatFollowEachOther) {
  EXPECT_TRUE(Scan(0, {}).ok());
  EXPECT_TRUE(Scan(5, {{0, 2, 2, 1, 2}, {2, 0, 0, 1, 0}, {2, 3, 3, 1, 0}}).ok());
}

TEST(ScanColumnTest, RefusesASourceThatBreaksItsWord) {
  EXPECT_EQ(Scan(3, {{0, 2, 2, 1, 0}}).code(), absl::StatusCode::kInternal);                   // Too few rows.
  EXPECT_EQ(Scan(3, {{0, 4, 4, 1, 0}}).code(), absl::StatusCode::kInternal);                   // Too many.
  EXPECT_EQ(Scan(3, {{0, 2, 2, 1, 0}, {1, 2, 2, 1, 0}}).code(), absl::StatusCode::kInternal);  // Rows twice.
  EXPECT_EQ(Scan(3, {{0, 3, 2, 1, 0}}).code(), absl::StatusCode::kInternal);                   // A short column.
  EXPECT_EQ(Scan(3, {{0, 3, 3, 2, 0}}).code(), absl::StatusCode::kInternal);                   // Too many columns.
  EXPECT_EQ(Scan(3, {{0, 3, 3, 0, 0}}).code(), absl::StatusCode::kInternal);                   // None.
  EXPECT_EQ(Scan(3, {{0, 3, 3, 1, 2}}).code(), absl::StatusCode::kInternal);                   // Live of other rows.
  EXPECT_EQ(Scan(3, {{0, -1, 0, 1, 0}}).code(), absl::StatusCode::kInternal);                  // Nonsense.
}

}  // namespace
}  // namespace flxlink::linker
