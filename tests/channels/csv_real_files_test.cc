// The csv channel over real exports.

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/csv_under_test.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::SizeIs;

struct RealFile {
  std::string name;
  size_t variants;
};

void PrintTo(const RealFile& file, std::ostream* out) { *out << file.name; }

// One cell of a text, found by a splitter of the test's own.
struct CellAt {
  size_t begin;
  size_t end;
  std::string value;
};

// The records of a well-formed CSV, character by character.
std::vector<std::vector<CellAt>> SplitCsv(const std::string& text) {
  std::vector<std::vector<CellAt>> records(1);
  CellAt cell = {0, 0, ""};
  bool is_quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      // The second quote of a pair opens again what the first has closed.
      if (!is_quoted && i > cell.begin && text[i - 1] == '"') cell.value += '"';
      is_quoted = !is_quoted;
    } else if (!is_quoted && (c == ',' || c == '\n')) {
      cell.end = c == '\n' && i > 0 && text[i - 1] == '\r' ? i - 1 : i;
      if (cell.end != i) cell.value.pop_back();
      records.back().push_back(cell);
      cell = {i + 1, 0, ""};
      if (c == '\n') records.emplace_back();
    } else {
      cell.value += c;
    }
  }
  if (cell.begin < text.size()) {
    cell.end = text.size();
    records.back().push_back(cell);
  } else {
    records.pop_back();
  }
  return records;
}

// A file's text in which cells can be given another content.
class ExpectedFile {
 public:
  explicit ExpectedFile(const std::string& text) : text_(text), records_(SplitCsv(text)) {
    for (size_t i = 0; i < records_[0].size(); ++i) columns_[records_[0][i].value] = i;
  }

  size_t size() const { return records_.size(); }
  const std::string& Value(size_t row, const std::string& column) const { return Cell(row, column).value; }

  size_t ProductRow(size_t row) const {
    while (row > 1 && Value(row - 1, "Handle") == Value(row, "Handle")) --row;
    return row;
  }

  std::string Id(size_t row) const {
    std::vector<std::string> parts = {Value(row, "Handle")};
    for (const char* option : {"Option1 Value", "Option2 Value", "Option3 Value"}) {
      parts.push_back(Value(row, option));
    }
    while (parts.back().empty()) parts.pop_back();
    for (std::string& part : parts) part = absl::StrReplaceAll(part, {{"\\", "\\\\"}, {"/", "\\/"}});
    return absl::StrJoin(parts, "/");
  }

  void Set(size_t row, const std::string& column, const std::string& value) {
    const CellAt& cell = Cell(row, column);
    const bool is_quoted = text_[cell.begin] == '"';
    edits_[cell.begin] = {cell.end, is_quoted ? absl::StrCat("\"", value, "\"") : value};
  }

  std::string Text() const {
    std::string text = text_;
    for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) {
      text.replace(edit->first, edit->second.first - edit->first, edit->second.second);
    }
    return text;
  }

 private:
  const CellAt& Cell(size_t row, const std::string& column) const { return records_[row].at(columns_.at(column)); }

  std::string text_;
  std::vector<std::vector<CellAt>> records_;
  std::map<std::string, size_t> columns_;
  std::map<size_t, std::pair<size_t, std::string>> edits_;
};

class CsvChannelRealFileTest : public ::testing::TestWithParam<RealFile> {
 protected:
  void SetUp() override {
    const std::string name = absl::StrCat("shopify-csv/", GetParam().name, ".csv");
    const std::string source = SharedData(name);
    if (source.empty()) GTEST_SKIP() << name << " is not there";
    WriteFile(path_, ReadFile(source));
    adapter_ = MakeAdapter(path_);
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.csv");
  std::unique_ptr<ChannelAdapter> adapter_;
};

TEST_P(CsvChannelRealFileTest, IsPulledInPages) {
  const PulledItems whole = PullAll(*adapter_, 100000);
  ASSERT_THAT(whole.items, SizeIs(GetParam().variants));
  std::set<std::string> ids;
  for (const ConformanceItem& item : whole.items) ids.insert(item.external_id);
  EXPECT_EQ(ids.size(), whole.items.size());
  for (const int64_t limit : {97, 1000}) {
    const PulledItems paged = PullAll(*adapter_, limit);
    EXPECT_EQ(paged.items, whole.items);
    EXPECT_EQ(paged.cursors.size(),
              (GetParam().variants + static_cast<size_t>(limit) - 1) / static_cast<size_t>(limit));
  }
}

TEST_P(CsvChannelRealFileTest, APushChangesExactlyTheIntendedCells) {
  ExpectedFile expected(ReadFile(path_));
  std::vector<PushItem> items;
  int64_t variants = 0;
  for (size_t row = 1; row < expected.size(); ++row) {
    if (expected.Value(row, "Variant Price").empty()) continue;
    const std::string id = expected.Id(row);
    const size_t product_row = expected.ProductRow(row);
    const int64_t n = ++variants;
    if (n % 3 == 0) {
      items.push_back(PriceItem(id, 100000 + n));
      expected.Set(row, "Variant Price", absl::StrCat(1000 + n / 100, ".", n / 10 % 10, n % 10));
    }
    if (n % 5 == 0 && !expected.Value(row, "Variant Inventory Tracker").empty()) {
      items.push_back(QuantityItem(id, n - 300000));
      expected.Set(row, "Variant Inventory Qty", absl::StrCat(n - 300000));
    }
    if (product_row == row && n % 2 == 0 && expected.Value(row, "Published") == "true") {
      items.push_back(StatusItem(id, ChannelStatus::kHidden));
      expected.Set(row, "Published", "false");
    }
  }
  ASSERT_EQ(variants, static_cast<int64_t>(GetParam().variants));
  const absl::StatusOr<PushReply> reply = PushRows(*adapter_, items);
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kApplied);
  EXPECT_TRUE(ReadFile(path_) == expected.Text());

  // The same again, as by who died before he knew of the answer: nothing is left to change.
  const FileId before = IdOf(path_);
  const absl::StatusOr<PushReply> again = PushRows(*adapter_, items);
  ASSERT_TRUE(again.ok()) << again.status();
  for (const PushOutcome& outcome : again->outcomes) EXPECT_EQ(outcome.result, PushResult::kApplied);
  EXPECT_EQ(IdOf(path_), before);
}

TEST_P(CsvChannelRealFileTest, APushOfWhatIsThereLeavesEveryByte) {
  const std::string text = ReadFile(path_);
  const FileId before = IdOf(path_);
  const PulledItems pulled = PullAll(*adapter_);
  std::vector<PushItem> items;
  for (const ConformanceItem& item : pulled.items) {
    SyncFields fields = PresentFields(item.values);
    if (!item.fixed.empty()) fields.Remove(SyncField::kQuantity);
    items.push_back(MakeItem(item.external_id, fields, item.values));
  }
  const absl::StatusOr<PushReply> reply = PushRows(*adapter_, items);
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kApplied);
  EXPECT_EQ(IdOf(path_), before);
  EXPECT_TRUE(ReadFile(path_) == text);
}

INSTANTIATE_TEST_SUITE_P(Shopify, CsvChannelRealFileTest,
                         testing::Values(RealFile{"apparel", 96}, RealFile{"fashion", 3684}, RealFile{"jewelry", 24},
                                         RealFile{"snowdevil", 622}),
                         [](const testing::TestParamInfo<RealFile>& file) { return file.param.name; });

}  // namespace
}  // namespace flxlink
