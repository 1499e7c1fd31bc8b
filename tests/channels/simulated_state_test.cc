#include "src/channels/simulated/simulated_state.h"

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flxlink/conformance/channel.h"
#include "gtest/gtest.h"
#include "tests/channels/simulated_under_test.h"
#include "tests/support/manual_clock.h"
#include "tests/support/simulated_options.h"

namespace flxlink::simulated {
namespace {

SimulatedItem FullItem() {
  SimulatedItem item = {"1", "p", {1000, -5, ChannelStatus::kHidden, 1500}, {{"sku", "a"}, {"title", "\xff\n"}}};
  item.fixed = {{"quantity", FixedReason::kNotStocked}};
  item.stock = {{"berlin", 10, 3}};
  item.prices = {{"de", kAbsent, 950}};
  item.published = {"de", ""};
  item.identity = "i";
  item.aliases = {"x", "y"};
  return item;
}

TEST(SimulatedStateTest, ItemsAreReadBack) {
  internal::SimulatedItemRecord record;
  Encode(FullItem(), &record);
  EXPECT_TRUE(Decode(record) == FullItem());
}

TEST(SimulatedStateTest, PushItemsPlacesAndOutcomesAreReadBack) {
  PushItem item;
  item.external_id = "1";
  item.parent_id = "p";
  item.handle = "h";
  item.mask = {{SyncField::kPrice, SyncField::kCompareAtPrice}, {"title"}};
  item.values.price = 5;
  item.values.SetContent("title", "T");
  item.known.price = 4;
  internal::SimulatedPushItemRecord item_record;
  Encode(item, &item_record);
  const PushItem read = Decode(item_record);
  EXPECT_EQ(read.external_id, "1");
  EXPECT_EQ(read.parent_id, "p");
  EXPECT_EQ(read.handle, "h");
  EXPECT_EQ(read.mask, item.mask);
  EXPECT_EQ(read.values, item.values);
  EXPECT_EQ(read.known, item.known);

  internal::SimulatedPlaceRecord place_record;
  Encode(SimulatedPlace{"berlin", "de", QuantityMeans::kOnHand, Hiding::kNone}, &place_record);
  const SimulatedPlace place = Decode(place_record);
  EXPECT_EQ(place.location, "berlin");
  EXPECT_EQ(place.market, "de");
  EXPECT_EQ(place.quantity_means, QuantityMeans::kOnHand);
  EXPECT_EQ(place.hiding, Hiding::kNone);

  PushOutcome outcome;
  outcome.result = PushResult::kConflict;
  outcome.code = "c";
  outcome.message = "m";
  outcome.field = "price";
  outcome.receipt = "r";
  outcome.seen.quantity = 7;
  internal::SimulatedAnswerRecord answer_record;
  Encode(outcome, &answer_record);
  const PushOutcome answer = Decode(answer_record);
  EXPECT_EQ(answer.result, PushResult::kConflict);
  EXPECT_EQ(answer.code + answer.message + answer.field + answer.receipt, "cmpricer");
  EXPECT_EQ(answer.seen, outcome.seen);
}

TEST(SimulatedStateTest, WhatIsDamagedIsRefused) {
  internal::SimulatedStateRecord state;
  state.set_receipts_given(7);
  const std::string saved = PackState(state);
  ASSERT_TRUE(UnpackState(saved).ok());
  EXPECT_EQ(UnpackState(saved)->receipts_given(), 7);
  EXPECT_FALSE(UnpackState("").ok());
  EXPECT_FALSE(UnpackState(saved.substr(1)).ok());
  for (size_t i = 0; i < saved.size(); ++i) {
    std::string damaged = saved;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(UnpackState(damaged).ok()) << i;
  }
}

// -- A platform that is saved and restored between any two calls, beside one that goes on.

SimulatedOptions OptionsWithMemory() {
  SimulatedOptions options;
  options.capabilities = SplitSimulatedCapabilities();
  options.capabilities.account.buckets = {{"catalog", 8, 0.5}, {"inventory", 10, 1}};
  options.capabilities.pull_lag = absl::Seconds(5);
  options.capabilities.fetch_lag = absl::Seconds(2);
  options.capabilities.since.emplace();
  options.capabilities.since->sees = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  options.capabilities.since->sees_new_items = true;
  options.capabilities.since->sees_deletions = true;
  options.capabilities.since->overlap = absl::Seconds(1);
  PushKind& prices = options.capabilities.push_kinds.front();
  prices.receipt_timeout = absl::Seconds(10);
  return options;
}

std::string TextOf(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), " ", status.message(), "\n");
}

std::string TextOf(const ChannelVariantBatch& batch) {
  std::string text;
  for (int64_t row = 0; row < batch.size(); ++row) {
    const ItemValues values = ValuesAt(batch, row);
    absl::StrAppend(&text, batch.external_id[row], " ", batch.handle[row], " ", values.price, " ", values.quantity, " ",
                    ToString(values.status), "\n");
  }
  return text;
}

std::string TextOf(const std::vector<PushOutcome>& outcomes) {
  std::string text;
  for (const PushOutcome& outcome : outcomes) {
    absl::StrAppend(&text, ToString(outcome.result), " ", outcome.receipt, " ", outcome.message, "\n");
  }
  return text;
}

class Script {
 public:
  Script(uint64_t seed, bool is_restored) : random_(seed), is_restored_(is_restored), platform_(Make("", {})) {}

  std::string Step() {
    clock_.Advance(absl::Milliseconds(Below(2000)));
    if (is_restored_) {
      const std::vector<SimulatedItem> items = platform_->Items();
      platform_ = Make(platform_->Save(), items);
    } else {
      platform_->Items();  // So that what is due lands at the same time.
    }
    switch (Below(7)) {
      case 0:
        return Pull();
      case 1:
        return Fetch();
      case 2:
        return Push("prices", SyncField::kPrice);
      case 3:
        return Push("quantities", SyncField::kQuantity);
      case 4:
        return Poll();
      case 5:
        return absl::StrCat("removed ", platform_->RemoveItem(AnyId()), "\n");
      default:
        platform_->SetItem({AnyId(), "p", {Below(100), Below(3), ChannelStatus::kListed}, {}});
        return "set\n";
    }
  }

 private:
  int64_t Below(uint64_t end) { return static_cast<int64_t>(random_() % end); }
  std::string AnyId() { return absl::StrCat("item-", Below(4)); }

  std::unique_ptr<SimulatedPlatform> Make(const std::string& saved, std::vector<SimulatedItem> items) {
    auto platform = std::make_unique<SimulatedPlatform>(clock_, OptionsWithMemory());
    EXPECT_EQ(platform->Restore(saved, std::move(items)), absl::OkStatus());
    return platform;
  }

  std::string Pull() {
    PullRequest request;
    if (Below(3) > 0) request.mark = mark_;
    const absl::StatusOr<PullPage> page = platform_->Pull(request, call_);
    if (!page.ok()) return TextOf(page.status());
    mark_ = page->mark;
    std::string text = absl::StrCat("pulled ", TextOf(page->items), page->mark, "\n");
    for (const std::string& id : page->deleted) absl::StrAppend(&text, "deleted ", id, "\n");
    return text;
  }

  std::string Fetch() {
    const std::vector<std::string> ids = {AnyId()};
    const absl::StatusOr<FetchReply> reply = platform_->Fetch({ids}, call_);
    return reply.ok() ? absl::StrCat("fetched ", TextOf(reply->items)) : TextOf(reply.status());
  }

  std::string Push(const std::string& kind, SyncField field) {
    PushItem item;
    item.external_id = AnyId();
    item.parent_id = "p";
    item.mask = {field};
    item.values.Set(field, Below(3));
    item.known.Set(field, Below(3));
    item.idempotency_key = absl::StrCat("key-", Below(4));
    const absl::StatusOr<PushReply> reply = platform_->Push({kind, {&item, 1}, ""}, call_);
    if (!reply.ok()) return TextOf(reply.status());
    if (!reply->outcomes[0].receipt.empty()) receipts_.push_back(reply->outcomes[0].receipt);
    return absl::StrCat("pushed ", TextOf(reply->outcomes));
  }

  std::string Poll() {
    const absl::StatusOr<std::vector<PushOutcome>> outcomes = platform_->PollReceipts(receipts_, call_);
    return outcomes.ok() ? absl::StrCat("polled ", TextOf(*outcomes)) : TextOf(outcomes.status());
  }

  std::mt19937_64 random_;
  const bool is_restored_;
  ManualClock clock_;
  const NoLimitCall call_{};
  std::string mark_;
  std::vector<std::string> receipts_;
  std::unique_ptr<SimulatedPlatform> platform_;
};

TEST(SimulatedStateTest, ARestoredPlatformGoesOnAsIfNothingHadHappened) {
  std::string seen;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Script one(seed, false);
    Script other(seed, true);
    for (int step = 0; step < 100; ++step) {
      const std::string expected = one.Step();
      ASSERT_EQ(other.Step(), expected) << "seed " << seed << ", step " << step;
      seen += expected;
    }
  }
  for (const char* word : {"pushed accepted receipt", "polled applied", "conflict", "rate limit", "deleted", "-2 "}) {
    EXPECT_TRUE(absl::StrContains(seen, word)) << word;
  }
}

// What nobody asks for any more is not kept for ever.
TEST(SimulatedStateTest, KeysAndReceiptsAreForgotten) {
  ManualClock clock;
  const NoLimitCall call;
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Seconds(10);
  OnlyKind(options).keys = IdempotencyKeys::kItem;
  SimulatedPlatform platform(clock, options);
  platform.SetItem(FullItem());
  PushItem item;
  item.external_id = "1";
  item.mask = {SyncField::kPrice};
  item.values.price = 5;
  item.idempotency_key = "key";
  ASSERT_TRUE(platform.Push({"items", {&item, 1}, ""}, call).ok());
  EXPECT_EQ(UnpackState(platform.Save())->receipts_size(), 1);
  EXPECT_EQ(UnpackState(platform.Save())->keys_size(), 1);
  clock.Advance(absl::Hours(49));
  EXPECT_EQ(UnpackState(platform.Save())->receipts_size(), 0);
  EXPECT_EQ(UnpackState(platform.Save())->keys_size(), 0);
  EXPECT_EQ(UnpackState(platform.Save())->receipts_given(), 1);
}

// Its first items were always there, however late reads are.
TEST(SimulatedStateTest, ANewPlatformIsSeenAtOnce) {
  ManualClock clock;
  SimulatedPlatform platform(clock, OptionsWithMemory());
  ASSERT_EQ(platform.Restore("", {FullItem()}), absl::OkStatus());
  const absl::StatusOr<PullPage> page = platform.Pull({}, NoLimitCall());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->items.size(), 1);
}

}  // namespace
}  // namespace flxlink::simulated
