#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/edit_channel.h"
#include "tests/engine/engine_under_test.h"
#include "tests/engine/full_sync.h"
#include "tests/engine/hooked_storage.h"
#include "tests/engine/scripted_channel.h"
#include "tests/support/job_counts.h"
#include "tests/support/open_pushes.h"
#include "tests/support/simulated_options.h"

namespace flxlink::engine {
namespace {

using ::testing::IsEmpty;

class EngineSyncTest : public EngineUnderTest {
 protected:
  // A little later than whatever was pushed before.
  Job FullSync() {
    clock_.Advance(absl::Seconds(1));
    JobOptions options;
    options.full = true;
    return WithChainedSync(*engine_, Run(JobKind::kSync, options));
  }
};

TEST_P(EngineSyncTest, PriceAndQuantityFlowWithoutARebuild) {
  SyncedChannel(4, Config());
  WriteProducts({{"s2", "s2", 1100, 5}, {"s3", "s3", 1000, 9}});
  EXPECT_TRUE(Listing("s2").dirty);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "prices"), 1);
  EXPECT_EQ(CountOf(sync, "quantities"), 1);
  EXPECT_EQ(CountOf(sync, "statuses"), 0);
  EXPECT_EQ(ValuesOf("i2").price, 1100);
  EXPECT_EQ(ValuesOf("i3").quantity, 9);
  EXPECT_FALSE(Listing("s2").dirty);
}

TEST_P(EngineSyncTest, ItemNotFoundByAPushBreaksTheLink) {
  SyncedChannel(2, Config());
  platform_->RemoveItem("i1");
  WriteProducts({{"s1", "s1", 2000, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "broken"), 1);
  EXPECT_EQ(sync.progress.failed, 1);
  EXPECT_EQ(Listing("s1").link_state, LinkState::kBroken);
  EXPECT_EQ(Listing("s1").attentions.at(0).code, problem_code::kItemGone);
}

TEST_P(EngineSyncTest, FullSyncFindsAndCorrectsAnEditMadeOnTheChannel) {
  SyncedChannel(5, Config());
  platform_->EditItem("i3", {SyncField::kPrice}, {1, 0, ChannelStatus::kListed});
  platform_->EditItem("i4", {SyncField::kQuantity}, {0, 50, ChannelStatus::kListed});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0) << "a partial sync takes dirty links only";
  const Job sync = FullSync();
  EXPECT_EQ(CountOf(sync, "drifted"), 2);
  EXPECT_EQ(CountOf(sync, "sent"), 2);
  EXPECT_EQ(ValuesOf("i3").price, 1000);
  EXPECT_EQ(ValuesOf("i4").quantity, 5);
  EXPECT_EQ(CountOf(FullSync(), "sent"), 0);
}

TEST_P(EngineSyncTest, StockThatTheChannelSoldIsNotOverwrittenUntilItIsStatedAnew) {
  SyncedChannel(1, Config());
  platform_->EditItem("i0", {SyncField::kQuantity}, {0, 2, ChannelStatus::kListed});
  clock_.Advance(absl::Minutes(1));
  const Job sync = FullSync();
  EXPECT_EQ(CountOf(sync, "sent"), 0);
  EXPECT_EQ(ValuesOf("i0").quantity, 2);
  EXPECT_EQ(Listing("s0").attentions.at(0).code, problem_code::kQuantityBelowAcknowledged);
  ASSERT_EQ(sync.problems.size(), 1u);
  EXPECT_EQ(sync.problems[0].subject, "s0");

  clock_.Advance(absl::Minutes(1));
  WriteProducts({{"s0", "s0", 1000, 5}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("i0").quantity, 5);
  EXPECT_TRUE(Listing("s0").attentions.empty());
}

TEST_P(EngineSyncTest, OverwritePolicyCorrectsLessStockAtOnce) {
  ChannelConfig config = Config();
  config.oversell_guard = OversellGuard::kOverwrite;
  SyncedChannel(1, config);
  platform_->EditItem("i0", {SyncField::kQuantity}, {0, 2, ChannelStatus::kListed});
  FullSync();
  EXPECT_EQ(ValuesOf("i0").quantity, 5);
}

TEST_P(EngineSyncTest, APriceOfZeroIsLeftOutWhateverElseGoes) {
  SyncedChannel(2, Config());
  WriteProducts({{"s0", "s0", 0, 9}, {"s1", "s1", 0, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "sent"), 1);
  EXPECT_EQ(CountOf(sync, "held_back"), 1);
  EXPECT_EQ(sync.progress.held, 1);
  EXPECT_EQ(ValuesOf("i0").quantity, 9);
  EXPECT_EQ(ValuesOf("i0").price, 1000);
  EXPECT_EQ(Listing("s0").attentions.at(0).code, problem_code::kZeroPrice);

  ASSERT_TRUE(EditChannel(*engine_, "shop", [](ChannelConfig& config) { config.zero_prices = true; }).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "prices"), 2);
  EXPECT_EQ(ValuesOf("i1").price, 0);
  EXPECT_TRUE(Listing("s0").attentions.empty());
}

TEST_P(EngineSyncTest, ASaleOfWhatThereIsNotIsAQuantityOfZero) {
  SyncedChannel(1, Config());
  WriteProducts({{"s0", "s0", 1000, -3}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("i0").quantity, 0);
}

TEST_P(EngineSyncTest, AnItemWithAPriceBelowZeroIsPassedOver) {
  SyncedChannel(2, Config());
  platform_->EditItem("i0", {SyncField::kPrice}, {-1, 0, ChannelStatus::kListed});
  platform_->EditItem("i1", {SyncField::kPrice}, {777, 0, ChannelStatus::kListed});
  const Job pull = Run(JobKind::kPull);
  EXPECT_EQ(CountOf(pull, "item_problems"), 1);
  ASSERT_EQ(pull.problems.size(), 1u);
  EXPECT_EQ(pull.problems[0].subject, "i0");
  EXPECT_EQ(pull.problems[0].problem.code, problem_code::kNegativePrice);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked);
}

TEST_P(EngineSyncTest, ForceSendsEveryFieldOfTheNamedAndOnlyThose) {
  SyncedChannel(4, Config());
  WriteProducts({{"s3", "s3", 7000, 5}});
  JobOptions options;
  options.force = {"s1", "nope"};
  options.only_forced = true;
  const Job sync = Run(JobKind::kSync, options);
  EXPECT_EQ(CountOf(sync, "sent"), 1);
  EXPECT_EQ(CountOf(sync, "prices"), 1);
  EXPECT_EQ(CountOf(sync, "quantities"), 1);
  ASSERT_EQ(sync.problems.size(), 1u);
  EXPECT_EQ(sync.problems[0].subject, "nope");
  EXPECT_TRUE(Listing("s3").dirty) << "not named, so it stays for the next sync";
}

TEST_P(EngineSyncTest, ForceLiftsNoGuardAndReplacesNothingUnseen) {
  SimulatedOptions platform;
  OnlyKind(platform).compares = {SyncField::kQuantity};
  UsePlatform(platform);
  SyncedChannel(2, Config());
  platform_->EditItem("i0", {SyncField::kQuantity}, {0, 2, ChannelStatus::kListed});
  clock_.Advance(absl::Minutes(1));
  FullSync();
  ASSERT_EQ(Listing("s0").attentions.at(0).code, problem_code::kQuantityBelowAcknowledged);
  platform_->EditItem("i1", {SyncField::kQuantity}, {0, 3, ChannelStatus::kListed});
  JobOptions options;
  options.force = {"s0", "s1"};
  options.only_forced = true;
  EXPECT_EQ(Run(JobKind::kSync, options).state, JobState::kCompleted);
  EXPECT_EQ(ValuesOf("i0").quantity, 2);
  EXPECT_EQ(Listing("s0").attentions.at(0).code, problem_code::kQuantityBelowAcknowledged);
  EXPECT_EQ(ValuesOf("i1").quantity, 3) << "sold since it was last seen";
  EXPECT_EQ(Listing("s1").attentions.at(0).code, problem_code::kQuantityBelowAcknowledged);
}

TEST_P(EngineSyncTest, WhatOnlyTheChannelChangedIsListedAndCorrectedAlone) {
  SyncedChannel(7, Config());
  clock_.Advance(absl::Seconds(1));
  platform_->EditItem("i1", {SyncField::kPrice}, {900, 0, ChannelStatus::kListed});
  platform_->EditItem("i5", {SyncField::kPrice, SyncField::kQuantity}, {800, 7, ChannelStatus::kListed});
  WriteProducts({{"s3", "s3", 7000, 5}});
  ListingFilter drifted;
  drifted.drifted = true;
  EXPECT_THAT(Listings(drifted), IsEmpty()) << "nobody has looked";
  Run(JobKind::kPull);
  const std::vector<ListingRow> rows = Listings(drifted);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].sku, "s1");
  EXPECT_EQ(rows[0].drifted, (SyncFields{SyncField::kPrice}));
  EXPECT_EQ(rows[1].sku, "s5");
  EXPECT_EQ(rows[1].drifted, (SyncFields{SyncField::kPrice, SyncField::kQuantity}));
  EXPECT_EQ(Listing("s1").drifted, SyncFields()) << "it was not asked for";
  drifted.skus = {"s5", "s3"};
  EXPECT_EQ(Listings(drifted).size(), 1u);
  drifted.skus.clear();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1) << "what was not stated stays";

  WriteProducts({{"s3", "s3", 7100, 5}});
  JobRequest correct;
  correct.force_drifted = true;
  correct.options.only_forced = true;
  const Job sync = Run(correct);
  EXPECT_EQ(sync.options.force, (std::vector<std::string>{"s1", "s5"}));
  EXPECT_EQ(CountOf(sync, "sent"), 2);
  EXPECT_EQ(CountOf(sync, "drifted"), 2);
  EXPECT_EQ(ValuesOf("i1").price, 1000);
  EXPECT_EQ(ValuesOf("i5").price, 1000);
  EXPECT_EQ(ValuesOf("i5").quantity, 5);
  EXPECT_TRUE(Listing("s3").dirty) << "it has not drifted, so it stays for the next sync";
  EXPECT_THAT(Listings(drifted), IsEmpty());
  const Job again = Run(correct);
  EXPECT_EQ(again.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(again, "sent"), 0) << "nothing has drifted any more";

  correct.kind = JobKind::kPull;
  EXPECT_EQ(engine_->Enqueue("shop", correct).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(EngineSyncTest, ForceTakesALowerQuantityThatWasSeenForASale) {
  SyncedChannel(1, Config());
  clock_.Advance(absl::Seconds(1));
  platform_->EditItem("i0", {SyncField::kQuantity}, {0, 2, ChannelStatus::kListed});
  Run(JobKind::kPull);
  JobOptions options;
  options.force = {"s0"};
  options.only_forced = true;
  Run(JobKind::kSync, options);
  EXPECT_EQ(ValuesOf("i0").quantity, 2);
  ASSERT_EQ(Listing("s0").attentions.size(), 1u);
  EXPECT_EQ(Listing("s0").attentions[0].code, problem_code::kQuantityBelowAcknowledged);
}

TEST_P(EngineSyncTest, HigherSyncPriorityGoesOutFirst) {
  SimulatedOptions options;
  OnlyKind(options).max_items = 1;
  UsePlatform(options);
  SyncedChannel(3, Config());
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kSetPriority;
  edit.sync_priority = 9;
  ASSERT_TRUE(engine_->EditListing("shop", "s2", edit).ok());
  WriteProducts({{"s0", "s0", 1, 5}, {"s1", "s1", 1, 5}, {"s2", "s2", 1, 5}});
  // Everything after the first push is refused: what is applied is what went first.
  SimulatedFaults faults;
  faults.unavailable = 1;
  const int64_t pushes = platform_->Counters().pushes;
  EngineOptions engine_options;
  HookedStorage hooked(*storage_);
  engine_options.storage = &hooked;
  engine_options.adapters = &adapters_;
  engine_options.clock = &clock_;
  engine_options.max_tries = 1;
  hooked.after_progress = [&](const Fence&, const JobProgress&) {
    if (platform_->Counters().pushes > pushes) platform_->SetFaults(faults);
  };
  engine_.reset();
  absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(engine_options);
  ASSERT_TRUE(engine.ok());
  engine_ = *std::move(engine);
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  engine_.reset();
  EXPECT_EQ(ValuesOf("i2").price, 1);
  EXPECT_EQ(ValuesOf("i0").price, 1000);
  EXPECT_EQ(ValuesOf("i1").price, 1000);
}

TEST_P(EngineSyncTest, ARefusedItemBecomesAttentionAndTheOthersGoOut) {
  SyncedChannel(3, Config());
  WriteProducts({{"s0", "s0", kHighestSimulatedPrice + 1, 5}, {"s1", "s1", 1300, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(sync, "sent"), 1);
  EXPECT_EQ(CountOf(sync, "refused"), 1);
  EXPECT_EQ(ValuesOf("i1").price, 1300);
  EXPECT_EQ(Listing("s0").attentions.at(0).code, "invalid_price");
  EXPECT_EQ(Listing("s0").attentions.at(0).args, (std::vector<Field>{{"field", "price"}}));

  const int64_t pushed = platform_->Counters().items_pushed;
  EXPECT_EQ(CountOf(FullSync(), "sent"), 0);
  EXPECT_EQ(platform_->Counters().items_pushed, pushed) << "not retried until its desired value changes";
  EXPECT_EQ(Listing("s0").attentions.at(0).code, "invalid_price");
  WriteProducts({{"s0", "s0", 1400, 5}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_TRUE(Listing("s0").attentions.empty());
}

TEST_P(EngineSyncTest, APlatformThatRefusesWholePushesGetsTheGoodItemsAllTheSame) {
  SimulatedOptions options;
  OnlyKind(options).takes_good_items = false;
  UsePlatform(options);
  SyncedChannel(6, Config());
  WriteProducts({{"s0", "s0", 1100, 5},
                 {"s1", "s1", kHighestSimulatedPrice + 1, 5},
                 {"s2", "s2", 1100, 5},
                 {"s4", "s4", 1100, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "sent"), 3);
  EXPECT_EQ(CountOf(sync, "refused"), 1);
  EXPECT_EQ(ValuesOf("i4").price, 1100);
  EXPECT_FALSE(Listing("s1").attentions.empty());
  EXPECT_THAT(ReadAllPushes(*storage_, engine_->GetChannel("shop")->channel_id), IsEmpty());
}

TEST_P(EngineSyncTest, APushWhoseReplyWasLostIsSentAgainAfterItsDeadline) {
  SyncedChannel(1, Config());
  WriteProducts({{"s0", "s0", 1700, 5}});
  SimulatedFaults faults;
  faults.push_lost_reply = 1;
  platform_->SetFaults(faults);
  EngineOptions options;
  options.storage = storage_.get();
  options.adapters = &adapters_;
  options.clock = &clock_;
  options.max_tries = 1;
  engine_ = *Engine::Create(options);
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  EXPECT_TRUE(Listing("s0").in_doubt);
  EXPECT_TRUE(Listing("s0").dirty);

  platform_->SetFaults({});
  const absl::Time before = clock_.Now();
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "sent"), 1) << "a link in doubt is never skipped as equal";
  EXPECT_GE(clock_.Now() - before, platform_->capabilities().push_kinds.front().timeout - absl::Seconds(1));
  EXPECT_FALSE(Listing("s0").in_doubt);
  EXPECT_EQ(ValuesOf("i0").price, 1700);
}

TEST_P(EngineSyncTest, RetriesAThrottledChannelAndConverges) {
  SyncedChannel(9, Config());
  std::vector<TestProduct> products;
  for (int i = 0; i < 9; ++i) products.push_back({absl::StrCat("s", i), absl::StrCat("s", i), 2000 + i, i});
  WriteProducts(products);
  SimulatedFaults faults;
  faults.throttled = 0.3;
  faults.item_unavailable = 0.2;
  faults.item_throttled = 0.2;
  faults.push_lost_reply = 0.1;
  faults.push_late = 0.1;
  platform_->SetFaults(faults);
  for (int tries = 0; tries < 20 && Run(JobKind::kSync).state != JobState::kCompleted; ++tries) {
  }
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(ValuesOf(absl::StrCat("i", i)).price, 2000 + i);
    EXPECT_EQ(ValuesOf(absl::StrCat("i", i)).quantity, i);
    EXPECT_FALSE(Listing(absl::StrCat("s", i)).dirty);
  }
}

TEST_P(EngineSyncTest, AsynchronousReceiptsArePolled) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Minutes(10);
  options.faults.max_receipt_delay = absl::Seconds(2);
  UsePlatform(options);
  SyncedChannel(2, Config());
  WriteProducts({{"s0", "s0", 1234, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "accepted"), 1);
  EXPECT_GT(platform_->Counters().polls, 0);
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(*engine_->RunPending(1), 1) << "the retry";
  EXPECT_EQ(ValuesOf("i0").price, 1234);
}

// Without a limiter the platform, which counts as the engine does, throttles.
TEST_P(EngineSyncTest, ARateLimitIsKeptWithoutBeingThrottled) {
  SimulatedOptions options;
  OnlyKind(options).max_items = 1;
  CountCalls(2, 1, &options);
  UsePlatform(options);
  SyncedChannel(5, Config());
  clock_.Advance(absl::Minutes(1));
  std::vector<TestProduct> products;
  for (int i = 0; i < 5; ++i) products.push_back({absl::StrCat("s", i), absl::StrCat("s", i), 1});
  WriteProducts(products);
  const absl::Time before = clock_.Now();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 5);
  EXPECT_GE(clock_.Now() - before, absl::Seconds(3)) << "two calls were saved up, three had to wait";
  EXPECT_EQ(platform_->Counters().calls_throttled, 0);
}

TEST_P(EngineSyncTest, RulesHideAndUnhideAndTheNextSyncSendsIt) {
  ChannelConfig config = Config();
  config.status_rules = {
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kLessOrEqual, 0, StatusRule::Action::kHide},
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kGreater, 0, StatusRule::Action::kUnhide}};
  SyncedChannel(3, config);
  WriteProducts({{"s1", "s1", 1000, 0}});
  const Job rules = Run(JobKind::kRules);
  EXPECT_EQ(CountOf(rules, "hidden"), 1);
  EXPECT_EQ(CountOf(rules, "unhidden"), 0);
  EXPECT_EQ(Listing("s1").status.pending, PendingChange::kHiding);
  Run(JobKind::kSync);
  EXPECT_EQ(ValuesOf("i1").status, ChannelStatus::kHidden);
  EXPECT_EQ(Listing("s1").status.base, Health::kHidden);
  EXPECT_EQ(Listing("s1").status.pending, PendingChange::kNone);
  WriteProducts({{"s1", "s1", 1000, 3}});
  EXPECT_EQ(CountOf(Run(JobKind::kRules), "unhidden"), 1);
  Run(JobKind::kSync);
  EXPECT_EQ(ValuesOf("i1").status, ChannelStatus::kListed);
}

TEST_P(EngineSyncTest, AStatusHeldBackByASiblingGoesOutOnceTheyAgree) {
  SimulatedOptions options;
  options.capabilities.kept_by_parent = {SyncField::kStatus};
  UsePlatform(options);
  ChannelConfig config = Config();
  config.status_rules = {
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kLessOrEqual, 0, StatusRule::Action::kHide}};
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 0}, {"b", "b", 1000, 4}});
  SetItem("1", "a", 1000, 0, ChannelStatus::kListed, "p");
  SetItem("2", "b", 1000, 4, ChannelStatus::kListed, "p");
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kRules}) Run(kind);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "held_back"), 1);
  EXPECT_EQ(Listing("a").attentions.at(0).code, problem_code::kSiblingsDisagree);
  EXPECT_EQ(ValuesOf("1").status, ChannelStatus::kListed);

  WriteProducts({{"b", "b", 1000, 0}});
  Run(JobKind::kRules);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "statuses"), 2);
  EXPECT_EQ(sync.progress.failed, 0);
  EXPECT_TRUE(Listing("a").attentions.empty());
  EXPECT_EQ(Listing("a").status.base, Health::kHidden);
  EXPECT_EQ(ValuesOf("1").status, ChannelStatus::kHidden);
  EXPECT_EQ(CountOf(FullSync(), "sent"), 0);
}

TEST_P(EngineSyncTest, WhereNothingCanBeHiddenTheQuantityHides) {
  SimulatedOptions options;
  options.capabilities.status_set.clear();
  options.capabilities.push_kinds[0].fields = {SyncField::kPrice, SyncField::kQuantity};
  options.capabilities.hides_by_quantity = true;
  UsePlatform(options);
  SyncedChannel(2, Config());
  const int64_t quantity = ValuesOf("i1").quantity;
  ASSERT_GT(quantity, 0);
  const auto state = [&](Health status) {
    ListingEdit edit;
    edit.kind = ListingEdit::Kind::kSetStatus;
    edit.status = status;
    ASSERT_TRUE(engine_->EditListing("shop", "s1", edit).ok());
  };
  for (const Health status : {Health::kHidden, Health::kDelisted}) {
    state(status);
    Job sync = Run(JobKind::kSync);
    EXPECT_EQ(CountOf(sync, "sent"), 1);
    ASSERT_EQ(sync.problems.size(), 1u);
    EXPECT_EQ(sync.problems[0].problem.code, problem_code::kHiddenByQuantity);
    EXPECT_EQ(ValuesOf("i1").quantity, 0);
    EXPECT_EQ(Listing("s1").status, (ListingStatus{status, PendingChange::kNone, false, StatusAuthor::kPerson}));
    WriteProducts({{"s1", "s1", 1000, quantity + 1}});
    sync = Run(JobKind::kSync);
    EXPECT_EQ(CountOf(sync, "sent") + CountOf(sync, "held_back"), 0) << "whatever the product has";
    if (status == Health::kHidden) {
      EXPECT_EQ(CountOf(sync, "equal"), 1);
    }
    EXPECT_TRUE(sync.problems.empty()) << "it was said";
    EXPECT_EQ(CountOf(FullSync(), "sent"), 0);
    EXPECT_EQ(ValuesOf("i1").quantity, 0);
    EXPECT_EQ(Listing("s1").attentions.size(), 1u);

    state(Health::kListed);
    EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
    EXPECT_EQ(ValuesOf("i1").quantity, quantity + 1);
    EXPECT_EQ(Listing("s1").status,
              (ListingStatus{Health::kListed, PendingChange::kNone, false, StatusAuthor::kPerson}));
    EXPECT_TRUE(Listing("s1").attentions.empty());
    WriteProducts({{"s1", "s1", 1000, quantity}});
    Run(JobKind::kSync);
  }
  EXPECT_EQ(ValuesOf("i0").quantity, quantity);
}

TEST_P(EngineSyncTest, PausedListingsAreNotSentUntilResumed) {
  SyncedChannel(2, Config());
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kPause;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  WriteProducts({{"s0", "s0", 1900, 5}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0);
  EXPECT_EQ(HealthOf(Listing("s0").status), Health::kPaused);
  edit.kind = ListingEdit::Kind::kResume;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("i0").price, 1900);
}

TEST_P(EngineSyncTest, ANewPolicyIsEvaluatedOverEveryLink) {
  ChannelConfig config = Config();
  config.sync_fields = {SyncField::kPrice};
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 50}});
  SetItem("1", "a", 1000, 5);
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) Run(kind);
  EXPECT_EQ(ValuesOf("1").quantity, 5);
  const auto sync_quantity = [](ChannelConfig& changed) { changed.sync_fields.Add(SyncField::kQuantity); };
  ASSERT_TRUE(EditChannel(*engine_, "shop", sync_quantity).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("1").quantity, 50);
}

INSTANTIATE_TEST_SUITE_P(Storages, EngineSyncTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace flxlink::engine
