#include "flxlink/csv_channel.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
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
#include "src/csv/utf16.h"
#include "src/files/file_lock.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
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

// With what the channel is last known to have.
PushItem Knowing(PushItem item, const ItemValues& known) {
  item.known = known;
  return item;
}

PushItem WithHandle(PushItem item, const std::string& handle) {
  item.handle = handle;
  return item;
}

// A call without a limit.
class TestCall : public CallContext {
 public:
  absl::Duration time_left() const override { return absl::InfiniteDuration(); }
  bool cancelled() const override { return is_cancelled_; }
  void Log(LogLevel, absl::string_view) const override {}

  void Cancel() { is_cancelled_ = true; }

 private:
  bool is_cancelled_ = false;
};

// Calls a function each time that it is asked whether it was cancelled, with how often it was asked before. Late from
// the start, as each push of a kind without a timeout is.
class AskedCall : public CallContext {
 public:
  explicit AskedCall(std::function<void(int)> asked) : asked_(std::move(asked)) {}

  absl::Duration time_left() const override { return absl::ZeroDuration(); }
  bool cancelled() const override {
    asked_(times_++);
    return false;
  }
  void Log(LogLevel, absl::string_view) const override {}

 private:
  const std::function<void(int)> asked_;
  mutable int times_ = 0;
};

absl::StatusOr<PushReply> PushRows(const ChannelAdapter& adapter, const std::vector<PushItem>& items) {
  PushRequest request;
  request.kind = "rows";
  request.items = items;
  return adapter.Push(request, TestCall());
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

namespace {

// -- What only this channel does.

class CsvChannelTest : public ::testing::Test {
 protected:
  // Makes the file, and an adapter for it.
  void Make(const std::string& text, const char* currency = "USD") {
    WriteFile(path_, text);
    adapter_ = MakeAdapter(path_, currency);
  }

  // The pages of a pull.
  std::vector<PullPage> Pages(int64_t limit = 1000) {
    std::vector<PullPage> pages;
    std::string cursor;
    do {
      absl::StatusOr<PullPage> page = adapter_->Pull({cursor, limit}, TestCall());
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      cursor = page->next_cursor;
      pages.push_back(*std::move(page));
    } while (!cursor.empty());
    return pages;
  }

  absl::StatusOr<FetchReply> Fetch(const std::vector<std::string>& ids) {
    FetchRequest request;
    request.external_ids = ids;
    return adapter_->Fetch(request, TestCall());
  }

  // By external id.
  std::map<std::string, std::string> Handles() {
    std::map<std::string, std::string> handles;
    for (const PullPage& page : Pages()) {
      for (int64_t i = 0; i < page.items.size(); ++i) {
        handles[std::string(page.items.external_id[i])] = std::string(page.items.handle[i]);
      }
    }
    return handles;
  }

  // Expects that exactly that item is a conflict whose message has these parts, and that the others are applied.
  void ExpectConflict(const std::vector<PushItem>& items, size_t conflict, const std::vector<std::string>& parts) {
    const std::vector<PushOutcome> outcomes = Push(items);
    ASSERT_THAT(outcomes, SizeIs(items.size()));
    for (size_t i = 0; i < items.size(); ++i) {
      EXPECT_EQ(outcomes[i].result, i == conflict ? PushResult::kConflict : PushResult::kApplied)
          << items[i].external_id << ": " << outcomes[i].message;
    }
    for (const std::string& part : parts) EXPECT_THAT(outcomes[conflict].message, HasSubstr(part));
    EXPECT_THAT(outcomes[conflict].message, EndsWith("; pull again"));
  }

  std::vector<PushOutcome> Push(const std::vector<PushItem>& items) {
    const absl::StatusOr<PushReply> reply = PushRows(*adapter_, items);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->outcomes : std::vector<PushOutcome>();
  }

  void ExpectApplied(const std::vector<PushItem>& items) {
    for (const PushOutcome& outcome : Push(items)) EXPECT_EQ(outcome.result, PushResult::kApplied) << outcome.message;
  }

  void ExpectPullError(absl::StatusCode code, const std::vector<std::string>& parts) {
    const absl::Status status = adapter_->Pull({}, TestCall()).status();
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

TEST_F(CsvChannelTest, NeedsAPathAndTakesADecimalMark) {
  const absl::Status none = TryMakeAdapter({}).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(none.message()), HasSubstr("\"path\""));
  EXPECT_EQ(TryMakeAdapter({{"path", ""}}).status().code(), absl::StatusCode::kInvalidArgument);
  const absl::Status unknown = TryMakeAdapter({{"path", "x"}, {"pth", "y"}}).status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("\"pth\""));
  const absl::Status decimal = TryMakeAdapter({{"path", "x"}, {"decimal", "dot"}}).status();
  EXPECT_EQ(decimal.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(decimal.message()), HasSubstr("\"dot\"; use point or comma"));
}

TEST_F(CsvChannelTest, CanSetWhatTheFileHasColumnsFor) {
  Make("Handle,Variant Price,Variant Inventory Qty,Published\n");
  EXPECT_EQ(SettableFields(adapter_->capabilities()),
            (SyncFields{SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}));
  EXPECT_THAT(adapter_->capabilities().status_set, ElementsAre(ChannelStatus::kListed, ChannelStatus::kHidden));
  Make("Handle,Variant Price\n");
  EXPECT_EQ(SettableFields(adapter_->capabilities()), kPrice);
  EXPECT_THAT(adapter_->capabilities().status_set, SizeIs(0));
  EXPECT_EQ(adapter_->capabilities().kept_by_parent, SyncFields());
}

TEST_F(CsvChannelTest, DeclaresOneKindOfPush) {
  Make("Handle,Variant Price,Status,Variant Compare At Price,Variant Inventory Qty\n");
  const AdapterCapabilities& capabilities = adapter_->capabilities();
  EXPECT_EQ(CheckCapabilities(capabilities), absl::OkStatus());
  ASSERT_THAT(capabilities.push_kinds, SizeIs(1));
  const PushKind& kind = capabilities.push_kinds[0];
  EXPECT_EQ(kind.name, "rows");
  EXPECT_EQ(FormatSyncFields(kind.fields), "price,quantity,status,compare_at_price");
  EXPECT_EQ(kind.compares, kind.fields);
  EXPECT_EQ(kind.max_items, 0);
  EXPECT_TRUE(kind.takes_good_items);
  EXPECT_EQ(kind.timeout, absl::ZeroDuration());
  EXPECT_EQ(capabilities.kept_by_parent, kStatus);
  EXPECT_TRUE(capabilities.complete_pull);
  EXPECT_EQ(capabilities.fetch_limit, 10000);
}

TEST_F(CsvChannelTest, RefusesAKindThatItDoesNotHave) {
  Make("Handle,Variant Price\na,1\n");
  const std::vector<PushItem> items = {PriceItem("a", 200)};
  const absl::Status status = adapter_->Push({"prices", items, ""}, TestCall()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"prices\""));
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,1\n");
}

TEST_F(CsvChannelTest, CanBeMadeBeforeItsFile) {
  adapter_ = MakeAdapter(path_);
  EXPECT_EQ(FormatSyncFields(SettableFields(adapter_->capabilities())), "price,quantity,status,compare_at_price");
  ExpectPullError(absl::StatusCode::kNotFound, {"`path`", "check the path"});
  EXPECT_EQ(PushRows(*adapter_, {PriceItem("a", 1)}).status().code(), absl::StatusCode::kNotFound);

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

TEST_F(CsvChannelTest, ACompareAtPriceThatCannotBeReadCountsAsNoneToAPull) {
  Make(
      "Handle,Variant Price,Variant Compare At Price\n"
      "a,1,2.5\nb,1,soon\nc,1,\nd,1,7.00\n");
  std::vector<int64_t> seen;
  for (const ConformanceItem& item : PullAll(*adapter_).items) seen.push_back(item.values.compare_at_price);
  EXPECT_THAT(seen, ElementsAre(250, kAbsent, kAbsent, 700));
  ExpectApplied({CompareAtItem("a", 250), CompareAtItem("c", 400)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price,Variant Compare At Price\na,1,2.5\nb,1,soon\nc,1,4.00\nd,1,7.00\n");
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
  const absl::StatusOr<PullPage> page = adapter_->Pull({}, TestCall());
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
}

TEST_F(CsvChannelTest, TodaysColumnNamesAreReadAndWritten) {
  const std::string text =
      "Title,URL handle,Vendor,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Option2 value,"
      "Option3 value,Price,Compare-at price,Inventory tracker,Inventory quantity\n"
      "Shirt,shirt,Acme,TRUE,active,s-1,0012,Size,S,Red,x,19.90,25.00,shopify,3\n"
      ",shirt,,,,s-2,,,M,,,21.00,,,\n";
  Make(text);
  const PulledItems pulled = PullAll(*adapter_);
  ASSERT_THAT(pulled.items, SizeIs(2));
  const ConformanceItem first = {"shirt/S/Red/x",
                                 "shirt",
                                 {1990, 3, ChannelStatus::kListed, 2500},
                                 {{"id", "shirt/S/Red/x"},
                                  {"sku", "s-1"},
                                  {"barcode", "0012"},
                                  {"handle", "shirt"},
                                  {"title", "Shirt"},
                                  {"vendor", "Acme"},
                                  {"option1", "S"},
                                  {"option2", "Red"},
                                  {"option3", "x"}}};
  EXPECT_EQ(pulled.items[1], first);
  EXPECT_EQ(pulled.items[0].values, (ItemValues{2100, kAbsent, ChannelStatus::kListed}));
  EXPECT_THAT(pulled.items[0].fixed, ElementsAre(FixedField{"quantity", FixedReason::kNotTracked}));
  ExpectApplied({PriceItem("shirt/M", 2200), QuantityItem("shirt/S/Red/x", 7), CompareAtItem("shirt/S/Red/x", 3000),
                 StatusItem("shirt/M", ChannelStatus::kHidden)});
  EXPECT_EQ(ReadFile(path_),
            absl::StrReplaceAll(
                text, {{"active", "draft"}, {"25.00", "30.00"}, {"shopify,3", "shopify,7"}, {"21.00", "22.00"}}));
}

TEST_F(CsvChannelTest, TheInventoryPolicyIsShownAsItStands) {
  for (const char* header :
       {"Handle,Variant Inventory Policy,Variant Price", "URL handle,Continue selling when out of stock,Price"}) {
    Make(absl::StrCat(header, "\na,deny,1\nb,CONTINUE,1\nc,,1\n,deny,\n"));
    const std::vector<PullPage> pages = Pages();
    ASSERT_THAT(pages, SizeIs(1));
    EXPECT_THAT(pages[0].problems, SizeIs(0)) << "a policy makes no variant";
    const StringColumn* policy = pages[0].items.fields.Find("inventory_policy");
    ASSERT_NE(policy, nullptr);
    ASSERT_EQ(policy->size(), 3);
    EXPECT_EQ((*policy)[0], "deny");
    EXPECT_EQ((*policy)[1], "CONTINUE");
    EXPECT_EQ((*policy)[2], "");
  }
}

// A price taken away for a while is no item gone: its link would break.
TEST_F(CsvChannelTest, AVariantWithoutAPriceIsOneThatStatesNone) {
  Make("Handle,Option1 Value,Variant SKU,Variant Price\na,S,k,\na,M,,\na,,,\nb,,k2, \n");
  const PulledItems pulled = PullAll(*adapter_);
  EXPECT_THAT(pulled.problems, SizeIs(0));
  ASSERT_THAT(pulled.items, SizeIs(3));
  EXPECT_EQ(pulled.items[0].external_id, "a/M");
  for (const ConformanceItem& item : pulled.items) EXPECT_EQ(item.values.price, kAbsent) << item.external_id;
  ExpectApplied({PriceItem("a/M", 250)});
  EXPECT_EQ(ReadFile(path_), "Handle,Option1 Value,Variant SKU,Variant Price\na,S,k,\na,M,,2.50\na,,,\nb,,k2, \n");
}

// Sorted by SKU, say: what the first row of a product says holds for all of it, on every page, and after a crash.
TEST_F(CsvChannelTest, RowsOfOneHandleAreOneProductWhereverTheyStand) {
  Make(
      "Handle,Title,Status,Option1 Value,Variant Price\n"
      "a,A,draft,S,1\nb,B,active,,1\na,Other,active,M,2\nb,,,L,3\na,,,L,3\n");
  for (const bool is_new : {false, true}) {
    std::vector<std::string> seen;
    std::string cursor;
    do {
      if (is_new) adapter_ = MakeAdapter(path_);
      const absl::StatusOr<PullPage> page = adapter_->Pull({cursor, 2}, TestCall());
      ASSERT_TRUE(page.ok()) << page.status();
      for (int64_t i = 0; i < page->items.size(); ++i) {
        seen.push_back(absl::StrCat(page->items.external_id[i], " ", (*page->items.fields.Find("title"))[i], " ",
                                    ToString(ValuesAt(page->items, i).status)));
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
    EXPECT_THAT(seen, ElementsAre("a/S A hidden", "b B listed", "a/M A hidden", "b/L B listed", "a/L A hidden"));
  }
  const absl::StatusOr<FetchReply> fetched = Fetch({"a/L"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(ValuesAt(fetched->items, 0).status, ChannelStatus::kHidden);
  EXPECT_EQ((*fetched->items.fields.Find("title"))[0], "A");
}

TEST_F(CsvChannelTest, SiblingsThatStandApartShareTheStatusOfTheirFirstRow) {
  const std::string header = "Handle,Status,Option1 Value,Variant Price\n";
  Make(header + "a,active,1,1\nb,active,,1\na,active,2,1\n");
  ExpectApplied({StatusItem("a/2", ChannelStatus::kHidden)});
  EXPECT_EQ(ReadFile(path_), header + "a,draft,1,1\nb,active,,1\na,active,2,1\n");
  for (const PushOutcome& outcome :
       Push({StatusItem("a/1", ChannelStatus::kHidden), StatusItem("a/2", ChannelStatus::kListed)})) {
    EXPECT_EQ(outcome.code, problem_code::kSiblingsDisagree);
  }
}

TEST_F(CsvChannelTest, ASiblingThatSaysAnotherStatusIsToldAndHasItsProducts) {
  Make(
      "Handle,Status,Option1 Value,Variant Price\n"
      "a,active,\"1\n2\",1\na,Active,3,1\nb,,1,1\na,draft,4,1\na, ,5,1\nb,Entwurf,2,1\na,archived,,\na,draft,6,x\n");
  const std::vector<PullPage> pages = Pages();
  ASSERT_THAT(pages, SizeIs(1));
  std::vector<std::string> seen;
  for (int64_t i = 0; i < pages[0].items.size(); ++i) {
    seen.push_back(absl::StrCat(pages[0].items.external_id[i], " ", ToString(ValuesAt(pages[0].items, i).status)));
  }
  EXPECT_THAT(seen,
              ElementsAre("a/1\n2 listed", "a/3 listed", "b/1 unknown", "a/4 listed", "a/5 listed", "b/2 unknown"));
  const std::vector<ItemProblem>& problems = pages[0].problems;
  ASSERT_THAT(problems, SizeIs(3)) << "an image says nothing of a variant";
  EXPECT_EQ(problems[0].external_id, "a/4");
  EXPECT_EQ(problems[0].problem.code, problem_code::kStatusDisagrees);
  EXPECT_THAT(problems[0].problem.args,
              ElementsAre(Field{"external_id", "a/4"}, Field{"file", path_}, Field{"line", "6"},
                          Field{"first_line", "2"}, Field{"column", "Status"}));
  EXPECT_THAT(
      problems[0].problem.message,
      EndsWith("shop.csv:6: column \"Status\": the variant \"a/4\" says \"draft\", and its product's first row, "
               "line 2, says \"active\", which counts; write one word on all rows of the product, or on its "
               "first only"));
  EXPECT_EQ(problems[1].external_id, "b/2");
  EXPECT_THAT(problems[1].problem.message, HasSubstr("line 5, says \"\", which counts"));
  EXPECT_EQ(problems[2].external_id, "a/6");
  EXPECT_EQ(problems[2].problem.code, problem_code::kUnreadableItem) << "what keeps it from being an item is told";
}

// The problem of an item makes a page no shorter.
TEST_F(CsvChannelTest, PagesOfItemsThatSayAnotherStatusAreAsLong) {
  Make(
      "Handle,Published on online store,Option1 value,Price\n"
      "a,TRUE,1,1\na,FALSE,2,1\na,FALSE,3,1\na,FALSE,4,1\n");
  const std::vector<PullPage> pages = Pages(2);
  ASSERT_THAT(pages, SizeIs(2));
  EXPECT_THAT(pages[0].problems, SizeIs(1));
  EXPECT_EQ(pages[1].items.size(), 2);
  EXPECT_THAT(pages[1].problems, SizeIs(2));
  EXPECT_THAT(pages[0].problems[0].problem.message, HasSubstr("column \"Published on online store\": "));

  const absl::StatusOr<FetchReply> fetched = Fetch({"a/4"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->items.size(), 1);
  ASSERT_THAT(fetched->problems, SizeIs(1));
  EXPECT_EQ(fetched->problems[0].problem.code, problem_code::kStatusDisagrees);
}

TEST_F(CsvChannelTest, ReadsPricesInTheChannelsCurrency) {
  Make("Handle,Variant Price\na,1990\n", "JPY");
  EXPECT_EQ(PullAll(*adapter_).items.at(0).values.price, 1990);
  ExpectApplied({PriceItem("a", 2500)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,2500\n");
}

TEST_F(CsvChannelTest, AnEmptyTrackerIsAQuantityThatCannotBeSet) {
  const std::string text =
      "Handle,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\n"
      "meal,,,11\ngift, ,40,25\nposter,shopify,3,8\n";
  Make(text);
  const std::vector<FixedField> fixed = {{"quantity", FixedReason::kNotTracked}};
  const ChannelVariantBatch items = Pages().front().items;
  ASSERT_THAT(items.fixed, SizeIs(3));
  EXPECT_EQ(items.fixed[0].get(), fixed);
  EXPECT_EQ(items.fixed[1].get(), fixed) << "a stray blank names nobody";
  EXPECT_TRUE(items.fixed[2].empty());

  const std::vector<PushOutcome> outcomes =
      Push({QuantityItem("meal", 40), QuantityItem("gift", 40), PriceItem("meal", 1200), QuantityItem("poster", 6)});
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(outcomes[i].result, PushResult::kRejected);
    EXPECT_EQ(outcomes[i].code, problem_code::kFieldFixed);
    EXPECT_EQ(outcomes[i].field, "quantity");
  }
  EXPECT_EQ(outcomes[0].message, absl::StrCat(path_,
                                              ":2: the inventory of \"meal\" is not tracked; name who tracks it, "
                                              "or do not sync its quantity"));
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(text, {{"11", "12.00"}, {"shopify,3", "shopify,6"}}));
}

TEST_F(CsvChannelTest, WithoutAColumnOfTrackersEveryQuantityCanBeSet) {
  Make("Handle,Variant Inventory Qty,Variant Price\na,,11\n");
  EXPECT_THAT(Pages().front().items.fixed, testing::IsEmpty());
  ExpectApplied({QuantityItem("a", 40)});
}

TEST_F(CsvChannelTest, AFileOfNoVariantsIsAnEmptyChannel) {
  Make("Handle,Variant Price\n");
  EXPECT_THAT(PullAll(*adapter_).items, SizeIs(0));
}

TEST_F(CsvChannelTest, WhatIsNoCsvFailsThePullWithFileAndLine) {
  Make("Handle,Cost\na,1\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:1: ", "\"Variant Price\" or \"Price\""});
  Make("Handle,Variant Price\na\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:2: "});
  Make("Handle,Variant Price\na,1\nb,\"1\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:3: ", "never closed"});
  Make("Handle,Variant Price\na,1\n\xFF,1\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:3: ", "UTF-8"});
  Make("");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:1: "});
}

// A mistake at the end of the file must not leave the beginning of it taken in.
TEST_F(CsvChannelTest, TheFirstPageFindsMistakesAnywhere) {
  Make("Handle,Variant Price\na,1\nb,1\nc\n");
  const absl::Status status = adapter_->Pull({"", 1}, TestCall()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("shop.csv:4: "));
}

TEST_F(CsvChannelTest, OddRowsAreProblemsAndTheOthersAreRead) {
  Make(
      "Handle,Option1 Value,Variant Price,Variant Inventory Qty\n"
      "a,,\"1\n2\",3\nb,,1,lots\nc,,1,1\n,Red,5,1\n,,6,1\n,,7,1\nd,,2,\n");
  const std::vector<PullPage> pages = Pages();
  ASSERT_THAT(pages, SizeIs(1));
  ASSERT_EQ(pages[0].items.size(), 2);
  EXPECT_EQ(pages[0].items.external_id[0], "c");
  EXPECT_EQ(pages[0].items.external_id[1], "d");
  const std::vector<ItemProblem>& problems = pages[0].problems;
  ASSERT_THAT(problems, SizeIs(5));
  EXPECT_EQ(problems[0].external_id, "a");
  EXPECT_EQ(problems[0].problem.code, "unreadable_item");
  EXPECT_THAT(problems[0].problem.args, ElementsAre(Field{"external_id", "a"}, Field{"file", path_}, Field{"line", "2"},
                                                    Field{"column", "Variant Price"}));
  EXPECT_THAT(problems[0].problem.message, HasSubstr("shop.csv:2: column \"Variant Price\": "));
  EXPECT_EQ(problems[1].external_id, "b");
  EXPECT_THAT(
      problems[1].problem.message,
      EndsWith("shop.csv:4: column \"Variant Inventory Qty\": \"lots\" is not a whole number; write one, or leave "
               "the cell empty"));
  // Nothing names these. They are no repeats of each other.
  for (const size_t i : {2, 3, 4}) {
    EXPECT_EQ(problems[i].external_id, "");
    EXPECT_EQ(problems[i].problem.code, "unreadable_item");
    EXPECT_THAT(problems[i].problem.message,
                HasSubstr(absl::StrCat("shop.csv:", i + 4, ": column \"Handle\": the variant has none; give")));
  }
}

TEST_F(CsvChannelTest, OfARepeatedItemTheFirstRowCounts) {
  Make("Handle,Option1 Value,Variant Price\na,\"x\ny\",1\nb,,1\nc,,1\nb,,2\nb,,x\nd,,x\nd,,1\n");
  const std::vector<PullPage> pages = Pages();
  ASSERT_THAT(pages, SizeIs(1));
  ASSERT_EQ(pages[0].items.size(), 3);
  EXPECT_EQ(pages[0].items.external_id[1], "b");
  EXPECT_EQ(pages[0].items.price[1], 100);
  const std::vector<ItemProblem>& problems = pages[0].problems;
  ASSERT_THAT(problems, SizeIs(4));
  EXPECT_EQ(problems[0].external_id, "b");
  EXPECT_EQ(problems[0].problem.code, "repeated_item");
  EXPECT_THAT(problems[0].problem.args, ElementsAre(Field{"external_id", "b"}, Field{"file", path_}, Field{"line", "6"},
                                                    Field{"first_line", "4"}));
  EXPECT_THAT(
      problems[0].problem.message,
      EndsWith("shop.csv:6: the variant \"b\" is there already, on line 4; give one of them other option values, "
               "or remove it"));
  EXPECT_EQ(problems[1].problem.code, "repeated_item");
  EXPECT_EQ(problems[2].problem.code, "unreadable_item");
  EXPECT_EQ(problems[3].external_id, "d");
  EXPECT_EQ(problems[3].problem.code, "repeated_item");

  ExpectApplied({PriceItem("b", 300)});
  EXPECT_THAT(ReadFile(path_), HasSubstr("\nb,,3.00\nc,,1\nb,,2\n"));
}

// Each page is asked of an adapter of its own too, as after a crash.
TEST_F(CsvChannelTest, ProblemsComeWithThePageOnWhichTheirRowLies) {
  Make("Handle,Variant Price\na,1\nb,x\nc,1\na,1\n,1\n,1\n,1\nd,1\n");
  for (const bool is_new : {false, true}) {
    std::vector<std::string> told;
    std::string cursor;
    do {
      if (is_new) adapter_ = MakeAdapter(path_);
      const absl::StatusOr<PullPage> page = adapter_->Pull({cursor, 2}, TestCall());
      ASSERT_TRUE(page.ok()) << page.status();
      told.emplace_back("page");
      for (int64_t i = 0; i < page->items.size(); ++i) told.emplace_back(page->items.external_id[i]);
      for (const ItemProblem& problem : page->problems) {
        told.push_back(absl::StrCat(problem.problem.code, " ", problem.external_id));
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
    EXPECT_THAT(told, ElementsAre("page", "a", "unreadable_item b", "page", "c", "repeated_item a", "page",
                                  "unreadable_item ", "unreadable_item ", "page", "d", "unreadable_item "));
  }
}

TEST_F(CsvChannelTest, AHandleIsOfWhatIdentifiesTheRow) {
  const std::string header = "Handle,Variant SKU,Variant Barcode,Variant Price,Title\n";
  Make(header + "a,s,12,1,A\nb,s1,2,1,B\n");
  const std::map<std::string, std::string> before = Handles();
  ASSERT_THAT(before, SizeIs(2));
  for (const auto& [id, handle] : before) {
    EXPECT_THAT(handle, SizeIs(16)) << id;
    EXPECT_EQ(handle.find_first_not_of("0123456789abcdef"), std::string::npos) << handle;
  }
  EXPECT_NE(before.at("a"), before.at("b"));
  WriteFile(path_, header + "b,s1,2,9,Other\na,s,12,8,Title\n");
  EXPECT_EQ(Handles(), before);
  for (const char* other : {"a,s1,2,1,A\n", "a,t,12,1,A\n", "a,s,13,1,A\n", "a,,12,1,A\n"}) {
    WriteFile(path_, header + other);
    EXPECT_NE(Handles().at("a"), before.at("a")) << other;
  }
}

// -- Fetches.

TEST_F(CsvChannelTest, AFetchIsTheItemsAsThePullHasThem) {
  Make(
      "Handle,Option1 Value,Variant SKU,Variant Price,Variant Inventory "
      "Qty\na,1,s,1,5\na,2,t,2,6\nb,,u,x,7\nc,,v,4,8\n");
  const absl::StatusOr<FetchReply> reply = Fetch({"c", "zz", "a/2", "b", "a"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->items.size(), 2);
  EXPECT_EQ(reply->items.external_id[0], "a/2");
  EXPECT_EQ(reply->items.parent_id[0], "a");
  EXPECT_EQ(ValuesAt(reply->items, 0), (ItemValues{200, 6}));
  EXPECT_EQ((*reply->items.fields.Find("sku"))[0], "t");
  EXPECT_EQ(reply->items.external_id[1], "c");
  EXPECT_EQ(reply->items.handle[1], Handles().at("c"));
  ASSERT_THAT(reply->problems, SizeIs(1));
  EXPECT_EQ(reply->problems[0].external_id, "b");
  EXPECT_EQ(reply->problems[0].problem.code, "unreadable_item");
  EXPECT_THAT(reply->missing, ElementsAre("zz", "a"));
}

TEST_F(CsvChannelTest, AFetchOfARepeatedItemIsItsFirstRow) {
  Make("Handle,Variant Price\na,1\nb,2\na,3\n");
  const absl::StatusOr<FetchReply> reply = Fetch({"a"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->items.size(), 1);
  EXPECT_EQ(reply->items.price[0], 100);
  ASSERT_THAT(reply->problems, SizeIs(1));
  EXPECT_EQ(reply->problems[0].problem.code, "repeated_item");
  EXPECT_THAT(reply->missing, SizeIs(0));
}

TEST_F(CsvChannelTest, AFetchOfAFileThatCannotBeReadFindsNothingMissing) {
  Make("Handle,Variant Price\na,1\nb\n");
  const absl::Status odd = Fetch({"a", "c"}).status();
  EXPECT_EQ(odd.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(odd.message()), HasSubstr("shop.csv:3: "));
  std::filesystem::remove(path_);
  EXPECT_EQ(Fetch({"a"}).status().code(), absl::StatusCode::kNotFound);
}

// The pages of a pull and a fetch in between do not disturb each other.
TEST_F(CsvChannelTest, AFetchDuringAPullSeesTheFileAsItIs) {
  Make("Handle,Variant Price\na,1\nb,1\n");
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1}, TestCall());
  ASSERT_TRUE(first.ok()) << first.status();
  ExpectApplied({PriceItem("b", 700)});
  const absl::StatusOr<FetchReply> fetched = Fetch({"b"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->items.price.at(0), 700);
  EXPECT_EQ(adapter_->Pull({first->next_cursor, 1}, TestCall()).status().code(), absl::StatusCode::kAborted);
}

TEST_F(CsvChannelTest, CallsThatAreCancelledReadAndWriteNothing) {
  Make("Handle,Variant Price\na,1\n");
  TestCall cancelled;
  cancelled.Cancel();
  EXPECT_EQ(adapter_->Pull({}, cancelled).status().code(), absl::StatusCode::kCancelled);
  const std::vector<std::string> ids = {"a"};
  EXPECT_EQ(adapter_->Fetch({ids}, cancelled).status().code(), absl::StatusCode::kCancelled);
  const std::vector<PushItem> items = {PriceItem("a", 200), PriceItem("b", 200)};
  const absl::StatusOr<PushReply> reply = adapter_->Push({"rows", items, ""}, cancelled);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_THAT(reply->outcomes, SizeIs(2));
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kNotTried);
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,1\n");
}

// What was read while somebody wrote may be half of the one file and half of the other.
TEST_F(CsvChannelTest, WhatChangesWhileItIsReadIsNotTakenIn) {
  const std::string text = "Handle,Variant Price\na,1\nb,1\n";
  const auto change = [&](int times) {
    if (times == 0) WriteFile(path_, text + "c,1\n");
  };
  Make(text);
  EXPECT_EQ(adapter_->Pull({"", 10}, AskedCall(change)).status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(PullAll(*adapter_).items, SizeIs(3)) << "the next pull begins anew";

  Make(text);
  const std::vector<std::string> ids = {"a", "c"};
  const absl::Status fetched = adapter_->Fetch({ids}, AskedCall(change)).status();
  EXPECT_EQ(fetched.code(), absl::StatusCode::kUnavailable) << fetched;

  // A push too that has nothing to write: what it does not find may be there.
  Make(text);
  const std::vector<PushItem> items = {PriceItem("c", 200)};
  const absl::Status pushed = adapter_->Push({"rows", items, ""}, AskedCall(change)).status();
  EXPECT_EQ(pushed.code(), absl::StatusCode::kAborted) << pushed;
}

// -- Cursors.

TEST_F(CsvChannelTest, ACursorOfAnotherRevisionIsAborted) {
  Make("Handle,Variant Price\na,1\nb,1\n");
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1}, TestCall());
  ASSERT_TRUE(first.ok()) << first.status();
  WriteFile(path_, "Handle,Variant Price\na,1\nb,2\n");
  EXPECT_EQ(adapter_->Pull({first->next_cursor, 1}, TestCall()).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(adapter_->Pull({"what", 1}, TestCall()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(adapter_->Pull({"", 0}, TestCall()).status().code(), absl::StatusCode::kInvalidArgument);
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
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1}, TestCall());
  ASSERT_TRUE(first.ok()) << first.status();
  std::filesystem::remove(path_);
  EXPECT_EQ(adapter_->Pull({first->next_cursor, 1}, TestCall()).status().code(), absl::StatusCode::kNotFound);
  WriteFile(path_, text);
  const absl::StatusOr<PullPage> second = adapter_->Pull({first->next_cursor, 1}, TestCall());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->items.external_id[0], "b");
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
  EXPECT_EQ(adapter_->Pull({}, TestCall()).status().message(), later);
  EXPECT_EQ(PushRows(*adapter_, {PriceItem("a", 1)}).status().message(), later);
}

// -- Pushes.

// Tells whether a file was replaced or written.
using FileId = std::vector<int64_t>;

FileId IdOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return {static_cast<int64_t>(info.st_ino), info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

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

TEST_F(CsvChannelTest, WritesAFileBackWithItsSeparator) {
  for (const std::string& text :
       {std::string("Handle;Title;Variant Price;Status;;\r\na;\"A;,\";1;active;;\r\n;;;;;\r\nb;B, b;2;draft;;\r\n"),
        std::string("\xEF\xBB\xBFsep=\t\nHandle\tTitle\tVariant Price\tStatus\na\tA;,\t1\tactive\nb\tB\t2\tdraft\n")}) {
    Make(text);
    ExpectApplied({PriceItem("b", 345), StatusItem("a", ChannelStatus::kHidden)});
    const std::string separator = absl::StrContains(text, "\t") ? "\t" : ";";
    EXPECT_EQ(
        ReadFile(path_),
        absl::StrReplaceAll(text, {{"active", "draft"},
                                   {absl::StrCat("2", separator, "draft"), absl::StrCat("3.45", separator, "draft")}}));
  }
}

TEST_F(CsvChannelTest, PricesAreReadAndWrittenWithTheFilesDecimalMark) {
  const std::string text =
      "Handle;Variant Price;Variant Compare At Price;Variant Inventory "
      "Qty\na;19,90;;5,0\nb;20;1.250,00;3\nc;1.234;;1\n";
  Make(text);
  const PulledItems pulled = PullAll(*adapter_);
  ASSERT_THAT(pulled.items, SizeIs(2));
  EXPECT_EQ(pulled.items[0].values, (ItemValues{1990, 5, ChannelStatus::kUnknown}));
  EXPECT_EQ(pulled.items[1].values, (ItemValues{2000, 3, ChannelStatus::kUnknown, 125000}));
  ASSERT_THAT(pulled.problems, SizeIs(1));
  EXPECT_THAT(pulled.problems[0].problem.message,
              HasSubstr("shop.csv:4: column \"Variant Price\": \"1.234\" can be read"));
  ExpectApplied({PriceItem("a", 1990), PriceItem("b", 2150), QuantityItem("a", 5)});
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(text, {{";20;", ";21,50;"}}));
  EXPECT_EQ(Push({PriceItem("c", 100)}).at(0).code, "unreadable_item");

  adapter_ = *TryMakeAdapter({{"path", path_}, {"decimal", "comma"}});
  EXPECT_EQ(PullAll(*adapter_).items.at(2).values.price, 123400);
  ExpectApplied({PriceItem("c", 100)});
  EXPECT_THAT(ReadFile(path_), HasSubstr("\nc;1,00;;1\n"));
}

// Told of each item, so that none is taken for gone, and always the same, so that it is said once: on any page, and of
// a pull that goes on elsewhere.
TEST_F(CsvChannelTest, NumbersThatCanBeReadInTwoWaysAreToldOnceForTheFile) {
  Make(
      "Handle;Variant Price;Variant Inventory Qty;Variant Compare At Price\n"
      "a;1,50;1;\nb;1.234;1;\nc;2;3,456;\nd;x;1.234;\nb;1.234;1;\n;1.234;;\ne;$;;1.234\nf;1,500; 1.000 "
      ";\ng;1;1;1.234\n");
  std::vector<std::string> told;
  for (const PullPage& page : Pages(2)) {
    for (const ItemProblem& problem : page.problems) {
      told.push_back(absl::StrCat(problem.external_id, " ", problem.problem.code));
      if (problem.problem.code != problem_code::kUnclearNumbers) continue;
      EXPECT_EQ(problem.problem.message,
                absl::StrCat(path_,
                             ":3: column \"Variant Price\": \"1.234\" can be read in two ways; say whether the file's "
                             "decimal mark is the point or the comma; further variants with such numbers: 2"));
      EXPECT_THAT(problem.problem.args, ElementsAre(Field{"external_id", "b"}, Field{"file", path_}, Field{"line", "3"},
                                                    Field{"column", "Variant Price"}, Field{"more", "2"}));
    }
  }
  EXPECT_THAT(told, ElementsAre("b unclear_numbers", "c unclear_numbers", "d unreadable_item", "b repeated_item",
                                " unreadable_item", "e unreadable_item", "f unclear_numbers"));

  // What is asked for by its name is told of by its name.
  const absl::StatusOr<FetchReply> fetched = Fetch({"c"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  ASSERT_THAT(fetched->problems, SizeIs(1));
  EXPECT_EQ(fetched->problems[0].problem.code, problem_code::kUnclearNumbers);
  EXPECT_THAT(
      fetched->problems[0].problem.message,
      EndsWith(":4: column \"Variant Inventory Qty\": \"3,456\" can be read in two ways; say whether the file's "
               "decimal mark is the point or the comma"));

  adapter_ = *TryMakeAdapter({{"path", path_}, {"decimal", "comma"}});
  EXPECT_EQ(PullAll(*adapter_).items.at(1).values.price, 123400);
}

// The row that is written shows no mark of its own, and stands before those that do.
TEST_F(CsvChannelTest, TheDecimalMarkIsTheFiles) {
  const std::string text = "Handle;Variant Price\na;20\nb;19,90\n";
  Make(text);
  ExpectApplied({PriceItem("a", 2150)});
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(text, {{"20", "21,50"}}));
}

TEST_F(CsvChannelTest, WhatTheNextPullCouldNotReadIsNotWritten) {
  const std::string text = "Handle;Variant Price\na;12\n";
  Make(text);
  for (const bool said : {false, true}) {
    adapter_ = *TryMakeAdapter({{"path", path_}, {said ? "decimal" : "path", said ? "comma" : path_}}, "KWD");
    const PushOutcome outcome = Push({PriceItem("a", 12500)}).at(0);
    EXPECT_EQ(outcome.result, said ? PushResult::kApplied : PushResult::kRejected) << outcome.message;
    EXPECT_EQ(outcome.code, said ? "" : "bad_setting");
    EXPECT_EQ(ReadFile(path_), said ? absl::StrReplaceAll(text, {{"12", "12,500"}}) : text);
  }
  EXPECT_EQ(PullAll(*adapter_).items.at(0).values.price, 12500);
}

TEST_F(CsvChannelTest, ADecimalCommaBetweenCommasIsWrittenInQuotes) {
  WriteFile(path_, "Handle,Variant Price\na,5\nb,\"1,50\"\n");
  adapter_ = *TryMakeAdapter({{"path", path_}, {"decimal", "comma"}});
  ExpectApplied({PriceItem("a", 250), PriceItem("b", 175)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,\"2,50\"\nb,\"1,75\"\n");
}

TEST_F(CsvChannelTest, WritesUtf16BackAsUtf16) {
  const std::string text =
      "\xEF\xBB\xBFHandle\tTitle\tVariant Price\r\na\tA \xF0\x9F\x98\x80\t1,00\r\nb\t\xC3\xA9\t2,00\r\n";
  for (const csv::TextEncoding encoding : {csv::TextEncoding::kUtf16Le, csv::TextEncoding::kUtf16Be}) {
    Make(csv::FromUtf8(text, encoding));
    const PulledItems pulled = PullAll(*adapter_, 1);
    ASSERT_THAT(pulled.items, SizeIs(2));
    EXPECT_THAT(pulled.items[0].fields, testing::Contains(Field{"title", "A \xF0\x9F\x98\x80"}));
    EXPECT_EQ(Fetch({"b"})->items.price.at(0), 200);
    ExpectApplied({PriceItem("b", 345)});
    EXPECT_EQ(ReadFile(path_), csv::FromUtf8(absl::StrReplaceAll(text, {{"2,00", "3,45"}}), encoding));
  }
  Make("\xFF\xFE,");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"UTF-16"});
}

TEST_F(CsvChannelTest, EqualValuesLeaveTheFileAlone) {
  Make(kQuotedBreaks);
  const FileId before = IdOf(path_);
  const std::vector<PushItem> items = {
      MakeItem("shirt/Blue", {SyncField::kPrice, SyncField::kStatus}, {1150, 0, ChannelStatus::kListed}),
      MakeItem("pen", {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}, {300, 7, ChannelStatus::kHidden})};
  const absl::StatusOr<PushReply> reply = PushRows(*adapter_, items);
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kApplied);
  EXPECT_EQ(ReadFile(path_), kQuotedBreaks);
  EXPECT_EQ(IdOf(path_), before);
}

// -- Comparing.

constexpr char kThree[] =
    "Handle,Option1 Value,Status,Variant SKU,Variant Price,Variant Inventory Qty,Variant Compare At Price\n"
    "a,1,active,s1,1,5,\n"
    "a,2,,s2,2,6,9\n"
    "b,,draft,s3,3,,soon\n";

TEST_F(CsvChannelTest, AnotherValueThanTheKnownOneIsAConflictOfThatItemAlone) {
  Make(kThree);
  ExpectConflict(
      {Knowing(PriceItem("a/1", 150), {100}), Knowing(PriceItem("a/2", 250), {199}), Knowing(QuantityItem("b", 7), {})},
      1, {"shop.csv:3: ", "\"a/2\"", "\"Variant Price\"", "found 2.00", "expected 1.99"});
  EXPECT_THAT(ReadFile(path_), HasSubstr("a,1,active,s1,1.50,5,\na,2,,s2,2,6,9\nb,,draft,s3,3,7,soon\n"));
}

// Whatever of it agrees.
TEST_F(CsvChannelTest, OfAConflictNothingIsWritten) {
  Make(kThree);
  const SyncFields mask = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  const PushItem item = MakeItem("a/1", mask, {900, 9, ChannelStatus::kHidden});
  ExpectConflict({Knowing(item, {100, 4, ChannelStatus::kListed})}, 0,
                 {"\"Variant Inventory Qty\"", "found 5", "expected 4"});
  EXPECT_EQ(ReadFile(path_), kThree);
  ExpectConflict({Knowing(item, {100, 5, ChannelStatus::kDead})}, 0,
                 {"shop.csv:2: ", "\"Status\"", "found active", "expected archived"});
  EXPECT_EQ(ReadFile(path_), kThree);
}

TEST_F(CsvChannelTest, AConflictSaysWhatTheCellsToSetHave) {
  Make(kThree);
  const SyncFields mask = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  const PushItem item = MakeItem("a/1", mask, {900, 9, ChannelStatus::kHidden});
  const PushItem priced = Knowing(PriceItem("a/2", 250), {199});
  const std::vector<PushOutcome> outcomes = Push({Knowing(item, {100, 4, ChannelStatus::kListed}), priced});
  EXPECT_EQ(outcomes.at(0).seen, (ItemValues{100, 5, ChannelStatus::kListed}));
  EXPECT_EQ(outcomes.at(1).seen, ItemValues{200});
  const PushItem other = WithHandle(PriceItem("a/1", 150), "another");
  EXPECT_EQ(Push({other}).at(0).seen, ItemValues()) << "who knows whose price that is";
}

TEST_F(CsvChannelTest, TheStatusIsComparedOnTheProductsFirstRow) {
  Make(kThree);
  ExpectConflict({Knowing(StatusItem("a/2", ChannelStatus::kDead), {kAbsent, kAbsent, ChannelStatus::kHidden})}, 0,
                 {"shop.csv:2: ", "\"a/2\"", "found active", "expected draft"});
  ExpectApplied({Knowing(StatusItem("a/2", ChannelStatus::kDead), {kAbsent, kAbsent, ChannelStatus::kListed})});
  EXPECT_THAT(ReadFile(path_), HasSubstr("a,1,archived,s1,1,5,\na,2,,s2,2,6,9\n"));
}

// There is nothing in it that could be destroyed, and a conflict would never end.
TEST_F(CsvChannelTest, AnEmptyCellIsSetWhateverWasKnown) {
  const std::string header = "Handle,Status,Variant Price,Variant Inventory Qty,Variant Compare At Price\n";
  for (const bool is_known : {false, true}) {
    Make(header + "a,,1,,\n");
    const SyncFields mask = {SyncField::kQuantity, SyncField::kStatus, SyncField::kCompareAtPrice};
    const ItemValues known = {kAbsent, 8, ChannelStatus::kHidden, 800};
    ExpectApplied(
        {Knowing(MakeItem("a", mask, {kAbsent, 7, ChannelStatus::kListed, 700}), is_known ? known : ItemValues())});
    EXPECT_EQ(ReadFile(path_), header + "a,active,1,7,7.00\n");
  }
}

// What is sent again after its sender died behind the rename.
TEST_F(CsvChannelTest, WhatIsThereAlreadyIsAppliedWhateverWasKnown) {
  Make(kThree);
  const std::string handle = Handles().at("a/1");
  const SyncFields mask = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  const std::vector<PushItem> items = {WithHandle(
      Knowing(MakeItem("a/1", mask, {900, 9, ChannelStatus::kHidden}), {100, 5, ChannelStatus::kListed}), handle)};
  ExpectApplied(items);
  const std::string text = ReadFile(path_);
  EXPECT_THAT(text, HasSubstr("a,1,draft,s1,9.00,9,\n"));
  const FileId before = IdOf(path_);
  ExpectApplied(items);
  EXPECT_EQ(IdOf(path_), before);
  EXPECT_EQ(ReadFile(path_), text);
}

TEST_F(CsvChannelTest, AnotherRowUnderTheIdIsAConflict) {
  Make(kThree);
  const std::map<std::string, std::string> handles = Handles();
  const auto items = [&](int64_t price) {
    return std::vector<PushItem>{WithHandle(PriceItem("a/1", price), handles.at("a/1")),
                                 WithHandle(PriceItem("a/2", price), handles.at("a/2")), PriceItem("b", price)};
  };
  ExpectApplied(items(500));
  const std::string text = absl::StrReplaceAll(ReadFile(path_), {{"s2", "other"}});
  WriteFile(path_, text);
  ExpectConflict(items(600), 1,
                 {"shop.csv:3: ", "\"a/2\"", Handles().at("a/2"), absl::StrCat("expected ", handles.at("a/2"))});
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(text, {{"s1,5.00", "s1,6.00"}, {"s3,5.00", "s3,6.00"}}));
}

// It is rejected, which has an end; a conflict would have none, since looking again shows the same.
TEST_F(CsvChannelTest, ACellThatCannotBeReadIsNotWrittenOver) {
  const std::string header =
      "Handle,Option1 Value,Status,Variant Price,Variant Inventory Qty,Variant Compare At Price\n";
  const std::string text = header + "a,1,unlisted,$5,many,soon\na,2,,1,1,1\nb,,draft,1,1,1\n";
  Make(text);
  struct Case {
    PushItem item;
    std::string field;
    std::string cell;
  };
  const Case cases[] = {
      {PriceItem("a/1", 100), "price", "shop.csv:2: column \"Variant Price\": \"$5\""},
      {QuantityItem("a/1", 2), "quantity", "shop.csv:2: column \"Variant Inventory Qty\": \"many\""},
      {CompareAtItem("a/1", 200), "compare_at_price", "shop.csv:2: column \"Variant Compare At Price\": \"soon\""},
      // The status is its product's.
      {StatusItem("a/2", ChannelStatus::kHidden), "status", "shop.csv:2: column \"Status\": \"unlisted\""}};
  for (const Case& one : cases) {
    // Also together with what could be set.
    const std::vector<PushOutcome> outcomes = Push({one.item, PriceItem("b", 100)});
    ASSERT_THAT(outcomes, SizeIs(2));
    EXPECT_EQ(outcomes[0].result, PushResult::kRejected) << one.field;
    EXPECT_EQ(outcomes[0].code, "unreadable_item");
    EXPECT_EQ(outcomes[0].field, one.field);
    EXPECT_THAT(outcomes[0].message, HasSubstr(one.cell));
    EXPECT_EQ(outcomes[1].result, PushResult::kApplied);
    EXPECT_EQ(ReadFile(path_), text);
  }
  ExpectApplied({QuantityItem("a/2", 2), CompareAtItem("a/2", 300)});
  EXPECT_EQ(ReadFile(path_), header + "a,1,unlisted,$5,many,soon\na,2,,1,2,3.00\nb,,draft,1,1,1\n");
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

TEST_F(CsvChannelTest, APushOfManyItemsReadsTheFileOnceAndWritesItOnce) {
  constexpr int kRows = 5000;
  std::string text = "Handle,Variant Price,Body\n";
  std::string expected = text;
  std::vector<PushItem> items;
  for (int i = 0; i < kRows; ++i) {
    const std::string body = absl::StrCat(",\"", std::string(static_cast<size_t>(i % 401), '\n'), "\"\n");
    absl::StrAppend(&text, "item ", i, ",1", body);
    absl::StrAppend(&expected, "item ", i, i % 3 == 0 ? ",2.00" : ",1", body);
    if (i % 3 == 0) items.push_back(Knowing(PriceItem(absl::StrCat("item ", i), 200), {100}));
  }
  Make(text);
  const int64_t before = BytesRead();
  ExpectApplied(items);
  const int64_t read = BytesRead() - before;
  EXPECT_TRUE(ReadFile(path_) == expected);
  const auto size = static_cast<int64_t>(text.size());
  EXPECT_GE(read, size);
  EXPECT_LE(read, 2 * size + size / 5);  // Looked through, and copied.
}

// What a call of a child process adds to the most memory that it has had, in KiB. -1: it failed.
int64_t MemoryOfPush(const ChannelAdapter& adapter, const std::vector<PushItem>& items) {
  int pipes[2];
  EXPECT_EQ(pipe(pipes), 0);
  const pid_t child = fork();
  if (child == 0) {
    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    const absl::StatusOr<PushReply> reply = PushRows(adapter, items);
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    const int64_t more = reply.ok() ? after.ru_maxrss - before.ru_maxrss : -1;
    _exit(write(pipes[1], &more, sizeof(more)) == sizeof(more) ? 0 : 1);
  }
  int64_t more = -1;
  EXPECT_EQ(read(pipes[0], &more, sizeof(more)), static_cast<ssize_t>(sizeof(more)));
  close(pipes[0]);
  close(pipes[1]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  return more;
}

TEST_F(CsvChannelTest, TheMemoryOfAPushDoesNotGrowWithColumnsThatNobodyReads) {
  std::string text = "Handle,Variant Price,Title,Body\n";
  for (int i = 0; i < 1000; ++i) {
    absl::StrAppend(&text, i, ",1,", std::string(16 << 10, 't'), ",", std::string(16 << 10, 'x'), "\n");
  }
  Make(text);
  const int64_t more = MemoryOfPush(*adapter_, {PriceItem("0", 200), PriceItem("999", 200)});
  EXPECT_GE(more, 0);
  EXPECT_LE(more, static_cast<int64_t>(text.size() >> 10) / 4);
  EXPECT_TRUE(absl::StartsWith(ReadFile(path_), "Handle,Variant Price,Title,Body\n0,2.00,t"));
}

// A limit on the size of files stands in for a full disk.
TEST_F(CsvChannelTest, AFullDiskLeavesTheFileAsItWas) {
  Make(absl::StrCat("Handle,Variant Price,Body\na,1,", std::string(5000, 'x'), "\n"));
  const std::string text = ReadFile(path_);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const absl::Status status = PushRows(*adapter_, {PriceItem("a", 200)}).status();
    _exit(status.code() == absl::StatusCode::kResourceExhausted ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadFile(path_), text);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".flxlink.tmp"));
  ExpectApplied({PriceItem("a", 200)});
}

// The call that has no time left from the start, as the engine's have, all the same waits for another one's push.
TEST_F(CsvChannelTest, APushWaitsForTheLock) {
  Make("Handle,Variant Price\na,1\n");
  absl::optional<files::FileLock> other;
  const auto lock = [&] {
    absl::StatusOr<files::FileLock> held = files::FileLock::Acquire(path_ + ".lock", absl::ZeroDuration(), TestCall());
    ASSERT_TRUE(held.ok()) << held.status();
    other.emplace(*std::move(held));
  };
  lock();
  const AskedCall call([&](int times) {
    if (times == 2) other.reset();
  });
  const std::vector<PushItem> items = {PriceItem("a", 200)};
  const absl::StatusOr<PushReply> reply = adapter_->Push({"rows", items, ""}, call);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->outcomes.at(0).result, PushResult::kApplied);
  EXPECT_FALSE(other.has_value());

  // It still ends when it is cancelled.
  lock();
  TestCall cancelled;
  cancelled.Cancel();
  const absl::StatusOr<PushReply> ended = adapter_->Push({"rows", items, ""}, cancelled);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->outcomes.at(0).result, PushResult::kNotTried);
}

// -- Several at once, all knowing the same: one is first, and the others find another value.

constexpr int kPushers = 4;

PushItem ItemOfPusher(int pusher) { return Knowing(PriceItem("a", 100 * (pusher + 2)), {100}); }

TEST_F(CsvChannelTest, OfSeveralThreadsOnePushesAndTheOthersConflict) {
  Make("Handle,Variant Price\na,1\n");
  std::vector<PushResult> results(kPushers);
  std::vector<std::thread> threads;
  for (int i = 0; i < kPushers; ++i) {
    threads.emplace_back([&, i] {
      const absl::StatusOr<PushReply> reply = PushRows(*adapter_, {ItemOfPusher(i)});
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
  std::vector<pid_t> children;
  for (int i = 0; i < kPushers; ++i) {
    children.push_back(fork());
    if (children.back() == 0) {
      const absl::StatusOr<PushReply> reply = PushRows(*MakeAdapter(path_), {ItemOfPusher(i)});
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
