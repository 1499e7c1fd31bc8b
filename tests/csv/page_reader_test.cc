#include "src/csv/page_reader.h"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv {
namespace {

using ::testing::ElementsAre;

using Rows = std::vector<std::vector<std::string>>;

// The records that CsvReader reads, or its first error.
absl::StatusOr<Rows> ReadInOrder(const std::string& text) {
  absl::StatusOr<CsvReader> reader = CsvReader::FromText("f.csv", text);
  if (!reader.ok()) return reader.status();
  Rows rows;
  CsvRecord record;
  for (;;) {
    absl::StatusOr<bool> found = reader->Next(&record);
    if (!found.ok()) return found.status();
    if (!*found) return rows;
    rows.emplace_back();
    for (int64_t i = 0; i < record.fields.size(); ++i) rows.back().emplace_back(record.fields[i]);
  }
}

// The records of all pages; the header must be sound.
absl::optional<Rows> ReadInPages(const std::string& text, size_t range_bytes, Executor& executor) {
  const absl::StatusOr<CsvReader> header = CsvReader::FromText("f.csv", text);
  if (!header.ok()) return absl::nullopt;
  CsvSelection selection;
  selection.column_count = header->columns().size();
  // Backwards, to show that the order is the selection's.
  for (size_t i = selection.column_count; i-- > 0;) selection.wanted.push_back(static_cast<int>(i));
  const auto pages = ReadCsvPages(CsvText(text), header->next_begin(), selection, range_bytes, executor);
  if (!pages.has_value()) return absl::nullopt;
  Rows rows;
  for (const CsvPage& page : *pages) {
    EXPECT_GT(page.rows(), 0);
    for (int32_t row = 0; row < page.rows(); ++row) {
      rows.emplace_back();
      for (size_t i = selection.column_count; i-- > 0;) rows.back().emplace_back(page.column(i)[row]);
    }
  }
  return rows;
}

TEST(PageReaderTest, ReadsWhatAnyCutLeaves) {
  const std::string text =
      "\xEF\xBB\xBF\nid,note\r\n1,\"a, "
      "\"\"b\"\"\n\r\n\r\nc\"\r\n\n2,\n3,\"\"\n\r\n\"4\",\"\"\"\"\n5,\"x\n6,y\n\"\n7,\xC3\xA9";
  const Rows expected = {
      {"1", "a, \"b\"\n\r\n\r\nc"}, {"2", ""}, {"3", ""}, {"4", "\""}, {"5", "x\n6,y\n"}, {"7", "\xC3\xA9"}};
  for (size_t range_bytes = 1; range_bytes < text.size() + 2; ++range_bytes) {
    const absl::optional<Rows> rows = ReadInPages(text, range_bytes, InlineExecutor());
    ASSERT_TRUE(rows.has_value()) << range_bytes;
    EXPECT_EQ(*rows, expected) << range_bytes;
  }
}

TEST(PageReaderTest, PassesOverEmptyRecords) {
  const absl::optional<Rows> rows = ReadInPages("a,b\n,\n1,\n\"\",\"\"\n\"\"\"\",\n,\"\n\"\n,", 6, InlineExecutor());
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(*rows, (Rows{{"1", ""}, {"\"", ""}, {"", "\n"}}));
}

TEST(PageReaderTest, ReadsRecordsLongerThanARange) {
  const std::string first(10000, 'x');
  const std::string second = std::string(kMaxCsvFieldBytes - 1, '\n') + "y";
  const absl::optional<Rows> rows =
      ReadInPages(absl::StrCat("a,b\n", first, ",1\n\"", second, "\",2\nz,3\n"), 1000, InlineExecutor());
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(*rows, (Rows{{first, "1"}, {second, "2"}, {"z", "3"}}));
}

TEST(PageReaderTest, ReadsNoRecords) {
  EXPECT_EQ(ReadInPages("a,b\n", 16, InlineExecutor()), Rows());
  EXPECT_EQ(ReadInPages("a,b", 16, InlineExecutor()), Rows());
  EXPECT_EQ(ReadInPages("a,b\n\n\r\n\n", 1, InlineExecutor()), Rows());
}

TEST(PageReaderTest, IsNotSureOfWhatIsWrong) {
  for (const std::string& records :
       {std::string("1\n"), std::string("1,2,3\n"), std::string("1,\xFF\n"), std::string("1,\"2\n"),
        std::string("1,2\"\n"), std::string("1,\"2\"x\n"), std::string("1,2\r"), std::string("1\r,2\n"),
        std::string("\r1,2\n"), std::string("1,\"2\"\r3,4\n"), std::string("1,2\r\r\n")}) {
    const std::string text = absl::StrCat("a,b\n0,0\n", records);
    EXPECT_FALSE(ReadInOrder(text).ok());
    for (const size_t range_bytes : {size_t{3}, size_t{100}}) {
      EXPECT_FALSE(ReadInPages(text, range_bytes, InlineExecutor()).has_value())
          << absl::CEscape(records.substr(0, 20));
    }
  }
}

TEST(PageReaderTest, IsNotSureOfACellThatIsTooLong) {
  const std::string too_long(kMaxCsvFieldBytes + 1, 'x');
  for (const std::string& record : {absl::StrCat("1,", too_long), absl::StrCat("1,\"", too_long, "\"")}) {
    for (const size_t range_bytes : {size_t{3}, size_t{100}}) {
      EXPECT_FALSE(ReadInPages(absl::StrCat("a,b\n0,0\n", record), range_bytes, InlineExecutor()).has_value());
    }
  }
}

TEST(PageReaderTest, SeesToItThatTheFirstColumnIsFilled) {
  const CsvText text("a,b\n1,\n\"\",2\n");
  CsvSelection selection;
  selection.column_count = 2;
  selection.wanted = {0};
  EXPECT_TRUE(ReadCsvPages(text, 4, selection, 100, InlineExecutor()).has_value());
  selection.first_filled = true;
  EXPECT_FALSE(ReadCsvPages(text, 4, selection, 100, InlineExecutor()).has_value());
  selection.wanted = {1};
  EXPECT_FALSE(ReadCsvPages(text, 4, selection, 100, InlineExecutor()).has_value());
}

// Random texts that are CSV, or nearly so.
class TextMaker {
 public:
  explicit TextMaker(uint32_t seed) : random_(seed) {}

  std::string Make() {
    columns_ = 1 + Below(3);
    // Most texts have few kinds of trouble, so that much of them is read.
    trouble_ = Below(3) == 0 ? 1 + Below(20) : 0;
    quotes_ = Below(4);
    std::string text = Below(4) == 0 ? "\xEF\xBB\xBF" : "";
    for (uint32_t i = 0; i < columns_; ++i) absl::StrAppend(&text, i == 0 ? "" : ",", "c", i);
    absl::StrAppend(&text, LineEnd());
    for (uint32_t rows = Below(12); rows > 0; --rows) AppendRow(&text);
    if (Below(4) == 0) text.resize(text.size() - Below(static_cast<uint32_t>(std::min<size_t>(text.size(), 5))));
    return text;
  }

  uint32_t Below(uint32_t end) { return static_cast<uint32_t>(random_() % end); }

 private:
  bool Troubled() { return trouble_ > 0 && Below(trouble_) == 0 && Below(4) == 0; }

  std::string LineEnd() { return Troubled() ? "\r" : Below(3) == 0 ? "\r\n" : "\n"; }

  void AppendRow(std::string* text) {
    if (Below(6) == 0) absl::StrAppend(text, LineEnd());
    const uint32_t cells = Troubled() ? 1 + Below(4) : columns_;
    for (uint32_t i = 0; i < cells; ++i) absl::StrAppend(text, i == 0 ? "" : ",", Cell());
    absl::StrAppend(text, LineEnd());
  }

  std::string Cell() {
    const bool quoted = Below(4) < quotes_;
    std::string cell = quoted ? "\"" : "";
    for (uint32_t parts = Below(4); parts > 0; --parts) absl::StrAppend(&cell, quoted ? QuotedPart() : PlainPart());
    if (quoted && !Troubled()) cell.push_back('"');
    if (Troubled()) absl::StrAppend(&cell, QuotedPart());
    return cell;
  }

  std::string PlainPart() {
    static constexpr absl::string_view kParts[] = {"a", "12", " ", "\t", "xyz", "\xC3\xA9", "\xF0\x9F\x98\x80", "'"};
    static constexpr absl::string_view kTroubles[] = {"\"", "\r", "\xC3", "\xFF", "\"\"", ","};
    if (Below(200) == 0) return std::string(60 + Below(80), 'l');
    return std::string(Troubled() ? kTroubles[Below(6)] : kParts[Below(8)]);
  }

  std::string QuotedPart() {
    static constexpr absl::string_view kParts[] = {",", "\n", "\r\n", "\r", "\"\"", "\"\"\n", ",\n", "1,2\n", "\n\n"};
    if (Below(2) == 0) return PlainPart();
    return std::string(Troubled() ? absl::string_view("\"") : kParts[Below(9)]);
  }

  std::mt19937 random_;
  uint32_t columns_ = 1;
  uint32_t trouble_ = 0;
  uint32_t quotes_ = 0;
};

// Pages must hold what CsvReader reads, whatever the ranges are; and be given for all that it reads without an error,
// as no text here is near a limit.
TEST(PageReaderTest, GivesWhatTheReaderInOrderGives) {
  const std::unique_ptr<Executor> two_threads = NewThreadExecutor(2);
  TextMaker maker(20260101);
  int sound = 0;
  int wrong = 0;
  for (int i = 0; i < 40000; ++i) {
    const std::string text = maker.Make();
    const size_t range_bytes = 1 + maker.Below(40);
    const absl::StatusOr<Rows> expected = ReadInOrder(text);
    Executor& executor = i % 16 == 0 ? *two_threads : InlineExecutor();
    const absl::optional<Rows> rows = ReadInPages(text, range_bytes, executor);
    ASSERT_EQ(rows.has_value(), expected.ok())
        << absl::CEscape(text) << " in ranges of " << range_bytes << ": " << expected.status();
    if (rows.has_value()) {
      ASSERT_EQ(*rows, *expected) << absl::CEscape(text) << " in ranges of " << range_bytes;
    }
    ++(expected.ok() ? sound : wrong);
  }
  // Neither kind is rare, or this test shows little.
  EXPECT_GT(sound, 10000);
  EXPECT_GT(wrong, 5000);
}

TEST(PageReaderTest, ReadsOnManyThreads) {
  std::string text = "id,note\n";
  Rows expected;
  for (int i = 0; i < 20000; ++i) {
    const bool tricky = i % 7 == 0;
    expected.push_back({absl::StrCat("id", i), tricky ? "two\nlines, \"quoted\"" : "plain"});
    absl::StrAppend(&text, "id", i, tricky ? ",\"two\nlines, \"\"quoted\"\"\"\r\n" : ",plain\n");
  }
  const std::unique_ptr<Executor> executor = NewThreadExecutor(4);
  for (const size_t range_bytes : {size_t{100}, size_t{5000}, kCsvRangeBytes}) {
    EXPECT_EQ(ReadInPages(text, range_bytes, *executor), expected);
  }
}

}  // namespace
}  // namespace flxlink::csv
