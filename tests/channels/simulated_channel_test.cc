#include "flxlink/simulated_channel.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/simulated_under_test.h"
#include "tests/support/manual_clock.h"
#include "tests/support/simulated_options.h"

namespace flxlink {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const SyncFields kPrice = {SyncField::kPrice};
const SyncFields kQuantity = {SyncField::kQuantity};

// -- The conformance suite, over platforms that can do more or less.

template <typename Edit>
ChannelFactory Factory(std::string name, Edit edit, ChannelSettings settings = {}) {
  SimulatedOptions options;
  edit(&options);
  return {std::move(name), [options, settings = std::move(settings)] {
            return std::make_unique<SimulatedUnderTest>(options, settings);
          }};
}

SinceReads SeesEverything() {
  SinceReads since;
  since.sees = SettableFields(DefaultSimulatedCapabilities());
  since.sees_new_items = since.sees_deletions = true;
  return since;
}

std::vector<ChannelFactory> Factories() {
  return {Factory("Plain", [](SimulatedOptions*) {}),
          Factory("Since", [](SimulatedOptions* options) { options->capabilities.since = SeesEverything(); }),
          Factory("SinceWithOverlap",
                  [](SimulatedOptions* options) {
                    options->capabilities.since = SeesEverything();
                    options->capabilities.since->overlap = absl::Minutes(1);
                    options->faults.not_ready = 0.3;
                  }),
          Factory("SincePrices",
                  [](SimulatedOptions* options) {
                    options->capabilities.since.emplace();
                    options->capabilities.since->sees = kPrice;
                  }),
          Factory("Split", [](SimulatedOptions* options) { options->capabilities = SplitSimulatedCapabilities(); }),
          Factory("AllOrNothing", [](SimulatedOptions* options) { OnlyKind(*options).takes_good_items = false; }),
          Factory("Everything",
                  [](SimulatedOptions* options) {
                    options->capabilities.link_fields = {"sku", "color"};
                    options->capabilities.kept_by_parent = {SyncField::kStatus};
                    options->capabilities.fetch_limit = 2;
                    PushKind* kind = &OnlyKind(*options);
                    kind->max_items = 6;
                    kind->in_flight = 3;
                    kind->compares = kind->fields;
                    kind->keys = IdempotencyKeys::kItem;
                    kind->receipt_timeout = absl::Minutes(1);
                    kind->later_wins = true;
                    options->faults.min_latency = absl::Milliseconds(20);
                    options->faults.max_latency = absl::Milliseconds(200);
                    options->faults.max_receipt_delay = absl::Seconds(10);
                  }),
          Factory("SomeReceipts",
                  [](SimulatedOptions* options) {
                    OnlyKind(*options).keys = IdempotencyKeys::kCall;
                    OnlyKind(*options).receipt_timeout = absl::Seconds(5);
                    options->faults.accepted = 0.5;
                    options->faults.max_receipt_delay = absl::Minutes(1);
                  }),
          Factory("NotReady", [](SimulatedOptions* options) { options->faults.not_ready = 0.5; }),
          Factory("ReadOnly", [](SimulatedOptions* options) { options->capabilities.push_kinds.clear(); }),
          Factory("QuantityOnly", [](SimulatedOptions* options) { OnlyKind(*options).fields = kQuantity; }),
          Factory("AtAPlace", [](SimulatedOptions* options) { HaveSeveralPlaces(*options); },
                  {{"location", "lyon"}, {"market", "fr"}}),
          Factory("OnHand", [](SimulatedOptions* options) { HaveSeveralPlaces(*options); },
                  {{"location", "berlin"}, {"market", "us"}, {"quantity_means", "on_hand"}}),
          Factory("SplitAtAPlace",
                  [](SimulatedOptions* options) {
                    options->capabilities = SplitSimulatedCapabilities();
                    HaveSeveralPlaces(*options);
                  },
                  {{"location", "lyon"}, {"market", "de"}, {"hiding", "publication"}}),
          Factory("HidesByPublication", [](SimulatedOptions*) {}, {{"hiding", "publication"}}),
          Factory("HidesByQuantity",
                  [](SimulatedOptions* options) { options->capabilities = SplitSimulatedCapabilities(); },
                  {{"hiding", "none"}})};
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
    adapter_ = MakeSimulatedAdapter(platform_);
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

  absl::StatusOr<PushReply> Push(const std::vector<PushItem>& items) {
    return adapter_->Push({KindName(), items, "call"}, call_);
  }

  std::string KindName() const { return platform_->capabilities().push_kinds.front().name; }

  absl::StatusOr<std::vector<PushOutcome>> Poll(const std::vector<std::string>& receipts) {
    return adapter_->PollReceipts(receipts, call_);
  }

  int64_t QuantityOf(int i) { return platform_->FindItem(Id(i))->values.quantity; }

  int Count(const PushReply& reply, PushResult result) {
    int count = 0;
    for (const PushOutcome& outcome : reply.outcomes) count += outcome.result == result ? 1 : 0;
    return count;
  }

  const NoLimitCall call_{};
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

TEST_F(SimulatedPlatformTest, ReadsAreAsLateAsIsDeclared) {
  SimulatedOptions options;
  options.capabilities.pull_lag = absl::Seconds(10);
  options.capabilities.fetch_lag = absl::Seconds(3);
  Make(options);
  const std::vector<std::string> ids = {Id(1)};
  const auto pulled = [&] { return adapter_->Pull({"", 2}, call_)->items; };
  const auto fetched = [&] { return *adapter_->Fetch({ids}, call_); };
  EXPECT_EQ(pulled().size(), 0) << "nothing was there so long ago";
  EXPECT_EQ(fetched().missing, ids);
  clock_.Advance(absl::Seconds(10));
  ASSERT_EQ(pulled().external_id[1], Id(1));
  const int64_t before = pulled().price[1];
  ItemValues values;
  values.price = before + 1;
  platform_->EditItem(Id(1), kPrice, values);
  clock_.Advance(absl::Seconds(3) - absl::Microseconds(1));
  EXPECT_EQ(fetched().items.price[0], before);
  clock_.Advance(absl::Microseconds(1));
  EXPECT_EQ(fetched().items.price[0], before + 1);
  EXPECT_EQ(pulled().price[1], before);
  EXPECT_EQ(platform_->FindItem(Id(1))->values.price, before + 1) << "it is there all the same";
  clock_.Advance(absl::Seconds(7));
  EXPECT_EQ(pulled().price[1], before + 1);
  platform_->RemoveItem(Id(1));
  EXPECT_EQ(pulled().external_id[1], Id(1)) << "it was still there";
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(pulled().external_id[1], Id(2));
}

// A mark says what was shown, not what had happened.
TEST_F(SimulatedPlatformTest, WhatALateReadDoesNotShowIsShownSinceItsMark) {
  SimulatedOptions options;
  options.capabilities.pull_lag = absl::Seconds(10);
  options.capabilities.since = SeesEverything();
  Make(options);
  clock_.Advance(absl::Seconds(20));
  ItemValues values;
  values.price = 123456;
  platform_->EditItem(Id(1), kPrice, values);
  platform_->RemoveItem(Id(2));
  const std::string mark = adapter_->Pull({"", 1000}, call_)->mark;
  const PullPage early = *adapter_->Pull({"", 1000, mark}, call_);
  EXPECT_EQ(early.items.size(), 0);
  EXPECT_THAT(early.deleted, SizeIs(0));
  clock_.Advance(absl::Seconds(10));
  const PullPage late = *adapter_->Pull({"", 1000, early.mark}, call_);
  ASSERT_EQ(late.items.size(), 1);
  EXPECT_EQ(late.items.price[0], 123456);
  EXPECT_EQ(late.deleted, std::vector<std::string>{Id(2)});
}

TEST_F(SimulatedPlatformTest, PullsSinceAMarkShowWhatIsDeclaredAndNoMore) {
  SimulatedOptions options;
  options.capabilities.since.emplace();
  options.capabilities.since->sees = kPrice;
  Make(options);
  const std::string mark = adapter_->Pull({"", 1000}, call_)->mark;
  ItemValues values;
  values.quantity = 77;
  platform_->EditItem(Id(1), kQuantity, values);
  platform_->SetItem({"new", "", {}, {}});
  platform_->RemoveItem(Id(2));
  const PullPage page = *adapter_->Pull({"", 1000, mark}, call_);
  EXPECT_EQ(page.items.size(), 0);
  EXPECT_THAT(page.deleted, SizeIs(0));
  values.price = 1;
  platform_->EditItem(Id(1), kPrice, values);
  EXPECT_EQ(adapter_->Pull({"", 1000, page.mark}, call_)->items.quantity, std::vector<int64_t>{77}) << "shown whole";
}

TEST_F(SimulatedPlatformTest, AForgottenMarkIsNotKnownAnyMore) {
  SimulatedOptions options;
  options.capabilities.since = SeesEverything();
  Make(options);
  const std::string mark = adapter_->Pull({"", 1000}, call_)->mark;
  EXPECT_TRUE(adapter_->Pull({"", 1000, mark}, call_).ok());
  platform_->ForgetMarks();
  EXPECT_EQ(adapter_->Pull({"", 1000, mark}, call_).status().code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(adapter_->Pull({"", 1000, adapter_->Pull({"", 1000}, call_)->mark}, call_).ok());
}

TEST_F(SimulatedPlatformTest, CallsTakeTheirTime) {
  SimulatedFaults faults;
  faults.min_latency = absl::Seconds(2);
  faults.max_latency = absl::Seconds(3);
  Make(faults);
  const absl::Time before = clock_.Now();
  ASSERT_TRUE(adapter_->Pull({}, call_).ok());
  EXPECT_GE(clock_.Now() - before, absl::Seconds(2));
  EXPECT_LE(clock_.Now() - before, absl::Seconds(3));
}

TEST_F(SimulatedPlatformTest, APullGoesOnWhateverComesAndGoes) {
  Make(SimulatedOptions());
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 5}, call_);
  ASSERT_TRUE(first.ok());
  platform_->RemoveItem(Id(4));
  platform_->RemoveItem(Id(5));
  platform_->SetItem({"item-0", "", {}, {}});
  const absl::StatusOr<PullPage> second = adapter_->Pull({first->next_cursor, 100}, call_);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->items.size(), kItems - 6);
  EXPECT_EQ(second->items.external_id[0], Id(6));
  EXPECT_FALSE(adapter_->Pull({"", 0}, call_).ok());
}

TEST_F(SimulatedPlatformTest, AnUnavailablePlatformDoesNothing) {
  SimulatedFaults faults;
  faults.unavailable = 1;
  Make(faults);
  EXPECT_EQ(adapter_->Pull({}, call_).status().code(), absl::StatusCode::kUnavailable);
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
  const absl::Status status = adapter_->Pull({}, call_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfter(status), absl::Seconds(1));
  faults.retry_after = absl::Milliseconds(20);
  platform_->SetFaults(faults);
  EXPECT_EQ(RetryAfter(adapter_->Pull({}, call_).status()), absl::Milliseconds(20));
}

TEST_F(SimulatedPlatformTest, CallsTakeOfTheirBuckets) {
  SimulatedOptions options;
  options.capabilities.account.buckets = {{"reads", 4, 0.5}, {"writes", 30, 1}};
  options.capabilities.pull_cost = {"reads", 1, 0, ""};
  options.capabilities.fetch_cost = {"reads", 0, 1, ""};
  options.capabilities.poll_cost = {"writes", 5, 0, ""};
  OnlyKind(options).cost = {"writes", 10, 0.5, ""};
  OnlyKind(options).receipt_timeout = absl::Minutes(1);
  Make(options);
  EXPECT_TRUE(adapter_->Pull({}, call_).ok());
  const std::vector<std::string> three = {Id(1), Id(2), Id(3)};
  EXPECT_TRUE(adapter_->Fetch({three}, call_).ok());
  EXPECT_EQ(RetryAfter(adapter_->Pull({}, call_).status()), absl::Seconds(2));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(RetryAfter(adapter_->Pull({}, call_).status()), absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(adapter_->Pull({}, call_).ok());

  // 20 items, and the call.
  const absl::StatusOr<PushReply> reply = Push(AllItems(50));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_TRUE(Poll({reply->outcomes[0].receipt}).ok());
  EXPECT_TRUE(Poll({reply->outcomes[0].receipt}).ok());
  EXPECT_EQ(RetryAfter(Poll({reply->outcomes[0].receipt}).status()), absl::Seconds(5));
  // No more is saved up than the bucket holds.
  clock_.Advance(absl::Hours(1));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(adapter_->Pull({}, call_).ok());
  EXPECT_FALSE(adapter_->Pull({}, call_).ok());
}

TEST_F(SimulatedPlatformTest, ACallThatCostsMoreThanThereIsNeedsAFullBucket) {
  SimulatedOptions options;
  options.capabilities.account.buckets = {{"writes", 4, 1}};
  OnlyKind(options).cost = {"writes", 1, 1, ""};
  Make(options);
  EXPECT_TRUE(Push(AllItems(50)).ok());
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(RetryAfter(Push(AllItems(51)).status()), absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Push(AllItems(51)).ok());
}

// Of three pushes that are under way at once two have a slot, and the third has none; when they are done all are free.
TEST_F(SimulatedPlatformTest, NoMoreCallsAreUnderWayThanThereAreSlots) {
  SimulatedOptions options;
  options.capabilities.account.slots = {{"calls", 2}};
  OnlyKind(options).cost.slots = options.capabilities.pull_cost.slots = "calls";
  OnlyKind(options).in_flight = 3;
  Make(options);
  const std::vector<PushItem> items = AllItems(50);
  const std::vector<PushRequest> requests(3, {KindName(), items, "call"});
  int throttled = 0;
  const auto count = [&](size_t, absl::StatusOr<PushReply> reply) { throttled += IsThrottled(reply.status()) ? 1 : 0; };
  for (int i = 1; i <= 2; ++i) {
    adapter_->PushSeveral(requests, call_, count);
    EXPECT_EQ(throttled, i);
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(adapter_->Pull({}, call_).ok());
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
  OnlyKind(options).timeout = absl::Minutes(5);
  options.faults.push_late = 1;
  Make(options);
  EXPECT_FALSE(Push(AllItems(50)).ok());
  platform_->SetFaults({});
  ASSERT_TRUE(Push(AllItems(60)).ok());
  EXPECT_EQ(QuantityOf(3), 60);
  clock_.Advance(OnlyKind(options).timeout);
  for (int i = 0; i < kItems; ++i) EXPECT_EQ(QuantityOf(i), 50);
  EXPECT_EQ(platform_->Counters().pushes_late, 1);
}

TEST_F(SimulatedPlatformTest, ALatePushDoesNotRepeatAKeyThatWasApplied) {
  SimulatedOptions options;
  OnlyKind(options).keys = IdempotencyKeys::kItem;
  options.faults.push_late = 1;
  Make(options);
  EXPECT_FALSE(Push(AllItems(50)).ok());
  platform_->SetFaults({});
  ASSERT_TRUE(Push(AllItems(50)).ok());
  ASSERT_TRUE(platform_->EditItem(Id(3), kQuantity, {kAbsent, 49, ChannelStatus::kUnknown}));
  clock_.Advance(OnlyKind(options).timeout);
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

TEST_F(SimulatedPlatformTest, APushOverTheLimitIsRefused) {
  SimulatedOptions options;
  OnlyKind(options).max_items = kItems - 1;
  Make(options);
  const absl::Status status = Push(AllItems(50)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("limit of 19"));
  EXPECT_EQ(QuantityOf(0), 0);
}

TEST_F(SimulatedPlatformTest, AFetchOverTheLimitIsRefused) {
  SimulatedOptions options;
  options.capabilities.fetch_limit = 2;
  Make(options);
  const std::vector<std::string> ids = {Id(0), Id(1), Id(2)};
  EXPECT_TRUE(adapter_->Fetch({absl::MakeConstSpan(ids).first(2)}, call_).ok());
  EXPECT_EQ(adapter_->Fetch({ids}, call_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SimulatedPlatformTest, APushOfTooManyBytesIsRefused) {
  SimulatedOptions options;
  OnlyKind(options).item_bytes = 20;
  OnlyKind(options).max_bytes = 2 * (20 + static_cast<int64_t>(Id(0).size() + 5));
  Make(options);
  std::vector<PushItem> items = {QuantityItem(0, 50), QuantityItem(1, 50)};
  for (PushItem& item : items) {
    item.mask = {{}, {"title"}};
    item.values.SetContent("title", "12345");
  }
  EXPECT_TRUE(Push(items).ok());
  items[1].values.SetContent("title", "123456");
  EXPECT_EQ(Push(items).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SimulatedPlatformTest, APushOfSeveralParentsIsRefusedWhereItMustHaveOne) {
  SimulatedOptions options;
  OnlyKind(options).one_parent = true;
  Make(options);
  std::vector<PushItem> items = {QuantityItem(0, 50), QuantityItem(1, 50)};
  items[0].parent_id = items[1].parent_id = "shirt";
  EXPECT_TRUE(Push(items).ok());
  items[1].parent_id = "mug";
  EXPECT_EQ(Push(items).status().code(), absl::StatusCode::kInvalidArgument);
}

// An id that is used again is another item.
TEST_F(SimulatedPlatformTest, AHandleOfAnotherItemIsAConflict) {
  Make(SimulatedOptions());
  const PulledItems pulled = PullAll(*adapter_);
  std::vector<PushItem> items = {QuantityItem(3, 50), QuantityItem(4, 50), QuantityItem(5, 50)};
  for (PushItem& item : items) item.handle = pulled.handles.at(item.external_id);
  const SimulatedItem removed = *platform_->FindItem(Id(3));
  ASSERT_TRUE(platform_->RemoveItem(Id(3)));
  platform_->SetItem(removed);
  platform_->SetItem(*platform_->FindItem(Id(4)));  // The same item.
  const absl::StatusOr<PushReply> reply = Push(items);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->outcomes[0].result, PushResult::kConflict);
  EXPECT_EQ(Count(*reply, PushResult::kApplied), 2);
  EXPECT_EQ(QuantityOf(3), 3);
  EXPECT_NE(PullAll(*adapter_).handles.at(Id(3)), items[0].handle);
}

TEST_F(SimulatedPlatformTest, SomeItemsOfAPageCannotBeRead) {
  SimulatedFaults faults;
  faults.page_problem = 0.3;
  Make(faults);
  const PulledItems pulled = PullAll(*adapter_, 7);
  ASSERT_GT(pulled.problems.size(), 0u);
  EXPECT_EQ(pulled.items.size() + pulled.problems.size(), static_cast<size_t>(kItems));
  EXPECT_EQ(pulled.problems.front().problem.code, problem_code::kUnreadableItem);
  const std::vector<std::string> ids = {Id(0), Id(1), Id(2), Id(3), Id(4), Id(5), Id(6), Id(7), Id(8), Id(9)};
  const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, call_);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_GT(reply->problems.size(), 0u);
  EXPECT_EQ(static_cast<size_t>(reply->items.size()) + reply->problems.size(), ids.size());
}

TEST_F(SimulatedPlatformTest, APageThatIsNotReadyIsAskedForAgain) {
  SimulatedFaults faults;
  faults.not_ready = 1;
  Make(faults);
  const absl::StatusOr<PullPage> page = adapter_->Pull({}, call_);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->items.size(), 0);
  EXPECT_EQ(page->ask_again_after, faults.retry_after);
  platform_->SetFaults({});
  EXPECT_EQ(adapter_->Pull({page->next_cursor, 100}, call_)->items.size(), kItems);
  EXPECT_EQ(platform_->Counters().pages_not_ready, 1);
}

// A call that is cancelled a while after it began.
class SoonCancelledCall : public NoLimitCall {
 public:
  explicit SoonCancelledCall(int looks) : looks_(looks) {}
  bool cancelled() const override { return looks_-- <= 0; }

 private:
  mutable int looks_;
};

TEST_F(SimulatedPlatformTest, ACancelledReadEndsWhileItsLatencyPasses) {
  SimulatedFaults faults;
  faults.min_latency = faults.max_latency = absl::Seconds(30);
  Make(faults);
  const absl::Time began = clock_.Now();
  EXPECT_EQ(adapter_->Pull({}, SoonCancelledCall(2)).status().code(), absl::StatusCode::kCancelled);
  EXPECT_GT(clock_.Now(), began);
  EXPECT_LT(clock_.Now(), began + absl::Seconds(30));
}

TEST_F(SimulatedPlatformTest, OfACancelledPushNothingIsTried) {
  Make(SimulatedOptions());
  const std::vector<PushItem> items = AllItems(50);
  const absl::StatusOr<PushReply> reply = adapter_->Push({KindName(), items, "call"}, CancelledCall());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(Count(*reply, PushResult::kNotTried), kItems);
  EXPECT_EQ(QuantityOf(3), 3);
}

// A call that has less time than it takes.
class ShortCall : public NoLimitCall {
 public:
  absl::Duration time_left() const override { return absl::Seconds(10); }
};

TEST_F(SimulatedPlatformTest, ACallThatTakesTooLongHasNoAnswer) {
  SimulatedFaults faults;
  faults.min_latency = faults.max_latency = absl::Seconds(30);
  Make(faults);
  const absl::Time began = clock_.Now();
  EXPECT_EQ(adapter_->Pull({}, ShortCall()).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(clock_.Now(), began + absl::Seconds(10));
  const std::vector<PushItem> items = AllItems(50);
  EXPECT_EQ(adapter_->Push({KindName(), items, "call"}, ShortCall()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(QuantityOf(3), 50);
}

// A call whose time passes while it is asked whether it is cancelled.
class OversleptCall : public NoLimitCall {
 public:
  absl::Duration time_left() const override { return time_left_; }
  bool cancelled() const override {
    time_left_ = -absl::Seconds(20);
    return false;
  }

 private:
  mutable absl::Duration time_left_ = absl::Seconds(10);
};

TEST_F(SimulatedPlatformTest, APushThatIsLateBeforeItIsSentIsNotTried) {
  Make(SimulatedFaults());
  const std::vector<PushItem> items = AllItems(50);
  const absl::StatusOr<PushReply> reply = adapter_->Push({KindName(), items, "call"}, OversleptCall());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(Count(*reply, PushResult::kNotTried), kItems);
  EXPECT_EQ(QuantityOf(3), 3);
}

TEST_F(SimulatedPlatformTest, SeveralPushesAreUnderWayTogether) {
  SimulatedOptions options;
  OnlyKind(options).in_flight = 4;
  options.faults.min_latency = absl::Seconds(2);
  options.faults.max_latency = absl::Seconds(3);
  Make(options);
  const std::vector<PushItem> items = AllItems(50);
  std::vector<PushRequest> requests;
  for (size_t i = 0; i < 4; ++i) requests.push_back({KindName(), absl::MakeConstSpan(items).subspan(5 * i, 5), ""});
  const absl::Time began = clock_.Now();
  std::vector<absl::Time> answers;
  adapter_->PushSeveral(requests, call_, [&](size_t, absl::StatusOr<PushReply> reply) {
    EXPECT_TRUE(reply.ok()) << reply.status();
    answers.push_back(clock_.Now());
  });
  ASSERT_THAT(answers, SizeIs(4));
  EXPECT_GE(answers.front() - began, absl::Seconds(2));
  EXPECT_LT(answers.front(), answers.back());
  EXPECT_LE(answers.back() - began, absl::Seconds(3));
  for (int i = 0; i < kItems; ++i) EXPECT_EQ(QuantityOf(i), 50);
}

// Who is told of an answer may take his time: the other pushes are on their way without him.
TEST_F(SimulatedPlatformTest, PushesUnderWayArriveInTimeWhateverIsDoneWithTheFirstAnswer) {
  SimulatedOptions options;
  OnlyKind(options).in_flight = 2;
  options.faults.min_latency = absl::Seconds(2);
  options.faults.max_latency = absl::Seconds(3);
  Make(options);
  const std::vector<PushItem> items = AllItems(50);
  const std::vector<PushRequest> requests = {{KindName(), absl::MakeConstSpan(items).first(5), ""},
                                             {KindName(), absl::MakeConstSpan(items).subspan(5, 5), ""}};
  std::vector<size_t> answered;
  adapter_->PushSeveral(requests, call_, [&](size_t request, absl::StatusOr<PushReply> reply) {
    EXPECT_TRUE(reply.ok()) << reply.status();
    answered.push_back(request);
    if (answered.size() > 1) return;
    clock_.Advance(absl::Minutes(2));
    const int other = request == 0 ? 5 : 0;
    EXPECT_EQ(QuantityOf(other), 50);
    platform_->EditItem(Id(other), {SyncField::kQuantity}, {0, 7, ChannelStatus::kListed});
  });
  ASSERT_THAT(answered, SizeIs(2));
  EXPECT_EQ(QuantityOf(answered[1] == 0 ? 0 : 5), 7) << "what was set since stands";
}

TEST_F(SimulatedPlatformTest, ReceiptsAreDecidedAfterAWhile) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Seconds(20);
  options.faults.max_receipt_delay = absl::Seconds(30);
  Make(options);
  const absl::StatusOr<PushReply> reply = Push(AllItems(50));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(Count(*reply, PushResult::kAccepted), kItems);
  std::vector<std::string> receipts;
  for (const PushOutcome& outcome : reply->outcomes) receipts.push_back(outcome.receipt);
  // What becomes of an item is decided late: this one is gone by then.
  platform_->RemoveItem(Id(19));
  clock_.Advance(absl::Seconds(10));
  const absl::StatusOr<std::vector<PushOutcome>> halfway = Poll(receipts);
  ASSERT_TRUE(halfway.ok()) << halfway.status();
  const auto is_open = [](const PushOutcome& outcome) { return outcome.result == PushResult::kAccepted; };
  const auto first_open = std::find_if(halfway->begin(), halfway->end(), is_open);
  EXPECT_NE(first_open, halfway->end());
  EXPECT_TRUE(std::any_of(first_open, halfway->end(), std::not_fn(is_open))) << "decided in the order of the items";
  // Nothing is open for longer than was declared.
  clock_.Advance(absl::Seconds(10));
  const absl::StatusOr<std::vector<PushOutcome>> outcomes = Poll(receipts);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  ASSERT_THAT(*outcomes, SizeIs(kItems));
  for (size_t i = 0; i < kItems; ++i) {
    EXPECT_EQ((*outcomes)[i].result, i == 19 ? PushResult::kNotFound : PushResult::kApplied);
  }
  EXPECT_EQ(Poll({"none"}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SimulatedPlatformTest, SomeItemsAreAccepted) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Minutes(1);
  options.faults.accepted = 0.5;
  Make(options);
  const absl::StatusOr<PushReply> reply = Push(AllItems(50));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_GT(Count(*reply, PushResult::kAccepted), 0);
  EXPECT_GT(Count(*reply, PushResult::kApplied), 0);
}

// Each item is decided twice, in either order.
TEST_F(SimulatedPlatformTest, TheLastOfSeveralSubmissionsStandsWhereLaterOnesWin) {
  for (const bool later_wins : {false, true}) {
    SimulatedOptions options;
    OnlyKind(options).receipt_timeout = absl::Minutes(1);
    OnlyKind(options).later_wins = later_wins;
    options.faults.max_receipt_delay = absl::Minutes(1);
    Make(options);
    ASSERT_EQ(Push(AllItems(50)).status(), absl::OkStatus());
    ASSERT_EQ(Push(AllItems(60)).status(), absl::OkStatus());
    clock_.Advance(absl::Minutes(1));
    int last = 0;
    for (int i = 0; i < kItems; ++i) last += QuantityOf(i) == 60 ? 1 : 0;
    if (later_wins) {
      EXPECT_EQ(last, kItems);
    } else {
      EXPECT_GT(last, 0);
      EXPECT_LT(last, kItems);
    }
  }
}

// Nobody hears of the decision; some have landed, and some have not.
TEST_F(SimulatedPlatformTest, LostReceiptsAreNeverDecided) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Minutes(1);
  options.faults.receipt_lost = 1;
  Make(options);
  const absl::StatusOr<PushReply> reply = Push(AllItems(50));
  ASSERT_TRUE(reply.ok()) << reply.status();
  std::vector<std::string> receipts;
  for (const PushOutcome& outcome : reply->outcomes) receipts.push_back(outcome.receipt);
  clock_.Advance(absl::Hours(24));
  const absl::StatusOr<std::vector<PushOutcome>> outcomes = adapter_->PollReceipts(receipts, call_);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  for (const PushOutcome& outcome : *outcomes) EXPECT_EQ(outcome.result, PushResult::kAccepted);
  int landed = 0;
  for (int i = 0; i < kItems; ++i) landed += QuantityOf(i) == 50 ? 1 : 0;
  EXPECT_GT(landed, 0);
  EXPECT_LT(landed, kItems);
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
    options.faults.edits = 0.3;
    options.faults.sales = 0.3;
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
