#include "src/csv/csv_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::csv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Rows = std::vector<std::vector<std::string>>;

// A text's records, or the error that ended it.
absl::StatusOr<Rows> ReadAll(std::string text, std::vector<int64_t>* lines = nullptr) {
  absl::StatusOr<CsvReader> reader = CsvReader::FromText("f.csv", std::move(text));
  if (!reader.ok()) return reader.status();
  Rows rows = {reader->columns()};
  CsvRecord record;
  for (;;) {
    absl::StatusOr<bool> found = reader->Next(&record);
    if (!found.ok()) return found.status();
    if (!*found) return rows;
    EXPECT_EQ(record.position.index, static_cast<int64_t>(rows.size()) - 1);
    if (lines != nullptr) lines->push_back(record.position.line);
    rows.emplace_back();
    for (int64_t i = 0; i < record.fields.size(); ++i) rows.back().emplace_back(record.fields[i]);
  }
}

std::string ErrorOf(std::string text) {
  absl::StatusOr<Rows> rows = ReadAll(std::move(text));
  if (rows.ok()) return "no error";
  EXPECT_EQ(rows.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(rows.status().message().find('\n'), absl::string_view::npos);
  return std::string(rows.status().message());
}

TEST(CsvReaderTest, ReadsPlainAndQuotedCells) {
  const auto rows = ReadAll("a,b\n1,\"x, \"\"y\"\"\nz\"\n,2\n");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows, ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "x, \"y\"\nz"), ElementsAre("", "2")));
}

TEST(CsvReaderTest, KeepsSpacesAndTabsAndNuls) {
  const auto rows = ReadAll(std::string("a,b\n x , \t\n\" q \",n\0n\n", 21));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT((*rows)[1], ElementsAre(" x ", " \t"));
  EXPECT_THAT((*rows)[2], ElementsAre(" q ", std::string("n\0n", 3)));
}

TEST(CsvReaderTest, EndsLinesByLfOrCrlfAndNeedsNoneAtTheEnd) {
  const Rows expected = {{"a", "b"}, {"1", "2"}, {"3", "4"}};
  for (const char* text : {"a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4\r\n", "a,b\n1,2\r\n3,4", "a,b\n1,2\n3,\"4\""}) {
    const auto rows = ReadAll(text);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*rows, expected);
  }
}

TEST(CsvReaderTest, SkipsByteOrderMarkAndBlankLines) {
  std::vector<int64_t> lines;
  const auto rows = ReadAll("\xEF\xBB\xBF\n\r\nid\n\n1\n\r\n\n2\n\n", &lines);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows, ElementsAre(ElementsAre("id"), ElementsAre("1"), ElementsAre("2")));
  EXPECT_THAT(lines, ElementsAre(5, 8));
}

TEST(CsvReaderTest, CountsPhysicalLines) {
  std::vector<int64_t> lines;
  const auto rows = ReadAll("a,\"b\nb\"\n1,\"\n\r\n\n\"\n2,\"\rx\"\r\n3,\n", &lines);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(lines, ElementsAre(3, 7, 8));
  EXPECT_EQ((*rows)[1][1], "\n\r\n\n");
  EXPECT_EQ((*rows)[2][1], "\rx");
}

TEST(CsvReaderTest, NamesFileAndLineOfErrors) {
  EXPECT_EQ(ErrorOf(""), "f.csv:1: there is no header row; name the columns in the first row");
  EXPECT_EQ(
      ErrorOf("a,b\n1,2\n\n3\n"),
      "f.csv:4: the row has 1 cell, the header has 2; add what is missing, or put cells that hold commas in quotes");
  EXPECT_EQ(
      ErrorOf("a,b\n\"1\n\",2,3\n"),
      "f.csv:2: the row has 3 cells, the header has 2; add what is missing, or put cells that hold commas in quotes");
  EXPECT_EQ(ErrorOf("a,b\n1,2\n3,\"x\ny\n"),
            "f.csv:3: a quote that is opened here is never closed; close it, or double it if it belongs to the text");
  EXPECT_EQ(ErrorOf("a,b\n\n1,\"x\ny\"z\n"), "f.csv:3: text after a closing quote; double the quotes inside the cell");
  EXPECT_EQ(ErrorOf("a,b\n1,x\"y\n"),
            "f.csv:2: a quote inside a cell that is not in quotes; put the cell in quotes and double its quotes");
  EXPECT_EQ(ErrorOf("a,b,a\n"), "f.csv:1: the column \"a\" is there twice; rename or remove one of them");
  EXPECT_EQ(ErrorOf("a,b\n\"\n\",x\xC3(\n"),
            "f.csv:2: column \"b\" is not valid UTF-8 and looks like Windows-1252; save the file as UTF-8");
  EXPECT_EQ(ErrorOf("a,\xFF\n"),
            "f.csv:1: cell 2 is not valid UTF-8 and looks like Windows-1252; save the file as UTF-8");
}

TEST(CsvReaderTest, RefusesEverythingThatIsNotUtf8) {
  for (const char* bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("a\n", bad, "\n")), HasSubstr("f.csv:2:"));
  }
  EXPECT_TRUE(ReadAll("a\n\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n").ok());
}

TEST(CsvReaderTest, RefusesACarriageReturnWithoutALineFeed) {
  constexpr char kWhat[] = "a carriage return without a line feed; end lines by LF or CRLF";
  EXPECT_EQ(ErrorOf("a,b\rc,d\r"), absl::StrCat("f.csv:1: ", kWhat));
  EXPECT_EQ(ErrorOf("a,b\n1,2\r3,4\n"), absl::StrCat("f.csv:2: ", kWhat));
  EXPECT_EQ(ErrorOf("a,b\n1,2\r"), absl::StrCat("f.csv:2: ", kWhat));
  EXPECT_EQ(ErrorOf("a,b\n1,2\r\r\n"), absl::StrCat("f.csv:2: ", kWhat));
  EXPECT_EQ(ErrorOf("a,b\n\r1,2\n"), absl::StrCat("f.csv:2: ", kWhat));
  EXPECT_EQ(ErrorOf("a,b\n1,\"2\"\r3,4\n"), absl::StrCat("f.csv:2: ", kWhat));
}

TEST(CsvReaderTest, OfACellThatIsTooLongGivesABeginning) {
  const std::string longest(kMaxCsvFieldBytes, 'x');
  for (const absl::string_view after : {"x", "\xC3\xA9", "xx\xF0\x9F\x98\x80 and more", "\"\"", "\"\" and\r\nmore"}) {
    for (const size_t repeated : {size_t{1}, size_t{300000}}) {
      std::string text = absl::StrCat("a,b\n1,", longest, "\n2,\"", longest);
      for (size_t i = 0; i < repeated; ++i) absl::StrAppend(&text, after);
      absl::StrAppend(&text, "\"\n3,short\n");
      const absl::StatusOr<Rows> rows = ReadAll(text);
      ASSERT_TRUE(rows.ok()) << rows.status();
      ASSERT_EQ(rows->size(), 4);
      EXPECT_TRUE((*rows)[1][1] == longest);
      EXPECT_TRUE(IsTooLong((*rows)[2][1]));
      EXPECT_LE((*rows)[2][1].size(), kMaxCsvFieldBytes + 4);
      EXPECT_TRUE(absl::StartsWith((*rows)[2][1], longest));
      EXPECT_THAT((*rows)[3], ElementsAre("3", "short"));
    }
  }
}

TEST(CsvReaderTest, NamesTheLineOfACellThatIsTooLong) {
  const std::string longest(kMaxCsvFieldBytes, 'x');
  absl::StatusOr<CsvReader> reader = CsvReader::FromText("f.csv", absl::StrCat("a\n", longest, "\n", longest, "x\n"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  CsvRecord record;
  ASSERT_TRUE(reader->Next(&record).value());
  EXPECT_EQ(reader->CheckLengths(record), absl::OkStatus());
  ASSERT_TRUE(reader->Next(&record).value());
  EXPECT_EQ(reader->CheckLengths(record).message(), "f.csv:3: a cell is longer than 1048576 bytes; shorten it");
  EXPECT_EQ(ErrorOf(absl::StrCat("a,", longest, "x\n1,2\n")),
            "f.csv:1: a cell is longer than 1048576 bytes; shorten it");
}

TEST(CsvReaderTest, FindsColumns) {
  const auto reader = CsvReader::FromText("f.csv", "\nid,sku\n");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->FindColumn("sku"), 1);
  EXPECT_EQ(reader->FindColumn("SKU"), CsvReader::kNoColumn);
  EXPECT_EQ(*reader->RequireColumn("id"), 0);
  EXPECT_EQ(reader->RequireColumn("upc").status().message(),
            "f.csv:2: there is no column \"upc\"; add it to the header, or name another one");
}

TEST(CsvReaderTest, SaysThatAFileCannotBeOpened) {
  const auto reader = CsvReader::Open("/nowhere/f.csv");
  EXPECT_EQ(reader.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(reader.status().message(), "/nowhere/f.csv: cannot be opened (No such file or directory); check the path");
  EXPECT_FALSE(CsvReader::Open(::testing::TempDir()).ok());
}

TEST(CsvReaderTest, TellsTheSpansOfCells) {
  const std::string text = "\xEF\xBB\xBFid,x,y\r\n1,\"a,\"\"b\n\",\r\n\n2,,\"\"";
  auto reader = CsvReader::FromText("f.csv", text);
  ASSERT_TRUE(reader.ok());
  std::vector<std::vector<std::string>> cells;
  CsvRecord record;
  while (*reader->Next(&record)) {
    cells.emplace_back();
    const std::string line = text.substr(record.position.begin, record.position.end - record.position.begin);
    for (const CsvSpan span : CellSpans(line, ',')) {
      cells.back().push_back(line.substr(span.begin, span.end - span.begin));
    }
  }
  EXPECT_THAT(cells, ElementsAre(ElementsAre("1", "\"a,\"\"b\n\"", ""), ElementsAre("2", "", "\"\"")));
}

// All that a reader tells of a text: its columns, its records with their positions, and how it ends.
std::vector<std::string> Tell(absl::StatusOr<CsvReader> reader) {
  if (!reader.ok()) return {std::string(reader.status().message())};
  std::vector<std::string> told = reader->columns();
  CsvRecord record;
  for (;;) {
    const absl::StatusOr<bool> found = reader->Next(&record);
    if (!found.ok() || !*found) {
      told.emplace_back(found.ok() ? "end" : found.status().message());
      return told;
    }
    const CsvPosition& at = record.position;
    told.push_back(absl::StrCat(at.index, " ", at.line, " ", at.begin, " ", at.end));
    for (int64_t i = 0; i < record.fields.size(); ++i) told.emplace_back(record.fields[i]);
  }
}

// Line ends, quotes and records of all lengths fall on the seams between the parts that are read.
TEST(CsvReaderTest, ReadsAPartAtATimeWhatItReadsAtOnce) {
  for (const char* line_end : {"\n", "\r\n"}) {
    for (const char* last : {"", "x,\"open", "x,y\rz", "x,y", "x", "x,\xFF"}) {
      std::string text = absl::StrCat("\xEF\xBB\xBFid,body", line_end, line_end);
      for (size_t size = 0; text.size() < 1'000'000; size = (size * 7 + 13) % 4099) {
        const std::string body(size, size % 3 == 0 ? '\n' : 'b');
        absl::StrAppend(&text, size, ",\"", body, "\"\"\"", line_end, size % 5 == 0 ? line_end : "");
      }
      absl::StrAppend(&text, "long,", std::string(300'000, 'x'), line_end, last);
      const CsvText parts(text);
      EXPECT_EQ(Tell(CsvReader::Stream("f.csv", parts)), Tell(CsvReader::FromText("f.csv", text)));
    }
  }
}

TEST(CsvReaderTest, GoesBackWhereItIsTold) {
  std::string text = "id,body\n\n";
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&text, i, ",", std::string(1000, 'x'), "\n");
  const CsvText parts(text);
  auto reader = CsvReader::Stream("f.csv", parts);
  ASSERT_TRUE(reader.ok());
  std::vector<CsvPosition> positions;
  CsvRecord record;
  while (*reader->Next(&record)) positions.push_back(record.position);
  for (const int i : {990, 3, 500, 501, 0}) {
    reader->Seek(positions[static_cast<size_t>(i)]);
    ASSERT_TRUE(*reader->Next(&record));
    EXPECT_EQ(record.fields[0], absl::StrCat(i));
    EXPECT_EQ(record.position.line, i + 3);
    EXPECT_EQ(record.position.index, i);
  }
  reader->Rewind();
  ASSERT_TRUE(*reader->Next(&record));
  EXPECT_EQ(record.fields[0], "0");
  EXPECT_EQ(record.position.index, 0);
  EXPECT_EQ(record.position.line, 3);
}

TEST(CsvReaderTest, SaysThatATextBecameShorterWhileItWasRead) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("f.csv");
  std::string text = "id\n";
  for (int i = 0; i < 100'000; ++i) absl::StrAppend(&text, i, "\n");
  WriteFile(path, text);
  const absl::StatusOr<CsvText> parts = CsvText::Open(path);
  ASSERT_TRUE(parts.ok());
  auto reader = CsvReader::Stream(path, *parts);
  ASSERT_TRUE(reader.ok());
  WriteFile(path, "id\n");
  CsvRecord record;
  absl::StatusOr<bool> found = true;
  while (found.ok() && *found) found = reader->Next(&record);
  EXPECT_EQ(found.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(found.status().message(), path + ": cannot be read; check the file");
}

// -- Separators.

// "SEPARATOR columns | the first record's cells".
std::string Separated(const std::string& text) {
  auto reader = CsvReader::FromText("s.csv", text);
  if (!reader.ok()) return std::string(reader.status().message());
  std::string shown = absl::StrCat(reader->separator() == '\t' ? "tab" : std::string(1, reader->separator()), " ",
                                   absl::StrJoin(reader->columns(), "+"), " |");
  CsvRecord record;
  if (!*reader->Next(&record)) return shown;
  for (int64_t i = 0; i < record.fields.size(); ++i) absl::StrAppend(&shown, " ", record.fields[i]);
  return absl::StrCat(shown, " @", record.position.line);
}

TEST(CsvSeparatorTest, IsToldFromTheHeaderRow) {
  EXPECT_EQ(Separated("a,b\n1,2\n"), ", a+b | 1 2 @2");
  EXPECT_EQ(Separated("a;b\n1,5;\"2;3\"\n"), "; a+b | 1,5 2;3 @2");
  EXPECT_EQ(Separated("\xEF\xBB\xBF\na\tb\r\n1;1\t2,2\r\n"), "tab a+b | 1;1 2,2 @3");
  EXPECT_EQ(Separated("a\n1;2\n"), ", a | 1;2 @2") << "nothing separates";
  EXPECT_EQ(Separated("\"a,b,c\";d\n1;2\n"), "; a,b,c+d | 1 2 @2") << "quotes";
  EXPECT_EQ(Separated("\"a\n,,,\";d\n1;2\n"), "; a\n,,,+d | 1 2 @3") << "a header of two lines";
  EXPECT_EQ(Separated("a;b;c,d\n1;2;3\n"), "; a+b+c,d | 1 2 3 @2") << "the one it has most of";
  EXPECT_EQ(Separated("a;b,c\n1,2\n"), ", a;b+c | 1 2 @2") << "none leads";
}

TEST(CsvSeparatorTest, IsWhatALineSays) {
  EXPECT_EQ(Separated("sep=;\na;b,c,d\n1;2\n"), "; a+b,c,d | 1 2 @3");
  EXPECT_EQ(Separated("\xEF\xBB\xBFsep=\t\r\na\r\n1\r\n"), "tab a | 1 @3");
  EXPECT_EQ(Separated("sep=,\n\na;b\n1\n"), ", a;b | 1 @4");
  EXPECT_EQ(Separated("sep=|\na|b\n"),
            "s.csv:1: cells separated by \"|\" are not read; use a comma, a semicolon or a tab");
  EXPECT_EQ(Separated("sep=,\n"), "s.csv:1: there is no header row; name the columns in the first row");
}

TEST(CsvSeparatorTest, IsNamedWhereCellsAreMissing) {
  auto reader = CsvReader::FromText("s.csv", "a;b\n1;2;3\n");
  CsvRecord record;
  EXPECT_EQ(reader->Next(&record).status().message(),
            "s.csv:2: the row has 3 cells, the header has 2; add what is missing, or put cells that hold semicolons in "
            "quotes");
}

TEST(CsvReaderTest, PassesOverWhatIsEmpty) {
  EXPECT_EQ(Separated("a,b,,\n,,,\n\"\",,,\n1,,,x\n"), ", a+b | 1   x @4");
  auto reader = CsvReader::FromText("s.csv", "a,,b,,\n1,2,3,,\n,,,,\n4,5,6,,\n");
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->cell_count(), 5u);
  CsvRecord record;
  ASSERT_TRUE(*reader->Next(&record));
  ASSERT_TRUE(*reader->Next(&record));
  EXPECT_EQ(record.position.index, 1);
  EXPECT_FALSE(*reader->Next(&record));
}

}  // namespace
}  // namespace flxlink::csv
