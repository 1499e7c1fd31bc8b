#include "flxlink/csv_channel.h"

#include <cstdint>
#include <string>
#include <vector>

#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/csv_under_test.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

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

}  // namespace
}  // namespace flxlink
