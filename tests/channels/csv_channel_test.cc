#include "flxlink/csv_channel.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const SyncFields kPrice = {SyncField::kPrice};
const SyncFields kQuantity = {SyncField::kQuantity};
const SyncFields kStatus = {SyncField::kStatus};

absl::StatusOr<std::unique_ptr<ChannelAdapter>> TryMakeAdapter(
    const std::vector<std::pair<std::string, std::string>>& settings, const char* currency = "USD") {
  AdapterRegistry registry;
  RegisterCsvChannel(registry);
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "csv";
  config.settings = settings;
  config.currency = *Currency::Parse(currency);
  return registry.Make({config, *NewEnvironmentCredentials()});
}

std::unique_ptr<ChannelAdapter> MakeAdapter(const std::string& path, const char* currency = "USD") {
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = TryMakeAdapter({{"path", path}}, currency);
  EXPECT_TRUE(adapter.ok()) << adapter.status();
  return *std::move(adapter);
}

PushItem MakeItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) {
  PushItem item;
  item.external_id = std::string(external_id);
  item.mask = mask;
  item.values = values;
  return item;
}

PushItem PriceItem(absl::string_view id, int64_t price) {
  return MakeItem(id, kPrice, {price, kAbsent, ChannelStatus::kUnknown});
}
PushItem QuantityItem(absl::string_view id, int64_t quantity) {
  return MakeItem(id, kQuantity, {kAbsent, quantity, ChannelStatus::kUnknown});
}
PushItem CompareAtItem(absl::string_view id, int64_t price) {
  return MakeItem(id, {SyncField::kCompareAtPrice}, {kAbsent, kAbsent, ChannelStatus::kUnknown, price});
}
PushItem StatusItem(absl::string_view id, ChannelStatus status) {
  return MakeItem(id, kStatus, {kAbsent, kAbsent, status});
}

// -- The conformance suite, over the shapes that a file can have.

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
      EXPECT_THAT(status, testing::AnyOf(shape_.listed, shape_.hidden));
      values.status = status == shape_.listed ? ChannelStatus::kListed : ChannelStatus::kHidden;
    }
    return values;
  }

  void Change(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) override {
    Read();
    const int row = RowOf(external_id);
    ASSERT_GE(row, 0);
    ASSERT_FALSE(mask.Has(SyncField::kStatus));
    if (mask.Has(SyncField::kPrice)) *Cell(row, "Variant Price") = FormatMoney({values.price, Currency()});
    if (mask.Has(SyncField::kQuantity)) *Cell(row, "Variant Inventory Qty") = absl::StrCat(values.quantity);
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
                                         Factory("PriceOnly", {"", "", "", false})),
                         ChannelFactoryName);

namespace {

// -- What only this channel does.

class CsvChannelTest : public ::testing::Test {
 protected:
  // Makes the file, and an adapter for it.
  void Make(const std::string& text, const char* currency = "USD") {
    WriteFile(path_, text);
    adapter_ = MakeAdapter(path_, currency);
  }

  std::string Revision() { return PullAll(*adapter_).revision; }

  std::vector<PushOutcome> Push(const std::vector<PushItem>& items) {
    const absl::StatusOr<PushReply> reply = adapter_->Push({items, Revision()});
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->outcomes : std::vector<PushOutcome>();
  }

  void ExpectApplied(const std::vector<PushItem>& items) {
    for (const PushOutcome& outcome : Push(items)) EXPECT_EQ(outcome.result, PushResult::kApplied) << outcome.message;
  }

  void ExpectPullError(absl::StatusCode code, const std::vector<std::string>& parts) {
    const absl::Status status = adapter_->Pull({}).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
    for (const std::string& part : parts) EXPECT_THAT(std::string(status.message()), HasSubstr(part));
    EXPECT_FALSE(absl::StrContains(status.message(), "\n"));
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.csv");
  std::unique_ptr<ChannelAdapter> adapter_;
};

// -- Making it.

TEST_F(CsvChannelTest, NeedsAPathAndNothingElse) {
  const absl::Status none = TryMakeAdapter({}).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(none.message()), HasSubstr("\"path\""));
  EXPECT_EQ(TryMakeAdapter({{"path", ""}}).status().code(), absl::StatusCode::kInvalidArgument);
  const absl::Status unknown = TryMakeAdapter({{"path", "x"}, {"pth", "y"}}).status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("\"pth\""));
}

TEST_F(CsvChannelTest, CanSetWhatTheFileHasColumnsFor) {
  Make("Handle,Variant Price,Variant Inventory Qty,Published\n");
  EXPECT_EQ(adapter_->capabilities().can_set,
            (SyncFields{SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}));
  EXPECT_THAT(adapter_->capabilities().status_set, ElementsAre(ChannelStatus::kListed, ChannelStatus::kHidden));
  Make("Handle,Variant Price\n");
  EXPECT_EQ(adapter_->capabilities().can_set, kPrice);
  EXPECT_THAT(adapter_->capabilities().status_set, SizeIs(0));
}

TEST_F(CsvChannelTest, CanBeMadeBeforeItsFile) {
  adapter_ = MakeAdapter(path_);
  EXPECT_EQ(FormatSyncFields(adapter_->capabilities().can_set), "price,quantity,status,compare_at_price");
  ExpectPullError(absl::StatusCode::kNotFound, {"`path`", "check the path"});
  EXPECT_EQ(adapter_->Push({{PriceItem("a", 1)}, "x"}).status().code(), absl::StatusCode::kNotFound);

  WriteFile(path_, "Handle,Variant Price\na,1\n");
  const PulledItems pulled = PullAll(*adapter_);
  ASSERT_THAT(pulled.items, SizeIs(1));
  EXPECT_EQ(pulled.items[0].values, (ItemValues{100, kAbsent, ChannelStatus::kUnknown}));
  const std::vector<PushOutcome> outcomes =
      Push({QuantityItem("a", 1), StatusItem("a", ChannelStatus::kListed), CompareAtItem("a", 1)});
  ASSERT_THAT(outcomes, SizeIs(3));
  for (const PushOutcome& outcome : outcomes) {
    EXPECT_EQ(outcome.result, PushResult::kRejected);
    EXPECT_EQ(outcome.code, "missing_column");
  }
  EXPECT_EQ(outcomes[0].field, "quantity");
  EXPECT_THAT(outcomes[0].message, HasSubstr("\"Variant Inventory Qty\""));
  EXPECT_EQ(outcomes[1].field, "status");
  EXPECT_EQ(outcomes[2].field, "compare_at_price");
  EXPECT_THAT(outcomes[2].message, HasSubstr("\"Variant Compare At Price\""));
}

TEST_F(CsvChannelTest, ACompareAtPriceThatCannotBeReadCountsAsNone) {
  Make(
      "Handle,Variant Price,Variant Compare At Price\n"
      "a,1,2.5\nb,1,soon\nc,1,\nd,1,7.00\n");
  std::vector<int64_t> seen;
  for (const ConformanceItem& item : PullAll(*adapter_).items) seen.push_back(item.values.compare_at_price);
  EXPECT_THAT(seen, ElementsAre(250, kAbsent, kAbsent, 700));
  ExpectApplied({CompareAtItem("a", 250), CompareAtItem("b", 300), CompareAtItem("c", 400)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price,Variant Compare At Price\na,1,2.5\nb,1,3.00\nc,1,4.00\nd,1,7.00\n");
}

TEST_F(CsvChannelTest, ContentIsRefusedByItsName) {
  Make("Handle,Title,Variant Price\na,A,1\n");
  PushItem item = MakeItem("a", {{}, {"title"}}, {});
  item.values.SetContent("title", "B");
  const std::vector<PushOutcome> outcomes = Push({item});
  ASSERT_THAT(outcomes, SizeIs(1));
  EXPECT_EQ(outcomes[0].result, PushResult::kRejected);
  EXPECT_EQ(outcomes[0].field, "title");
  EXPECT_EQ(ReadFile(path_), "Handle,Title,Variant Price\na,A,1\n");
}

// -- Pulls.

TEST_F(CsvChannelTest, ShowsWhatTheRowsSay) {
  Make(
      "\xEF\xBB\xBFHandle,Title,Vendor,Status,Option1 Value,Option2 Value,Option3 Value,Variant SKU,Variant Barcode,"
      "Variant Price,Variant Inventory Qty,Body\n"
      "a/b,\"A \"\"big\"\"\nshirt\",Acme,archived,Red,M\\L,,sku-1,'0012,19.9,-1,\n"
      "a/b,,,active,Red,S,x,,,20,,\n"
      "c,,,,,,,,,,,\"image\n\nonly\"\n");
  const absl::StatusOr<PullPage> page = adapter_->Pull({});
  ASSERT_TRUE(page.ok()) << page.status();
  const PulledItems pulled = PullAll(*adapter_);
  ASSERT_THAT(pulled.items, SizeIs(2));
  const ConformanceItem first = {"a\\/b/Red/M\\\\L",
                                 "a/b",
                                 {1990, -1, ChannelStatus::kDead},
                                 {{"id", "a\\/b/Red/M\\\\L"},
                                  {"sku", "sku-1"},
                                  {"barcode", "'0012"},
                                  {"handle", "a/b"},
                                  {"title", "A \"big\"\nshirt"},
                                  {"vendor", "Acme"},
                                  {"option1", "Red"},
                                  {"option2", "M\\L"}}};
  EXPECT_EQ(pulled.items[0], first);
  EXPECT_EQ(pulled.items[1].external_id, "a\\/b/Red/S/x");
  EXPECT_EQ(pulled.items[1].values, (ItemValues{2000, kAbsent, ChannelStatus::kDead}));
  EXPECT_THAT(pulled.revision, SizeIs(32));
}

TEST_F(CsvChannelTest, ReadsPricesInTheChannelsCurrency) {
  Make("Handle,Variant Price\na,1990\n", "JPY");
  EXPECT_EQ(PullAll(*adapter_).items.at(0).values.price, 1990);
  ExpectApplied({PriceItem("a", 2500)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,2500\n");
}

TEST_F(CsvChannelTest, AFileOfNoVariantsIsAnEmptyChannel) {
  Make("Handle,Variant Price\n");
  EXPECT_THAT(PullAll(*adapter_).items, SizeIs(0));
}

TEST_F(CsvChannelTest, ErrorsNameFileAndLine) {
  Make("Handle,Variant Price\na,\"1\n2\"\nb,1\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:2: ", "Variant Price"});
  Make("Handle,Variant Price,Variant Inventory Qty\na,1,\nb,1,lots\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:3: ", "Variant Inventory Qty"});
  Make("Handle,Price\na,1\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:1: ", "\"Variant Price\""});
  Make("Handle,Variant Price\na\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:2: "});
  Make("");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:1: "});
}

TEST_F(CsvChannelTest, ARepeatedItemNamesBothLines) {
  Make("Handle,Option1 Value,Variant Price\na,\"x\ny\",1\nb,,1\nc,,1\nb,,2\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:6: ", "\"b\"", "line 4"});
}

// A mistake at the end of the file must not leave the beginning of it taken in.
TEST_F(CsvChannelTest, TheFirstPageFindsMistakesAnywhere) {
  Make("Handle,Variant Price\na,1\nb,1\nc,x\n");
  const absl::Status status = adapter_->Pull({"", 1}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("shop.csv:4: "));
}

TEST_F(CsvChannelTest, ACursorOfAnotherRevisionIsAborted) {
  Make("Handle,Variant Price\na,1\nb,1\n");
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1});
  ASSERT_TRUE(first.ok()) << first.status();
  WriteFile(path_, "Handle,Variant Price\na,1\nb,2\n");
  EXPECT_EQ(adapter_->Pull({first->next_cursor, 1}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(adapter_->Pull({"what", 1}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(adapter_->Pull({"", 0}).status().code(), absl::StatusCode::kInvalidArgument);
}

// What the test's process has read from files so far.
int64_t BytesRead() {
  std::ifstream file("/proc/self/io");
  std::string name;
  int64_t bytes = 0;
  EXPECT_TRUE(file >> name >> bytes && name == "rchar:");
  return bytes;
}

TEST_F(CsvChannelTest, APullReadsTheFileOnceWhateverItsPages) {
  constexpr int kPages = 50;
  constexpr int kPageRows = 20;
  std::string text = "Handle,Variant Price,Body\n";
  for (int i = 0; i < kPages * kPageRows; ++i) absl::StrAppend(&text, "item ", i, ",1,", std::string(1000, 'x'), "\n");
  WriteFile(path_, text);
  const int64_t before = BytesRead();
  adapter_ = MakeAdapter(path_);
  const PulledItems pulled = PullAll(*adapter_, kPageRows);
  const int64_t read = BytesRead() - before;
  EXPECT_THAT(pulled.items, SizeIs(kPages * kPageRows));
  EXPECT_THAT(pulled.cursors, SizeIs(kPages));
  const int64_t size = static_cast<int64_t>(text.size());
  EXPECT_GE(read, size);
  EXPECT_LE(read, size + size / 5);  // The header once more, to know the columns.
}

// A pull keeps its file; what replaces that, or is written into it, is noticed all the same.
TEST_F(CsvChannelTest, APageOfAFileThatWasWrittenAgainGoesOnWhereItsContentsAreTheSame) {
  const std::string text = "Handle,Variant Price\na,1\nb,1\nc,1\n";
  Make(text);
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1});
  ASSERT_TRUE(first.ok()) << first.status();
  std::filesystem::remove(path_);
  EXPECT_EQ(adapter_->Pull({first->next_cursor, 1}).status().code(), absl::StatusCode::kNotFound);
  WriteFile(path_, text);
  const absl::StatusOr<PullPage> second = adapter_->Pull({first->next_cursor, 1});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->items.external_id[0], "b");
  EXPECT_EQ(second->revision, first->revision);
  // A new pull sees the new file, whatever is kept of the one before.
  WriteFile(path_, "Handle,Variant Price\nd,1\n");
  EXPECT_EQ(PullAll(*adapter_).items.at(0).external_id, "d");
}

// A FIFO would be waited for; of a device there is no telling where it ends.
TEST_F(CsvChannelTest, OnlyARegularFileIsAChannel) {
  const std::string fifo = folder_.PathOf("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const std::string expected = absl::StrCat(fifo, ": is a FIFO; give a regular file");
  const absl::Status made = TryMakeAdapter({{"path", fifo}}).status();
  EXPECT_EQ(made.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(made.message(), expected);
  EXPECT_EQ(TryMakeAdapter({{"path", "/dev/zero"}}).status().message(), "/dev/zero: is a device; give a regular file");

  // It comes in the file's place later.
  Make("Handle,Variant Price\na,1\n");
  std::filesystem::rename(fifo, path_);
  const std::string later = absl::StrCat(path_, ": is a FIFO; give a regular file");
  EXPECT_EQ(adapter_->Pull({}).status().message(), later);
  EXPECT_EQ(adapter_->Push({{PriceItem("a", 1)}, "x"}).status().message(), later);
}

// -- Pushes.

constexpr char kQuotedBreaks[] =
    "Handle,Body,Published,Option1 Value,Variant Price,Variant Inventory Qty,Note\r\n"
    "shirt,\"two\r\nlines, \"\"quoted\"\"\",TRUE,Red,\"10.00\",5,last\r\n"
    "shirt,,,,,,\"an image,\nno variant\"\r\n"
    "shirt,,,Blue,11.5,\"\",\r\n"
    "\r\n"
    "pen,\"first row, no variant\",false,,,,\r\n"
    "pen,,,,3,007,";

TEST_F(CsvChannelTest, ChangesTheNamedCellsAndNoOtherByte) {
  Make(kQuotedBreaks);
  ExpectApplied({MakeItem("shirt/Blue", {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus},
                          {1250, 9, ChannelStatus::kHidden}),
                 PriceItem("shirt/Red", 999), QuantityItem("pen", -2), StatusItem("pen", ChannelStatus::kListed)});
  EXPECT_EQ(ReadFile(path_),
            "Handle,Body,Published,Option1 Value,Variant Price,Variant Inventory Qty,Note\r\n"
            "shirt,\"two\r\nlines, \"\"quoted\"\"\",FALSE,Red,\"9.99\",5,last\r\n"
            "shirt,,,,,,\"an image,\nno variant\"\r\n"
            "shirt,,,Blue,12.50,\"9\",\r\n"
            "\r\n"
            "pen,\"first row, no variant\",true,,,,\r\n"
            "pen,,,,3,-2,");
}

TEST_F(CsvChannelTest, EqualValuesLeaveTheFileAlone) {
  Make(kQuotedBreaks);
  const std::string revision = Revision();
  struct stat before {};
  ASSERT_EQ(stat(path_.c_str(), &before), 0);
  const std::vector<PushItem> items = {
      MakeItem("shirt/Blue", {SyncField::kPrice, SyncField::kStatus}, {1150, 0, ChannelStatus::kListed}),
      MakeItem("pen", {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}, {300, 7, ChannelStatus::kHidden})};
  const absl::StatusOr<PushReply> reply = adapter_->Push({items, revision});
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kApplied);
  EXPECT_EQ(reply->revision, "");
  EXPECT_EQ(ReadFile(path_), kQuotedBreaks);
  struct stat after {};
  ASSERT_EQ(stat(path_.c_str(), &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

TEST_F(CsvChannelTest, TheLastOfTwoItemsForOneVariantWins) {
  Make("Handle,Variant Price\na,1.0\n");
  ExpectApplied({PriceItem("a", 200), PriceItem("a", 300)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,3.00\n");
  ExpectApplied({PriceItem("a", 200), PriceItem("a", 300)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,3.00\n");
}

TEST_F(CsvChannelTest, WritesStatusesAsTheFileHasThem) {
  Make("Handle,Status,Published,Variant Price\na,active,true,1\nb,ACTIVE,true,1\nc,Draft,true,1\nd,,true,1\n");
  ExpectApplied({StatusItem("a", ChannelStatus::kDead), StatusItem("b", ChannelStatus::kHidden),
                 StatusItem("c", ChannelStatus::kHidden), StatusItem("d", ChannelStatus::kListed)});
  EXPECT_EQ(ReadFile(path_),
            "Handle,Status,Published,Variant Price\na,archived,true,1\nb,DRAFT,true,1\nc,Draft,true,1\n"
            "d,active,true,1\n");
}

TEST_F(CsvChannelTest, RefusesAStatusThatHasNoWord) {
  Make("Handle,Published,Variant Price\na,true,1\n");
  const std::vector<PushOutcome> outcomes = Push({StatusItem("a", ChannelStatus::kDead)});
  ASSERT_THAT(outcomes, SizeIs(1));
  EXPECT_EQ(outcomes[0].result, PushResult::kRejected);
  EXPECT_EQ(outcomes[0].code, "unsupported_status");
  EXPECT_EQ(outcomes[0].field, "status");
}

TEST_F(CsvChannelTest, RefusesToWriteWhatIsAbsent) {
  Make("Handle,Variant Price,Variant Inventory Qty\na,1,2\n");
  for (const PushItem& item : {PriceItem("a", kAbsent), QuantityItem("a", kAbsent)}) {
    const std::vector<PushOutcome> outcomes = Push({item});
    ASSERT_THAT(outcomes, SizeIs(1));
    EXPECT_EQ(outcomes[0].result, PushResult::kRejected);
    EXPECT_EQ(outcomes[0].code, "missing_value");
  }
}

TEST_F(CsvChannelTest, SiblingsThatDisagreeAreRefusedWhole) {
  const std::string text =
      "Handle,Status,Option1 Value,Variant Price\na,active,1,1\na,,2,1\na,,3,1\nb,active,1,1\nb,,2,1\n";
  Make(text);
  const std::vector<PushOutcome> outcomes = Push(
      {MakeItem("a/1", {SyncField::kPrice, SyncField::kStatus}, {500, 0, ChannelStatus::kHidden}),
       MakeItem("a/2", {SyncField::kPrice, SyncField::kStatus}, {600, 0, ChannelStatus::kListed}),
       PriceItem("a/3", 700), StatusItem("b/1", ChannelStatus::kHidden), StatusItem("b/2", ChannelStatus::kHidden)});
  ASSERT_THAT(outcomes, SizeIs(5));
  for (const size_t i : {0, 1}) {
    EXPECT_EQ(outcomes[i].result, PushResult::kRejected);
    EXPECT_EQ(outcomes[i].code, "siblings_disagree");
    EXPECT_EQ(outcomes[i].field, "status");
  }
  for (const size_t i : {2, 3, 4}) EXPECT_EQ(outcomes[i].result, PushResult::kApplied);
  EXPECT_EQ(ReadFile(path_),
            "Handle,Status,Option1 Value,Variant Price\na,active,1,1\na,,2,1\na,,3,7.00\nb,draft,1,1\nb,,2,1\n");
}

TEST_F(CsvChannelTest, KeepsTheModeAndTheLinkAndLeavesOnlyItsLock) {
  Make("Handle,Variant Price\na,1\n");
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  std::filesystem::create_directory(folder_.PathOf("links"));
  const std::string link = folder_.PathOf("links/shop.csv");
  std::filesystem::create_symlink("../shop.csv", link);
  adapter_ = MakeAdapter(link);
  ExpectApplied({PriceItem("a", 200)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,2.00\n");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, mode_t{0640});
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.PathOf(""))) {
    names.insert(entry.path().filename());
  }
  EXPECT_THAT(names, ElementsAre("links", "shop.csv", "shop.csv.lock"));
}

// A limit on the size of files stands in for a full disk.
TEST_F(CsvChannelTest, AFullDiskLeavesTheFileAsItWas) {
  Make(absl::StrCat("Handle,Variant Price,Body\na,1,", std::string(5000, 'x'), "\n"));
  const std::string text = ReadFile(path_);
  const std::string revision = Revision();
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const absl::Status status = adapter_->Push({{PriceItem("a", 200)}, revision}).status();
    _exit(status.code() == absl::StatusCode::kResourceExhausted ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadFile(path_), text);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".flxlink.tmp"));
  ExpectApplied({PriceItem("a", 200)});
}

// -- Several at once, all on the same revision: one is first, and the others find another file.

constexpr int kPushers = 4;

PushItem ItemOfPusher(int pusher) { return PriceItem("a", 100 * (pusher + 2)); }

TEST_F(CsvChannelTest, OfSeveralThreadsOnePushesAndTheOthersConflict) {
  Make("Handle,Variant Price\na,1\n");
  const std::string revision = Revision();
  std::vector<PushResult> results(kPushers);
  std::vector<std::thread> threads;
  for (int i = 0; i < kPushers; ++i) {
    threads.emplace_back([&, i] {
      const absl::StatusOr<PushReply> reply = adapter_->Push({{ItemOfPusher(i)}, revision});
      EXPECT_TRUE(reply.ok()) << reply.status();
      if (reply.ok()) results[static_cast<size_t>(i)] = reply->outcomes.at(0).result;
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto winner = std::find(results.begin(), results.end(), PushResult::kApplied);
  ASSERT_NE(winner, results.end());
  EXPECT_EQ(std::count(results.begin(), results.end(), PushResult::kConflict), kPushers - 1);
  EXPECT_EQ(PullAll(*adapter_).items.at(0).values.price,
            ItemOfPusher(static_cast<int>(winner - results.begin())).values.price);
}

TEST_F(CsvChannelTest, OfSeveralProcessesOnePushesAndTheOthersConflict) {
  Make("Handle,Variant Price\na,1\n");
  const std::string revision = Revision();
  std::vector<pid_t> children;
  for (int i = 0; i < kPushers; ++i) {
    children.push_back(fork());
    if (children.back() == 0) {
      const absl::StatusOr<PushReply> reply = MakeAdapter(path_)->Push({{ItemOfPusher(i)}, revision});
      _exit(reply.ok() ? static_cast<int>(reply->outcomes.at(0).result) : 100);
    }
  }
  int applied = 0;
  int conflicts = 0;
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    applied += WEXITSTATUS(status) == static_cast<int>(PushResult::kApplied) ? 1 : 0;
    conflicts += WEXITSTATUS(status) == static_cast<int>(PushResult::kConflict) ? 1 : 0;
  }
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(conflicts, kPushers - 1);
}

// -- Real files.

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
    if (n % 5 == 0) {
      items.push_back(QuantityItem(id, n - 300000));
      expected.Set(row, "Variant Inventory Qty", absl::StrCat(n - 300000));
    }
    if (product_row == row && n % 2 == 0 && expected.Value(row, "Published") == "true") {
      items.push_back(StatusItem(id, ChannelStatus::kHidden));
      expected.Set(row, "Published", "false");
    }
  }
  ASSERT_EQ(variants, static_cast<int64_t>(GetParam().variants));
  const absl::StatusOr<PushReply> reply = adapter_->Push({items, PullAll(*adapter_).revision});
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kApplied);
  EXPECT_TRUE(ReadFile(path_) == expected.Text());
  EXPECT_EQ(PullAll(*adapter_).revision, reply->revision);

  const absl::StatusOr<PushReply> again = adapter_->Push({items, reply->revision});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->revision, "") << "nothing was left to change";
}

TEST_P(CsvChannelRealFileTest, APushOfWhatIsThereLeavesEveryByte) {
  const std::string text = ReadFile(path_);
  const PulledItems pulled = PullAll(*adapter_);
  std::vector<PushItem> items;
  for (const ConformanceItem& item : pulled.items) {
    items.push_back(MakeItem(item.external_id, PresentFields(item.values), item.values));
  }
  const absl::StatusOr<PushReply> reply = adapter_->Push({items, pulled.revision});
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kApplied);
  EXPECT_EQ(reply->revision, "");
  EXPECT_TRUE(ReadFile(path_) == text);
}

INSTANTIATE_TEST_SUITE_P(Shopify, CsvChannelRealFileTest,
                         testing::Values(RealFile{"apparel", 96}, RealFile{"fashion", 3684}, RealFile{"jewelry", 24},
                                         RealFile{"snowdevil", 622}),
                         [](const testing::TestParamInfo<RealFile>& file) { return file.param.name; });

}  // namespace
}  // namespace flxlink
