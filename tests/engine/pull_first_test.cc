// Syncs and fetches that only a look at the whole channel helps on: they leave that to the bulk lane.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/engine.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/edit_channel.h"
#include "tests/engine/full_sync.h"
#include "tests/engine/sync_fixture.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

constexpr int kItems = 9;
constexpr int kPages = 3;  // Of a pull of them.

// A channel that cannot be asked for single items and compares quantities, without saying with what; and the calls that
// it got, in order.
class PullFirstTest : public SyncJobTest {
 protected:
  PullFirstTest() { Begin({}); }

  void Begin(SimulatedOptions options) {
    options.capabilities.fetch_limit = 0;
    for (PushKind& kind : options.capabilities.push_kinds) kind.compares = {SyncField::kQuantity};
    UseNewStorage(ticking_);
    Start(options);
    SyncedChannel(kItems);
    clock_.Advance(absl::Minutes(1));
    script_.pull = [this] {
      calls_ += "pull ";
      ++pages_;
      // Slow enough for each page to be stored as it comes.
      clock_.Advance(absl::Seconds(1));
      if (during_pull_) during_pull_();
      return answer_pull_ ? answer_pull_() : absl::OkStatus();
    };
    script_.push = [this] {
      calls_ += "push ";
      return absl::OkStatus();
    };
    script_.pushed = [](PushReply* reply) {
      for (PushOutcome& outcome : reply->outcomes) outcome.seen = ItemValues();
    };
  }

  void UseOtherSettings() {
    ASSERT_TRUE(EditChannel(*engine_, "shop", [](ChannelConfig& config) {
                  config.settings = {{"path", "elsewhere"}};
                }).ok());
  }

  // Somebody sells some of item `i`, or sets its price.
  void SetQuantity(int i, int64_t quantity) {
    ItemValues values;
    values.quantity = quantity;
    ASSERT_TRUE(platform_->EditItem(ItemId(i), {SyncField::kQuantity}, values));
  }
  void SetPrice(int i, int64_t price) {
    ASSERT_TRUE(platform_->EditItem(ItemId(i), SyncFields({SyncField::kPrice}), {price}));
  }

  int64_t QuantityOf(int i) { return platform_->FindItem(ItemId(i))->values.quantity; }
  Job Read(int64_t job_id) { return *engine_->GetJob(job_id); }
  void RunAll() { EXPECT_LT(*engine_->RunPending(200), 200); }
  int64_t EnqueueFetch(const std::string& item) { return engine_->NoteItems("shop", {item})->job_id; }

  // Of that kind and lane, oldest first.
  std::vector<Job> Jobs(JobKind kind, Lane lane) {
    JobFilter filter;
    filter.kinds = {kind};
    std::vector<Job> jobs;
    const JobPage page = *engine_->ListJobs(filter, {});
    for (const Job& job : page.rows) {
      if (LaneOf(job) == lane) jobs.insert(jobs.begin(), job);
    }
    return jobs;
  }

  std::string calls_;
  int pages_ = 0;
  std::function<void()> during_pull_;
  std::function<absl::Status()> answer_pull_;
};

// -- Other settings

TEST_F(PullFirstTest, AfterOtherSettingsABulkJobPullsAndTheNextSyncSends) {
  UseOtherSettings();
  WriteProduct(2, 1200);
  const Job first = Run(JobKind::kSync);
  EXPECT_EQ(first.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(first, "left_to_pull"), 1);
  EXPECT_EQ(calls_, "") << "what is stored may be of another shop";
  const absl::optional<Job> bulk = ChainedBy(*engine_, first, JobKind::kSync);
  ASSERT_TRUE(bulk.has_value());
  EXPECT_EQ(LaneOf(*bulk), Lane::kBulk);
  const Job last = WithChainedSync(*engine_, first);
  EXPECT_EQ(calls_, "pull pull pull push ");
  EXPECT_EQ(CountOf(last, "sent"), 1);
  EXPECT_EQ(CountOf(last, "unchanged"), kItems);
  EXPECT_EQ(PriceOf(2), 1200);
  calls_.clear();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "left_to_pull"), 0);
  EXPECT_EQ(calls_, "");
}

// A partial sync does not undo what somebody set in the shop.
TEST_F(PullFirstTest, WhatAPersonSetOnTheChannelStays) {
  UseOtherSettings();
  SetPrice(1, 777);
  const Job last = WithChainedSync(*engine_, Run(JobKind::kSync));
  EXPECT_EQ(pages_, kPages);
  EXPECT_EQ(CountOf(last, "sent"), 0);
  EXPECT_EQ(PriceOf(1), 777);
}

TEST_F(PullFirstTest, WhatIsForcedAndItsPriorityGoAlong) {
  UseOtherSettings();
  WriteProduct(3, 1300);
  JobRequest request;
  request.priority = 44;
  request.options.force = {Sku(2), "nope"};
  request.options.only_forced = true;
  SetPrice(2, 777);
  const Job first = Finish(engine_->Enqueue("shop", request)->job_id);
  EXPECT_EQ(first.progress.failed, 0) << "nobody has looked for it yet";
  const Job last = WithChainedSync(*engine_, first);
  EXPECT_EQ(last.priority, 44);
  EXPECT_EQ(CountOf(last, "sent"), 1);
  EXPECT_EQ(PriceOf(2), 1000);
  EXPECT_EQ(PriceOf(3), 1000) << "only what is forced is sent";
  EXPECT_EQ(last.progress.failed, 1) << "one has no link";
}

// However many syncs and pulls are asked for meanwhile.
TEST_F(PullFirstTest, OnePullIsEnough) {
  UseOtherSettings();
  Enqueue(JobKind::kPull);
  Enqueue(JobKind::kSync);
  int asked = 0;
  during_pull_ = [&] {
    if (++asked <= kPages) Enqueue(JobKind::kSync);
  };
  WriteProduct(7, 1700);
  RunAll();
  EXPECT_EQ(calls_, "pull pull pull push ");
  EXPECT_EQ(PriceOf(7), 1700);
}

TEST_F(PullFirstTest, APullThatFailsIsTriedAgain) {
  UseOtherSettings();
  WriteProduct(2, 1200);
  answer_pull_ = [&] { return pages_ <= 7 ? absl::UnavailableError("away") : absl::OkStatus(); };
  SetPrice(3, 777);
  JobRequest request;
  request.options.force = {Sku(3)};
  const Job first = Finish(engine_->Enqueue("shop", request)->job_id);
  EXPECT_EQ(WithChainedSync(*engine_, first).state, JobState::kFailed);
  EXPECT_EQ(PriceOf(2), 1000);
  RunRetries();
  EXPECT_EQ(PriceOf(2), 1200);
  EXPECT_EQ(PriceOf(3), 1000) << "it is still forced";
}

// -- Conflicts

TEST_F(PullFirstTest, WhatConflictsIsLookedAtByABulkJob) {
  SetQuantity(0, 9);
  SetPrice(1, 777);
  WriteQuantities(2, 4);
  const Job first = Run(JobKind::kSync);
  EXPECT_EQ(first.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(first, "sent"), 1);
  EXPECT_EQ(CountOf(first, "left_to_pull"), 1);
  EXPECT_EQ(QuantityOf(1), 4) << "the others are sent meanwhile";
  EXPECT_EQ(calls_, "push ");
  const absl::optional<Job> bulk = ChainedBy(*engine_, first, JobKind::kSync);
  ASSERT_TRUE(bulk.has_value());
  EXPECT_EQ(LaneOf(*bulk), Lane::kBulk);
  EXPECT_THAT(bulk->options.items, ElementsAre(ItemId(0)));
  const Job last = WithChainedSync(*engine_, first);
  EXPECT_EQ(CountOf(last, "compared"), 1);
  EXPECT_EQ(calls_, "push pull pull pull push ");
  EXPECT_EQ(QuantityOf(0), 4);
  EXPECT_EQ(PriceOf(1), 777) << "only what conflicted is compared";
}

// What is urgent waits for one page.
TEST_F(PullFirstTest, TheLookGivesWay) {
  SetQuantity(0, 9);
  WriteProduct(0, 1000, 4);
  during_pull_ = [&] {
    if (pages_ != 2) return;
    WriteProduct(7, 1700);
    Enqueue(JobKind::kSync);
    // The one that conflicted is not tried again for that.
    ListingEdit pause;
    pause.kind = ListingEdit::Kind::kPause;
    ASSERT_TRUE(engine_->EditListing("shop", Sku(0), pause).ok());
  };
  Run(JobKind::kSync);
  RunAll();
  EXPECT_EQ(calls_, "push pull pull push pull ");
  EXPECT_EQ(PriceOf(7), 1700);
}

// One more with each page, and each with those before it, which are tried again.
TEST_F(PullFirstTest, WhatConflictsMeanwhileSharesOneLook) {
  const auto sell = [&](int i) {
    SetQuantity(i, 9);
    WriteProduct(i, 1000, 4);
    Enqueue(JobKind::kSync);
  };
  during_pull_ = [&] {
    if (pages_ <= kPages) sell(pages_);
  };
  sell(0);
  RunAll();
  EXPECT_EQ(pages_, 2 * kPages);
  const std::vector<Job> bulk = Jobs(JobKind::kSync, Lane::kBulk);
  ASSERT_EQ(bulk.size(), 2u);
  EXPECT_THAT(bulk[0].options.items, ElementsAre(ItemId(0)));
  EXPECT_THAT(bulk[1].options.items, IsSupersetOf({ItemId(1), ItemId(2), ItemId(3)}));
  for (int i = 0; i <= kPages; ++i) EXPECT_EQ(QuantityOf(i), 4) << i;
}

// Not one pull follows another: the next look is that of the retry, and they come ever later.
TEST_F(PullFirstTest, WhatConflictsAgainAndAgainWaitsForRetries) {
  int quantity = 10;
  script_.push = [&] {
    SetQuantity(0, ++quantity);
    return absl::OkStatus();
  };
  WriteProduct(0, 1000, 4);
  const Job last = WithChainedSync(*engine_, Run(JobKind::kSync));
  EXPECT_EQ(last.state, JobState::kFailed);
  EXPECT_EQ(pages_, kPages);
  RunAll();
  EXPECT_EQ(pages_, kPages);
  absl::Duration before = absl::ZeroDuration();
  for (int i = 0; i < 4; ++i) {
    JobFilter filter;
    filter.states = {JobState::kPending};
    const JobPage pending = *engine_->ListJobs(filter, {});
    ASSERT_EQ(pending.rows.size(), 1u);
    const absl::Duration wait = *pending.rows[0].not_before - clock_.Now();
    EXPECT_GT(wait, before) << i;
    before = wait;
    clock_.Advance(wait + absl::Seconds(1));
    RunAll();
  }
  EXPECT_EQ(pages_, 5 * kPages);
}

// Only those are sent that were asked for.
TEST_F(PullFirstTest, WhatIsForcedAloneStaysAlone) {
  SetQuantity(0, 9);
  for (const int i : {0, 1, 2}) WriteProduct(i, 1100, 4);
  JobRequest request;
  request.options.force = {Sku(0), Sku(1)};
  request.options.only_forced = true;
  const Job last = WithChainedSync(*engine_, Finish(engine_->Enqueue("shop", request)->job_id));
  EXPECT_EQ(last.state, JobState::kCompleted);
  EXPECT_THAT(last.options.force, ElementsAre(Sku(0)));
  EXPECT_EQ(QuantityOf(0), 4);
  EXPECT_EQ(QuantityOf(1), 4);
  EXPECT_EQ(PriceOf(2), 1000);
}

// Of a receipt that is given up nobody else knows that its item is to be looked at.
TEST_F(PullFirstTest, AReceiptThatIsGivenUpIsLookedAtThoughTheSyncYields) {
  SimulatedOptions options;
  for (PushKind& kind : options.capabilities.push_kinds) kind.receipt_timeout = absl::Minutes(5);
  options.faults.accepted = 1;
  options.faults.receipt_lost = 1;
  Begin(options);
  RunRetries();
  pages_ = 0;
  WriteProduct(0, 1500);
  Run(JobKind::kSync);
  clock_.Advance(absl::Minutes(6));
  SetPrice(0, 1000);
  clock_.Advance(absl::Minutes(6));
  bool yields = false;
  storage_->after_progress = [&](const Fence&, const JobProgress&) {
    if (std::exchange(yields, true)) return;
    ASSERT_TRUE(engine_->PauseChannel("shop").ok());
  };
  ASSERT_TRUE(engine_->RunPending(1).ok());
  EXPECT_TRUE(yields);
  ASSERT_TRUE(engine_->ResumeChannel("shop").ok());
  ASSERT_TRUE(engine_->RunPending(10).ok());
  EXPECT_GE(pages_, kPages);
  EXPECT_THAT(Jobs(JobKind::kSync, Lane::kBulk).at(0).options.items, ElementsAre(ItemId(0)));
}

// -- Fetches

TEST_F(PullFirstTest, AFetchLeavesItToAPull) {
  const int64_t fetch = EnqueueFetch(ItemId(3));
  EXPECT_EQ(Finish(fetch).progress.done, 0);
  EXPECT_EQ(CountOf(Read(fetch), "left_to_pull"), 1);
  EXPECT_EQ(calls_, "");
  const absl::optional<Job> pull = ChainedBy(*engine_, Read(fetch), JobKind::kPull);
  ASSERT_TRUE(pull.has_value());
  EXPECT_EQ(LaneOf(*pull), Lane::kBulk);
  EXPECT_EQ(CountOf(Finish(pull->job_id), "unchanged"), kItems);
}

// A notice comes with each page, and for each there is one pull at the most that has not begun.
TEST_F(PullFirstTest, NoticesDoNotPileUp) {
  during_pull_ = [&] {
    if (pages_ <= kPages) EnqueueFetch(ItemId(3));
  };
  for (int i = 0; i < 5; ++i) {
    EnqueueFetch(ItemId(i));
    ASSERT_EQ(*engine_->RunPending(1), 1);
    EnqueueFetch(ItemId(i));
  }
  RunAll();
  EXPECT_LE(pages_, 3 * kPages);
  for (const Job& pull : Jobs(JobKind::kPull, Lane::kBulk)) EXPECT_EQ(pull.state, JobState::kCompleted);
}

}  // namespace
}  // namespace flxlink::engine
