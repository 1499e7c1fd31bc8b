#include "src/engine/account_limits.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "gtest/gtest.h"

namespace flxlink::engine {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);
constexpr absl::Duration kNone = absl::ZeroDuration();

Account OneBucket(double size, double refill_per_second) {
  Account account;
  account.buckets = {{"calls", size, refill_per_second}};
  return account;
}

Account SomeSlots(int64_t most) {
  Account account;
  account.slots = {{"open", most}};
  return account;
}

CallCost Tokens(double base) {
  CallCost cost;
  cost.bucket = "calls";
  cost.base = base;
  return cost;
}

CallCost Slot() {
  CallCost cost;
  cost.slots = "open";
  return cost;
}

// Asks for a call that takes its cost at once or waits no longer.
absl::Duration TakeOnce(AccountLimits& limits, const CallCost& cost, absl::Time now, Lane lane = Lane::kUrgent) {
  const int64_t call = limits.Ask(cost, 1, lane);
  const absl::Duration wait = limits.Try(call, now);
  limits.End(call);
  return wait;
}

TEST(AccountLimitsTest, GivesWhatIsSavedUpAndThenMakesWait) {
  AccountLimits limits(OneBucket(2, 0.5), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart), kNone);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart), kNone);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart), absl::Seconds(2));
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart), absl::Seconds(2)) << "who has to wait has taken nothing";
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart + absl::Seconds(2)), kNone);
}

TEST(AccountLimitsTest, ACallCostsAsItsItemsDo) {
  AccountLimits limits(OneBucket(10, 1), kStart);
  CallCost cost = Tokens(1);
  cost.per_item = 0.5;
  const int64_t call = limits.Ask(cost, 8, Lane::kUrgent);
  EXPECT_EQ(limits.Try(call, kStart), kNone);
  limits.End(call);
  EXPECT_EQ(TakeOnce(limits, Tokens(6), kStart), absl::Seconds(1)) << "5 of 10 are left";
}

TEST(AccountLimitsTest, MoreThanTheBucketHoldsIsAWholeBucket) {
  AccountLimits limits(OneBucket(2, 1), kStart);
  for (const Lane lane : {Lane::kUrgent, Lane::kBulk}) {
    const absl::Time full = kStart + absl::Seconds(lane == Lane::kUrgent ? 0 : 2);
    EXPECT_EQ(TakeOnce(limits, Tokens(50), full, lane), kNone);
    EXPECT_EQ(TakeOnce(limits, Tokens(50), full, lane), absl::Seconds(2));
  }
}

TEST(AccountLimitsTest, AClockThatIsSetBackRefillsNothing) {
  AccountLimits limits(OneBucket(1, 1), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart), kNone);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart - absl::Hours(1)), absl::Seconds(1));
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart - absl::Hours(1) + absl::Seconds(1)), kNone);
}

// Two threads read the clock and come in the other order.
TEST(AccountLimitsTest, NoTimeRefillsTwice) {
  AccountLimits limits(OneBucket(10, 10), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(10), kStart), kNone);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart + absl::Milliseconds(100)), kNone);
  EXPECT_GT(TakeOnce(limits, Tokens(1), kStart + absl::Milliseconds(10)), kNone);
  EXPECT_GT(TakeOnce(limits, Tokens(1), kStart + absl::Milliseconds(110)), kNone);
}

TEST(AccountLimitsTest, WhatIsNotDeclaredIsNotCounted) {
  AccountLimits limits(OneBucket(0, 0), kStart);
  CallCost other = Tokens(1);
  other.bucket = "other";
  other.slots = "other";
  for (const CallCost& cost : {Tokens(1), other, CallCost()}) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(limits.Try(limits.Ask(cost, 1, Lane::kBulk), kStart), kNone);
  }
}

TEST(AccountLimitsTest, CallsOfALaneGoInTheirOrder) {
  AccountLimits limits(OneBucket(10, 1), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(10), kStart), kNone);
  const int64_t dear = limits.Ask(Tokens(5), 1, Lane::kUrgent);
  const int64_t cheap = limits.Ask(Tokens(1), 1, Lane::kUrgent);
  EXPECT_EQ(limits.Try(dear, kStart), absl::Seconds(5));
  EXPECT_EQ(limits.Try(cheap, kStart), absl::Seconds(6)) << "the tokens before it are the other's";
  EXPECT_EQ(limits.Try(cheap, kStart + absl::Seconds(6)), kNone) << "enough is left for the other";
  EXPECT_EQ(limits.Try(dear, kStart + absl::Seconds(6)), kNone);
}

TEST(AccountLimitsTest, AFullBucketIsTheFirstOnes) {
  AccountLimits limits(OneBucket(10, 1), kStart);
  const int64_t dear = limits.Ask(Tokens(10), 1, Lane::kUrgent);
  const int64_t cheap = limits.Ask(Tokens(1), 1, Lane::kUrgent);
  EXPECT_EQ(limits.Try(cheap, kStart), absl::Seconds(1));
  EXPECT_EQ(limits.Try(dear, kStart), kNone);
}

TEST(AccountLimitsTest, WhoWaitsNoLongerKeepsNobodyBack) {
  AccountLimits limits(OneBucket(10, 1), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(10), kStart), kNone);
  const int64_t dear = limits.Ask(Tokens(5), 1, Lane::kUrgent);
  const int64_t cheap = limits.Ask(Tokens(1), 1, Lane::kUrgent);
  EXPECT_EQ(limits.Try(cheap, kStart), absl::Seconds(6));
  limits.End(dear);
  EXPECT_EQ(limits.Try(cheap, kStart), absl::Seconds(1));
}

TEST(AccountLimitsTest, WhileAnUrgentCallWaitsABulkOneGetsNothing) {
  AccountLimits limits(OneBucket(10, 1), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(9), kStart), kNone);
  const int64_t bulk = limits.Ask(Tokens(1), 1, Lane::kBulk);
  const int64_t urgent = limits.Ask(Tokens(4), 1, Lane::kUrgent);
  EXPECT_EQ(limits.Try(urgent, kStart), absl::Seconds(3));
  EXPECT_EQ(limits.Try(bulk, kStart), absl::Seconds(4)) << "a token is there, and is the urgent one's";
  EXPECT_EQ(limits.Try(urgent, kStart + absl::Seconds(3)), kNone);
  EXPECT_EQ(limits.Try(bulk, kStart + absl::Seconds(4)), kNone);
}

// Urgent calls without a pause, and bulk ones. Who made them, in their order, and when.
using Made = std::vector<std::pair<Lane, absl::Time>>;
Made MakeCalls(AccountLimits& limits, const CallCost& urgent_cost, const CallCost& bulk_cost, int count) {
  Made made;
  int64_t urgent = limits.Ask(urgent_cost, 1, Lane::kUrgent);
  int64_t bulk = limits.Ask(bulk_cost, 1, Lane::kBulk);
  for (absl::Time now = kStart; static_cast<int>(made.size()) < count; now += absl::Milliseconds(100)) {
    if (limits.Try(bulk, now) == kNone) {
      made.emplace_back(Lane::kBulk, now);
      limits.End(std::exchange(bulk, limits.Ask(bulk_cost, 1, Lane::kBulk)));
    }
    if (limits.Try(urgent, now) == kNone) {
      made.emplace_back(Lane::kUrgent, now);
      limits.End(std::exchange(urgent, limits.Ask(urgent_cost, 1, Lane::kUrgent)));
    }
  }
  return made;
}

int64_t CountOf(const Made& made, Lane lane) {
  return std::count_if(made.begin(), made.end(), [&](const auto& call) { return call.first == lane; });
}

// The longest time from one urgent call to the next.
absl::Duration LongestGap(const Made& made) {
  absl::Duration longest;
  absl::Time last = kStart;
  for (const auto& [lane, at] : made) {
    if (lane == Lane::kUrgent) longest = std::max(longest, at - std::exchange(last, at));
  }
  return longest;
}

TEST(AccountLimitsTest, ABulkCallGetsEveryTenthToken) {
  AccountLimits limits(OneBucket(1, 1), kStart);
  const Made made = MakeCalls(limits, Tokens(1), Tokens(1), 1000);
  EXPECT_EQ(CountOf(made, Lane::kBulk), 100);
  EXPECT_EQ(LongestGap(made), absl::Seconds(2)) << "its own token, and one for a bulk call";
}

TEST(AccountLimitsTest, WhatADearBulkCallNeedsIsSavedTokenByToken) {
  AccountLimits limits(OneBucket(100, 1), kStart);
  ASSERT_EQ(TakeOnce(limits, Tokens(100), kStart), kNone);
  const Made made = MakeCalls(limits, Tokens(1), Tokens(50), 920);
  EXPECT_EQ(CountOf(made, Lane::kBulk), 2) << "100 of 1000 tokens";
  EXPECT_LE(LongestGap(made), absl::Seconds(2));
}

// Neither a bucket that is saved for bulk calls nor one that urgent ones always empty keeps the other lane waiting.
TEST(AccountLimitsTest, CallsThatCostAWholeBucketAreMadeInBothLanes) {
  for (const double bulk_cost : {3.0, 10.0}) {
    AccountLimits limits(OneBucket(10, 1), kStart);
    const Made made = MakeCalls(limits, Tokens(10), Tokens(bulk_cost), 200);
    const double bulk = bulk_cost * static_cast<double>(CountOf(made, Lane::kBulk));
    const double urgent = 10.0 * static_cast<double>(CountOf(made, Lane::kUrgent));
    EXPECT_NEAR(bulk / (bulk + urgent), 0.1, 0.01) << bulk_cost;
  }
}

TEST(AccountLimitsTest, WhatWasSavedForNobodyIsUsed) {
  AccountLimits limits(OneBucket(100, 1), kStart);
  ASSERT_EQ(TakeOnce(limits, Tokens(91), kStart), kNone);
  const int64_t bulk = limits.Ask(Tokens(50), 1, Lane::kBulk);
  ASSERT_EQ(TakeOnce(limits, Tokens(9), kStart), kNone);
  const absl::Time later = kStart + absl::Seconds(1);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), later), absl::Seconds(1)) << "one is saved";
  limits.End(bulk);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), later), kNone);
  limits.Ask(Tokens(50), 1, Lane::kBulk);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), later), absl::Seconds(1)) << "what is not there any more is not saved";
}

TEST(AccountLimitsTest, NoMoreCallsAreOpenThanThereAreSlots) {
  AccountLimits limits(SomeSlots(2), kStart);
  const int64_t first = limits.Ask(Slot(), 1, Lane::kUrgent);
  const int64_t second = limits.Ask(Slot(), 1, Lane::kBulk);
  const int64_t third = limits.Ask(Slot(), 1, Lane::kUrgent);
  EXPECT_EQ(limits.Try(first, kStart), kNone);
  EXPECT_EQ(limits.Try(third, kStart), kNone);
  EXPECT_EQ(limits.Try(second, kStart + absl::Hours(1)), absl::InfiniteDuration());
  limits.End(first);
  EXPECT_EQ(limits.Try(second, kStart), kNone);
}

TEST(AccountLimitsTest, EveryTenthSlotIsForABulkCall) {
  for (const int64_t most : {1, 3}) {
    AccountLimits limits(SomeSlots(most), kStart);
    // As many urgent calls under way as there are slots; the next ones wait.
    std::vector<int64_t> open;
    for (int64_t i = 0; i < most; ++i) {
      open.push_back(limits.Ask(Slot(), 1, Lane::kUrgent));
      ASSERT_EQ(limits.Try(open.back(), kStart), kNone);
    }
    int64_t bulk = limits.Ask(Slot(), 1, Lane::kBulk);
    int64_t urgent = limits.Ask(Slot(), 1, Lane::kUrgent);
    int bulk_calls = 0;
    for (int i = 0; i < 1000; ++i) {
      limits.End(open.front());
      open.erase(open.begin());
      const bool is_urgent = limits.Try(urgent, kStart) == kNone;
      const bool is_bulk = limits.Try(bulk, kStart) == kNone;
      ASSERT_NE(is_urgent, is_bulk) << "a slot was free for one of them";
      open.push_back(is_bulk ? bulk : urgent);
      bulk_calls += is_bulk ? 1 : 0;
      (is_bulk ? bulk : urgent) = limits.Ask(Slot(), 1, is_bulk ? Lane::kBulk : Lane::kUrgent);
    }
    EXPECT_EQ(bulk_calls, 100);
  }
}

TEST(AccountLimitsTest, ABulkCallWhoseSlotAnUrgentOneWaitsForIsUrgent) {
  Account account = OneBucket(10, 1);
  account.slots = {{"open", 1}};
  AccountLimits limits(account, kStart);
  ASSERT_EQ(TakeOnce(limits, Tokens(10), kStart), kNone);
  CallCost both = Tokens(5);
  both.slots = "open";
  const int64_t bulk = limits.Ask(both, 1, Lane::kBulk);
  EXPECT_EQ(limits.Try(bulk, kStart), absl::Seconds(5)) << "it has the slot";
  const int64_t urgent = limits.Ask(Tokens(2), 1, Lane::kUrgent);
  EXPECT_EQ(limits.Try(bulk, kStart), absl::Seconds(7));
  const int64_t waits_for_slot = limits.Ask(both, 1, Lane::kUrgent);
  EXPECT_EQ(limits.Try(waits_for_slot, kStart), absl::InfiniteDuration());
  EXPECT_EQ(limits.Try(bulk, kStart), absl::Seconds(5));
  EXPECT_EQ(limits.Try(urgent, kStart), absl::Seconds(7));
}

TEST(AccountLimitsTest, OtherLimitsKeepWhatWasSavedUp) {
  AccountLimits limits(OneBucket(0, 0), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart), kNone);
  limits.SetLimits(OneBucket(4, 1), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(4), kStart), kNone) << "begins full";
  limits.SetLimits(OneBucket(2, 2), kStart + absl::Seconds(1));
  EXPECT_EQ(TakeOnce(limits, Tokens(2), kStart + absl::Seconds(1)), absl::Milliseconds(500)) << "refilled as it was";
  limits.SetLimits(Account(), kStart + absl::Seconds(1));
  EXPECT_EQ(TakeOnce(limits, Tokens(2), kStart + absl::Seconds(1)), absl::Milliseconds(500)) << "stays as it is";
}

TEST(AccountLimitsTest, FewerSlotsWaitForTheCallsThatAreOpen) {
  AccountLimits limits(SomeSlots(2), kStart);
  std::vector<int64_t> open = {limits.Ask(Slot(), 1, Lane::kUrgent), limits.Ask(Slot(), 1, Lane::kUrgent)};
  for (const int64_t call : open) ASSERT_EQ(limits.Try(call, kStart), kNone);
  limits.SetLimits(SomeSlots(1), kStart);
  const int64_t next = limits.Ask(Slot(), 1, Lane::kUrgent);
  limits.End(open[0]);
  EXPECT_EQ(limits.Try(next, kStart), absl::InfiniteDuration());
  limits.End(open[1]);
  EXPECT_EQ(limits.Try(next, kStart), kNone);
}

// -- What the platform says

BucketLevel Left(double left) { return {"calls", left, absl::nullopt, absl::nullopt}; }

// A call that is under way.
int64_t Begun(AccountLimits& limits, const CallCost& cost, absl::Time now = kStart) {
  const int64_t call = limits.Ask(cost, 1, Lane::kUrgent);
  EXPECT_EQ(limits.Try(call, now), kNone);
  return call;
}

// How many tokens there are, of a bucket that gets one a second; none is taken.
double LeftIn(AccountLimits& limits, absl::Time now = kStart) {
  constexpr double kMany = 1000;
  const int64_t call = limits.Ask(Tokens(kMany), 1, Lane::kBulk);
  const int64_t first = limits.Ask(Tokens(kMany), 1, Lane::kBulk);
  const absl::Duration wait = limits.Try(first, now);
  limits.End(call);
  limits.End(first);
  return 2 * kMany - absl::ToDoubleSeconds(wait);
}

TEST(AccountLimitsTest, WhatIsLeftAfterACallAloneIsAsThePlatformSays) {
  for (const double left : {0.0, 1.0, 997.0}) {
    AccountLimits limits(OneBucket(1000, 1), kStart);
    const int64_t call = Begun(limits, Tokens(10));
    limits.TakeLevel({call}, Left(left), kStart);
    EXPECT_NEAR(LeftIn(limits), left, 0.001);
    EXPECT_NEAR(LeftIn(limits, kStart + absl::Seconds(2)), left + 2, 0.001) << "it refills from there";
    limits.End(call);
  }
}

TEST(AccountLimitsTest, CallsBesideMayNotHaveBeenCountedYet) {
  struct Case {
    double left;
    double believed;
  };
  // Own count: 1000 - 10 - 30 - 5 = 955. The others cost 35 at the most.
  for (const Case& test : {Case{900, 900}, Case{955, 955}, Case{980, 955}, Case{990, 955}, Case{995, 960}}) {
    AccountLimits limits(OneBucket(1000, 1), kStart);
    const int64_t before = Begun(limits, Tokens(30));
    const int64_t call = Begun(limits, Tokens(10));
    const int64_t after = Begun(limits, Tokens(5));
    // It may have been counted after the answer was made all the same.
    limits.End(after);
    limits.TakeLevel({call}, Left(test.left), kStart);
    EXPECT_NEAR(LeftIn(limits), test.believed, 0.001) << test.left;
    limits.End(call);
    const int64_t alone_but_for_the_first = Begun(limits, Tokens(0));
    limits.TakeLevel({alone_but_for_the_first}, Left(1000), kStart);
    EXPECT_NEAR(LeftIn(limits), 970, 0.001);
    limits.End(before);
  }
}

// Nobody knows to which of them the answer was.
TEST(AccountLimitsTest, OfCallsThatAreMadeTogetherTheLeastIsBelieved) {
  AccountLimits limits(OneBucket(1000, 1), kStart);
  const int64_t dear = Begun(limits, Tokens(500));
  const int64_t cheap = Begun(limits, Tokens(100));
  limits.TakeLevel({dear, cheap}, Left(1000), kStart);
  EXPECT_NEAR(LeftIn(limits), 500, 0.001);
}

TEST(AccountLimitsTest, ABucketOfWhichACallTakesNothingOnlyLoses) {
  AccountLimits limits(OneBucket(1000, 1), kStart);
  const int64_t other = Begun(limits, CallCost());
  ASSERT_EQ(TakeOnce(limits, Tokens(100), kStart), kNone);
  limits.TakeLevel({other}, Left(950), kStart);
  EXPECT_NEAR(LeftIn(limits), 900, 0.001);
  limits.TakeLevel({other}, Left(800), kStart);
  EXPECT_NEAR(LeftIn(limits), 800, 0.001);
  limits.TakeLevel({}, Left(950), kStart);
  EXPECT_NEAR(LeftIn(limits), 800, 0.001);
}

TEST(AccountLimitsTest, TheSizeAndTheRefillThatThePlatformSaysTakeThePlaceOfTheDeclaredOnes) {
  AccountLimits limits(OneBucket(10, 1), kStart);
  const int64_t call = Begun(limits, Tokens(10));
  limits.TakeLevel({call}, {"calls", absl::nullopt, 20, 4}, kStart);
  limits.End(call);
  EXPECT_EQ(TakeOnce(limits, Tokens(20), kStart), absl::Seconds(5));
  limits.SetLimits(OneBucket(10, 1), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(20), kStart), absl::Seconds(5)) << "for whoever declares what";
  limits.TakeLevel({}, {"calls", absl::nullopt, 5, absl::nullopt}, kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(20), kStart), absl::Milliseconds(1250)) << "a whole bucket";
  limits.SetLimits(Account(), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(4), kStart), absl::Seconds(1));
}

TEST(AccountLimitsTest, WhatMakesNoSenseIsPassedOver) {
  AccountLimits limits(OneBucket(1000, 1), kStart);
  const double kNaN = std::numeric_limits<double>::quiet_NaN();
  const double kInfinity = std::numeric_limits<double>::infinity();
  const int64_t call = Begun(limits, Tokens(10));
  for (const double none : {0.0, -1.0, kNaN, kInfinity}) {
    limits.TakeLevel({call}, {"calls", absl::nullopt, none, none}, kStart);
    EXPECT_NEAR(LeftIn(limits), 990, 0.001);
  }
  limits.TakeLevel({call}, Left(kNaN), kStart);
  EXPECT_NEAR(LeftIn(limits), 990, 0.001);
  limits.TakeLevel({call}, {"other", 1, 1, 1}, kStart);
  EXPECT_NEAR(LeftIn(limits), 990, 0.001);
  limits.TakeLevel({call}, Left(kInfinity), kStart);
  EXPECT_NEAR(LeftIn(limits), 1000, 0.001) << "not more than it holds";
  limits.TakeLevel({call}, Left(-5), kStart);
  EXPECT_NEAR(LeftIn(limits), 0, 0.001);
}

TEST(AccountLimitsTest, WhatWasNotCountedIsOnceThePlatformSaysAll) {
  AccountLimits limits(OneBucket(0, 0), kStart);
  limits.TakeLevel({}, {"calls", absl::nullopt, 3, absl::nullopt}, kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(50), kStart), kNone);
  EXPECT_EQ(TakeOnce(limits, Tokens(50), kStart), kNone) << "nobody knows how it refills";
  limits.TakeLevel({}, {"calls", absl::nullopt, absl::nullopt, 1}, kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(3), kStart), kNone) << "begins full";
  EXPECT_EQ(TakeOnce(limits, Tokens(3), kStart), absl::Seconds(3));
}

TEST(AccountLimitsTest, AThrottledCallEmptiesItsBucketForEverybody) {
  for (const double size : {0.0, 10.0}) {
    AccountLimits limits(OneBucket(size, size), kStart);
    const int64_t call = Begun(limits, Tokens(1));
    limits.TakeThrottled(call, absl::Seconds(5), kStart);
    limits.End(call);
    EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart), absl::Seconds(5));
    EXPECT_EQ(TakeOnce(limits, CallCost(), kStart), kNone) << "what takes nothing of it goes on";
    const int64_t other = Begun(limits, CallCost());
    limits.TakeThrottled(other, absl::Hours(1), kStart);
    limits.TakeLevel({}, Left(10), kStart);
    EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart + absl::Seconds(2)), absl::Seconds(3));
    EXPECT_EQ(TakeOnce(limits, Tokens(10), kStart + absl::Seconds(5)), kNone) << "refilled meanwhile";
  }
}

TEST(AccountLimitsTest, AShorterThrottleEndsNoLongerOne) {
  AccountLimits limits(OneBucket(10, 1), kStart);
  const int64_t call = Begun(limits, Tokens(1));
  limits.TakeThrottled(call, absl::Seconds(5), kStart);
  limits.TakeThrottled(call, absl::Seconds(1), kStart);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), kStart), absl::Seconds(5));
  EXPECT_EQ(TakeOnce(limits, Tokens(8), kStart), absl::Seconds(8)) << "it is empty as well";
  const absl::Time set_back = kStart - absl::Hours(1);
  EXPECT_EQ(TakeOnce(limits, Tokens(1), set_back), absl::Seconds(5));
  EXPECT_EQ(TakeOnce(limits, Tokens(1), set_back + absl::Seconds(5)), kNone);
}

TEST(AccountLimitsTest, ThreadsShareThem) {
  AccountLimits limits(SomeSlots(2), kStart);
  std::atomic<int> open{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, lane = thread % 2 == 0 ? Lane::kUrgent : Lane::kBulk] {
      for (int i = 0; i < 200; ++i) {
        const int64_t call = limits.Ask(Slot(), 1, lane);
        while (limits.Try(call, kStart) > kNone) std::this_thread::yield();
        const int now_open = ++open;
        for (int seen = most; seen < now_open && !most.compare_exchange_weak(seen, now_open);) continue;
        --open;
        limits.End(call);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
}

TEST(CallPermitTest, GivesItsSlotBackWhenItGoes) {
  const auto limits = std::make_shared<AccountLimits>(SomeSlots(1), kStart);
  absl::optional<CallPermit> first = CallPermit(limits, Slot(), 1, Lane::kUrgent);
  EXPECT_EQ(first->Try(kStart), kNone);
  {
    CallPermit waits(limits, Slot(), 1, Lane::kUrgent);
    EXPECT_EQ(waits.Try(kStart), absl::InfiniteDuration());
  }
  CallPermit moved = *std::move(first);
  first.reset();
  CallPermit next(limits, Slot(), 1, Lane::kUrgent);
  EXPECT_EQ(next.Try(kStart), absl::InfiniteDuration()) << "the one that was moved has it still";
  {
    CallPermit gone(limits, CallCost(), 1, Lane::kUrgent);
    gone = std::move(moved);
  }
  EXPECT_EQ(next.Try(kStart), kNone);
}

}  // namespace
}  // namespace flxlink::engine
