#include "src/csv/catalog_rows.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/linker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::csv {
namespace {

using ::testing::ElementsAre;

// Rows "0", "1" … as ids and their squares beside them, in pages of these sizes.
CatalogRows MakeRows(const std::vector<int>& page_rows) {
  std::vector<CsvPage> pages;
  int64_t row = 0;
  for (const int rows : page_rows) {
    std::vector<StringColumn> columns(2);
    for (const int64_t end = row + rows; row < end; ++row) {
      columns[0].Add(absl::StrCat(row));
      columns[1].Add(absl::StrCat(row * row));
    }
    pages.emplace_back(columns);
  }
  return CatalogRows(std::move(pages));
}

TEST(CatalogRowsTest, FindsCellsOnPagesOfAnySize) {
  const CatalogRows rows = MakeRows({1, 3, 1021, 1, 5000, 2, 2, 700});
  ASSERT_EQ(rows.row_count(), 6730);
  EXPECT_EQ(rows.page_count(), 8);
  EXPECT_EQ(rows.row_base(4), 1026);
  for (int64_t row = 0; row < rows.row_count(); ++row) {
    ASSERT_EQ(rows.cell(row, 0), absl::StrCat(row));
    ASSERT_EQ(rows.cell(row, 1), absl::StrCat(row * row));
  }
}

TEST(CatalogRowsTest, GivesManyIdsAtOnce) {
  const CatalogRows rows = MakeRows({3, 2000});
  std::vector<absl::string_view> ids(4);
  rows.GetIds({1999, 0, 2, 3}, absl::MakeSpan(ids));
  EXPECT_THAT(ids, ElementsAre("1999", "0", "2", "3"));
  rows.GetIds({}, {});
}

TEST(CatalogRowsTest, FindsRows) {
  const std::unique_ptr<Executor> executor = NewThreadExecutor(2);
  CatalogRows rows = MakeRows({3, 2000, 17});
  EXPECT_EQ(rows.IndexIds(1, *executor), kNoRow);
  for (int64_t row = 0; row < rows.row_count(); ++row) EXPECT_EQ(rows.FindRow(absl::StrCat(row)), row);
  EXPECT_EQ(rows.FindRow("2020"), kNoRow);
}

TEST(CatalogRowsTest, FindsTheFirstRepeatedId) {
  std::vector<CsvPage> pages;
  for (const std::vector<const char*>& ids : {std::vector<const char*>{"a", "b"}, {"c", "b"}, {"a", "a"}}) {
    StringColumn column;
    for (const char* id : ids) column.Add(id);
    pages.emplace_back(absl::MakeConstSpan(&column, 1));
  }
  CatalogRows rows(std::move(pages));
  EXPECT_EQ(rows.IndexIds(1, InlineExecutor()), 3);
  const std::unique_ptr<Executor> executor = NewThreadExecutor(2);
  EXPECT_NE(rows.IndexIds(1, *executor), kNoRow);
}

TEST(CatalogRowsTest, HoldsNothing) {
  CatalogRows rows;
  EXPECT_EQ(rows.row_count(), 0);
  EXPECT_EQ(rows.IndexIds(1, InlineExecutor()), kNoRow);
  EXPECT_EQ(rows.FindRow("a"), kNoRow);
}

}  // namespace
}  // namespace flxlink::csv
