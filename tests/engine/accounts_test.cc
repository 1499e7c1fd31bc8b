#include "src/engine/accounts.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"
#include "tests/support/manual_clock.h"

namespace flxlink::engine {
namespace {

constexpr absl::Duration kNone = absl::ZeroDuration();

Channel ChannelOf(int64_t channel_id, const std::string& adapter) {
  Channel channel;
  channel.channel_id = channel_id;
  channel.config.adapter = adapter;
  return channel;
}

Account AccountOf(const std::string& name) {
  Account account;
  account.name = name;
  account.buckets = {{"calls", 1, 1}};
  return account;
}

class AccountsTest : public ::testing::Test {
 protected:
  EngineOptions Options(Storage& storage, Clock& clock) {
    EngineOptions options;
    options.storage = &storage;
    options.clock = &clock;
    return options;
  }

  ManualClock clock_;
  const std::unique_ptr<Storage> storage_ = NewMemoryStorage(clock_);
  const std::unique_ptr<Storage> other_storage_ = NewMemoryStorage(clock_);
  const EngineOptions options_ = Options(*storage_, clock_);
  const EngineOptions other_options_ = Options(*other_storage_, clock_);
};

TEST_F(AccountsTest, ChannelsOfOneAccountShareItOverEngines) {
  Accounts mine(options_);
  Accounts others(other_options_);
  const auto shared = mine.For(ChannelOf(1, "shop"), AccountOf("acme"));
  EXPECT_EQ(mine.For(ChannelOf(2, "shop"), AccountOf("acme")), shared);
  EXPECT_EQ(others.For(ChannelOf(1, "shop"), AccountOf("acme")), shared);
  EXPECT_NE(mine.For(ChannelOf(1, "shop"), AccountOf("other")), shared);
  EXPECT_NE(mine.For(ChannelOf(1, "market"), AccountOf("acme")), shared) << "another platform's";
}

TEST_F(AccountsTest, WhatGoesByAnotherClockIsNotShared) {
  ManualClock other_clock;
  Accounts mine(options_);
  Accounts others(Options(*storage_, other_clock));
  EXPECT_NE(mine.For(ChannelOf(1, "shop"), AccountOf("acme")), others.For(ChannelOf(1, "shop"), AccountOf("acme")));
}

TEST_F(AccountsTest, AnAccountWithoutANameIsTheChannelsOwn) {
  Accounts mine(options_);
  Accounts same_store(options_);
  Accounts others(other_options_);
  const auto own = mine.For(ChannelOf(1, "shop"), AccountOf(""));
  EXPECT_EQ(mine.For(ChannelOf(1, "shop"), AccountOf("")), own);
  EXPECT_EQ(same_store.For(ChannelOf(1, "shop"), AccountOf("")), own);
  EXPECT_NE(mine.For(ChannelOf(2, "shop"), AccountOf("")), own);
  EXPECT_NE(mine.For(ChannelOf(1, "other"), AccountOf("")), own) << "a channel with another adapter begins anew";
  EXPECT_NE(others.For(ChannelOf(1, "shop"), AccountOf("")), own);
}

TEST_F(AccountsTest, LimitsLiveAsLongAsAnEngineThatUsedThem) {
  auto mine = std::make_unique<Accounts>(options_);
  auto others = std::make_unique<Accounts>(other_options_);
  const std::weak_ptr<AccountLimits> limits = mine->For(ChannelOf(1, "shop"), AccountOf("acme"));
  others->For(ChannelOf(1, "shop"), AccountOf("acme"));
  mine = nullptr;
  EXPECT_FALSE(limits.expired());
  others = nullptr;
  EXPECT_TRUE(limits.expired());
}

TEST_F(AccountsTest, TheNewestDeclarationHolds) {
  Accounts accounts(options_);
  const auto limits = accounts.For(ChannelOf(1, "shop"), AccountOf("acme"));
  CallCost cost;
  cost.bucket = "calls";
  EXPECT_EQ(CallPermit(limits, cost, 1, Lane::kUrgent).Try(clock_.Now()), kNone);
  EXPECT_EQ(CallPermit(limits, cost, 1, Lane::kUrgent).Try(clock_.Now()), absl::Seconds(1));
  Account faster = AccountOf("acme");
  faster.buckets[0].refill_per_second = 4;
  accounts.For(ChannelOf(2, "shop"), faster);
  EXPECT_EQ(CallPermit(limits, cost, 1, Lane::kUrgent).Try(clock_.Now()), absl::Milliseconds(250));
}

// -- What a platform sees: callers of two channels, two engines and both lanes, at random, over simulated time.

struct Call {
  Lane lane = Lane::kUrgent;
  CallCost cost;
  int64_t items = 0;
  absl::Time asked_at;
  absl::Time begun_at;
  absl::Time ended_at = absl::InfiniteFuture();

  double tokens() const { return cost.base + cost.per_item * static_cast<double>(items); }
};

// A thread of a job: it makes a call, does something else, and makes the next.
struct Caller {
  std::shared_ptr<AccountLimits> limits;
  Lane lane = Lane::kUrgent;
  absl::optional<CallPermit> permit;
  bool under_way = false;
  Call call;
  absl::Time due_at;
};

class PlatformTest : public AccountsTest, public ::testing::WithParamInterface<uint32_t> {
 protected:
  PlatformTest() : random_(GetParam()), accounts_{Accounts(options_), Accounts(other_options_)} {
    account_.name = "acme";
    account_.buckets = {{"points", 20, static_cast<double>(Between(1, 20))}, {"calls", 3, 2}};
    account_.slots = {{"open", static_cast<int64_t>(Between(1, 3))}, {"report", 1}};
    for (Accounts& accounts : accounts_) {
      for (const int64_t channel_id : {1, 2}) {
        for (const Lane lane : {Lane::kUrgent, Lane::kBulk}) {
          Caller caller;
          caller.limits = accounts.For(ChannelOf(channel_id, "shop"), account_);
          caller.lane = lane;
          caller.due_at = clock_.Now();
          callers_.push_back(std::move(caller));
        }
      }
    }
  }

  int Between(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  absl::Duration Some(int most_ms) { return absl::Milliseconds(Between(0, most_ms)); }

  CallCost SomeCost() {
    CallCost cost;
    cost.bucket = Between(0, 2) > 0 ? "points" : "calls";
    cost.base = cost.bucket == "calls" ? 1 : Between(0, 3);
    cost.per_item = cost.bucket == "calls" ? 0 : 0.5;
    cost.slots = std::array<const char*, 3>{"", "open", "report"}[static_cast<size_t>(Between(0, 2))];
    return cost;
  }

  void Ask(Caller& caller) {
    caller.call = {caller.lane, SomeCost(), Between(0, 30), clock_.Now(), {}, absl::InfiniteFuture()};
    caller.permit.emplace(caller.limits, caller.call.cost, caller.call.items, caller.lane);
  }

  // As a job does: it looks again every 100 ms, and at times it is told to yield.
  void TryToBegin(Caller& caller) {
    const absl::Duration wait = caller.permit->Try(clock_.Now());
    if (wait > kNone) {
      if (Between(0, 50) == 0) caller.permit.reset();
      caller.due_at = clock_.Now() + std::min(wait, absl::Milliseconds(100));
      return;
    }
    caller.under_way = true;
    caller.call.begun_at = clock_.Now();
    caller.due_at = clock_.Now() + Some(1500);
  }

  void End(Caller& caller) {
    caller.permit.reset();
    caller.under_way = false;
    caller.call.ended_at = clock_.Now();
    calls_.push_back(caller.call);
    caller.due_at = clock_.Now() + (Between(0, 1) == 0 ? kNone : Some(500));
  }

  virtual void Step(Caller& caller) {
    if (caller.under_way) return End(caller);
    if (!caller.permit.has_value()) Ask(caller);
    TryToBegin(caller);
  }

  void Run(size_t calls) {
    const auto earlier = [](const Caller& a, const Caller& b) { return a.due_at < b.due_at; };
    while (calls_.size() < calls) {
      Caller& next = *std::min_element(callers_.begin(), callers_.end(), earlier);
      clock_.Advance(next.due_at - clock_.Now());
      Step(next);
    }
    for (Caller& caller : callers_) {
      if (caller.under_way) calls_.push_back(caller.call);
    }
    std::sort(calls_.begin(), calls_.end(), [](const Call& a, const Call& b) { return a.begun_at < b.begun_at; });
  }

  std::vector<Call> CallsOf(const Bucket& bucket) {
    std::vector<Call> calls;
    for (const Call& call : calls_) {
      if (call.cost.bucket == bucket.name) calls.push_back(call);
    }
    return calls;
  }

  // In any stretch of time no more than a full bucket and what came in meanwhile.
  void ExpectKept(const Bucket& bucket) {
    const std::vector<Call> calls = CallsOf(bucket);
    for (size_t first = 0; first < calls.size(); ++first) {
      double taken = 0;
      for (size_t last = first; last < calls.size(); ++last) {
        taken += calls[last].tokens();
        const double seconds = absl::ToDoubleSeconds(calls[last].begun_at - calls[first].begun_at);
        ASSERT_LE(taken, bucket.size + seconds * bucket.refill_per_second + 0.01)
            << bucket.name << ", calls " << first << " to " << last;
      }
    }
  }

  // While a bulk call waits for tokens, bulk calls get every tenth, give or take what a bucket holds.
  void ExpectShared(const Bucket& bucket) {
    const std::vector<Call> calls = CallsOf(bucket);
    for (const Call& waits : calls) {
      if (waits.lane == Lane::kUrgent || !waits.cost.slots.empty()) continue;
      double bulk = 0;
      double urgent = 0;
      for (const Call& other : calls) {
        if (other.begun_at < waits.asked_at || other.begun_at > waits.begun_at) continue;
        (other.lane == Lane::kUrgent ? urgent : bulk) += other.tokens();
      }
      ASSERT_LE(urgent, 9 * bulk + 2 * bucket.size);
    }
  }

  void ExpectKept(const CallSlots& slots) {
    for (const Call& call : calls_) {
      const int64_t open = std::count_if(calls_.begin(), calls_.end(), [&](const Call& other) {
        return other.cost.slots == slots.name && other.begun_at <= call.begun_at && call.begun_at < other.ended_at;
      });
      ASSERT_LE(open, slots.most) << slots.name;
    }
  }

  std::mt19937 random_;
  Account account_;
  std::array<Accounts, 2> accounts_;
  std::vector<Caller> callers_;
  std::vector<Call> calls_;
};

TEST_P(PlatformTest, SeesNoLimitExceededAndBulkCallsGetTheirShare) {
  Run(400);
  for (const Bucket& bucket : account_.buckets) {
    ExpectKept(bucket);
    ExpectShared(bucket);
  }
  for (const CallSlots& slots : account_.slots) ExpectKept(slots);
  for (const Lane lane : {Lane::kUrgent, Lane::kBulk}) {
    const auto of_lane = [&](const Call& call) { return call.lane == lane; };
    EXPECT_GT(std::count_if(calls_.begin(), calls_.end(), of_lane), 40) << "nobody starves";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlatformTest, ::testing::Range(1u, 11u));

// A platform with other limits than were declared, to which calls cost all or a quarter of what was declared, and that
// says what is left. Some answers get lost.
class TellingPlatformTest : public PlatformTest {
 protected:
  // From the begin of a call until the platform counts it: meanwhile more may come in than a bucket holds.
  static constexpr int kSoon = 20;

  TellingPlatformTest()
      : cost_(Between(0, 1) == 0 ? 1.0 : 0.25),
        size_(Between(18, 40)),
        refill_(Between(1, 5)),
        tokens_(size_),
        filled_at_(clock_.Now()) {
    callers_[0].limits->TakeLevel({}, {"points", absl::nullopt, size_, refill_}, clock_.Now());
  }

  void Step(Caller& caller) override {
    const bool under_way = caller.under_way;
    if (under_way && caller.call.cost.bucket == "points") {
      if (answers_.count(&caller) == 0) return Count(caller);
      Tell(caller);
    }
    PlatformTest::Step(caller);
    if (!under_way && caller.under_way) caller.due_at = clock_.Now() + Some(kSoon);
  }

  void Count(Caller& caller) {
    const double seconds = absl::ToDoubleSeconds(clock_.Now() - filled_at_);
    tokens_ = std::min(size_, tokens_ + seconds * refill_) - caller.call.tokens() * cost_;
    filled_at_ = clock_.Now();
    counted_ += caller.call.tokens() * cost_;
    lowest_ = std::min(lowest_, tokens_);
    answers_[&caller] = {"points", tokens_, absl::nullopt, absl::nullopt};
    caller.due_at = clock_.Now() + Some(500);
  }

  void Tell(Caller& caller) {
    if (Between(0, 4) > 0) caller.limits->TakeLevel({caller.permit->call()}, answers_.at(&caller), clock_.Now());
    answers_.erase(&caller);
  }

  const double cost_;
  const double size_;
  const double refill_;
  double tokens_;
  absl::Time filled_at_;
  double counted_ = 0;
  double lowest_ = 0;
  std::map<const Caller*, BucketLevel> answers_;
};

TEST_P(TellingPlatformTest, IsNeverAskedForMoreThanItHasAndIsMadeUseOf) {
  const absl::Time start = clock_.Now();
  Run(400);
  EXPECT_GE(lowest_, -refill_ * kSoon / 1000.0 - 0.01);
  EXPECT_GT(counted_, 0.5 * refill_ * absl::ToDoubleSeconds(clock_.Now() - start)) << "a quarter, by what is declared";
}

INSTANTIATE_TEST_SUITE_P(Seeds, TellingPlatformTest, ::testing::Range(1u, 31u));

}  // namespace
}  // namespace flxlink::engine
