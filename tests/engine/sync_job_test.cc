// Sync jobs over a channel that throttles, delays, throws and loses answers.

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "flxlink/csv_channel.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/engine/account_limits.h"
#include "src/engine/accounts.h"
#include "tests/engine/scripted_channel.h"
#include "tests/engine/sync_fixture.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::engine {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// -- Rate limits.

TEST_F(SyncJobTest, ABucketOutlivesTheJobThatEmptiedIt) {
  SimulatedOptions options;
  OnlyKind(options).max_items = 1;
  CountCalls(2, 1, &options);
  Start(options);
  SyncedChannel(2);
  for (const int64_t price : {1100, 1200, 1300}) {
    WritePrices(2, price);
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 2);
  }
  EXPECT_EQ(platform_->Counters().calls_throttled, 0);
}

TEST_F(SyncJobTest, ACancelledWaitForTokensTakesNone) {
  SimulatedOptions options;
  CountCalls(1, 0.001, &options);
  Start(options);
  ASSERT_TRUE(engine_->AddChannel(Config()).ok());
  Run(JobKind::kPull);
  for (int i = 0; i < 3; ++i) ExpectCancelledSoon(RunAndCancel(JobKind::kPull));
  began_ = clock_.Now();
  EXPECT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
  EXPECT_LE(clock_.Now() - began_, absl::Seconds(1001));
}

TEST_F(SyncJobTest, RepeatedPullsTakeTokensToo) {
  SimulatedOptions options;
  CountCalls(1, 0.001, &options);
  Start(options);
  ASSERT_TRUE(engine_->AddChannel(Config()).ok());
  script_.pull = Times(2, absl::UnavailableError("away"));
  began_ = clock_.Now();
  EXPECT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
  EXPECT_GE(clock_.Now() - began_, absl::Seconds(1999));
}

TEST_F(SyncJobTest, PollsTakeTokensToo) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Minutes(10);
  CountCalls(2, 1, &options);
  options.faults.max_receipt_delay = absl::Seconds(20);
  Start(options);
  SyncedChannel(3);
  WritePrices(3, 1100);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 3);
  RunRetries();
  EXPECT_GT(platform_->Counters().polls, 1);
  EXPECT_EQ(platform_->Counters().calls_throttled, 0);
}

// -- Reads that are late.

// A read of a second later shows the old price: to take it for what somebody else set would send it once more, and a
// quantity would be guarded.
TEST_F(SyncJobTest, AFullSyncDoesNotBelieveReadsThatMayBeOlderThanThePush) {
  SimulatedOptions options;
  options.capabilities.pull_lag = absl::Seconds(10);
  Start(options);
  SyncedChannel(2);
  for (int i = 0; i < 2; ++i) WriteProduct(i, 1100, 9);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 2);
  clock_.Advance(absl::Seconds(1));
  const Job early = RunFullSync();
  EXPECT_EQ(CountOf(early, "drifted"), 0);
  EXPECT_EQ(CountOf(early, "sent"), 0);

  ItemValues values;
  values.price = 5;
  ASSERT_TRUE(platform_->EditItem(ItemId(0), {SyncField::kPrice}, values));
  clock_.Advance(absl::Seconds(11));
  const Job late = RunFullSync();
  EXPECT_EQ(CountOf(late, "drifted"), 1);
  EXPECT_EQ(CountOf(late, "sent"), 1);
  EXPECT_EQ(platform_->FindItem(ItemId(0))->values.price, 1100);
}

// -- Receipts.

TEST_F(SyncJobTest, ReceiptsAreDecidedWithoutHoldingTheSlot) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Hours(4);
  options.faults.max_receipt_delay = absl::Hours(3);
  Start(options, /*max_tries=*/5, /*page_rows=*/100);
  SyncedChannel(6);
  WritePrices(6, 1100);
  began_ = clock_.Now();
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "accepted"), 6);
  EXPECT_EQ(CountOf(sync, "sent"), 0);
  EXPECT_LE(clock_.Now() - began_, absl::Minutes(1)) << "it does not wait for hours";
  EXPECT_EQ(InDoubt(), 6);

  RunRetries();
  EXPECT_GT(clock_.Now() - began_, absl::Minutes(30)) << "the receipts were decided too soon to test anything";
  EXPECT_EQ(platform_->Counters().items_applied, 6) << "each was sent once";
  EXPECT_EQ(platform_->Counters().items_pushed, 6);
  EXPECT_EQ(InDoubt(), 0);
  EXPECT_THAT(OpenPushes(), IsEmpty());
  EXPECT_LE(platform_->Counters().polls, 60) << "the older a receipt, the longer the wait";
}

// However many links wait, a sync reads and asks about those that are due.
TEST_F(SyncJobTest, WhatIsNotDueIsNotRead) {
  constexpr int kParked = 12;
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Hours(4);
  options.faults.max_receipt_delay = absl::Hours(3);
  Start(options);
  SyncedChannel(kParked + 1);
  script_.polled = [](std::vector<PushOutcome>* outcomes) {
    for (PushOutcome& outcome : *outcomes) outcome.result = PushResult::kAccepted;
  };
  WritePrices(kParked, 1100);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), kParked);
  clock_.Advance(absl::Hours(1));
  std::vector<std::string> read;
  storage_->after_read_pushes = [&](const std::vector<OpenPush>& pushes) {
    for (const OpenPush& push : pushes) {
      for (const OpenItem& open : push.items) read.push_back(open.sku);
    }
  };
  Run(JobKind::kSync);
  EXPECT_THAT(read, SizeIs(kParked)) << "once each, now that they are due";
  read.clear();
  const int64_t polls = platform_->Counters().polls;
  WriteProduct(kParked, 1200);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 1);
  EXPECT_THAT(read, Each(Sku(kParked)));
  EXPECT_EQ(platform_->Counters().polls, polls + 1) << "about its own receipt";

  const std::vector<OpenPush> open = OpenPushes();
  ASSERT_THAT(open, Not(IsEmpty()));
  absl::Time first = absl::InfiniteFuture();
  for (const OpenPush& push : open) first = std::min(first, push.look_at.value_or(absl::InfinitePast()));
  JobFilter pending;
  pending.states = {JobState::kPending};
  const JobPage retries = *engine_->ListJobs(pending, {});
  ASSERT_EQ(retries.rows.size(), 1u);
  EXPECT_EQ(retries.rows[0].trigger, JobTrigger::kRetry);
  EXPECT_EQ(retries.rows[0].not_before, first) << "when the first of them is due";
  EXPECT_GT(first, clock_.Now());
  for (const OpenPush& push : open) {
    if (push.items[0].sku == Sku(kParked)) continue;
    EXPECT_GE(push.look_at, clock_.Now() + absl::Minutes(9)) << push.items[0].sku;
    EXPECT_LE(push.look_at, clock_.Now() + absl::Minutes(15)) << push.items[0].sku;
  }
}

// What does not pass by itself is not tried every second.
TEST_F(SyncJobTest, AfterARefusedPollTheNextOneIsLater) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Hours(4);
  options.faults.max_receipt_delay = absl::Hours(3);
  Start(options);
  SyncedChannel(3);
  WritePrices(3, 1100);
  Run(JobKind::kSync);
  script_.poll = [] { return absl::PermissionDeniedError("the key was taken back"); };
  clock_.Advance(absl::Minutes(10));
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  JobFilter pending;
  pending.states = {JobState::kPending};
  const JobPage retries = *engine_->ListJobs(pending, {});
  ASSERT_EQ(retries.rows.size(), 1u) << "the receipts are not forgotten";
  EXPECT_GE(retries.rows[0].not_before.value_or(absl::InfinitePast()), clock_.Now() + absl::Minutes(10));
  script_.poll = [] { return absl::OkStatus(); };
  RunRetries();
  EXPECT_EQ(InDoubt(), 0);
  EXPECT_THAT(OpenPushes(), IsEmpty());
}

// The lower quantity is decided first or last, as it falls: what is stated last is there in the end.
TEST_F(SyncJobTest, ALowerQuantityGoesOutWhileAnotherIsAwaited) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Hours(4);
  options.faults.max_receipt_delay = absl::Hours(3);
  for (options.seed = 1; options.seed <= 8; ++options.seed) {
    UseNewStorage(ticking_);
    Start(options);
    SyncedChannel(1);
    WriteQuantities(1, 90);
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 1);
    WriteQuantities(1, 95);
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 0) << "a higher one waits";
    WriteQuantities(1, 2);
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 1) << "a lower one does not";
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 0) << "and is on its way";
    RunRetries();
    EXPECT_EQ(platform_->FindItem(ItemId(0))->values.quantity, 2) << "seed " << options.seed;
    EXPECT_EQ(InDoubt(), 0);
    EXPECT_THAT(OpenPushes(), IsEmpty());
  }
}

// Nor does a change wait where the platform lets the last submission stand; and each is sent once.
TEST_F(SyncJobTest, AChangeGoesOutWhileAnOlderOneIsAwaitedWhereLaterSubmissionsWin) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Hours(4);
  OnlyKind(options).later_wins = true;
  options.faults.max_receipt_delay = absl::Hours(3);
  for (options.seed = 1; options.seed <= 8; ++options.seed) {
    UseNewStorage(ticking_);
    Start(options);
    SyncedChannel(1);
    for (const int64_t price : {1100, 1200, 1300}) {
      WritePrices(1, price);
      EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 1) << price;
      EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 0) << price << " is on its way";
    }
    RunRetries();
    EXPECT_EQ(platform_->FindItem(ItemId(0))->values.price, 1300) << "seed " << options.seed;
    EXPECT_EQ(InDoubt(), 0);
    EXPECT_THAT(OpenPushes(), IsEmpty());
    EXPECT_LE(platform_->Counters().items_pushed, 5) << "what was decided for an older version is sent once more";
  }
}

TEST_F(SyncJobTest, ALostReceiptIsAttentionAndTheItemIsLookedAt) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Minutes(2);
  Start(options);
  SyncedChannel(2);
  WritePrices(2, 1100);
  script_.poll = [] { return absl::UnavailableError("away"); };
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 2);
  const int64_t fetches = platform_->Counters().fetches;
  clock_.Advance(absl::Minutes(3));
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "receipts_lost"), 2);
  ASSERT_THAT(sync.problems, SizeIs(2));
  EXPECT_EQ(sync.problems[0].problem.code, problem_code::kReceiptLost);
  EXPECT_GT(platform_->Counters().fetches, fetches);
  script_.poll = [] { return absl::OkStatus(); };
  RunRetries();
  EXPECT_EQ(InDoubt(), 0);
  EXPECT_THAT(OpenPushes(), IsEmpty());
  EXPECT_EQ(platform_->FindItem(ItemId(0))->values.price, 1100);
}

// What was accepted may still land, whatever the platform has to say but what became of it.
TEST_F(SyncJobTest, AnAnswerThatDecidesNothingLeavesTheReceiptOpen) {
  for (const PushResult result : {PushResult::kThrottled, PushResult::kNotTried, PushResult::kUnavailable}) {
    SimulatedOptions options;
    OnlyKind(options).receipt_timeout = absl::Hours(1);
    UseNewStorage(ticking_);
    Start(options);
    SyncedChannel(1);
    WritePrices(1, 1100);
    script_.polled = [&](std::vector<PushOutcome>* outcomes) {
      for (PushOutcome& outcome : *outcomes) outcome.result = result;
    };
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "accepted"), 1);
    EXPECT_EQ(InDoubt(), 1) << ToString(result);
    EXPECT_THAT(OpenPushes(), SizeIs(1));
    script_.polled = [](std::vector<PushOutcome>*) {};
    RunRetries();
    EXPECT_EQ(InDoubt(), 0);
    EXPECT_EQ(platform_->Counters().items_pushed, 1) << "it was sent once";
  }
}

// Nobody else would ask about them until the next schedule.
TEST_F(SyncJobTest, ReceiptsAreAskedAboutHoweverTheJobEnds) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Hours(1);
  Start(options);
  SyncedChannel(6);
  WritePrices(6, 1100);
  int pushes = 0;
  script_.push = [&] { return ++pushes == 1 ? absl::OkStatus() : absl::UnauthenticatedError("the token is old"); };
  const Job failed = Run(JobKind::kSync);
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_EQ(CountOf(failed, "accepted"), 3);
  JobFilter filter;
  filter.states = {JobState::kPending};
  const absl::StatusOr<JobPage> pending = engine_->ListJobs(filter, {});
  ASSERT_EQ(pending->rows.size(), 1u);
  EXPECT_EQ(pending->rows[0].trigger, JobTrigger::kRetry);
  script_.push = [] { return absl::OkStatus(); };
  RunRetries();
  EXPECT_EQ(InDoubt(), 0);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(PriceOf(i), 1100);
}

// The price is accepted, and decided by the end of the job; the higher quantity waits for that and no schedule.
TEST_F(SyncJobTest, WhatWaitsForAReceiptGoesOnInTheSameJob) {
  SimulatedOptions options;
  options.capabilities.push_kinds.resize(2);
  PushKind& prices = options.capabilities.push_kinds[0];
  PushKind& quantities = options.capabilities.push_kinds[1];
  quantities = prices;
  prices.name = "prices";
  prices.fields = {SyncField::kPrice};
  prices.receipt_timeout = absl::Hours(1);
  quantities.name = "quantities";
  quantities.fields = {SyncField::kQuantity, SyncField::kStatus};
  options.faults.max_receipt_delay = absl::ZeroDuration();
  Start(options);
  SyncedChannel(1);
  WriteProduct(0, 1100, 50);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_EQ(PriceOf(0), 1100);
  EXPECT_EQ(platform_->FindItem(ItemId(0))->values.quantity, 50);
  JobFilter filter;
  filter.states = {JobState::kPending};
  EXPECT_THAT(engine_->ListJobs(filter, {})->rows, IsEmpty()) << "nothing is left for another job";
}

// The price of the first is decided long before the other's call can land no more, and nothing of the first waits for
// that.
TEST_F(SyncJobTest, ReceiptsAreAskedAboutWhileAnotherLinkIsInDoubt) {
  SimulatedOptions options;
  options.capabilities.push_kinds.resize(2);
  PushKind& prices = options.capabilities.push_kinds[0];
  PushKind& quantities = options.capabilities.push_kinds[1];
  quantities = prices;
  prices.name = "prices";
  prices.fields = {SyncField::kPrice};
  prices.receipt_timeout = absl::Seconds(10);
  options.faults.max_receipt_delay = absl::Seconds(10);
  quantities.name = "quantities";
  quantities.fields = {SyncField::kQuantity, SyncField::kStatus};
  Start(options);
  SyncedChannel(2);
  WriteProduct(0, 1100, 50);
  WriteProduct(1, 1100, 50);
  script_.pushed = [first = true](PushReply* reply) mutable {
    if (std::exchange(first, false)) reply->outcomes.back().result = PushResult::kUnavailable;
  };
  absl::optional<absl::Duration> raised_after;
  began_ = clock_.Now();
  clock_.on_sleep = [&] {
    if (raised_after.has_value() || platform_->FindItem(ItemId(0))->values.quantity != 50) return;
    raised_after = clock_.Now() - began_;
  };
  const Job sync = Run(JobKind::kSync);
  clock_.on_sleep = nullptr;
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  ASSERT_TRUE(raised_after.has_value());
  EXPECT_LE(*raised_after, absl::Seconds(20)) << "it waited for the call of the other";
  EXPECT_GE(clock_.Now() - began_, absl::Minutes(1)) << "nothing was waited for";
  EXPECT_LE(platform_->Counters().polls, 20) << "the older a receipt, the longer the wait";
  RunRetries();
  EXPECT_EQ(platform_->FindItem(ItemId(1))->values.quantity, 50);
  EXPECT_EQ(InDoubt(), 0);
  EXPECT_THAT(OpenPushes(), IsEmpty());
}

// -- Throttling.

TEST_F(SyncJobTest, AThrottledPushWasNotTried) {
  Start({}, /*max_tries=*/1);
  SyncedChannel(6);
  WritePrices(6, 1100);
  script_.push = Times(4, Throttled(absl::Milliseconds(20)));
  clock_.on_sleep = [this] {
    EXPECT_EQ(InDoubt(), 0);
    EXPECT_THAT(OpenPushes(), IsEmpty());
  };
  began_ = clock_.Now();
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "sent"), 6);
  EXPECT_EQ(platform_->Counters().items_applied, 6) << "each was sent once";
  EXPECT_LE(clock_.Now() - began_, absl::Milliseconds(80));
}

TEST_F(SyncJobTest, ItemsThatWereNotTriedGoWithTheNextBatchAndCountNoAttempt) {
  Start({}, /*max_tries=*/1);
  SyncedChannel(6);
  WritePrices(6, 1100);
  SimulatedFaults faults;
  faults.item_not_tried = 1;
  platform_->SetFaults(faults);
  int sleeps = 0;
  clock_.on_sleep = [&] {
    EXPECT_EQ(InDoubt(), 0);
    if (++sleeps == 3) platform_->SetFaults({});
  };
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "sent"), 6);
  EXPECT_EQ(platform_->Counters().items_applied, 6);
}

// A platform counts the calls of an account, not those of a job: what it says to one, as a whole or of an item, holds
// for all.
TEST_F(SyncJobTest, AThrottledPushKeepsOthersOfTheAccountBack) {
  for (const bool whole : {true, false}) {
    UseNewStorage(clock_);
    SimulatedOptions options;
    CountCalls(100, 100, &options);
    options.capabilities.account.name = absl::StrCat("acme", whole);
    Start(options);
    SyncedChannel(1);
    WritePrices(1, 1100);
    EngineOptions others;
    others.storage = storage_.get();
    others.clock = &clock_;
    Channel channel;
    channel.config.adapter = "scripted";
    Accounts accounts(others);
    const std::shared_ptr<AccountLimits> limits = accounts.For(channel, options.capabilities.account);
    SimulatedFaults faults;
    faults.item_throttled = 1;
    faults.retry_after = absl::Seconds(7);
    if (whole) {
      script_.push = Times(1, Throttled(absl::Seconds(7)));
    } else {
      platform_->SetFaults(faults);
    }
    absl::optional<absl::Duration> others_wait;
    clock_.on_sleep = [&] {
      if (others_wait.has_value()) return;
      platform_->SetFaults({});
      CallCost cost;
      cost.bucket = "calls";
      others_wait = CallPermit(limits, cost, 1, Lane::kUrgent).Try(clock_.Now()) + (clock_.Now() - began_);
    };
    began_ = clock_.Now();
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kCompleted);
    EXPECT_EQ(others_wait, absl::Seconds(7)) << (whole ? "whole" : "of an item");
    clock_.on_sleep = nullptr;
  }
}

// -- Cancelling.

TEST_F(SyncJobTest, ACancelEndsTheRetryAfterOfAPull) {
  Start();
  SyncedChannel(1);
  script_.pull = Times(100, Throttled(absl::Seconds(79)));
  ExpectCancelledSoon(RunAndCancel(JobKind::kPull));
}

TEST_F(SyncJobTest, ACancelEndsTheRetryAfterOfAPush) {
  Start();
  SyncedChannel(1);
  WritePrices(1, 1100);
  script_.push = Times(100, Throttled(absl::Seconds(79)));
  ExpectCancelledSoon(RunAndCancel(JobKind::kSync));
}

TEST_F(SyncJobTest, ACancelEndsTheWaitForAPushThatMayStillLand) {
  Start({}, /*max_tries=*/1);
  SyncedChannel(1);
  WritePrices(1, 1100);
  script_.push = Times(1, absl::UnavailableError("the line broke"));
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  ExpectCancelledSoon(RunAndCancel(JobKind::kSync));
  EXPECT_THAT(OpenPushes(), SizeIs(1)) << "it was not waited out";
}

// -- Doubt.

TEST_F(SyncJobTest, WhatIsChangedIsSentWhileAnotherLinkIsInDoubt) {
  Start();
  SyncedChannel(2);
  WriteProduct(0, 1100);
  script_.push = Times(1, absl::UnavailableError("the line broke"));
  bool changed = false;
  absl::optional<absl::Duration> sent_after;
  began_ = clock_.Now();
  clock_.on_sleep = [&] {
    const absl::Duration passed = clock_.Now() - began_;
    if (!changed && passed >= absl::Seconds(10)) {
      changed = true;
      WriteProduct(1, 1200);
    }
    if (!sent_after.has_value() && PriceOf(1) == 1200) sent_after = passed;
  };
  const Job sync = Run(JobKind::kSync);
  clock_.on_sleep = nullptr;
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  ASSERT_TRUE(sent_after.has_value());
  EXPECT_LE(*sent_after, absl::Seconds(20)) << "it waited for the call of the other";
  EXPECT_GE(clock_.Now() - began_, absl::Minutes(1)) << "nothing was waited for";
  EXPECT_EQ(PriceOf(0), 1100);
}

TEST_F(SyncJobTest, ADoubtEndsWhereSiblingsDisagreeAboutTheStatus) {
  SimulatedOptions options;
  options.capabilities.kept_by_parent = {SyncField::kStatus};
  Start(options, /*max_tries=*/1);
  ChannelConfig config = Config();
  config.status_rules = {
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kLessOrEqual, 0, StatusRule::Action::kHide},
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kGreater, 0, StatusRule::Action::kUnhide}};
  config.sync_fields = {SyncField::kStatus};
  SyncedChannel(2, config);
  // Both are to be hidden, and what became of that is not known.
  for (int i = 0; i < 2; ++i) WriteProduct(i, 1000, 0);
  Run(JobKind::kRules);
  SimulatedFaults faults;
  faults.push_lost_reply = 1;
  platform_->SetFaults(faults);
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  EXPECT_EQ(InDoubt(), 2);
  platform_->SetFaults({});
  // Then a person wants one of them listed, and the other stays hidden by a person, so that nothing of it is sent.
  State(0, Health::kHidden);
  State(1, Health::kListed);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "held_back"), 2);
  EXPECT_EQ(InDoubt(), 0);
  EXPECT_THAT(OpenPushes(), IsEmpty());
  // Once they agree on what was acknowledged before, it is sent: the channel does not have it any more.
  State(0, Health::kListed);
  EXPECT_EQ(platform_->FindItem(ItemId(0))->values.status, ChannelStatus::kHidden);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "statuses"), 2);
  EXPECT_EQ(platform_->FindItem(ItemId(0))->values.status, ChannelStatus::kListed);
}

// -- Exceptions.

TEST_F(SyncJobTest, AnExceptionOfAPullIsTheJobsError) {
  Start();
  SyncedChannel(1);
  script_.pull = []() -> absl::Status { throw std::runtime_error("boom"); };
  const Job pull = Run(JobKind::kPull);
  EXPECT_EQ(pull.state, JobState::kFailed);
  EXPECT_THAT(pull.error.value_or(Problem()).message, HasSubstr("the adapter scripted threw: \"boom\""));
  script_.pull = [] { return absl::OkStatus(); };
  EXPECT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
}

TEST_F(SyncJobTest, APushThatThrewIsOfUnknownOutcome) {
  Start();
  SyncedChannel(1);
  WritePrices(1, 1100);
  script_.push = []() -> absl::Status { throw 42; };
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kFailed);
  EXPECT_THAT(sync.error.value_or(Problem()).message, HasSubstr("the adapter scripted threw"));
  EXPECT_EQ(InDoubt(), 1);
  EXPECT_THAT(OpenPushes(), SizeIs(1));
  script_.push = [] { return absl::OkStatus(); };
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(PriceOf(0), 1100);
}

TEST_F(SyncJobTest, AnExceptionOfAPollIsTheJobsError) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Minutes(10);
  Start(options);
  SyncedChannel(1);
  WritePrices(1, 1100);
  script_.poll = []() -> absl::Status { throw std::runtime_error("boom"); };
  EXPECT_THAT(Run(JobKind::kSync).error.value_or(Problem()).message, HasSubstr("threw: \"boom\""));
  EXPECT_EQ(InDoubt(), 1);
}

// -- Another try after a sync that failed

class RetryTest : public SyncJobTest {
 protected:
  RetryTest() {
    Start();
    SyncedChannel(1);
    WritePrices(1, 1100);
  }

  // The only job that waits, if any.
  absl::optional<Job> Pending() {
    JobFilter filter;
    filter.states = {JobState::kPending};
    const JobPage page = *engine_->ListJobs(filter, {});
    EXPECT_LE(page.rows.size(), 1u);
    return page.rows.empty() ? absl::nullopt : absl::make_optional(page.rows[0]);
  }

  // How long the only job that waits is to wait.
  absl::Duration Wait() {
    const absl::optional<Job> pending = Pending();
    if (!pending.has_value()) return absl::InfiniteDuration();
    EXPECT_EQ(pending->trigger, JobTrigger::kRetry);
    return pending->not_before.value_or(absl::InfinitePast()) - clock_.Now();
  }
};

TEST_F(RetryTest, EachComesTwiceAsLateAsTheOneBefore) {
  script_.push = [] { return absl::UnavailableError("away"); };
  ASSERT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  absl::Duration before = Wait();
  EXPECT_GT(before, absl::ZeroDuration());
  for (int failures = 2; failures <= 12; ++failures) {
    clock_.Advance(Wait());
    ASSERT_EQ(*engine_->RunPending(1), 1);
    EXPECT_EQ(Wait(), std::min(before * 2, absl::Minutes(15))) << failures;
    before = Wait();
  }
  EXPECT_EQ(before, absl::Minutes(15));
  script_.push = [] { return absl::OkStatus(); };
  clock_.Advance(before);
  ASSERT_EQ(*engine_->RunPending(1), 1);
  EXPECT_EQ(platform_->FindItem(ItemId(0))->values.price, 1100) << "no schedule was needed";
  EXPECT_FALSE(Pending().has_value());
}

TEST_F(RetryTest, APersonBringsItForwardAndAChangeDoesNot) {
  script_.push = [] { return absl::UnavailableError("away"); };
  ASSERT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  const absl::Duration wait = Wait();
  WritePrices(1, 1200);
  EXPECT_EQ(Wait(), wait);
  script_.push = [] { return absl::OkStatus(); };
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_FALSE(Pending().has_value()) << "the person's request took its place";
}

TEST_F(RetryTest, WhatDoesNotPassByItselfLeavesNone) {
  script_.push = [] { return absl::PermissionDeniedError("the key was revoked"); };
  ASSERT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  EXPECT_FALSE(Pending().has_value());
  script_.pull = [] { return absl::UnavailableError("away"); };
  ASSERT_EQ(Run(JobKind::kPull).state, JobState::kFailed);
  EXPECT_FALSE(Pending().has_value()) << "a pull is not a sync";
}

// -- What is in doubt, and the oversell guard

SyncFields QuantityOnly() { return {SyncField::kQuantity}; }
ItemValues QuantityOf(int64_t quantity) {
  ItemValues values;
  values.quantity = quantity;
  return values;
}

// A channel of one item with five, acknowledged an hour ago.
class DoubtTest : public SyncJobTest {
 protected:
  void Begin(SimulatedOptions options, const SyncFields& compares) {
    OnlyKind(options).compares = compares;
    UseNewStorage(clock_);
    Start(options, 1);
    SyncedChannel(1);
    clock_.Advance(absl::Hours(1));
  }

  // A sync of that quantity goes wrong in that way.
  void Fail(int64_t quantity, double SimulatedFaults::*rate) {
    WriteProduct(0, 1000, quantity);
    SimulatedFaults faults;
    faults.*rate = 1;
    platform_->SetFaults(faults);
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
    platform_->SetFaults({});
    clock_.Advance(absl::Hours(1));
  }

  void Sell(const std::string& item, int64_t left) {
    clock_.Advance(absl::Seconds(1));
    ASSERT_TRUE(platform_->EditItem(item, QuantityOnly(), QuantityOf(left)));
  }
  int64_t QuantityAt(const std::string& item) { return platform_->FindItem(item)->values.quantity; }
};

// Whether the guard looked before the push landed or after.
TEST_F(DoubtTest, APushThatLandsAfterTheGuardWasSetIsPutRight) {
  for (SimulatedOptions options; options.seed <= 6; ++options.seed) {
    Begin(options, SyncFields());
    WriteProduct(0, 1000, 20);
    Sell(ItemId(0), 4);
    SimulatedFaults faults;
    faults.push_late = 1;
    platform_->SetFaults(faults);
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
    platform_->SetFaults({});
    RunFullSync();
    clock_.Advance(absl::Hours(1));
    WriteProduct(0, 1000, 4);
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kCompleted);
    EXPECT_EQ(QuantityAt(ItemId(0)), 4) << "seed " << options.seed;
  }
}

TEST_F(DoubtTest, ALookThatMayShowWhatWasBeforeEndsNone) {
  SimulatedOptions options;
  options.capabilities.pull_lag = absl::Minutes(2);
  Begin(options, SyncFields());
  WriteProduct(0, 1000, 20);
  Sell(ItemId(0), 4);
  clock_.Advance(absl::Minutes(3));
  SimulatedFaults faults;
  faults.push_lost_reply = 1;
  platform_->SetFaults(faults);
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  platform_->SetFaults({});
  ASSERT_EQ(QuantityAt(ItemId(0)), 20) << "it has landed";
  clock_.Advance(absl::Seconds(60));
  RunFullSync();
  clock_.Advance(absl::Hours(1));
  WriteProduct(0, 1000, 4);
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kCompleted);
  EXPECT_EQ(QuantityAt(ItemId(0)), 4);
}

TEST_F(DoubtTest, WhatWasNotTriedIsNoQuantityOfOurs) {
  for (const bool is_tried : {false, true}) {
    Begin(SimulatedOptions(), QuantityOnly());
    Fail(4, &SimulatedFaults::unavailable);
    Fail(2, is_tried ? &SimulatedFaults::unavailable : &SimulatedFaults::item_not_tried);
    WriteProduct(0, 1000, 9);
    Sell(ItemId(0), 2);
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kCompleted);
    EXPECT_EQ(QuantityAt(ItemId(0)), is_tried ? 9 : 2);
  }
}

TEST_F(DoubtTest, ItIsNotThatOfTheNextItem) {
  for (const bool is_doubtful : {false, true}) {
    Begin(SimulatedOptions(), QuantityOnly());
    platform_->SetItem({"other", "p2", {1000, 5, ChannelStatus::kListed}, {{"sku", "x"}}});
    Run(JobKind::kPull);
    clock_.Advance(absl::Hours(1));
    if (is_doubtful) Fail(3, &SimulatedFaults::unavailable);
    ListingEdit edit;
    edit.kind = ListingEdit::Kind::kUnlink;
    ASSERT_EQ(engine_->EditListing("shop", Sku(0), edit), absl::OkStatus());
    edit.kind = ListingEdit::Kind::kLink;
    edit.external_id = "other";
    ASSERT_EQ(engine_->EditListing("shop", Sku(0), edit), absl::OkStatus());
    EXPECT_EQ(InDoubt(), 0);
    WriteProduct(0, 1000, 9);
    clock_.Advance(absl::Hours(1));
    Sell("other", 3);
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kCompleted);
    EXPECT_EQ(QuantityAt("other"), 3) << "an earlier link is in doubt: " << is_doubtful;
  }
}

TEST_F(DoubtTest, AQuantityThatNobodySentWasSold) {
  for (const bool is_doubtful : {false, true}) {
    Begin(SimulatedOptions(), QuantityOnly());
    if (is_doubtful) Fail(1, &SimulatedFaults::unavailable);
    WriteProduct(0, 1000, 9);
    clock_.Advance(absl::Hours(1));
    Sell(ItemId(0), 3);
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kCompleted);
    EXPECT_EQ(QuantityAt(ItemId(0)), 3) << "a push of 1 that did nothing: " << is_doubtful;
  }
}

// The platform has accepted the first push, and the answer got lost; it sets it after the second one.
TEST_F(DoubtTest, WhatWasAcceptedUnheardOfIsPutRightWhenItCanLandNoMore) {
  for (const bool later_wins : {false, true}) {
    SimulatedOptions options;
    OnlyKind(options).receipt_timeout = absl::Hours(2);
    OnlyKind(options).later_wins = later_wins;
    Begin(options, SyncFields());
    Fail(9, &SimulatedFaults::unavailable);
    WriteProduct(0, 1000, 4);
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
    Sell(ItemId(0), 9);  // So it lands.
    RunRetries();
    EXPECT_EQ(QuantityAt(ItemId(0)), later_wins ? 9 : 4);
    EXPECT_EQ(InDoubt(), 0);
    EXPECT_THAT(OpenPushes(), IsEmpty());
  }
}

// -- Refusals of a shop's file

class FileRefusalTest : public SyncJobTest {
 protected:
  // A csv channel of that file, in sync as far as it can be.
  void SyncFile(const std::string& text, const ProductBatch& products) {
    Write(text);
    RegisterCsvChannel(adapters_);
    EngineOptions options;
    options.storage = storage_.get();
    options.adapters = &adapters_;
    options.clock = &clock_;
    engine_ = *Engine::Create(options);
    ChannelConfig config = Config();
    config.adapter = "csv";
    config.settings = {{"path", path_}};
    config.currency = products.currency;
    ASSERT_TRUE(engine_->AddChannel(config).ok());
    ASSERT_TRUE(engine_->WriteProducts(products).status.ok());
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) {
      EXPECT_EQ(Run(kind).state, JobState::kCompleted) << ToString(kind);
    }
    clock_.Advance(absl::Hours(1));
  }

  static ProductBatch Shirt(int64_t price, absl::string_view currency) {
    ProductBatch products;
    products.key.Add("s0");
    products.sku.Add("s0");
    products.price = {price};
    products.quantity = {5};
    products.currency = *Currency::Parse(currency);
    return products;
  }

  void Write(const std::string& text) { std::ofstream(path_) << text; }
  std::string Read() { return ReadFile(path_); }

 private:
  const TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.csv");
};

TEST_F(FileRefusalTest, ThatOfACellThatNobodyCouldReadEndsOnceItIsPutBack) {
  const auto text = [](const std::string& price) {
    return absl::StrCat("Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty,Status\nshirt,Shirt,s0,", price,
                        ",5,active\n");
  };
  SyncFile(text("10.00"), Shirt(1000, "USD"));
  Write(text("abc"));
  ASSERT_TRUE(engine_->WriteProducts(Shirt(1200, "USD")).status.ok());
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "refused"), 1);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(CountOf(Run(JobKind::kPull), "item_problems"), 1);
  Write(text("10.00"));
  clock_.Advance(absl::Hours(1));
  Run(JobKind::kPull);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_THAT(Read(), HasSubstr("12.00"));
}

// A problem with an item that was read is told, and is no item more.
TEST_F(FileRefusalTest, AnItemWithAProblemIsCountedOnce) {
  SyncFile(
      "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Status\n"
      "shirt,Shirt,Size,S,s0,10.00,5,active\nshirt,,,M,s1,10.00,5,draft\n",
      Shirt(1000, "USD"));
  const Job pull = Run(JobKind::kPull);
  EXPECT_EQ(CountOf(pull, "item_problems"), 1);
  EXPECT_EQ(pull.progress.done, 2);
  EXPECT_EQ(pull.progress.failed, 0);
  JobRequest request;
  request.kind = JobKind::kFetch;
  const ItemPage items = *engine_->ListItems("shop", {}, {});
  for (const ItemRow& item : items.rows) request.options.items.push_back(item.external_id);
  const Job fetch = *engine_->RunUntilFinal(engine_->Enqueue("shop", request)->job_id);
  EXPECT_EQ(CountOf(fetch, "item_problems"), 1);
  EXPECT_EQ(fetch.progress.done, 2);
}

TEST_F(FileRefusalTest, ThatOfASettingEndsOnceItIsAnother) {
  SyncFile("Handle;Title;Variant SKU;Variant Price;Variant Inventory Qty;Status\nshirt;Shirt;s0;;5;active\n",
           Shirt(1234, "KWD"));
  ASSERT_THAT(Read(), Not(HasSubstr("1,234"))) << "it could be read in two ways";
  Channel channel = *engine_->GetChannel("shop");
  channel.config.settings.push_back({"decimal", "comma"});
  ASSERT_TRUE(engine_->PutChannel(channel.config, channel.revision).ok());
  Run(JobKind::kPull);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_THAT(Read(), HasSubstr("1,234"));
}

}  // namespace
}  // namespace flxlink::engine
