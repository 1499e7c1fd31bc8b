#include "src/csv/csv_text.h"

#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::csv {
namespace {

std::string Read(const CsvText& text, size_t begin, size_t end) {
  std::string bytes(end - begin, '\0');
  EXPECT_TRUE(text.Read(begin, end, &bytes[0]));
  return bytes;
}

TEST(CsvTextTest, ReadsRangesOfAFile) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("f.csv");
  WriteFile(path, "0123456789");
  absl::StatusOr<CsvText> text = CsvText::Open(path);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->size(), 10u);
  EXPECT_EQ(Read(*text, 3, 7), "3456");
  EXPECT_EQ(Read(*text, 0, 10), "0123456789");
  EXPECT_EQ(*text->Release(), "0123456789");
}

TEST(CsvTextTest, NoticesAFileThatBecameShorter) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("f.csv");
  WriteFile(path, "0123456789");
  const absl::StatusOr<CsvText> text = CsvText::Open(path);
  ASSERT_TRUE(text.ok()) << text.status();
  ASSERT_EQ(truncate(path.c_str(), 5), 0);
  char bytes[10];
  EXPECT_TRUE(text->Read(0, 5, bytes));
  EXPECT_FALSE(text->Read(0, 10, bytes));
}

// The system says no size of what stands in /proc.
TEST(CsvTextTest, ReadsAFileOfNoKnownSize) {
  absl::StatusOr<CsvText> text = CsvText::Open("/proc/self/status");
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(Read(*text, 0, 5), "Name:");
  EXPECT_EQ(text->Release()->size(), text->size());
}

TEST(CsvTextTest, SaysWhatCannotBeReadAtAll) {
  const TemporaryFolder folder;
  EXPECT_EQ(CsvText::Open(folder.PathOf("none")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CsvText::Open(folder.PathOf("")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CsvText::Open("/proc/self/mem").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace flxlink::csv
