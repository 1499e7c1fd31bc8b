// How what is planned goes out: by kinds, several calls at once, step by step; and what becomes of it.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/full_sync.h"
#include "tests/engine/sync_fixture.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PagePushTest : public SyncJobTest {
 protected:
  // The platform itself, whose calls overlap, in place of the scripted one.
  void StartUnscripted(const SimulatedOptions& options, int64_t page_rows = 3) {
    Start(options, /*max_tries=*/5, page_rows);
    RegisterSimulatedChannel(adapters_, platform_, "scripted");
  }

  // Calls of one item each, three of them at once, with slots for just so many.
  static SimulatedOptions ThreeAtOnce() {
    SimulatedOptions options;
    AdapterCapabilities& capabilities = options.capabilities;
    capabilities.account.slots = {{"open", 3}};
    OnlyKind(options).max_items = 1;
    OnlyKind(options).in_flight = 3;
    CallCost cost;
    cost.slots = "open";
    OnlyKind(options).cost = capabilities.pull_cost = capabilities.fetch_cost = capabilities.poll_cost = cost;
    return options;
  }

  std::vector<std::string> AttentionsOf(int i) {
    ListingFilter filter;
    filter.skus = {Sku(i)};
    std::vector<std::string> codes;
    const absl::StatusOr<ListingPage> page = engine_->ListListings("shop", filter, {});
    for (const Problem& problem : page->rows.at(0).attentions) codes.push_back(problem.code);
    return codes;
  }

  // Conflicts do not say what they saw.
  static void HideSeen(PushReply* reply) {
    for (PushOutcome& outcome : reply->outcomes) outcome.seen = ItemValues();
  }

  int64_t QuantityOf(int i) { return platform_->FindItem(ItemId(i))->values.quantity; }
};

TEST_F(PagePushTest, CallsOfOneKindAreUnderWayTogether) {
  SimulatedOptions options = ThreeAtOnce();
  options.faults.min_latency = options.faults.max_latency = absl::Seconds(10);
  StartUnscripted(options);
  SyncedChannel(6);
  WritePrices(6, 1100);
  began_ = clock_.Now();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 6);
  EXPECT_EQ(clock_.Now() - began_, absl::Seconds(20)) << "two times three calls";
  EXPECT_EQ(platform_->Counters().calls_throttled, 0) << "never more than there are slots";
}

// Links of two kinds by turns.
TEST_F(PagePushTest, CallsOfOneKindGoTogetherThoughOthersStandBetween) {
  SimulatedOptions options;
  options.capabilities = SplitSimulatedCapabilities();
  for (PushKind& kind : options.capabilities.push_kinds) {
    kind.max_items = 1;
    kind.in_flight = 3;
    kind.one_parent = false;
  }
  StartUnscripted(options, /*page_rows=*/10);
  SyncedChannel(6);
  SimulatedFaults faults;
  faults.min_latency = faults.max_latency = absl::Seconds(10);
  platform_->SetFaults(faults);
  for (int i = 0; i < 6; ++i) WriteProduct(i, i % 2 == 0 ? 1100 : 1000, i % 2 == 0 ? 5 : 9);
  began_ = clock_.Now();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 6);
  EXPECT_EQ(clock_.Now() - began_, absl::Seconds(20)) << "two times three calls";
}

// Throttled, lost, late and left out, beside each other.
TEST_F(PagePushTest, WhatBecomesOfOneCallIsNothingToTheOthers) {
  SimulatedOptions options = ThreeAtOnce();
  options.faults.min_latency = absl::Milliseconds(1);
  options.faults.max_latency = absl::Seconds(2);
  for (options.seed = 1; options.seed <= 20; ++options.seed) {
    UseNewStorage(ticking_);
    StartUnscripted(options);
    SyncedChannel(6);
    SimulatedFaults faults = options.faults;
    faults.throttled = faults.push_lost_reply = faults.push_late = faults.item_not_tried = 0.15;
    platform_->SetFaults(faults);
    WritePrices(6, 1100);
    Run(JobKind::kSync);
    platform_->SetFaults({});
    WriteProduct(0, 1200);
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kCompleted) << "seed " << options.seed;
    EXPECT_EQ(PriceOf(0), 1200) << "seed " << options.seed;
    for (int i = 1; i < 6; ++i) EXPECT_EQ(PriceOf(i), 1100) << "seed " << options.seed;
    EXPECT_EQ(InDoubt(), 0) << "seed " << options.seed;
    EXPECT_THAT(OpenPushes(), IsEmpty()) << "seed " << options.seed;
  }
}

TEST_F(PagePushTest, StepsOfALinkGoOutOneAfterAnother) {
  SimulatedOptions options;
  options.capabilities = SplitSimulatedCapabilities();
  Start(options);
  SyncedChannel(2);
  WriteProduct(0, 1100, 9);
  WriteProduct(1, 1100, 2);
  std::vector<std::string> seen;
  script_.push = [&] {
    for (int i = 0; i < 2; ++i) seen.push_back(absl::StrCat(PriceOf(i), " ", QuantityOf(i)));
    return absl::OkStatus();
  };
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "sent"), 2);
  EXPECT_EQ(CountOf(sync, "prices"), 2);
  EXPECT_EQ(CountOf(sync, "quantities"), 2);
  EXPECT_EQ(sync.progress.done, 2) << "a link is done once";
  // The other's lower quantity and the one's price, then the other's price and the one's higher quantity.
  EXPECT_THAT(seen, ElementsAre("1000 5", "1000 5", "1000 5", "1000 2", "1100 5", "1000 2", "1100 5", "1100 2"));
  EXPECT_EQ(QuantityOf(0), 9);
}

TEST_F(PagePushTest, AConflictFetchesItsItemAndIsJudgedAnew) {
  SimulatedOptions options;
  OnlyKind(options).compares = {SyncField::kQuantity};
  UseNewStorage(ticking_);
  Start(options);
  SyncedChannel(2);
  const SimulatedCounters before = platform_->Counters();
  ItemValues values;
  values.quantity = 9;
  ASSERT_TRUE(platform_->EditItem(ItemId(0), {SyncField::kQuantity}, values));
  for (int i = 0; i < 2; ++i) WriteProduct(i, 1000, 4);
  script_.pushed = &HideSeen;
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 2);
  EXPECT_EQ(QuantityOf(0), 4);
  EXPECT_EQ(platform_->Counters().fetches, before.fetches + 1);
  EXPECT_EQ(platform_->Counters().pulls, before.pulls);
}

// Whatever a fetch would show: for an hour, what was there before.
TEST_F(PagePushTest, AConflictThatSaysWhatItSawIsJudgedByThat) {
  for (const bool says : {true, false}) {
    SimulatedOptions options;
    OnlyKind(options).compares = {SyncField::kQuantity};
    options.capabilities.fetch_lag = absl::Hours(1);
    UseNewStorage(ticking_);
    Start(options);
    SyncedChannel(2);
    clock_.Advance(absl::Hours(2));
    const SimulatedCounters before = platform_->Counters();
    ItemValues values;
    values.quantity = 9;
    ASSERT_TRUE(platform_->EditItem(ItemId(0), {SyncField::kQuantity}, values));
    for (int i = 0; i < 2; ++i) WriteProduct(i, 1000, 4);
    if (!says) script_.pushed = &HideSeen;
    const Job sync = Run(JobKind::kSync);
    EXPECT_EQ(sync.state, says ? JobState::kCompleted : JobState::kFailed);
    EXPECT_EQ(QuantityOf(0), says ? 4 : 9);
    EXPECT_EQ(platform_->Counters().fetches == before.fetches, says);
  }
}

TEST_F(PagePushTest, AConflictThatSawStockSoldIsGuarded) {
  SimulatedOptions options;
  OnlyKind(options).compares = {SyncField::kQuantity};
  UseNewStorage(ticking_);
  Start(options);
  SyncedChannel(1);
  const SimulatedCounters before = platform_->Counters();
  ItemValues values;
  values.quantity = 2;
  ASSERT_TRUE(platform_->EditItem(ItemId(0), {SyncField::kQuantity}, values));
  WriteProduct(0, 1000, 8);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(sync, "held_back"), 1);
  EXPECT_EQ(QuantityOf(0), 2);
  ASSERT_THAT(sync.problems, SizeIs(1));
  EXPECT_EQ(sync.problems[0].problem.code, "quantity_below_acknowledged");
  EXPECT_EQ(platform_->Counters().fetches, before.fetches);
  clock_.Advance(absl::Seconds(1));
  WriteProduct(0, 1000, 7);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(QuantityOf(0), 7);
}

// As platforms do that compare with what is known alone: to them the new value is another one, too.
TEST_F(PagePushTest, AConflictThatSawWhatAnEarlierPushDidIsApplied) {
  UseNewStorage(ticking_);
  Start();
  SyncedChannel(1);
  SimulatedFaults faults;
  faults.push_lost_reply = 1;
  platform_->SetFaults(faults);
  WriteProduct(0, 1000, 4);
  clock_.on_sleep = [&] { platform_->SetFaults({}); };
  script_.pushed = [](PushReply* reply) {
    reply->outcomes.at(0).result = PushResult::kConflict;
    reply->outcomes.at(0).seen.quantity = 4;
  };
  const SimulatedCounters before = platform_->Counters();
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(sync, "sent"), 1);
  EXPECT_EQ(CountOf(sync, "quantities"), 1);
  EXPECT_EQ(sync.progress.done, 1);
  EXPECT_EQ(platform_->Counters().pushes, before.pushes + 2);
  EXPECT_EQ(platform_->Counters().fetches, before.fetches);
  EXPECT_EQ(InDoubt(), 0);
  EXPECT_THAT(sync.problems, IsEmpty());
}

TEST_F(PagePushTest, ALinkOfWhichSomethingStaysRefusedIsNotDone) {
  Start();
  SyncedChannel(1);
  SimulatedItem item = *platform_->FindItem(ItemId(0));
  item.fixed = {{"price", FixedReason::kKeptByPlatform}};
  platform_->SetItem(item);
  WriteProduct(0, 1100, 3);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(QuantityOf(0), 3) << "a lower quantity waits for no price";
  EXPECT_EQ(CountOf(sync, "refused"), 1);
  EXPECT_EQ(sync.progress.failed, 1);
  EXPECT_EQ(sync.progress.done, 0);
  EXPECT_THAT(AttentionsOf(0), ElementsAre("field_fixed"));

  WriteProduct(0, 1100, 2);
  EXPECT_EQ(Run(JobKind::kSync).progress.failed, 1);
  EXPECT_THAT(AttentionsOf(0), ElementsAre("field_fixed")) << "for as long as it is refused";
  WriteProduct(0, 1000, 2);
  EXPECT_EQ(Run(JobKind::kSync).progress.done, 1);
  EXPECT_THAT(AttentionsOf(0), IsEmpty());
}

// What a person does takes effect with the next batch, and not with the next sync.
TEST_F(PagePushTest, WhatWasOvertakenSinceItWasPlannedIsNotSent) {
  SimulatedOptions options;
  OnlyKind(options).max_items = 1;
  Start(options);
  SyncedChannel(3);
  WritePrices(3, 1100);
  std::vector<std::string> seen;
  script_.push = [&] {
    for (int i = 0; i < 3; ++i) seen.push_back(absl::StrCat(PriceOf(i)));
    if (seen.size() > 3) return absl::OkStatus();
    WriteProduct(1, 1200);
    ListingEdit pause;
    pause.kind = ListingEdit::Kind::kPause;
    EXPECT_EQ(engine_->EditListing("shop", Sku(2), pause), absl::OkStatus());
    return absl::OkStatus();
  };
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(sync, "sent"), 2);
  EXPECT_THAT(seen, ElementsAre("1000", "1000", "1000", "1100", "1000", "1000")) << "two calls";
  EXPECT_EQ(PriceOf(1), 1200);
  EXPECT_EQ(PriceOf(2), 1000);
  EXPECT_EQ(InDoubt(), 0);
  EXPECT_THAT(OpenPushes(), IsEmpty());
}

TEST_F(PagePushTest, WhatGoesOutBetweenTheCallsOfAPageCountsWithWhatThePageHasPlanned) {
  SimulatedOptions options;
  OnlyKind(options).max_items = 1;
  Start(options);
  ChannelConfig config = Config();
  config.limits = {{ChangeKind::kReprice, 2, false}};
  SyncedChannel(3, config);
  WritePrices(2, 300);
  int calls = 0;
  script_.push = [&] {
    // More urgent than the rest of the page.
    if (++calls == 1) WriteProduct(2, 300, 1);
    return absl::OkStatus();
  };
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "reprice_held"), 1);
  EXPECT_EQ(QuantityOf(2), 1);
  EXPECT_EQ(PriceOf(2), 1000) << "it would be the third";
  EXPECT_EQ(PriceOf(0), 300);
  EXPECT_EQ(PriceOf(1), 300);
}

TEST_F(PagePushTest, WhatWasOvertakenCountsOnce) {
  SimulatedOptions options;
  OnlyKind(options).max_items = 1;
  Start(options);
  ChannelConfig config = Config();
  config.limits = {{ChangeKind::kReprice, 2, false}};
  SyncedChannel(2, config);
  WritePrices(2, 300);
  int calls = 0;
  script_.push = [&] {
    if (++calls == 1) WriteProduct(1, 290);
    return absl::OkStatus();
  };
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "reprice_held"), 0);
  EXPECT_EQ(PriceOf(1), 290);
}

TEST_F(PagePushTest, AChangeOfTheChannelsPolicyTakesEffectWithTheNextCall) {
  for (const bool full : {false, true}) {
    UseNewStorage(ticking_);
    SimulatedOptions options;
    OnlyKind(options).max_items = 1;
    Start(options);
    SyncedChannel(5);
    for (int i = 0; i < 5; ++i) WriteProduct(i, 1100, 7);
    int calls = 0;
    script_.push = [&] {
      if (++calls != 2) return absl::OkStatus();
      const Channel channel = *engine_->GetChannel("shop");
      ChannelConfig config = channel.config;
      config.sync_fields = {SyncField::kQuantity};
      EXPECT_TRUE(engine_->PutChannel(config, channel.revision).ok());
      return absl::OkStatus();
    };
    JobRequest request;
    request.options.full = full;
    const int64_t job_id = engine_->Enqueue("shop", request)->job_id;
    ASSERT_TRUE(engine_->RunPending(10).ok());
    const Job sync = WithChainedSync(*engine_, *engine_->GetJob(job_id));
    EXPECT_EQ(sync.state, JobState::kCompleted);
    EXPECT_EQ(CountOf(sync, "sent"), 5);
    EXPECT_EQ(calls, 5);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(QuantityOf(i), 7);
      EXPECT_EQ(PriceOf(i), i < 2 ? 1100 : 1000) << "item " << i;
    }
    const Channel channel = *engine_->GetChannel("shop");
    EXPECT_EQ(channel.evaluated_version, channel.policy_version);
    EXPECT_EQ(InDoubt(), 0);
    EXPECT_THAT(OpenPushes(), IsEmpty());
    script_.push = nullptr;
  }
}

// Nobody bought anything: the channel has less than it acknowledged since a push landed whose answer was lost.
TEST_F(PagePushTest, AnOwnPushWhoseAnswerWasLostIsNoSale) {
  SimulatedOptions options;
  OnlyKind(options).compares = {SyncField::kQuantity};
  UseNewStorage(ticking_);
  Start(options, /*max_tries=*/1);
  SyncedChannel(1);
  WriteProduct(0, 1000, 2);
  SimulatedFaults faults;
  faults.push_lost_reply = 1;
  platform_->SetFaults(faults);
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  ASSERT_EQ(QuantityOf(0), 2);
  platform_->SetFaults({});
  WriteProduct(0, 1000, 4);
  RunRetries();
  Run(JobKind::kSync);
  EXPECT_EQ(QuantityOf(0), 4);
  EXPECT_THAT(AttentionsOf(0), IsEmpty());
  EXPECT_EQ(InDoubt(), 0);
}

TEST_F(PagePushTest, AnItemThatIsNeverTriedEndsTheJob) {
  Start();
  SyncedChannel(1);
  SimulatedFaults faults;
  faults.item_not_tried = 1;
  platform_->SetFaults(faults);
  WritePrices(1, 1100);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kFailed);
  EXPECT_EQ(sync.error->code, problem_code::kAdapterUnavailable);
}

TEST_F(PagePushTest, ACallWhoseTimeIsOverBeforeItGoesOutIsNotMade) {
  Start();
  SyncedChannel(1);
  WritePrices(1, 1100);
  int begun = 0;
  storage_->before = [&](absl::string_view operation) {
    if (operation == "BeginPush" && ++begun == 1) clock_.Advance(absl::Minutes(2));
    return absl::OkStatus();
  };
  const int64_t pushes = platform_->Counters().pushes;
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(platform_->Counters().pushes, pushes + 1);
}

// A call may take all of its kind's timeout to land, however long the writing of its record took.
TEST_F(PagePushTest, NothingLandsAfterTheDeadlineOfItsRecord) {
  SimulatedOptions options;
  OnlyKind(options).timeout = absl::Seconds(30);
  Start(options);
  SyncedChannel(1);
  for (const int late : {0, 4, 6}) {
    WritePrices(1, 1100 + late);
    int begun = 0;
    storage_->before = [&](absl::string_view operation) {
      if (operation == "BeginPush" && ++begun == 1) clock_.Advance(absl::Seconds(late));
      return absl::OkStatus();
    };
    script_.push = [&] {
      EXPECT_GE(OpenPushes().at(0).call_deadline, clock_.Now() + absl::Seconds(30));
      return absl::OkStatus();
    };
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
    EXPECT_EQ(begun, late < 5 ? 1 : 2);
    storage_->before = nullptr;
  }
}

TEST_F(PagePushTest, WhereOneCallCannotBeRecordedNoneIsMade) {
  StartUnscripted(ThreeAtOnce());
  SyncedChannel(3);
  WritePrices(3, 1100);
  int begun = 0;
  storage_->before = [&](absl::string_view operation) {
    if (operation != "BeginPush" || ++begun != 2) return absl::OkStatus();
    return absl::DataLossError("the disk is gone");
  };
  const int64_t pushes = platform_->Counters().pushes;
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  EXPECT_EQ(platform_->Counters().pushes, pushes);
  EXPECT_THAT(OpenPushes(), IsEmpty());
  EXPECT_EQ(InDoubt(), 0);
}

// A doubt about a link that was done with has to make it dirty, or nobody ends it.
TEST_F(PagePushTest, ASiblingThatIsLookedAtAgainIsDirtyUntilItIsSent) {
  SimulatedOptions options;
  options.capabilities.kept_by_parent = {SyncField::kStatus};
  OnlyKind(options).max_items = 1;
  Start(options);
  ChannelConfig config = Config();
  config.status_rules = {
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kLessOrEqual, 0, StatusRule::Action::kHide},
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kGreater, 0, StatusRule::Action::kUnhide}};
  config.sync_fields = {SyncField::kStatus};
  SyncedChannel(2, config);
  WriteProduct(0, 1000, 0);
  Run(JobKind::kRules);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "held_back"), 1) << "they disagree";
  WriteProduct(1, 1000, 0);
  Run(JobKind::kRules);
  int pushes = 0;
  script_.push = [&] { return ++pushes == 2 ? absl::UnavailableError("away") : absl::OkStatus(); };
  clock_.on_sleep = [this] {
    ListingFilter filter;
    filter.in_doubt = true;
    filter.dirty = false;
    EXPECT_THAT(engine_->ListListings("shop", filter, {})->rows, IsEmpty());
  };
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "statuses"), 2);
  clock_.on_sleep = nullptr;
  EXPECT_EQ(pushes, 3);
  EXPECT_EQ(InDoubt(), 0);
  EXPECT_EQ(platform_->FindItem(ItemId(0))->values.status, ChannelStatus::kHidden);
}

}  // namespace
}  // namespace flxlink::engine
