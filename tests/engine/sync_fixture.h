// A channel in sync, for tests of sync jobs: a scripted one over the memory store, with a clock that lets a test act.

#ifndef FLXLINK_TESTS_ENGINE_SYNC_FIXTURE_H_
#define FLXLINK_TESTS_ENGINE_SYNC_FIXTURE_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gtest/gtest.h"
#include "tests/engine/full_sync.h"
#include "tests/engine/hooked_storage.h"
#include "tests/engine/scripted_channel.h"
#include "tests/support/job_counts.h"
#include "tests/support/open_pushes.h"

namespace flxlink::engine {

inline std::string Sku(int i) { return absl::StrCat("s", i); }
inline std::string ItemId(int i) { return absl::StrCat("i", i); }

// Each time that it is asked for is a little later, as it is with a real one.
class TickingClock : public Clock {
 public:
  explicit TickingClock(Clock& inner) : inner_(inner) {}
  absl::Time Now() const override { return inner_.Now() + absl::Microseconds(++asked_); }
  void Sleep(absl::Duration duration) override { inner_.Sleep(duration); }

 private:
  Clock& inner_;
  mutable std::atomic<int64_t> asked_{0};
};

class SyncJobTest : public ::testing::Test {
 protected:
  SyncJobTest() { UseNewStorage(clock_); }

  void UseNewStorage(const Clock& clock) {
    engine_.reset();
    memory_ = NewMemoryStorage(clock);
    storage_ = std::make_unique<HookedStorage>(*memory_);
  }

  void Start(const SimulatedOptions& options = {}, int max_tries = 5, int64_t page_rows = 3) {
    platform_ = std::make_shared<SimulatedPlatform>(clock_, options);
    adapters_.Register("scripted", [this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return std::make_unique<ScriptedAdapter>(*platform_, script_);
    });
    EngineOptions engine;
    engine.storage = storage_.get();
    engine.adapters = &adapters_;
    engine.clock = &clock_;
    engine.page_rows = page_rows;
    engine.max_tries = max_tries;
    engine_ = *Engine::Create(engine);
  }

  static ChannelConfig Config() {
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "scripted";
    config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
    return config;
  }

  // A person states the status of a listing variant.
  void State(int i, Health status) {
    ListingEdit edit;
    edit.kind = ListingEdit::Kind::kSetStatus;
    edit.status = status;
    ASSERT_EQ(engine_->EditListing("shop", Sku(i), edit), absl::OkStatus());
  }

  void WriteProduct(int i, int64_t price, int64_t quantity = 5) {
    ProductBatch batch;
    batch.key.Add(Sku(i));
    batch.sku.Add(Sku(i));
    batch.parent.Add("");
    batch.price.push_back(price);
    batch.quantity.push_back(quantity);
    batch.sync_priority.push_back(0);
    ASSERT_TRUE(engine_->WriteProducts(batch).status.ok());
  }
  void WritePrices(int count, int64_t price) {
    for (int i = 0; i < count; ++i) WriteProduct(i, price);
  }

  void WriteQuantities(int count, int64_t quantity) {
    for (int i = 0; i < count; ++i) WriteProduct(i, 1000, quantity);
  }

  // A channel with `count` products that are linked to items, all of one product there, and in sync.
  void SyncedChannel(int count, const ChannelConfig& config = Config()) {
    ASSERT_TRUE(engine_->AddChannel(config).ok());
    for (int i = 0; i < count; ++i) {
      platform_->SetItem({ItemId(i), "parent", {1000, 5, ChannelStatus::kListed}, {{"sku", Sku(i)}}});
    }
    WritePrices(count, 1000);
    clock_.Advance(platform_->capabilities().pull_lag);
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) {
      const Job job = Run(kind);
      ASSERT_EQ(job.state, JobState::kCompleted) << ToString(kind) << ": " << job.error.value_or(Problem()).message;
    }
  }

  int64_t Enqueue(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    const absl::StatusOr<Job> job = engine_->Enqueue("shop", request);
    EXPECT_TRUE(job.ok()) << job.status();
    return job->job_id;
  }
  Job Run(JobKind kind) { return Finish(Enqueue(kind)); }
  Job RunFullSync() {
    JobRequest request;
    request.options.full = true;
    return WithChainedSync(*engine_, Finish(engine_->Enqueue("shop", request)->job_id));
  }
  Job Finish(int64_t job_id) {
    const absl::StatusOr<Job> job = engine_->RunUntilFinal(job_id);
    EXPECT_TRUE(job.ok()) << job.status();
    return *job;
  }

  // Runs a job that is cancelled when it has waited for two seconds or more.
  Job RunAndCancel(JobKind kind) {
    const int64_t job_id = Enqueue(kind);
    began_ = clock_.Now();
    bool cancelled = false;
    clock_.on_sleep = [this, job_id, &cancelled] {
      if (cancelled || clock_.Now() - began_ < absl::Seconds(2)) return;
      cancelled = true;
      EXPECT_TRUE(engine_->Cancel(job_id).ok());
    };
    const Job job = Finish(job_id);
    clock_.on_sleep = nullptr;
    return job;
  }

  void ExpectCancelledSoon(const Job& job) {
    EXPECT_EQ(job.state, JobState::kCancelled) << job.error.value_or(Problem()).message;
    EXPECT_LE(clock_.Now() - began_, absl::Seconds(4));
  }

  std::vector<OpenPush> OpenPushes() { return ReadAllPushes(*storage_, engine_->GetChannel("shop")->channel_id); }

  int InDoubt() {
    ListingFilter filter;
    filter.in_doubt = true;
    const absl::StatusOr<ListingPage> page = engine_->ListListings("shop", filter, {});
    EXPECT_TRUE(page.ok()) << page.status();
    return static_cast<int>(page->rows.size());
  }

  // Lets time pass until no job waits for it any more.
  void RunRetries() {
    for (int jobs = 0; jobs < 200; ++jobs) {
      JobFilter filter;
      filter.states = {JobState::kPending};
      const absl::StatusOr<JobPage> page = engine_->ListJobs(filter, {});
      ASSERT_TRUE(page.ok()) << page.status();
      if (page->rows.empty()) return;
      const absl::Time due = page->rows.front().not_before.value_or(clock_.Now());
      clock_.Advance(std::max(due - clock_.Now(), absl::ZeroDuration()));
      ASSERT_TRUE(engine_->RunPending(1).ok());
    }
    FAIL() << "there is always another job";
  }

  int64_t PriceOf(int i) { return platform_->FindItem(ItemId(i))->values.price; }

  HookedClock clock_;
  absl::Time began_;
  ChannelScript script_;
  AdapterRegistry adapters_;
  std::shared_ptr<SimulatedPlatform> platform_;
  TickingClock ticking_{clock_};
  std::unique_ptr<Storage> memory_;
  std::unique_ptr<HookedStorage> storage_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_SYNC_FIXTURE_H_
