#include "flxlink/simulated_channel.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/manual_clock.h"

namespace flxlink {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const SyncFields kPrice = {SyncField::kPrice};
const SyncFields kQuantity = {SyncField::kQuantity};

std::unique_ptr<ChannelAdapter> MakeAdapter(const std::shared_ptr<SimulatedPlatform>& platform) {
  AdapterRegistry registry;
  RegisterSimulatedChannel(registry, platform);
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "simulated";
  const std::unique_ptr<CredentialResolver> credentials = NewEnvironmentCredentials();
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter = registry.Make({config, *credentials});
  EXPECT_TRUE(adapter.ok()) << adapter.status();
  return *std::move(adapter);
}

// -- The conformance suite, over platforms that can do more or less.

class SimulatedUnderTest : public ChannelUnderTest {
 public:
  explicit SimulatedUnderTest(const SimulatedOptions& options)
      : platform_(std::make_shared<SimulatedPlatform>(clock_, options)) {
    for (const ConformanceItem& item : Items()) {
      SimulatedItem simulated = {item.external_id, item.parent_id, item.values, item.fields};
      simulated.values.content.clear();
      platform_->SetItem(std::move(simulated));
    }
  }

  std::unique_ptr<ChannelAdapter> MakeAdapter() override { return flxlink::MakeAdapter(platform_); }

  std::vector<ConformanceItem> Items() override {
    std::vector<ConformanceItem> items = {
        {"11", "shirt", {1000, 5, ChannelStatus::kListed, 1500}, {{"sku", "s-red"}, {"color", "Red"}}},
        {"12", "shirt", {1100, 6, ChannelStatus::kListed}, {{"sku", "s-blue"}, {"color", "Blue"}}},
        {"2", "mug", {700, 1, ChannelStatus::kListed}, {{"sku", "mug"}}},
        {"3", "", {300, 40, ChannelStatus::kListed, 350}, {{"sku", "pen"}, {"title", "Pen"}}}};
    for (ConformanceItem& item : items) item.values = WithContent(item.values, item.fields);
    return items;
  }

  std::vector<PushItem> BadItems() override {
    std::vector<PushItem> items(2);
    items[0].external_id = "11";
    items[0].mask = kPrice;
    items[0].values.price = -1;
    items[1].external_id = "12";
    items[1].mask = {SyncField::kStatus};
    items[1].values.status = ChannelStatus::kUnknown;
    return items;
  }

  absl::optional<ItemValues> Look(absl::string_view external_id) override {
    const absl::optional<SimulatedItem> item = platform_->FindItem(external_id);
    if (!item.has_value()) return absl::nullopt;
    return WithContent(item->values, item->fields);
  }

  void Change(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) override {
    EXPECT_TRUE(platform_->EditItem(external_id, mask, values));
  }
  void Remove(absl::string_view external_id) override { EXPECT_TRUE(platform_->RemoveItem(external_id)); }
  bool SetThrottled(bool throttled) override {
    SimulatedFaults faults;
    faults.throttled = throttled ? 1 : 0;
    platform_->SetFaults(faults);
    return true;
  }
  void Advance() override { clock_.Advance(absl::Seconds(1)); }

 private:
  ItemValues WithContent(ItemValues values, const std::vector<Field>& fields) const {
    for (const std::string& name : platform_->capabilities().can_set.content()) {
      values.SetContent(name, FieldValue(fields, name));
    }
    return values;
  }

  ManualClock clock_;
  const std::shared_ptr<SimulatedPlatform> platform_;
};

template <typename Edit>
ChannelFactory Factory(std::string name, Edit edit) {
  SimulatedOptions options;
  edit(&options);
  return {std::move(name), [options] { return std::make_unique<SimulatedUnderTest>(options); }};
}

std::vector<ChannelFactory> Factories() {
  return {Factory("Plain", [](SimulatedOptions*) {}),
          Factory("AllOrNothing", [](SimulatedOptions* options) { options->capabilities.partial_success = false; }),
          Factory("Everything",
                  [](SimulatedOptions* options) {
                    options->capabilities.link_fields = {"sku", "color"};
                    options->capabilities.push_limit = 6;
                    options->capabilities.grouping = PushGrouping::kProduct;
                    options->capabilities.compare_and_set = true;
                    options->idempotency_keys = true;
                    options->capabilities.asynchronous_receipts = true;
                    options->faults.min_latency = absl::Milliseconds(20);
                    options->faults.max_latency = absl::Milliseconds(200);
                    options->faults.max_receipt_delay = absl::Seconds(10);
                  }),
          Factory("QuantityOnly", [](SimulatedOptions* options) { options->capabilities.can_set = kQuantity; })};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Simulated, ChannelConformance, testing::ValuesIn(Factories()), ChannelFactoryName);

namespace {

// -- What only this platform does.

class SimulatedPlatformTest : public ::testing::Test {
 protected:
  static constexpr int kItems = 20;

  void Make(const SimulatedOptions& options) {
    platform_ = std::make_shared<SimulatedPlatform>(clock_, options);
    for (int i = 0; i < kItems; ++i) {
      platform_->SetItem({Id(i), "", {100 * i, i, ChannelStatus::kListed}, {{"sku", absl::StrCat("s", i)}}});
    }
    adapter_ = MakeAdapter(platform_);
  }

  void Make(const SimulatedFaults& faults) {
    SimulatedOptions options;
    options.faults = faults;
    Make(options);
  }

  static std::string Id(int i) { return absl::StrCat("item-", 100 + i); }

  static PushItem QuantityItem(int i, int64_t quantity) {
    PushItem item;
    item.external_id = Id(i);
    item.mask = kQuantity;
    item.values.quantity = quantity;
    item.idempotency_key = absl::StrCat("key-", i, "-", quantity);
    return item;
  }

  static std::vector<PushItem> AllItems(int64_t quantity) {
    std::vector<PushItem> items;
    for (int i = 0; i < kItems; ++i) items.push_back(QuantityItem(i, quantity));
    return items;
  }

  absl::StatusOr<PushReply> Push(const std::vector<PushItem>& items) { return adapter_->Push({items, ""}); }

  int64_t QuantityOf(int i) { return platform_->FindItem(Id(i))->values.quantity; }

  int Count(const PushReply& reply, PushResult result) {
    int count = 0;
    for (const PushOutcome& outcome : reply.outcomes) count += outcome.result == result ? 1 : 0;
    return count;
  }

  ManualClock clock_;
  std::shared_ptr<SimulatedPlatform> platform_;
  std::unique_ptr<ChannelAdapter> adapter_;
};

TEST_F(SimulatedPlatformTest, HasNoSettings) {
  Make(SimulatedOptions());
  AdapterRegistry registry;
  RegisterSimulatedChannel(registry, platform_, "other");
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "other";
  config.settings = {{"path", "x"}};
  const absl::Status status = registry.Make({config, *NewEnvironmentCredentials()}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"path\""));
}

TEST_F(SimulatedPlatformTest, CallsTakeTheirTime) {
  SimulatedFaults faults;
  faults.min_latency = absl::Seconds(2);
  faults.max_latency = absl::Seconds(3);
  Make(faults);
  const absl::Time before = clock_.Now();
  ASSERT_TRUE(adapter_->Pull({}).ok());
  EXPECT_GE(clock_.Now() - before, absl::Seconds(2));
  EXPECT_LE(clock_.Now() - before, absl::Seconds(3));
}

TEST_F(SimulatedPlatformTest, APullGoesOnWhateverComesAndGoes) {
  Make(SimulatedOptions());
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 5});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->next_cursor, Id(4));
  platform_->RemoveItem(Id(4));
  platform_->RemoveItem(Id(5));
  platform_->SetItem({"item-0", "", {}, {}});
  const absl::StatusOr<PullPage> second = adapter_->Pull({first->next_cursor, 100});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->items.size(), kItems - 6);
  EXPECT_EQ(second->items.external_id[0], Id(6));
  EXPECT_FALSE(adapter_->Pull({"", 0}).ok());
}

TEST_F(SimulatedPlatformTest, AnUnavailablePlatformDoesNothing) {
  SimulatedFaults faults;
  faults.unavailable = 1;
  Make(faults);
  EXPECT_EQ(adapter_->Pull({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Push(AllItems(50)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(QuantityOf(3), 3);
  platform_->SetFaults({});
  EXPECT_TRUE(Push(AllItems(50)).ok());
  EXPECT_EQ(QuantityOf(3), 50);
  const SimulatedCounters counters = platform_->Counters();
  EXPECT_EQ(counters.calls_unavailable, 2);
  EXPECT_EQ(counters.pushes, 2);
  EXPECT_EQ(counters.items_pushed, kItems);
  EXPECT_EQ(counters.items_applied, kItems);
}

TEST_F(SimulatedPlatformTest, AThrottledCallSaysHowLongToWait) {
  SimulatedFaults faults;
  faults.throttled = 1;
  Make(faults);
  const absl::Status status = adapter_->Pull({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfter(status), absl::Seconds(1));
  faults.retry_after = absl::Milliseconds(20);
  platform_->SetFaults(faults);
  EXPECT_EQ(RetryAfter(adapter_->Pull({}).status()), absl::Milliseconds(20));
}

TEST_F(SimulatedPlatformTest, APollCostsTokens) {
  SimulatedOptions options;
  options.capabilities.asynchronous_receipts = true;
  options.capabilities.rate_limit = {3, 1, 1, 1, 2};
  Make(options);
  const absl::StatusOr<PushReply> reply = Push({QuantityItem(3, 50)});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_TRUE(adapter_->PollReceipt(reply->outcomes[0].receipt).ok());
  EXPECT_TRUE(IsThrottled(adapter_->PollReceipt(reply->outcomes[0].receipt).status()));
}

TEST_F(SimulatedPlatformTest, WhatIsNotTriedIsNotDone) {
  SimulatedFaults faults;
  faults.item_not_tried = 0.5;
  Make(faults);
  const absl::StatusOr<PushReply> reply = Push(AllItems(50));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_GT(Count(*reply, PushResult::kNotTried), 0);
  EXPECT_EQ(Count(*reply, PushResult::kNotTried) + Count(*reply, PushResult::kApplied), kItems);
  for (int i = 0; i < kItems; ++i) {
    EXPECT_EQ(QuantityOf(i), reply->outcomes[static_cast<size_t>(i)].result == PushResult::kApplied ? 50 : i);
  }
}

TEST_F(SimulatedPlatformTest, TheRateLimitIsATokenBucket) {
  SimulatedOptions options;
  options.capabilities.rate_limit = {4, 0.5, 1, 2};
  Make(options);
  EXPECT_TRUE(Push({}).ok());
  EXPECT_TRUE(adapter_->Pull({}).ok());
  const absl::Status status = Push({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfter(status), absl::Seconds(2));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(RetryAfter(Push({}).status()), absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Push({}).ok());
  // No more is saved up than the bucket holds.
  clock_.Advance(absl::Hours(1));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(adapter_->Pull({}).ok());
  EXPECT_FALSE(adapter_->Pull({}).ok());
}

TEST_F(SimulatedPlatformTest, APushWhoseReplyIsLostHasLanded) {
  SimulatedFaults faults;
  faults.push_lost_reply = 1;
  Make(faults);
  EXPECT_THAT(Push(AllItems(50)).status().code(),
              AnyOf(Eq(absl::StatusCode::kUnavailable), Eq(absl::StatusCode::kDeadlineExceeded)));
  for (int i = 0; i < kItems; ++i) EXPECT_EQ(QuantityOf(i), 50);
  EXPECT_EQ(platform_->Counters().replies_lost, 1);
}

TEST_F(SimulatedPlatformTest, ALatePushOverwritesWhatCameInBetween) {
  SimulatedOptions options;
  options.capabilities.push_timeout = absl::Minutes(5);
  options.faults.push_late = 1;
  Make(options);
  EXPECT_FALSE(Push(AllItems(50)).ok());
  platform_->SetFaults({});
  ASSERT_TRUE(Push(AllItems(60)).ok());
  EXPECT_EQ(QuantityOf(3), 60);
  clock_.Advance(options.capabilities.push_timeout);
  for (int i = 0; i < kItems; ++i) EXPECT_EQ(QuantityOf(i), 50);
  EXPECT_EQ(platform_->Counters().pushes_late, 1);
}

TEST_F(SimulatedPlatformTest, ALatePushDoesNotRepeatAKeyThatWasApplied) {
  SimulatedOptions options;
  options.idempotency_keys = true;
  options.faults.push_late = 1;
  Make(options);
  EXPECT_FALSE(Push(AllItems(50)).ok());
  platform_->SetFaults({});
  ASSERT_TRUE(Push(AllItems(50)).ok());
  ASSERT_TRUE(platform_->EditItem(Id(3), kQuantity, {kAbsent, 49, ChannelStatus::kUnknown}));
  clock_.Advance(options.capabilities.push_timeout);
  EXPECT_EQ(QuantityOf(3), 49);
  EXPECT_EQ(platform_->Counters().items_repeated, kItems);
}

TEST_F(SimulatedPlatformTest, SomeItemsOfAPushFail) {
  SimulatedFaults faults;
  faults.item_rejected = 0.3;
  faults.item_unavailable = 0.2;
  faults.item_throttled = 0.2;
  Make(faults);
  const absl::StatusOr<PushReply> reply = Push(AllItems(50));
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_THAT(reply->outcomes, SizeIs(kItems));
  EXPECT_GT(Count(*reply, PushResult::kRejected), 0);
  EXPECT_GT(Count(*reply, PushResult::kUnavailable), 0);
  EXPECT_GT(Count(*reply, PushResult::kThrottled), 0);
  EXPECT_GT(Count(*reply, PushResult::kApplied), 0);
  for (int i = 0; i < kItems; ++i) {
    const PushOutcome& outcome = reply->outcomes[static_cast<size_t>(i)];
    EXPECT_EQ(QuantityOf(i), outcome.result == PushResult::kApplied ? 50 : i);
    EXPECT_EQ(outcome.retry_after > absl::ZeroDuration(), outcome.result == PushResult::kThrottled);
  }
}

TEST_F(SimulatedPlatformTest, ARefusalHangsOnTheValuesAlone) {
  SimulatedFaults faults;
  faults.item_rejected = 0.5;
  Make(faults);
  const absl::StatusOr<PushReply> once = Push(AllItems(50));
  const absl::StatusOr<PushReply> again = Push(AllItems(50));
  ASSERT_TRUE(once.ok() && again.ok());
  for (size_t i = 0; i < kItems; ++i) EXPECT_EQ(once->outcomes[i].result, again->outcomes[i].result);
  const absl::StatusOr<PushReply> other = Push(AllItems(51));
  ASSERT_TRUE(other.ok());
  bool is_different = false;
  for (size_t i = 0; i < kItems; ++i) is_different |= once->outcomes[i].result != other->outcomes[i].result;
  EXPECT_TRUE(is_different);
}

TEST_F(SimulatedPlatformTest, ItemsDrift) {
  SimulatedFaults faults;
  faults.drift = 1;
  Make(faults);
  const std::vector<SimulatedItem> before = platform_->Items();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(adapter_->Pull({}).ok());
  const std::vector<SimulatedItem> after = platform_->Items();
  EXPECT_EQ(platform_->Counters().drifts, 10);
  int changed = 0;
  for (size_t i = 0; i < kItems; ++i) changed += before[i].values == after[i].values ? 0 : 1;
  EXPECT_GT(changed, 0);
}

TEST_F(SimulatedPlatformTest, APushOverTheLimitIsRefused) {
  SimulatedOptions options;
  options.capabilities.push_limit = kItems - 1;
  Make(options);
  const absl::Status status = Push(AllItems(50)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("limit of 19"));
  EXPECT_EQ(QuantityOf(0), 0);
}

TEST_F(SimulatedPlatformTest, AReceiptIsDecidedAfterAWhile) {
  SimulatedOptions options;
  options.capabilities.asynchronous_receipts = true;
  options.faults.max_receipt_delay = absl::Seconds(30);
  Make(options);
  const absl::StatusOr<PushReply> reply = Push(AllItems(50));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(Count(*reply, PushResult::kAccepted), kItems);
  EXPECT_LT(platform_->Counters().items_applied, kItems);
  // What becomes of an item is decided late: this one is gone by then.
  platform_->RemoveItem(Id(7));
  clock_.Advance(absl::Seconds(30));
  for (size_t i = 0; i < kItems; ++i) {
    const absl::StatusOr<PushOutcome> outcome = adapter_->PollReceipt(reply->outcomes[i].receipt);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_THAT(outcome->result, AnyOf(PushResult::kApplied, PushResult::kNotFound));
    EXPECT_TRUE(i == 7 || outcome->result == PushResult::kApplied);
  }
  EXPECT_EQ(adapter_->PollReceipt("none").status().code(), absl::StatusCode::kNotFound);
}

// The same seed and the same calls give the same answers; another seed gives others.
TEST_F(SimulatedPlatformTest, BehaviourComesFromTheSeed) {
  const auto run = [&](uint64_t seed) {
    SimulatedOptions options;
    options.seed = seed;
    options.faults.max_latency = absl::Seconds(1);
    options.faults.unavailable = 0.1;
    options.faults.throttled = 0.1;
    options.faults.push_lost_reply = 0.2;
    options.faults.push_late = 0.2;
    options.faults.item_rejected = 0.1;
    options.faults.item_unavailable = 0.1;
    options.faults.drift = 0.3;
    Make(options);
    const absl::Time began = clock_.Now();
    std::string log;
    for (int64_t i = 0; i < 30; ++i) {
      const absl::StatusOr<PushReply> reply = Push(AllItems(i));
      absl::StrAppend(&log, reply.status().ToString(), "\n");
      if (reply.ok()) absl::StrAppend(&log, Count(*reply, PushResult::kApplied), "\n");
    }
    absl::StrAppend(&log, absl::FormatDuration(clock_.Now() - began));
    for (const SimulatedItem& item : platform_->Items()) {
      absl::StrAppend(&log, "\n", item.external_id, " ", item.values.price, " ", item.values.quantity);
    }
    return log;
  };
  const std::string first = run(7);
  EXPECT_EQ(run(7), first);
  EXPECT_NE(run(8), first);
}

}  // namespace
}  // namespace flxlink
