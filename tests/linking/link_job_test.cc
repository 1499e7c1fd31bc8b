// What befalls a link job in the middle of a pass.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/watched_storage.h"
#include "tests/support/job_counts.h"
#include "tests/support/manual_clock.h"

namespace flxlink::linking {
namespace {

using engine::WatchedStorage;
using ::testing::HasSubstr;

// Loses its slot: from some write of the link job on, the fence is stale.
class StaleFenceStorage : public WatchedStorage {
 public:
  using WatchedStorage::WatchedStorage;

  absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobReport& report) override {
    if (writes() + 1 >= stale_from) return Stale(fence);
    return WatchedStorage::WriteProgress(fence, report);
  }
  absl::StatusOr<LinkWriteResult> WriteLinks(const Fence& fence, int64_t read_edit_version,
                                             absl::Span<const LinkWrite> rows, absl::Time now) override {
    ++link_writes;
    return WatchedStorage::WriteLinks(fence, read_edit_version, rows, now);
  }
  absl::Status Stale(const Fence& /*fence*/) {
    ++stale_reports;
    return absl::FailedPreconditionError("another worker has the slot");
  }

  int64_t stale_from = 1 << 30;
  int stale_reports = 0;
  int link_writes = 0;
};

class LinkJobTest : public ::testing::Test {
 protected:
  LinkJobTest()
      : inner_(NewMemoryStorage(clock_)),
        storage_(*inner_),
        platform_(std::make_shared<SimulatedPlatform>(clock_, SimulatedOptions())) {
    RegisterSimulatedChannel(adapters_, platform_);
    EngineOptions options;
    options.storage = &storage_;
    options.adapters = &adapters_;
    options.clock = &clock_;
    engine_ = *Engine::Create(options);
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "simulated";
    config.link_after_sync = false;
    config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
    channel_id_ = engine_->AddChannel(config)->channel_id;
    ProductBatch batch;
    for (int i = 0; i < 20; ++i) {
      batch.key.Add(absl::StrCat("k", i));
      batch.sku.Add(absl::StrCat("s", i));
      batch.parent.Add("");
      batch.price.push_back(1);
      batch.quantity.push_back(1);
      batch.sync_priority.push_back(0);
      SimulatedItem item;
      item.external_id = absl::StrCat("i", i);
      item.values = {1, 1, ChannelStatus::kListed};
      item.fields = {{"sku", absl::StrCat("s", i)}};
      platform_->SetItem(item);
    }
    EXPECT_TRUE(engine_->WriteProducts(batch).status.ok());
    EXPECT_EQ(Run(JobKind::kBuild).state, JobState::kCompleted);
    EXPECT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
  }

  Job Run(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    return engine_->RunUntilFinal(engine_->Enqueue("shop", request)->job_id).value_or(Job());
  }
  void Edit(const std::string& sku, ListingEdit::Kind kind, const std::string& external_id) {
    ListingEdit edit;
    edit.kind = kind;
    edit.external_id = external_id;
    edit.sku = sku;
    EXPECT_TRUE(inner_->EditListings(channel_id_, {edit}, clock_.Now())->front().status.ok());
  }
  std::string LinkOf(const std::string& sku) {
    ListingFilter filter;
    filter.skus = {sku};
    return inner_->ReadListings(channel_id_, filter, 0, 1)->at(0).external_id;
  }
  ManualClock clock_;
  std::unique_ptr<Storage> inner_;
  StaleFenceStorage storage_;
  std::shared_ptr<SimulatedPlatform> platform_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
  int64_t channel_id_ = 0;
};

TEST_F(LinkJobTest, AHandEditDuringAFullPassCostsOnlyTheRowsItTouched) {
  // After the channel was read: the third write is a report of the match.
  storage_.Expect(WatchedStorage::Fate::kMeddled, 3, [&] { Edit("s3", ListingEdit::Kind::kLink, "i7"); });
  const Job job = Run(JobKind::kLink);
  EXPECT_EQ(job.state, JobState::kCompleted) << job.error.value_or(Problem()).message;
  EXPECT_EQ(storage_.full_scans(), 4) << "both sides once, each a page and an empty one";
  EXPECT_EQ(LinkOf("s3"), "i7");
  EXPECT_EQ(LinkOf("s7"), "") << "its item is taken";
  EXPECT_EQ(LinkOf("s8"), "i8");
  EXPECT_EQ(CountOf(job, "linked"), 18);
  ListingFilter s7;
  s7.skus = {"s7"};
  EXPECT_EQ(inner_->ReadListings(channel_id_, s7, 0, 1)->at(0).reason, LinkReason::kTargetTaken);
  storage_.Expect(WatchedStorage::Fate::kNone, 0);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked"), 0);
  EXPECT_EQ(storage_.full_scans(), 0) << "the base was left";
}

TEST_F(LinkJobTest, APersonWhoEditsAllTheTimeDoesNotFailTheJob) {
  bool linked = false;
  storage_.Expect(WatchedStorage::Fate::kMeddled, 3, [&] {
    for (int i = 0; i < 30; ++i) {
      Edit("s3", linked ? ListingEdit::Kind::kUnlink : ListingEdit::Kind::kLink, "i7");
      linked = !linked;
    }
  });
  const Job job = Run(JobKind::kLink);
  EXPECT_EQ(job.state, JobState::kCompleted) << job.error.value_or(Problem()).message;
  EXPECT_EQ(storage_.full_scans(), 4);
  EXPECT_EQ(LinkOf("s3"), "i3");
  EXPECT_EQ(LinkOf("s7"), "i7");
}

TEST_F(LinkJobTest, AWorkerThatLostItsSlotStopsMatching) {
  storage_.Expect(WatchedStorage::Fate::kNone, 0);
  storage_.stale_from = 3;
  const Job job = Run(JobKind::kLink);
  EXPECT_EQ(storage_.stale_reports, 1) << "the first one ends the match";
  EXPECT_EQ(storage_.link_writes, 0);
  EXPECT_THAT(job.error.value_or(Problem()).message, HasSubstr("another worker has the slot"));
}

}  // namespace
}  // namespace flxlink::linking
