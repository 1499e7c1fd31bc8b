// In which order dirty links go out while the order changes, and what it costs to look it up.

#include "src/engine/dirty_pages.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/sync_fixture.h"

namespace flxlink::engine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;

class DirtyPagesTest : public SyncJobTest {
 protected:
  static constexpr int kItems = 5;  // A call.

  static SimulatedOptions SmallCalls(int in_flight = 1) {
    SimulatedOptions options;
    OnlyKind(options).max_items = kItems;
    OnlyKind(options).in_flight = in_flight;
    return options;
  }

  // A price or a higher quantity of a link is one call, the other its next.
  static SimulatedOptions TwoSteps() {
    SimulatedOptions options;
    options.capabilities = SplitSimulatedCapabilities();
    options.capabilities.account.buckets.clear();
    options.capabilities.pull_cost = options.capabilities.fetch_cost = CallCost();
    for (PushKind& kind : options.capabilities.push_kinds) {
      kind.cost = CallCost();
      kind.max_items = kItems;
      kind.one_parent = false;
    }
    return options;
  }

  void StartWith(const SimulatedOptions& options, int64_t page_rows) {
    UseNewStorage(ticking_);
    Start(options, /*max_tries=*/5, page_rows);
  }

  // What a sync sends, call by call, as SKUs, and what it reads for that. `meddle` is called in each call, with the
  // call's number.
  Job Watch(const std::function<void(int)>& meddle) {
    calls_.clear();
    reads_ = rows_ = 0;
    storage_->after_read_dirty = [this](const SyncBatch& page) {
      ++reads_;
      rows_ += page.size();
    };
    script_.sending = [this, meddle](const PushRequest& request) {
      calls_.emplace_back();
      for (const PushItem& item : request.items) calls_.back().push_back("s" + item.external_id.substr(1));
      meddle(static_cast<int>(calls_.size()) - 1);
    };
    Job job = Run(JobKind::kSync);
    storage_->after_read_dirty = nullptr;
    script_.sending = [](const PushRequest&) {};
    return job;
  }

  // The numbers of the calls that sent the product.
  std::vector<int> CallsWith(int i) const {
    std::vector<int> numbers;
    for (size_t call = 0; call < calls_.size(); ++call) {
      if (std::count(calls_[call].begin(), calls_[call].end(), Sku(i)) > 0) numbers.push_back(static_cast<int>(call));
    }
    return numbers;
  }

  void SetPriority(int i, int64_t sync_priority) {
    ListingEdit edit;
    edit.kind = ListingEdit::Kind::kSetPriority;
    edit.sync_priority = sync_priority;
    ASSERT_EQ(engine_->EditListing("shop", Sku(i), edit), absl::OkStatus());
  }

  int64_t QuantityOf(int i) { return platform_->FindItem(ItemId(i))->values.quantity; }

  std::vector<std::vector<std::string>> calls_;
  int64_t reads_ = 0;
  int64_t rows_ = 0;
};

TEST_F(DirtyPagesTest, WhatBecomesUrgentGoesOutAfterTheCallsUnderWay) {
  constexpr int kLinks = 500;
  constexpr int kMeddled = 12;
  for (const int in_flight : {1, 3}) {
    for (const int64_t page_rows : {10, 100, 1000}) {
      SCOPED_TRACE(absl::StrCat(in_flight, " at once, pages of ", page_rows));
      StartWith(SmallCalls(in_flight), page_rows);
      SyncedChannel(kLinks);
      WritePrices(kLinks, 1100);
      const Job sync = Watch([this](int call) {
        if (call != kMeddled) return;
        WriteProduct(400, 1100, 2);
        SetPriority(450, 7);
      });
      EXPECT_EQ(CountOf(sync, "sent"), kLinks);
      // Both go out with the same call; the one with the higher priority is planned first.
      ASSERT_THAT(CallsWith(450), ElementsAre(AllOf(Gt(kMeddled), Le(kMeddled + in_flight))));
      EXPECT_EQ(CallsWith(400), CallsWith(450));
      EXPECT_EQ(calls_.at(static_cast<size_t>(CallsWith(450).front())).front(), Sku(450));
      for (int i = 0; i < kLinks; ++i) {
        EXPECT_EQ(PriceOf(i), 1100) << i;
        EXPECT_THAT(CallsWith(i), SizeIs(1)) << i;
      }
      EXPECT_EQ(QuantityOf(400), 2);
      const int64_t pages = kLinks / page_rows + 1;
      EXPECT_LE(reads_, kLinks / kItems / in_flight + 2 * pages + 20);
      // All of them once more, since so many have to be counted before the first goes out.
      EXPECT_LE(rows_, 3 * kLinks);
    }
  }
}

// A link whose call would have come later by its own place, too.
TEST_F(DirtyPagesTest, WhatIsOvertakenInItsPageIsPlannedAnewAtOnce) {
  StartWith(SmallCalls(), 1000);
  SyncedChannel(100);
  WriteQuantities(100, 4);
  const Job sync = Watch([this](int call) {
    if (call == 3) WriteProduct(27, 1000, 3);
  });
  EXPECT_EQ(CountOf(sync, "sent"), 100);
  EXPECT_THAT(calls_.at(5), Not(Contains(Sku(27)))) << "what was planned is not sent";
  EXPECT_THAT(calls_.at(6), ElementsAre(Sku(27)));
  EXPECT_EQ(QuantityOf(27), 3);
}

TEST_F(DirtyPagesTest, WhatFallsAgainAfterItWasSentIsSentAgainNext) {
  StartWith(SmallCalls(), 1000);
  SyncedChannel(100);
  WritePrices(100, 1100);
  const Job sync = Watch([this](int call) {
    if (call == 3 || call == 9) WriteProduct(1, 1100, call == 3 ? 4 : 3);
  });
  EXPECT_EQ(CountOf(sync, "sent"), 102);
  EXPECT_THAT(CallsWith(1), ElementsAre(0, 4, 10));
  EXPECT_EQ(QuantityOf(1), 3);
}

// Everything before it in the order was tried in this pass, and is dirty still; or it was dirty itself before what was.
TEST_F(DirtyPagesTest, WhatStaysDirtyDoesNotHideWhatBecomesUrgent) {
  constexpr int kLinks = 300;
  constexpr int kTwice = kLinks;
  constexpr int kClean = kLinks + 1;
  constexpr int kDirty = 290;
  for (const int64_t page_rows : {20, 1000}) {
    SCOPED_TRACE(page_rows);
    StartWith(TwoSteps(), page_rows);
    SyncedChannel(kLinks + 2);
    for (int i = 0; i < kLinks; ++i) WriteProduct(i, 1100, 9);
    const Job sync = Watch([this](int call) {
      if (call == 20) WriteProduct(kTwice, 1100, 1);
      if (call == 30) WriteProduct(kClean, 1000, 1);
      if (call == 40) WriteProduct(kDirty, 1100, 1);
    });
    EXPECT_EQ(CountOf(sync, "sent"), kLinks + 2);
    ASSERT_THAT(CallsWith(kTwice), SizeIs(2));
    EXPECT_EQ(CallsWith(kTwice).front(), 21);
    EXPECT_THAT(CallsWith(kClean), ElementsAre(31));
    ASSERT_THAT(CallsWith(kDirty), SizeIs(2));
    EXPECT_EQ(CallsWith(kDirty).front(), 41);
    for (int i = 0; i < kLinks; ++i) {
      EXPECT_EQ(PriceOf(i), 1100) << i;
      EXPECT_EQ(QuantityOf(i), i == kDirty ? 1 : 9) << i;
      EXPECT_THAT(CallsWith(i), SizeIs(2)) << i;
    }
    const int64_t rounds = 2 * kLinks / kItems;
    EXPECT_LE(reads_, 3 * rounds + 5 * (kLinks / page_rows + 1) + 20);
    EXPECT_LE(rows_, 3 * kLinks + 3 * rounds + 3 * DirtyPages::kRowsBefore);
  }
}

// More groups of links that stay dirty than are looked into.
TEST_F(DirtyPagesTest, ManyPrioritiesAreWalkedThroughAllTheSame) {
  constexpr int kLinks = 100;
  StartWith(TwoSteps(), 10);
  SyncedChannel(kLinks);
  for (int i = 0; i < kLinks; ++i) {
    SetPriority(i, i);
    WriteProduct(i, 1100, 9);
  }
  const Job sync = Watch([](int) {});
  EXPECT_EQ(CountOf(sync, "sent"), kLinks);
  EXPECT_THAT(calls_.front(), ElementsAre("s99", "s98", "s97", "s96", "s95"));
  for (int i = 0; i < kLinks; ++i) EXPECT_EQ(QuantityOf(i), 9) << i;
  EXPECT_LE(reads_, 17 * (2 * kLinks / kItems + 2 * kLinks / 10 + 2));
}

// Their calls may still land; what is behind them in the order does not wait for that.
TEST_F(DirtyPagesTest, ManyPrioritiesThatWaitKeepNothingElse) {
  constexpr int kWaiting = 20;
  constexpr int kLinks = 60;
  StartWith(SmallCalls(), 10);
  SyncedChannel(kLinks);
  for (int i = 0; i < kWaiting; ++i) SetPriority(i, kWaiting - i);
  WritePrices(kLinks, 1100);
  script_.push = Times(kWaiting / kItems, absl::UnavailableError("gone away"));
  const Job sync = Watch([](int) {});
  EXPECT_EQ(CountOf(sync, "sent"), kLinks);
  EXPECT_EQ(calls_.front().front(), Sku(0));
  for (int i = kWaiting; i < kLinks; ++i) EXPECT_THAT(CallsWith(i), ElementsAre(4 + (i - kWaiting) / kItems)) << i;
}

// Whatever changes while syncs run, and whatever befalls their calls.
TEST_F(DirtyPagesTest, WhatIsSentInAnyOrderEndsAsItIsStated) {
  constexpr int kLinks = 60;
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    const SimulatedOptions options = seed % 2 == 0 ? SmallCalls(static_cast<int>(seed % 3) + 1) : TwoSteps();
    StartWith(options, seed % 5 == 0 ? 1000 : 7);
    SyncedChannel(kLinks);
    SimulatedFaults faults = options.faults;
    faults.throttled = faults.push_lost_reply = faults.item_not_tried = 0.05;
    platform_->SetFaults(faults);
    std::mt19937 random(seed);
    std::map<int, std::pair<int64_t, int64_t>> stated;
    const auto change = [&] {
      const int i = static_cast<int>(random() % kLinks);
      stated[i] = {1000 + static_cast<int64_t>(random() % 5), static_cast<int64_t>(random() % 10)};
      WriteProduct(i, stated[i].first, stated[i].second);
      if (random() % 4 == 0) SetPriority(static_cast<int>(random() % kLinks), static_cast<int64_t>(random() % 3));
    };
    for (int i = 0; i < kLinks; ++i) change();
    Watch([&](int call) {
      if (call < 50) change();
    });
    platform_->SetFaults({});
    EXPECT_EQ(Run(JobKind::kSync).state, JobState::kCompleted);
    for (const auto& [i, values] : stated) {
      EXPECT_EQ(PriceOf(i), values.first) << i;
      EXPECT_EQ(QuantityOf(i), values.second) << i;
    }
    EXPECT_EQ(InDoubt(), 0);
  }
}

}  // namespace
}  // namespace flxlink::engine
