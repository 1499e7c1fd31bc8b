#include "flxlink/product.h"

#include "gtest/gtest.h"

namespace flxlink {
namespace {

ProductWriteRun RunOf(int64_t rows, int64_t inserted, int64_t refused_row) {
  ProductWriteRun run;
  run.rows = rows;
  run.result.inserted = inserted;
  run.result.refused.push_back({refused_row, MakeProblem("missing_key", {}, "no key")});
  return run;
}

TEST(ProductWriteRunTest, RowsThatFollowAreCountedFromWhereTheyBegin) {
  ProductWriteRun total;
  Append(RunOf(10, 9, 3), &total);
  ProductWriteRun failed = RunOf(5, 4, 0);
  failed.result.changed = 2;
  failed.status = absl::UnavailableError("away");
  Append(failed, &total);
  EXPECT_EQ(total.rows, 15);
  EXPECT_EQ(total.result.inserted, 13);
  EXPECT_EQ(total.result.changed, 2);
  ASSERT_EQ(total.result.refused.size(), 2u);
  EXPECT_EQ(total.result.refused[0].row, 3);
  EXPECT_EQ(total.result.refused[1].row, 10);
  EXPECT_EQ(total.status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace flxlink
