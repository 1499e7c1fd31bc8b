#include "src/channels/csv/pull_cursor.h"

#include "gtest/gtest.h"

namespace flxlink {
namespace {

TEST(PullCursorTest, IsReadBackAsItWasWritten) {
  csv_channel::PullCursor cursor;
  cursor.revision = "00ff";
  cursor.row.index = 12;
  cursor.row.line = 345;
  cursor.row.begin = 6789;
  const absl::StatusOr<csv_channel::PullCursor> read =
      csv_channel::ParsePullCursor(csv_channel::FormatPullCursor(cursor));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->revision, "00ff");
  EXPECT_EQ(read->row.index, 12);
  EXPECT_EQ(read->row.line, 345);
  EXPECT_EQ(read->row.begin, 6789u);
}

TEST(PullCursorTest, RefusesAnythingElse) {
  for (const char* text : {"", "x", "00ff:1:2", "00ff:1:2:3:4", "00ff:1:x:3", "00ff:-1:2:3", "::: "}) {
    EXPECT_EQ(csv_channel::ParsePullCursor(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace flxlink
