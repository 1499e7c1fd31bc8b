#include "src/channels/csv/pull_cursor.h"

#include "gtest/gtest.h"

namespace flxlink {
namespace {

TEST(PullCursorTest, IsReadBackAsItWasWritten) {
  csv_channel::PullCursor cursor;
  cursor.revision = "00ff";
  cursor.product.index = 12;
  cursor.product.line = 345;
  cursor.product.begin = 6789;
  cursor.variant = 15;
  const absl::StatusOr<csv_channel::PullCursor> read =
      csv_channel::ParsePullCursor(csv_channel::FormatPullCursor(cursor));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->revision, "00ff");
  EXPECT_EQ(read->product.index, 12);
  EXPECT_EQ(read->product.line, 345);
  EXPECT_EQ(read->product.begin, 6789u);
  EXPECT_EQ(read->variant, 15);
}

TEST(PullCursorTest, RefusesAnythingElse) {
  for (const char* text : {"", "x", "00ff:1:2:3", "00ff:1:2:3:4:5", "00ff:1:x:3:4", "00ff:-1:2:3:4", ":::: "}) {
    EXPECT_EQ(csv_channel::ParsePullCursor(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace flxlink
