// The conformance suite on the csv channel, over the shapes that a file can have.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/csv_under_test.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

// A file whose cells hold no comma, quote or line break, so that it can be looked at and changed without any CSV code.
class CsvUnderTest : public ChannelUnderTest {
 public:
  struct Shape {
    std::string status_column;  // Empty: none.
    std::string listed;
    std::string hidden;
    bool has_quantity = true;
    bool is_quoted = false;
    std::string line_end = "\n";
    bool has_compare_at_price = false;
    std::string tracker_column = "";  // Empty: none.
  };

  explicit CsvUnderTest(const Shape& shape) : shape_(shape) {
    columns_ = {"Handle", "Title", "Option1 Value", "Variant SKU", "Variant Price"};
    if (shape_.has_quantity) columns_.push_back("Variant Inventory Qty");
    if (!shape_.status_column.empty()) columns_.push_back(shape_.status_column);
    rows_.push_back({"shirt", "A shirt", "Red", "s-red", "10.00", "5", shape_.listed});
    rows_.push_back({"shirt", "", "", "", "", "", ""});
    rows_.push_back({"shirt", "", "Blue", "s-blue", "11.5", "6", ""});
    rows_.push_back({"mug", "A mug", "", "mug", "7", "1", shape_.listed});
    rows_.push_back({"pen", "A pen", "", "", "", "", shape_.listed});
    rows_.push_back({"pen", "", "", "pen", "3.00", "40", ""});
    if (shape_.has_compare_at_price) InsertColumn("Variant Compare At Price", {"12.5", "", "", "9", "", "0"});
    if (!shape_.tracker_column.empty()) {
      InsertColumn(shape_.tracker_column, {"shopify", "", "shopify", "amazon", "", "shopify"});
    }
    Write();
  }

  std::unique_ptr<ChannelAdapter> MakeAdapter() override { return flxlink::MakeAdapter(path_); }

  std::vector<ConformanceItem> Items() override {
    const auto values = [&](int64_t price, int64_t quantity) {
      return ItemValues{price, shape_.has_quantity ? quantity : kAbsent,
                        shape_.status_column.empty() ? ChannelStatus::kUnknown : ChannelStatus::kListed};
    };
    std::vector<ConformanceItem> items = {
        {"shirt/Red", "shirt", values(1000, 5), {{"sku", "s-red"}, {"title", "A shirt"}, {"option1", "Red"}}},
        {"shirt/Blue", "shirt", values(1150, 6), {{"sku", "s-blue"}, {"title", "A shirt"}, {"option1", "Blue"}}},
        {"mug", "mug", values(700, 1), {{"id", "mug"}, {"sku", "mug"}, {"handle", "mug"}}},
        {"pen", "pen", values(300, 40), {{"id", "pen"}, {"sku", "pen"}, {"title", "A pen"}}}};
    if (!shape_.has_compare_at_price) return items;
    items[0].values.compare_at_price = 1250;
    items[2].values.compare_at_price = 900;
    items[3].values.compare_at_price = 0;
    return items;
  }

  std::vector<PushItem> BadItems() override {
    if (shape_.status_column.empty()) return {};
    return {StatusItem("shirt/Red", ChannelStatus::kListed), StatusItem("shirt/Blue", ChannelStatus::kHidden)};
  }

  absl::optional<ItemValues> Look(absl::string_view external_id) override {
    Read();
    const int row = RowOf(external_id);
    if (row < 0) return absl::nullopt;
    ItemValues values;
    values.price = ParseMoney(*Cell(row, "Variant Price"), Currency())->minor_units;
    if (shape_.has_quantity) values.quantity = std::stoll(*Cell(row, "Variant Inventory Qty"));
    if (shape_.has_compare_at_price && !Cell(row, "Variant Compare At Price")->empty()) {
      values.compare_at_price = ParseMoney(*Cell(row, "Variant Compare At Price"), Currency())->minor_units;
    }
    if (!shape_.status_column.empty()) {
      const std::string status = *Cell(ProductRowOf(row), shape_.status_column);
      EXPECT_THAT(status, testing::AnyOf(shape_.listed, shape_.hidden, "archived"));
      values.status = status == shape_.listed   ? ChannelStatus::kListed
                      : status == shape_.hidden ? ChannelStatus::kHidden
                                                : ChannelStatus::kDead;
    }
    return values;
  }

  std::vector<FixedField> Fix(absl::string_view external_id) override {
    if (shape_.tracker_column.empty()) return {};
    Read();
    *Cell(RowOf(external_id), shape_.tracker_column) = "";
    Write();
    return {{"quantity", FixedReason::kNotTracked}};
  }

  void Change(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) override {
    Read();
    const int row = RowOf(external_id);
    ASSERT_GE(row, 0);
    if (mask.Has(SyncField::kPrice)) *Cell(row, "Variant Price") = FormatMoney({values.price, Currency()});
    if (mask.Has(SyncField::kQuantity)) *Cell(row, "Variant Inventory Qty") = absl::StrCat(values.quantity);
    if (mask.Has(SyncField::kCompareAtPrice)) {
      *Cell(row, "Variant Compare At Price") = FormatMoney({values.compare_at_price, Currency()});
    }
    if (mask.Has(SyncField::kStatus)) {
      const bool is_listed = values.status == ChannelStatus::kListed;
      *Cell(ProductRowOf(row), shape_.status_column) = is_listed ? shape_.listed : shape_.hidden;
    }
    Write();
  }

  void Remove(absl::string_view external_id) override {
    Read();
    const int row = RowOf(external_id);
    ASSERT_GE(row, 0);
    rows_.erase(rows_.begin() + row);
    Write();
  }

 private:
  // After the price, one value a row.
  void InsertColumn(const std::string& name, const std::vector<std::string>& values) {
    columns_.insert(columns_.begin() + 5, name);
    for (size_t i = 0; i < rows_.size(); ++i) rows_[i].insert(rows_[i].begin() + 5, values[i]);
  }

  std::string* Cell(int row, const std::string& column) {
    const auto at = std::find(columns_.begin(), columns_.end(), column) - columns_.begin();
    return &rows_[static_cast<size_t>(row)][static_cast<size_t>(at)];
  }

  int RowOf(absl::string_view external_id) {
    for (int row = 0; row < static_cast<int>(rows_.size()); ++row) {
      const std::string& option = *Cell(row, "Option1 Value");
      const std::string id = absl::StrCat(*Cell(row, "Handle"), option.empty() ? "" : "/", option);
      if (!Cell(row, "Variant Price")->empty() && id == external_id) return row;
    }
    return -1;
  }

  int ProductRowOf(int row) {
    const std::string handle = *Cell(row, "Handle");
    while (row > 0 && *Cell(row - 1, "Handle") == handle) --row;
    return row;
  }

  void Write() {
    const char* quote = shape_.is_quoted ? "\"" : "";
    std::string text = absl::StrCat(absl::StrJoin(columns_, ","), shape_.line_end);
    for (const std::vector<std::string>& row : rows_) {
      for (size_t i = 0; i < columns_.size(); ++i) absl::StrAppend(&text, i == 0 ? "" : ",", quote, row[i], quote);
      absl::StrAppend(&text, shape_.line_end);
    }
    WriteFile(path_, text);
  }

  void Read() {
    rows_.clear();
    const std::string text = ReadFile(path_);
    std::vector<absl::string_view> lines = absl::StrSplit(text, shape_.line_end);
    EXPECT_EQ(lines.back(), "");
    for (size_t i = 1; i + 1 < lines.size(); ++i) {
      rows_.emplace_back();
      for (absl::string_view cell : absl::StrSplit(lines[i], ',')) {
        if (shape_.is_quoted) {
          EXPECT_TRUE(absl::ConsumePrefix(&cell, "\"") && absl::ConsumeSuffix(&cell, "\"")) << lines[i];
        }
        rows_.back().emplace_back(cell);
      }
      EXPECT_EQ(rows_.back().size(), columns_.size()) << lines[i];
    }
  }

  const Shape shape_;
  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.csv");
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

ChannelFactory Factory(std::string name, const CsvUnderTest::Shape& shape) {
  return {std::move(name), [shape] { return std::make_unique<CsvUnderTest>(shape); }};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Csv, ChannelConformance,
                         testing::Values(Factory("Status", {"Status", "active", "draft"}),
                                         Factory("Published", {"Published", "TRUE", "FALSE", true, false, "\r\n"}),
                                         Factory("Quoted", {"Status", "active", "draft", true, true, "\r\n"}),
                                         Factory("CompareAt", {"Status", "active", "draft", true, false, "\n", true}),
                                         Factory("Tracked", {"Status", "active", "draft", true, false, "\n", false,
                                                             "Variant Inventory Tracker"}),
                                         Factory("TrackedToday", {"Status", "active", "draft", true, true, "\r\n", true,
                                                                  "Inventory tracker"}),
                                         Factory("PriceOnly", {"", "", "", false})),
                         ChannelFactoryName);

}  // namespace flxlink
