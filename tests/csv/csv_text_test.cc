#include "src/csv/csv_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>

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

TEST(CsvTextTest, ReadsPipes) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string expected(200000, 'x');
  std::thread writer([&] { WriteFile(path, expected); });
  absl::StatusOr<CsvText> text = CsvText::Open(path);
  writer.join();
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(Read(*text, 0, text->size()), expected);
  EXPECT_EQ(*text->Release(), expected);
}

TEST(CsvTextTest, SaysWhatCannotBeReadAtAll) {
  const TemporaryFolder folder;
  EXPECT_EQ(CsvText::Open(folder.PathOf("none")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CsvText::Open(folder.PathOf("")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReadWholeFile(folder.PathOf("")).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace flxlink::csv
