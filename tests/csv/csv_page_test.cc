#include "src/csv/csv_page.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::csv {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Strings(const StringColumnView& column) {
  std::vector<std::string> strings;
  for (int64_t i = 0; i < column.size(); ++i) strings.emplace_back(column[i]);
  return strings;
}

CsvCell Cell(uint32_t begin, uint32_t size, bool doubled = false) {
  CsvCell cell;
  cell.begin = begin;
  cell.size = size & 0x7fffffff;
  cell.has_doubled_quotes = doubled ? 1 : 0;
  return cell;
}

TEST(CsvPageTest, CopiesCellsAndHalvesQuotes) {
  const std::string text = "one\"\"two\"\"," + std::string(40, 'x') + std::string(RecordScanner::kPaddingBytes, ' ');
  // Three to a row, of which the last is not kept.
  const std::vector<CsvCell> cells = {Cell(0, 3),   Cell(0, 10, true), Cell(1, 1),
                                      Cell(11, 40), Cell(3, 2, true),  Cell(1, 1)};
  const CsvPage page(text.data(), cells, 3, 2);
  EXPECT_EQ(page.rows(), 2);
  EXPECT_THAT(Strings(page.column(0)), ElementsAre("one", std::string(40, 'x')));
  EXPECT_THAT(Strings(page.column(1)), ElementsAre("one\"two\"", "\""));
}

TEST(CsvPageTest, CopiesColumns) {
  std::vector<StringColumn> columns(2);
  for (const char* value : {"a", "", "ccc"}) columns[0].Add(value);
  for (const char* value : {"", "bb", ""}) columns[1].Add(value);
  const CsvPage page(columns);
  EXPECT_EQ(page.rows(), 3);
  EXPECT_THAT(Strings(page.column(0)), ElementsAre("a", "", "ccc"));
  EXPECT_THAT(Strings(page.column(1)), ElementsAre("", "bb", ""));
  EXPECT_EQ(CsvPage().rows(), 0);
}

}  // namespace
}  // namespace flxlink::csv
