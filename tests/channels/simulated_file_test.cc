#include "src/channels/simulated/simulated_file.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/channel.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/channels/simulated/simulated_settings.h"
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
    EXPECT_FALSE(std::ifstream(path + ".state").good()) << "nor what the platform would remember of that call";
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

// -- What goes on from one process to the next.

class SimulatedMemoryTest : public SimulatedFileChannelTest {
 protected:
  absl::StatusOr<PushReply> Push(const ChannelSettings& settings, const PushItem& item,
                                 const std::string& kind = "items") {
    return Make(settings)->Push({kind, {&item, 1}, ""}, call_);
  }

  // The price of an item in the file, by a look that changes nothing.
  int64_t PriceInFile(const std::string& external_id) {
    for (const SimulatedItem& item : Contents().items) {
      if (item.external_id == external_id) return item.values.price;
    }
    return kAbsent;
  }

  // As a person with an editor does it.
  void EditFile(const std::string& external_id, const ItemValues& values) {
    absl::StatusOr<SimulatedFile> file = SimulatedFile::Open(path_, call_);
    SimulatedContents contents = *file->Read();
    for (SimulatedItem& item : contents.items) {
      if (item.external_id == external_id) CopyFields(PresentFields(values), values, &item.values);
    }
    WriteFile(path_, FormatContents(contents));
  }

  std::vector<PushOutcome> Poll(const ChannelSettings& settings, const std::vector<std::string>& receipts) {
    const absl::StatusOr<std::vector<PushOutcome>> outcomes = Make(settings)->PollReceipts(receipts, call_);
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    return outcomes.value_or(std::vector<PushOutcome>());
  }

  // Of item-1, the first that is shown; kAbsent where none is.
  int64_t PulledPrice(const ChannelSettings& settings) {
    const absl::StatusOr<PullPage> page = Make(settings)->Pull({}, call_);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() && page->items.size() > 0 ? page->items.price[0] : kAbsent;
  }

  int64_t FetchedPrice(const ChannelSettings& settings) {
    const std::vector<std::string> ids = {"item-1"};
    const absl::StatusOr<FetchReply> reply = Make(settings)->Fetch({ids}, call_);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() && reply->items.size() > 0 ? reply->items.price[0] : kAbsent;
  }

  const std::string state_ = path_ + ".state";
};

ItemValues OfPrice(int64_t price) {
  ItemValues values;
  values.price = price;
  return values;
}

TEST_F(SimulatedMemoryTest, ResultsComeLaterAndInAnyOrder) {
  const ChannelSettings settings = {{"receipts", "60"}};
  std::vector<std::string> receipts;
  for (int i = 1; i <= 20; ++i) {
    const absl::StatusOr<PushReply> reply = Push(settings, PriceOf(absl::StrCat("item-", i), 5));
    ASSERT_TRUE(reply.ok()) << reply.status();
    ASSERT_EQ(reply->outcomes[0].result, PushResult::kAccepted);
    receipts.push_back(reply->outcomes[0].receipt);
  }
  EXPECT_THAT(std::set<std::string>(receipts.begin(), receipts.end()), SizeIs(20));
  EXPECT_NE(PriceInFile("item-1"), 5);
  clock_.Advance(absl::Seconds(30));
  std::vector<bool> is_decided;
  for (const PushOutcome& outcome : Poll(settings, receipts)) {
    is_decided.push_back(outcome.result == PushResult::kApplied);
  }
  EXPECT_FALSE(std::is_sorted(is_decided.begin(), is_decided.end()));
  EXPECT_FALSE(std::is_sorted(is_decided.rbegin(), is_decided.rend()));
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(PriceInFile(absl::StrCat("item-", i)) == 5, is_decided[static_cast<size_t>(i - 1)]);
  }
  clock_.Advance(absl::Seconds(30));
  for (const PushOutcome& outcome : Poll(settings, receipts)) EXPECT_EQ(outcome.result, PushResult::kApplied);
}

TEST_F(SimulatedMemoryTest, SomeResultsNeverCome) {
  const ChannelSettings settings = {{"receipts", "60"}, {"receipt_lost", "1"}};
  const absl::StatusOr<PushReply> reply = Push(settings, PriceOf("item-1", 5));
  ASSERT_TRUE(reply.ok()) << reply.status();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Poll(settings, {reply->outcomes[0].receipt})[0].result, PushResult::kAccepted);
}

TEST_F(SimulatedMemoryTest, SomeAreDoneAtOnce) {
  const absl::StatusOr<PushReply> reply = Push({{"receipts", "60"}, {"accepted", "0"}}, PriceOf("item-1", 5));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->outcomes[0].result, PushResult::kApplied);
}

// What a person edits meanwhile stays, but for what the push sets.
TEST_F(SimulatedMemoryTest, APushLandsLate) {
  EXPECT_FALSE(Push({{"push_late", "1"}}, PriceOf("item-1", 5)).ok());
  EXPECT_NE(PriceInFile("item-1"), 5);
  ItemValues edited = OfPrice(7);
  edited.quantity = 777;
  EditFile("item-1", edited);
  clock_.Advance(absl::Minutes(1));
  const absl::StatusOr<PullPage> page = Make()->Pull({}, call_);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->items.price[0], 5);
  EXPECT_EQ(page->items.quantity[0], 777);
  EXPECT_EQ(PriceInFile("item-1"), 5);
}

// Of a kind that the settings have no more.
TEST_F(SimulatedMemoryTest, APushOfAKindThatIsGoneNeverLands) {
  EXPECT_FALSE(Push({{"push_late", "1"}}, PriceOf("item-1", 5)).ok());
  clock_.Advance(absl::Minutes(1));
  EXPECT_TRUE(Make({{"calls", "split"}})->Pull({}, call_).ok());
  EXPECT_NE(PriceInFile("item-1"), 5);
}

TEST_F(SimulatedMemoryTest, PullsLagBehind) {
  const ChannelSettings settings = {{"pull_lag_s", "60"}};
  const int64_t first = PulledPrice(settings);
  ASSERT_TRUE(Push(settings, PriceOf("item-1", first + 1)).ok());
  EXPECT_EQ(PulledPrice(settings), first);
  EXPECT_EQ(FetchedPrice(settings), first + 1) << "fetches do not";
  clock_.Advance(absl::Seconds(40));
  EditFile("item-1", OfPrice(first + 2));
  EXPECT_EQ(PulledPrice(settings), first) << "the edit is seen here, and shown in a minute";
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(PulledPrice(settings), first + 1);
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(PulledPrice(settings), first + 2);
}

TEST_F(SimulatedMemoryTest, FetchesLagBehind) {
  const ChannelSettings settings = {{"fetch_lag_s", "60"}};
  const int64_t first = PulledPrice(settings);
  ASSERT_TRUE(Push(settings, PriceOf("item-1", first + 1)).ok());
  EXPECT_EQ(PulledPrice(settings), first + 1) << "pulls do not";
  EXPECT_EQ(FetchedPrice(settings), first);
  clock_.Advance(absl::Seconds(61));
  EXPECT_EQ(FetchedPrice(settings), first + 1);
}

TEST_F(SimulatedMemoryTest, IdsAreUsedAgain) {
  const PulledItems before = PullAll(*Make({{"reuses", "0.5"}, {"items", "1"}}));
  ASSERT_THAT(before.items, SizeIs(1));
  EXPECT_THAT(PullAll(*Make({{"removals", "1"}})).items, SizeIs(0));
  const PulledItems after = PullAll(*Make({{"reuses", "1"}}));
  ASSERT_THAT(after.items, SizeIs(1));
  EXPECT_EQ(after.items[0].external_id, "item-1");
  EXPECT_NE(after.identities.at("item-1"), before.identities.at("item-1"));
  EXPECT_NE(after.handles.at("item-1"), before.handles.at("item-1"));
  PushItem item = PriceOf("item-1", 5);
  item.handle = before.handles.at("item-1");
  EXPECT_EQ(Push({}, item)->outcomes[0].result, PushResult::kConflict);
  item.handle = after.handles.at("item-1");
  EXPECT_EQ(Push({}, item)->outcomes[0].result, PushResult::kApplied);
}

// The same of what a person removes and puts there again.
TEST_F(SimulatedMemoryTest, WhatAPersonRemovesAndPutsBackIsAnotherItem) {
  const std::string before = PullAll(*Make()).handles.at("item-1");
  const std::string text = ReadFile(path_);
  absl::StatusOr<SimulatedContents> contents = ParseContents(path_, text);
  contents->items.erase(contents->items.begin());
  WriteFile(path_, FormatContents(*contents));
  EXPECT_THAT(PullAll(*Make()).items, SizeIs(19));
  WriteFile(path_, text);
  const PulledItems after = PullAll(*Make());
  EXPECT_NE(after.handles.at("item-1"), before);
  EXPECT_EQ(PullAll(*Make()).handles, after.handles);
}

TEST_F(SimulatedMemoryTest, AKeyIsKnownAgain) {
  const ChannelSettings settings = {{"calls", "split"}};
  PushItem item;
  item.external_id = "item-1";
  item.mask = {SyncField::kQuantity};
  item.values.quantity = 1000;
  item.idempotency_key = "key";
  EXPECT_EQ(Push(settings, item, "quantities")->outcomes[0].result, PushResult::kApplied);
  ItemValues edited;
  edited.quantity = 3;
  EditFile("item-1", edited);
  EXPECT_EQ(Push(settings, item, "quantities")->outcomes[0].result, PushResult::kApplied);
  EXPECT_EQ(Contents().items[0].values.quantity, 3) << "it was not done again";
}

// Who writes the CSV file and dies has answered nothing: what is there counts, as if somebody had edited it.
TEST_F(SimulatedMemoryTest, WhatWasWrittenBeforeACrashIsAnEdit) {
  const ChannelSettings settings = {{"pull_lag_s", "60"}};
  const int64_t first = PulledPrice(settings);
  const std::string handle = PullAll(*Make(settings)).handles.at("item-1");
  const std::string state = ReadFile(state_);
  ASSERT_TRUE(Push(settings, PriceOf("item-1", first + 1)).ok());
  WriteFile(state_, state);
  EXPECT_EQ(PulledPrice(settings), first);
  EXPECT_EQ(PriceInFile("item-1"), first + 1);
  clock_.Advance(absl::Seconds(61));
  EXPECT_EQ(PulledPrice(settings), first + 1);
  EXPECT_EQ(PullAll(*Make(settings)).handles.at("item-1"), handle);
}

TEST_F(SimulatedMemoryTest, WithoutTheCsvFileItIsANewPlatform) {
  EXPECT_FALSE(Push({{"push_late", "1"}}, PriceOf("item-1", 5)).ok());
  std::remove(path_.c_str());
  clock_.Advance(absl::Minutes(1));
  EXPECT_TRUE(Make()->Pull({}, call_).ok());
  EXPECT_NE(PriceInFile("item-1"), 5);
}

TEST_F(SimulatedMemoryTest, WithoutTheOtherFileItForgets) {
  EXPECT_FALSE(Push({{"push_late", "1"}}, PriceOf("item-1", 5)).ok());
  std::remove(state_.c_str());
  clock_.Advance(absl::Minutes(1));
  EXPECT_TRUE(Make()->Pull({}, call_).ok());
  EXPECT_NE(PriceInFile("item-1"), 5);
}

TEST_F(SimulatedMemoryTest, WhatIsDamagedIsNamedAndStaysAsItIs) {
  ASSERT_TRUE(Make()->Pull({}, call_).ok());
  const std::string csv = ReadFile(path_);
  WriteFile(state_, "something else");
  const absl::Status status = Make()->Pull({}, call_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr(state_ + ": "));
  EXPECT_EQ(ReadFile(path_), csv);
  EXPECT_EQ(ReadFile(state_), "something else");
}

TEST_F(SimulatedFileChannelTest, AFileThatCannotBeReadStaysAsItIs) {
  const std::string text = "external_id,price\n1,much\n";
  WriteFile(path_, text);
  EXPECT_EQ(Make()->Pull({}, call_).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadFile(path_), text);
}

// -- The conformance suite over the file: each call is one of a process of its own, and who edits is a person.

class SimulatedFileUnderTest : public ChannelUnderTest {
 public:
  explicit SimulatedFileUnderTest(ChannelSettings settings)
      : settings_(std::move(settings)), options_(SettingsOf(SimulatedConfig(settings_))->options) {
    settings_.emplace_back("path", path_);
    SimulatedContents contents;
    for (const ConformanceItem& item : Items()) contents.items.push_back(ItemOf(item));
    WriteFile(path_, FormatContents(contents));
  }

  std::unique_ptr<ChannelAdapter> MakeAdapter() override {
    AdapterRegistry registry;
    RegisterSimulatedChannel(registry, clock_);
    const ChannelConfig config = SimulatedConfig(settings_);
    const std::unique_ptr<CredentialResolver> credentials = NewEnvironmentCredentials();
    return *registry.Make({config, *credentials});
  }

  std::vector<ConformanceItem> Items() override {
    std::vector<ConformanceItem> items = {
        {"11", "shirt", {1000, 5, ChannelStatus::kListed, 1500}, {{"sku", "s-red"}, {"color", "Red"}}},
        {"12", "shirt", {1100, 6, ChannelStatus::kListed}, {{"sku", "s-blue"}, {"color", "Blue"}}},
        {"2", "mug", {700, 1, ChannelStatus::kListed}, {{"sku", "mug"}}},
        {"3", "", {300, 40, ChannelStatus::kListed, 350}, {{"sku", "pen"}, {"title", "Pen"}}}};
    for (ConformanceItem& item : items) item.values = WithContent(item.values, item.fields);
    return items;
  }

  std::vector<PushItem> BadItems() override { return {PriceOf("11", -1), PriceOf("12", -1)}; }

  absl::optional<ItemValues> Look(absl::string_view external_id) override {
    absl::optional<ItemValues> values;
    Edit([&](SimulatedPlatform& platform) {
      const absl::optional<SimulatedItem> item = platform.FindItem(external_id);
      if (item.has_value()) values = WithContent(item->values, item->fields);
    });
    return values;
  }

  void Change(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) override {
    Edit([&](SimulatedPlatform& platform) { EXPECT_TRUE(platform.EditItem(external_id, mask, values)); });
  }
  void Remove(absl::string_view external_id) override {
    Edit([&](SimulatedPlatform& platform) { EXPECT_TRUE(platform.RemoveItem(external_id)); });
  }
  bool Add(const ConformanceItem& item) override {
    Edit([&](SimulatedPlatform& platform) { platform.SetItem(ItemOf(item)); });
    return true;
  }
  std::vector<FixedField> Fix(absl::string_view external_id) override {
    std::vector<FixedField> fixed = {{"price", FixedReason::kKeptByParent}, {"quantity", FixedReason::kNotTracked}};
    Edit([&](SimulatedPlatform& platform) {
      SimulatedItem item = *platform.FindItem(external_id);
      item.fixed = fixed;
      platform.SetItem(std::move(item));
    });
    return fixed;
  }
  void Advance() override { clock_.Advance(absl::Seconds(1)); }

 private:
  static SimulatedItem ItemOf(const ConformanceItem& item) {
    SimulatedItem simulated = {item.external_id, item.parent_id, item.values, item.fields};
    simulated.values.content.clear();
    simulated.published = {""};
    return simulated;
  }

  ItemValues WithContent(ItemValues values, const std::vector<Field>& fields) const {
    const SyncFields settable = SettableFields(options_.capabilities);
    for (const std::string& name : settable.content()) values.SetContent(name, FieldValue(fields, name));
    return values;
  }

  // Edits the CSV file, as the platform would say it.
  void Edit(const std::function<void(SimulatedPlatform&)>& edit) {
    absl::StatusOr<SimulatedContents> contents = ParseContents(path_, ReadFile(path_));
    ASSERT_TRUE(contents.ok()) << contents.status();
    SimulatedPlatform platform(clock_, options_);
    ASSERT_EQ(platform.Restore("", std::move(contents->items)), absl::OkStatus());
    edit(platform);
    contents->items = platform.Items();
    WriteFile(path_, FormatContents(*contents));
  }

  ManualClock clock_;
  const TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.sim");
  ChannelSettings settings_;
  const SimulatedOptions options_;
};

std::vector<ChannelFactory> Factories() {
  const auto factory = [](std::string name, ChannelSettings settings) {
    return ChannelFactory{std::move(name), [settings = std::move(settings)] {
                            return std::make_unique<SimulatedFileUnderTest>(settings);
                          }};
  };
  return {factory("Plain", {}), factory("WholeBatches", {{"whole_batches", "yes"}, {"not_ready", "0.2"}}),
          factory("SplitWithReceipts", {{"calls", "split"}, {"receipts", "3"}, {"accepted", "0.7"}})};
}

INSTANTIATE_TEST_SUITE_P(SimulatedFile, ChannelConformance, testing::ValuesIn(Factories()), ChannelFactoryName);

}  // namespace
}  // namespace flxlink::simulated
