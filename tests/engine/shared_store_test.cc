// Several engines on one store whose hosts disagree about the time, and links that a person changes under a running
// job.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/forwarding_storage.h"
#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"
#include "tests/engine/full_sync.h"
#include "tests/engine/scripted_channel.h"
#include "tests/support/job_counts.h"
#include "tests/support/open_pushes.h"

namespace flxlink::engine {
namespace {

// A host's clock: so far ahead of the store's.
class HostClock : public Clock {
 public:
  HostClock(ManualClock& store, absl::Duration ahead) : store_(store), ahead_(ahead) {}

  absl::Time Now() const override { return store_.Now() + ahead_; }
  void Sleep(absl::Duration duration) override { store_.Sleep(duration); }

 private:
  ManualClock& store_;
  const absl::Duration ahead_;
};

// Calls `before` with each operation's name, and answers what it answers unless that is OK.
class HookedStorage : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  std::function<absl::Status(absl::string_view operation)> before;

 protected:
  absl::Status Before(absl::string_view operation) override { return before ? before(operation) : absl::OkStatus(); }
};

class SharedStoreTest : public ::testing::Test {
 protected:
  SharedStoreTest() {
    SimulatedOptions simulated;
    OnlyKind(simulated).timeout = kTimeout;
    platform_ = std::make_shared<SimulatedPlatform>(clock_, simulated);
    adapters_.Register("scripted", [this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return std::make_unique<ScriptedAdapter>(*platform_, script_);
    });
  }

  std::unique_ptr<Engine> NewEngine(Clock& clock) {
    EngineOptions options;
    options.storage = &storage_;
    options.adapters = &adapters_;
    options.clock = &clock;
    options.page_rows = 2;
    options.max_tries = 2;
    absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options);
    EXPECT_TRUE(engine.ok()) << engine.status();
    return *std::move(engine);
  }

  // A channel with three products that are linked to items and in sync, and a free item "spare".
  void SyncedChannel(Engine& engine) {
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "scripted";
    config.link_after_sync = false;
    config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
    const absl::StatusOr<Channel> channel = engine.AddChannel(config);
    ASSERT_TRUE(channel.ok()) << channel.status();
    channel_id_ = channel->channel_id;
    for (const std::string sku : {"a", "b", "c"}) SetItem(sku, 1000, 5);
    SetItem("spare", 300, 77);
    WritePrices(engine, 1000);
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) {
      ASSERT_EQ(Run(engine, kind).state, JobState::kCompleted) << ToString(kind);
    }
  }

  void SetItem(const std::string& id, int64_t price, int64_t quantity) {
    platform_->SetItem({id, "", {price, quantity, ChannelStatus::kListed}, {{"sku", id}}});
  }

  void WritePrices(Engine& engine, int64_t price) {
    ProductBatch batch;
    for (const std::string sku : {"a", "b", "c"}) {
      batch.key.Add(sku);
      batch.sku.Add(sku);
      batch.parent.Add("");
      batch.price.push_back(price);
      batch.quantity.push_back(5);
      batch.sync_priority.push_back(0);
    }
    ASSERT_TRUE(engine.WriteProducts(batch).status.ok());
  }

  static Job Run(Engine& engine, JobKind kind, JobOptions options = {}) {
    JobRequest request;
    request.kind = kind;
    request.options = std::move(options);
    return Finish(engine, engine.Enqueue("shop", request));
  }
  static Job Finish(Engine& engine, const absl::StatusOr<Job>& job) {
    EXPECT_TRUE(job.ok()) << job.status();
    const absl::StatusOr<Job> ended = engine.RunUntilFinal(job->job_id);
    EXPECT_TRUE(ended.ok()) << ended.status();
    return ended.ok() ? *ended : Job();
  }

  // A person links "a" to the spare item instead of its own.
  void RelinkByHand(Engine& engine) {
    ListingEdit edit;
    edit.kind = ListingEdit::Kind::kUnlink;
    EXPECT_TRUE(engine.EditListing("shop", "a", edit).ok());
    edit.kind = ListingEdit::Kind::kLink;
    edit.external_id = "spare";
    EXPECT_TRUE(engine.EditListing("shop", "a", edit).ok());
  }

  ItemValues ValuesOf(const std::string& id) { return platform_->FindItem(id)->values; }

  static constexpr absl::Duration kTimeout = absl::Seconds(30);

  ManualClock clock_;
  const absl::Time start_ = clock_.Now();
  HostClock right_{clock_, absl::ZeroDuration()};
  HostClock ahead_{clock_, absl::Hours(5)};
  HostClock behind_{clock_, absl::Hours(-5)};
  ChannelScript script_;
  AdapterRegistry adapters_;
  std::shared_ptr<SimulatedPlatform> platform_;
  const std::unique_ptr<Storage> inner_ = NewMemoryStorage(clock_);
  HookedStorage storage_{*inner_};
  int64_t channel_id_ = 0;
};

// -- Storage's time.

TEST_F(SharedStoreTest, AScheduleFiresAtTheStoresTime) {
  const std::unique_ptr<Engine> right = NewEngine(right_);
  const std::unique_ptr<Engine> ahead = NewEngine(ahead_);
  const std::unique_ptr<Engine> behind = NewEngine(behind_);
  SyncedChannel(*right);
  ScheduleSpec spec;
  spec.kind = ScheduleKind::kEvery;
  spec.every = absl::Hours(1);
  const absl::Time now = clock_.Now();
  const absl::StatusOr<ScheduleSetting> set = behind->SetSchedule("shop", spec, ScheduledJob::kPull, "");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_GT(set->schedule.next_fire, now);
  EXPECT_LE(set->schedule.next_fire, now + absl::Hours(1));
  EXPECT_EQ(*ahead->FireSchedules(), 0) << "it is not due by the store's time";
  clock_.Advance(set->schedule.next_fire - now);
  EXPECT_EQ(*behind->FireSchedules(), 1);
  const Job job = right->ListJobs({}, {})->rows.at(0);
  EXPECT_EQ(job.created_at, set->schedule.next_fire);
}

TEST_F(SharedStoreTest, AJobsTimesAreTheStores) {
  const std::unique_ptr<Engine> ahead = NewEngine(ahead_);
  SyncedChannel(*ahead);
  const Job job = Run(*ahead, JobKind::kPull);
  EXPECT_EQ(job.created_at, clock_.Now());
  EXPECT_EQ(job.started_at, clock_.Now());
  EXPECT_EQ(job.finished_at, clock_.Now());
  EXPECT_EQ(ahead->GetChannel("shop")->pull.completed_at, clock_.Now());
}

TEST_F(SharedStoreTest, APushsDeadlineIsTheStores) {
  const std::unique_ptr<Engine> ahead = NewEngine(ahead_);
  const std::unique_ptr<Engine> behind = NewEngine(behind_);
  SyncedChannel(*ahead);
  WritePrices(*ahead, 1100);
  script_.push = [] { return absl::UnavailableError("the platform is away"); };
  ASSERT_EQ(Run(*ahead, JobKind::kSync).state, JobState::kFailed);
  const std::vector<OpenPush> open = ReadAllPushes(*inner_, channel_id_);
  ASSERT_FALSE(open.empty());
  for (const OpenPush& push : open) EXPECT_LE(push.call_deadline, clock_.Now() + kTimeout + absl::Seconds(5));

  // Another host waits for that deadline, and not for the difference of the two clocks.
  script_.push = [] { return absl::OkStatus(); };
  const absl::Time before = clock_.Now();
  EXPECT_EQ(Run(*behind, JobKind::kSync).state, JobState::kCompleted);
  EXPECT_EQ(clock_.Now(), std::max(before, open.back().call_deadline));
  EXPECT_EQ(ValuesOf("a").price, 1100);
}

TEST_F(SharedStoreTest, ACursorsAgeIsTheStores) {
  const std::unique_ptr<Engine> ahead = NewEngine(ahead_);
  const std::unique_ptr<Engine> behind = NewEngine(behind_);
  SyncedChannel(*ahead);
  int pulls = 0;
  script_.pull = [&] { return ++pulls == 1 ? absl::OkStatus() : absl::PermissionDeniedError("the key was revoked"); };
  const Job failed = Run(*ahead, JobKind::kPull);
  ASSERT_EQ(failed.state, JobState::kFailed);
  script_.pull = [] { return absl::OkStatus(); };
  EXPECT_EQ(CountOf(Finish(*behind, behind->Rerun(failed.job_id)), "resumed"), 1) << "it is a moment old";
}

TEST_F(SharedStoreTest, AStoreWhoseClockIsAwayIsTriedAgain) {
  const std::unique_ptr<Engine> right = NewEngine(right_);
  SyncedChannel(*right);
  JobRequest request;
  request.kind = JobKind::kPull;
  const absl::StatusOr<Job> job = right->Enqueue("shop", request);
  int asked = 0;
  storage_.before = [&](absl::string_view operation) {
    return operation == "Now" && ++asked % 3 == 0 ? absl::UnavailableError("away") : absl::OkStatus();
  };
  EXPECT_EQ(Finish(*right, job).state, JobState::kCompleted);
  EXPECT_GE(asked, 4);
  storage_.before = nullptr;
}

TEST_F(SharedStoreTest, WhatAJobAsksAStoreThatIsAwayForAMomentItAsksAgain) {
  const std::unique_ptr<Engine> right = NewEngine(right_);
  SyncedChannel(*right);
  WritePrices(*right, 1100);
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) {
    JobRequest request;
    request.kind = kind;
    const absl::StatusOr<Job> job = right->Enqueue("shop", request);
    // What the queue itself asks is another matter, and what time it is is asked before other things.
    std::set<std::string> asked = {"Now", "ReadJob", "ReadQueue", "WriteQueue", "ReserveIds"};
    storage_.before = [&](absl::string_view operation) {
      return asked.insert(std::string(operation)).second ? absl::UnavailableError("away") : absl::OkStatus();
    };
    const Job ended = Finish(*right, job);
    storage_.before = nullptr;
    EXPECT_EQ(ended.state, JobState::kCompleted)
        << ToString(kind) << ": " << (ended.error.has_value() ? ended.error->message : "");
    EXPECT_GE(asked.size(), 8u) << ToString(kind);
  }
}

// -- Fences.

// The end of a job is given up only where another worker has its slot.
TEST_F(SharedStoreTest, AnEndThatIsRefusedForAnotherReasonIsWrittenLater) {
  const std::unique_ptr<Engine> right = NewEngine(right_);
  SyncedChannel(*right);
  JobRequest request;
  request.kind = JobKind::kPull;
  const int64_t job_id = right->Enqueue("shop", request)->job_id;
  int writes = 0;
  storage_.before = [&](absl::string_view operation) {
    if (operation != "WriteQueue" || ++writes != 2) return absl::OkStatus();
    return absl::FailedPreconditionError("a file of the store was replaced");
  };
  EXPECT_EQ(right->RunUntilFinal(job_id).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(right->GetJob(job_id)->state, JobState::kRunning);
  storage_.before = nullptr;
  EXPECT_EQ(right->RunUntilFinal(job_id)->state, JobState::kCompleted);
  EXPECT_EQ(right->GetJob(job_id)->attempts, 1) << "its end was kept";
}

TEST_F(SharedStoreTest, EachClaimDrawsItsNumber) {
  const std::unique_ptr<Engine> right = NewEngine(right_);
  SyncedChannel(*right);
  std::vector<uint64_t> claims;
  script_.pull = [&] {
    claims.push_back(inner_->ReadQueue(channel_id_)->slot.claim);
    return absl::OkStatus();
  };
  Run(*right, JobKind::kPull);
  const size_t of_first = claims.size();
  Run(*right, JobKind::kPull);
  ASSERT_GT(claims.size(), of_first);
  EXPECT_EQ(claims.front(), claims[of_first - 1]);
  EXPECT_NE(claims.front(), claims.back());
  EXPECT_EQ(inner_->ReadQueue(channel_id_)->slot.claim, 0u);
}

// -- Links that change under a job.

TEST_F(SharedStoreTest, WhatWasSentToTheOldItemIsNotAcknowledgedOfTheNewOne) {
  const std::unique_ptr<Engine> right = NewEngine(right_);
  SyncedChannel(*right);
  WritePrices(*right, 1100);
  int pushes = 0;
  script_.push = [&] {
    if (++pushes == 1) RelinkByHand(*right);
    return absl::OkStatus();
  };
  ASSERT_EQ(Run(*right, JobKind::kSync).state, JobState::kCompleted);
  EXPECT_EQ(ValuesOf("a").price, 1100) << "it was on its way";
  ASSERT_EQ(Run(*right, JobKind::kSync).state, JobState::kCompleted);
  EXPECT_EQ(ValuesOf("spare"), (ItemValues{1100, 5, ChannelStatus::kListed}));
}

// The old item has the right quantity. Were that taken for the new item's, nothing would ever be sent to it.
TEST_F(SharedStoreTest, WhatWasSeenOfTheOldItemIsNotAcknowledgedOfTheNewOne) {
  const std::unique_ptr<Engine> right = NewEngine(right_);
  SyncedChannel(*right);
  SetItem("a", 900, 5);
  bool relinked = false;
  storage_.before = [&](absl::string_view operation) {
    if (operation == "WriteReconciliations" && !relinked) {
      relinked = true;
      RelinkByHand(*right);
    }
    return absl::OkStatus();
  };
  JobOptions full;
  full.full = true;
  ASSERT_EQ(WithChainedSync(*right, Run(*right, JobKind::kSync, full)).state, JobState::kCompleted);
  EXPECT_TRUE(relinked);
  EXPECT_EQ(ValuesOf("spare"), (ItemValues{1000, 5, ChannelStatus::kListed}));
}

}  // namespace
}  // namespace flxlink::engine
