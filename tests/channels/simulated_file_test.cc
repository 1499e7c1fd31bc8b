#include "src/channels/simulated/simulated_file.h"

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/channel.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/simulated_under_test.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::simulated {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

SimulatedContents SomeContents() {
  SimulatedContents contents;
  contents.calls = 17;
  SimulatedItem plain = {"1", "p", {1000, 5, ChannelStatus::kHidden, 1500}, {{"sku", "a,\"b\""}, {"title", "A\nB"}}};
  plain.identity = "x";
  SimulatedItem placed = {"2", "", {}, {{"sku", "c"}}};
  placed.stock = {{"berlin", 10, 3}, {"lyon", 0, 0}};
  placed.prices = {{"de", 900, 950}, {"fr", 800}};
  placed.published = {"de", ""};
  placed.fixed = {{"quantity", FixedReason::kNotTracked}, {"title", FixedReason::kKeptByParent}};
  contents.items = {plain, placed};
  return contents;
}

TEST(SimulatedFileTest, WhatIsWrittenIsReadBack) {
  const SimulatedContents contents = SomeContents();
  const absl::StatusOr<SimulatedContents> read = ParseContents("f", FormatContents(contents));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->calls, 17);
  ASSERT_THAT(read->items, SizeIs(2));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read->items[i].external_id, contents.items[i].external_id);
    EXPECT_EQ(read->items[i].parent_id, contents.items[i].parent_id);
    EXPECT_EQ(read->items[i].values, contents.items[i].values);
    EXPECT_EQ(read->items[i].fields, contents.items[i].fields);
    EXPECT_EQ(read->items[i].identity, contents.items[i].identity);
    EXPECT_EQ(read->items[i].stock, contents.items[i].stock);
    EXPECT_EQ(read->items[i].prices, contents.items[i].prices);
    EXPECT_EQ(read->items[i].published, contents.items[i].published);
    EXPECT_EQ(read->items[i].fixed, contents.items[i].fixed);
  }
}

TEST(SimulatedFileTest, WhatCannotBeReadIsNamed) {
  const auto error_of = [](const std::string& text) {
    return std::string(ParseContents("f.csv", text).status().message());
  };
  EXPECT_THAT(error_of("sku\n1\n"), HasSubstr("external_id"));
  EXPECT_THAT(error_of("external_id,price\n1,5\n2,1.5\n"),
              HasSubstr("f.csv:3: column \"price\" is \"1.5\"; make it a whole number"));
  EXPECT_THAT(error_of("external_id,on_hand@berlin\n1,x\n"), HasSubstr("whole number"));
  EXPECT_THAT(error_of("external_id,status\n1,sold\n"), HasSubstr("make it a status"));
  EXPECT_THAT(error_of("external_id,fixed@price\n1,no\n"),
              HasSubstr("column \"fixed@price\" is \"no\"; make it a reason: not_tracked"));
  EXPECT_THAT(error_of("external_id,fixed@The Price\n1,not_tracked\n"), HasSubstr("names no field"));
  EXPECT_THAT(error_of("external_id,sku\n,a\n"), HasSubstr("f.csv:2: there is no external_id"));
}

class LateCall : public NoLimitCall {
 public:
  absl::Duration time_left() const override { return absl::ZeroDuration(); }
};

TEST(SimulatedFileTest, IsHeldByOneAtATime) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("shop.sim");
  {
    const absl::StatusOr<SimulatedFile> first = SimulatedFile::Open(path, NoLimitCall());
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_EQ(SimulatedFile::Open(path, LateCall()).status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(SimulatedFile::Open(path, CancelledCall()).status().code(), absl::StatusCode::kCancelled);
  }
  EXPECT_TRUE(SimulatedFile::Open(path, LateCall()).ok());
}

// What a person edits while a call is under way is not lost.
TEST(SimulatedFileTest, DoesNotWriteOverWhatSomebodyEditedMeanwhile) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("shop.sim");
  const auto edit = [&](const std::string& text) { std::ofstream(path, std::ios::binary) << text; };
  const std::string edited = "external_id,price\n1,500\n";
  {
    absl::StatusOr<SimulatedFile> file = SimulatedFile::Open(path, NoLimitCall());
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->Read().status().code(), absl::StatusCode::kNotFound);
    edit(edited);
    EXPECT_EQ(file->Write({}).code(), absl::StatusCode::kAborted) << "it was not there when it was read";
  }
  absl::StatusOr<SimulatedFile> file = SimulatedFile::Open(path, NoLimitCall());
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(file->Read().ok());
  edit(edited + "2,600\n");
  EXPECT_EQ(file->Write({}).code(), absl::StatusCode::kAborted);
  const absl::StatusOr<SimulatedContents> there = file->Read();
  ASSERT_TRUE(there.ok()) << there.status();
  EXPECT_EQ(there->items.size(), 2u);
  EXPECT_EQ(file->Write(*there), absl::OkStatus());
}

// -- The adapter whose platform is there.

class SimulatedFileChannelTest : public ::testing::Test {
 protected:
  // As another process would make it.
  std::unique_ptr<ChannelAdapter> Make(ChannelSettings settings = {}) {
    AdapterRegistry registry;
    RegisterSimulatedChannel(registry, clock_);
    settings.emplace_back("path", path_);
    const ChannelConfig config = SimulatedConfig(std::move(settings));
    const std::unique_ptr<CredentialResolver> credentials = NewEnvironmentCredentials();
    absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = registry.Make({config, *credentials});
    EXPECT_TRUE(adapter.ok()) << adapter.status();
    return *std::move(adapter);
  }

  SimulatedContents Contents() {
    absl::StatusOr<SimulatedFile> file = SimulatedFile::Open(path_, call_);
    EXPECT_TRUE(file.ok()) << file.status();
    absl::StatusOr<SimulatedContents> contents = file->Read();
    EXPECT_TRUE(contents.ok()) << contents.status();
    return *std::move(contents);
  }

  ManualClock clock_;
  const NoLimitCall call_{};
  const TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.sim");
};

TEST_F(SimulatedFileChannelTest, APushIsSeenByTheNextProcess) {
  const PulledItems before = PullAll(*Make());
  ASSERT_THAT(before.items, SizeIs(20));
  PushItem item;
  item.external_id = "item-7";
  item.handle = before.handles.at("item-7");
  item.mask = {SyncField::kPrice};
  item.values.price = 4242;
  const absl::StatusOr<PushReply> reply = Make()->Push({"items", {&item, 1}, ""}, call_);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->outcomes[0].result, PushResult::kApplied);
  const std::vector<std::string> ids = {"item-7"};
  const absl::StatusOr<FetchReply> fetched = Make()->Fetch({ids}, call_);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->items.price[0], 4242);
  EXPECT_EQ(fetched->items.handle[0], item.handle);
  EXPECT_EQ(Contents().calls, 3);
}

// Chance goes on from call to call: what befell one call does not befall each.
TEST_F(SimulatedFileChannelTest, ChanceGoesOn) {
  int throttled = 0;
  for (int i = 0; i < 40; ++i) throttled += IsThrottled(Make({{"throttled", "0.5"}})->Pull({}, call_).status()) ? 1 : 0;
  EXPECT_GT(throttled, 0);
  EXPECT_LT(throttled, 40);
}

PushItem PriceOf(const std::string& external_id, int64_t price) {
  PushItem item;
  item.external_id = external_id;
  item.mask = {SyncField::kPrice};
  item.values.price = price;
  return item;
}

// What is refused for good is refused again by the next process, as the same values are by one that goes on.
TEST_F(SimulatedFileChannelTest, WhatIsRefusedForGoodStaysRefused) {
  std::vector<PushItem> items;
  for (int i = 1; i <= 20; ++i) items.push_back(PriceOf(absl::StrCat("item-", i), i));
  const auto results = [&] {
    std::vector<PushResult> all;
    const absl::StatusOr<PushReply> reply = Make({{"item_rejected", "0.5"}})->Push({"items", items, ""}, call_);
    EXPECT_TRUE(reply.ok()) << reply.status();
    for (const PushOutcome& outcome : reply->outcomes) all.push_back(outcome.result);
    return all;
  };
  const std::vector<PushResult> first = results();
  EXPECT_THAT(first, ::testing::Contains(PushResult::kRejected));
  EXPECT_THAT(first, ::testing::Contains(PushResult::kApplied));
  EXPECT_EQ(results(), first);
}

TEST_F(SimulatedFileChannelTest, WhatIsFixedCannotBeSet) {
  ASSERT_TRUE(Make({{"fixed", "1"}})->Pull({}, call_).ok());
  for (const SimulatedItem& item : Contents().items) {
    ASSERT_THAT(item.fixed, SizeIs(1));
    const absl::StatusOr<PushReply> reply = Make()->Push({"items", {PriceOf(item.external_id, 5)}, ""}, call_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    const bool is_fixed = item.fixed.get()[0].field == "price";
    EXPECT_EQ(reply->outcomes[0].result, is_fixed ? PushResult::kRejected : PushResult::kApplied);
  }
}

TEST_F(SimulatedFileChannelTest, ABatchIsRefusedWholeForOneItem) {
  const std::vector<PushItem> items = {PriceOf("item-1", 5), PriceOf("item-2", -1)};
  EXPECT_EQ(Make({{"whole_batches", "yes"}})->Push({"items", items, ""}, call_).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_NE(Contents().items[0].values.price, 5);
}

// What cannot be kept in the file is not declared.
TEST_F(SimulatedFileChannelTest, DeclaresNoKeys) {
  for (const PushKind& kind : Make({{"calls", "split"}})->capabilities().push_kinds) {
    EXPECT_EQ(kind.keys, IdempotencyKeys::kNone);
  }
}

TEST_F(SimulatedFileChannelTest, APageIsNotReadyAtOnce) {
  int asked_again = 0;
  absl::StatusOr<PullPage> page = Make({{"not_ready", "0.7"}})->Pull({}, call_);
  for (; page.ok() && page->ask_again_after > absl::ZeroDuration(); ++asked_again) {
    EXPECT_EQ(page->items.size(), 0);
    PullRequest request;
    request.cursor = page->next_cursor;
    page = Make({{"not_ready", "0.7"}})->Pull(request, call_);
  }
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->items.size(), 20);
  EXPECT_GT(asked_again, 0);
}

TEST_F(SimulatedFileChannelTest, WhatPeopleDoIsKept) {
  Make()->Pull({}, call_).IgnoreError();
  const SimulatedContents before = Contents();
  for (int i = 0; i < 5; ++i) Make({{"sales", "1"}})->Pull({}, call_).IgnoreError();
  const SimulatedContents after = Contents();
  int sold = 0;
  for (size_t i = 0; i < before.items.size(); ++i) {
    sold += after.items[i].values.quantity < before.items[i].values.quantity ? 1 : 0;
  }
  EXPECT_GT(sold, 0);
}

TEST_F(SimulatedFileChannelTest, AFileThatCannotBeReadStaysAsItIs) {
  const std::string text = "external_id,price\n1,much\n";
  WriteFile(path_, text);
  EXPECT_EQ(Make()->Pull({}, call_).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadFile(path_), text);
}

}  // namespace
}  // namespace flxlink::simulated
