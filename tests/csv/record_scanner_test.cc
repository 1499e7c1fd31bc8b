#include "src/csv/record_scanner.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv {
namespace {

using ::testing::ElementsAre;
using Found = RecordScanner::Found;

// Scans a text of two columns, in memory with what the scanner wants behind it.
class Scan {
 public:
  explicit Scan(std::string text, bool is_last = true, size_t begin = 0)
      : text_(std::move(text)),
        size_(text_.size()),
        scanner_((text_.append(RecordScanner::kPaddingBytes, '"'), absl::string_view(text_.data(), size_)), begin,
                 is_last) {}

  Found Next() { return scanner_.Next({0, 1}, absl::MakeSpan(cells_)); }

  // The next record's cells as they stand in the text.
  std::vector<std::string> Cells() {
    EXPECT_EQ(Next(), Found::kRecord);
    return {text_.substr(cells_[0].begin, cells_[0].size), text_.substr(cells_[1].begin, cells_[1].size)};
  }

  const CsvCell& cell(size_t i) const { return cells_[i]; }
  const RecordScanner& scanner() const { return scanner_; }

 private:
  std::string text_;
  size_t size_;
  RecordScanner scanner_;
  CsvCell cells_[2];
};

TEST(RecordScannerTest, FindsCells) {
  Scan scan("a,b\r\n\n\r\n\"c,\n\",\"d\"\"\"\n,\"\"\ne,");
  EXPECT_THAT(scan.Cells(), ElementsAre("a", "b"));
  EXPECT_EQ(scan.scanner().at(), 5u);
  EXPECT_EQ(scan.Next(), Found::kBlankLine);
  EXPECT_EQ(scan.Next(), Found::kBlankLine);
  EXPECT_THAT(scan.Cells(), ElementsAre("c,\n", "d\"\""));
  EXPECT_EQ(scan.cell(0).has_doubled_quotes, 0u);
  EXPECT_EQ(scan.cell(1).has_doubled_quotes, 1u);
  EXPECT_THAT(scan.Cells(), ElementsAre("", ""));
  EXPECT_THAT(scan.Cells(), ElementsAre("e", ""));
  EXPECT_EQ(scan.Next(), Found::kEnd);
}

TEST(RecordScannerTest, FindsCellsAcrossBlocks) {
  for (size_t length = 50; length < 200; ++length) {
    const std::string cell(length, 'x');
    Scan scan(absl::StrCat(cell, ",\"", cell, "\"\r\n", cell, ",y"));
    EXPECT_THAT(scan.Cells(), ElementsAre(cell, cell));
    EXPECT_THAT(scan.Cells(), ElementsAre(cell, "y"));
  }
}

TEST(RecordScannerTest, BeginsAnywhere) {
  Scan scan("\"x\n1,2\n", true, 3);
  EXPECT_THAT(scan.Cells(), ElementsAre("1", "2"));
  EXPECT_EQ(scan.Next(), Found::kEnd);
}

TEST(RecordScannerTest, SharesSlots) {
  const std::string text = absl::StrCat("a,b,c\n", std::string(RecordScanner::kPaddingBytes, ' '));
  RecordScanner scanner(absl::string_view(text.data(), 6), 0, true);
  CsvCell cells[2];
  EXPECT_EQ(scanner.Next({1, 0, 1}, absl::MakeSpan(cells)), Found::kRecord);
  EXPECT_EQ(text.substr(cells[0].begin, cells[0].size), "b");
}

TEST(RecordScannerTest, SaysWhereTheTextEndsTooEarly) {
  for (const char* text : {"1", "1,", "1,2", "1,2\r", "1,\"2", "1,\"2\"", "1,\"2\"\r", "\r"}) {
    Scan scan(absl::StrCat("a,b\n", text), /*is_last=*/false);
    EXPECT_THAT(scan.Cells(), ElementsAre("a", "b"));
    EXPECT_EQ(scan.Next(), Found::kIncomplete) << text;
    EXPECT_EQ(scan.scanner().at(), 4u);
  }
}

TEST(RecordScannerTest, GivesUpOnAnythingOdd) {
  for (const char* text :
       {"1\n", "1,2,3\n", "1,2\r", "1,2\r\r\n", "\r1,2\n", "1,\"2", "1,\"2\"x\n", "1,2\"\n", "1\"\n"}) {
    Scan scan(absl::StrCat("a,b\n", text));
    EXPECT_THAT(scan.Cells(), ElementsAre("a", "b"));
    EXPECT_EQ(scan.Next(), Found::kOdd) << text;
  }
}

TEST(RecordScannerTest, LimitsCells) {
  const std::string longest(kMaxCsvFieldBytes, 'x');
  EXPECT_EQ(Scan(absl::StrCat(longest, ",\"", longest, "\"\n")).Next(), Found::kRecord);
  EXPECT_EQ(Scan(absl::StrCat(longest, "x,1\n")).Next(), Found::kOdd);
  EXPECT_EQ(Scan(absl::StrCat("1,\"", longest, "x\"\n")).Next(), Found::kOdd);
  // However much more of it there may be.
  EXPECT_EQ(Scan(absl::StrCat("1,", longest, "x"), /*is_last=*/false).Next(), Found::kOdd);
  EXPECT_EQ(Scan(absl::StrCat("1,\"", longest, longest, "xxx"), /*is_last=*/false).Next(), Found::kOdd);
}

TEST(RecordScannerTest, SeesWhetherTextIsAscii) {
  Scan ascii("a,b\n");
  ascii.Cells();
  EXPECT_FALSE(ascii.scanner().saw_non_ascii());
  Scan other("a,\xC3\xA9\n");
  other.Cells();
  EXPECT_TRUE(other.scanner().saw_non_ascii());
}

}  // namespace
}  // namespace flxlink::csv
