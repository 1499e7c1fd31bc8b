// Engines of one process and their jobs on one account, over a platform that counts by itself.

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gtest/gtest.h"
#include "tests/support/event_clock.h"

namespace flxlink::engine {
namespace {

constexpr int kItemsEach = 40;

class SharedAccountTest : public ::testing::Test {
 protected:
  // A host of its own: its store, its engine, a channel that it reads and one that it writes.
  struct Host {
    std::unique_ptr<Storage> storage;
    std::unique_ptr<Engine> engine;
  };

  void Start(const std::string& account_name) {
    SimulatedOptions options;
    options.capabilities = SplitSimulatedCapabilities();
    AdapterCapabilities& capabilities = options.capabilities;
    capabilities.account = {account_name, {{"catalog", 20, 10}, {"inventory", 5, 2}}, {{"calls", 2}}};
    capabilities.pull_cost.slots = capabilities.fetch_cost.slots = "calls";
    for (PushKind& kind : capabilities.push_kinds) kind.cost.slots = "calls";
    capabilities.push_kinds[1].max_items = 1;
    // The same for each call: they arrive in the order in which they were let go, and as far apart.
    options.faults.min_latency = options.faults.max_latency = absl::Milliseconds(50);
    platform_ = std::make_shared<SimulatedPlatform>(clock_, options);
    RegisterSimulatedChannel(adapters_, platform_);
    for (size_t host = 0; host < hosts_.size(); ++host) StartHost(host);
  }

  void StartHost(size_t number) {
    Host& host = hosts_[number];
    host.storage = NewMemoryStorage(clock_);
    EngineOptions options;
    options.storage = host.storage.get();
    options.adapters = &adapters_;
    options.clock = &clock_;
    host.engine = *Engine::Create(options);
    for (const char* name : {"read", "written"}) {
      ChannelConfig config;
      config.name = name;
      config.adapter = "simulated";
      config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
      ASSERT_TRUE(host.engine->AddChannel(config).ok());
    }
    for (int i = 0; i < kItemsEach; ++i) {
      const std::string sku = Sku(number, i);
      platform_->SetItem({sku, absl::StrCat("parent of ", sku), {1000, 5, ChannelStatus::kListed}, {{"sku", sku}}});
    }
    State(number, 1000, 5);
    Run(number, "written", JobKind::kBuild);
    Run(number, "written", JobKind::kPull);
    Run(number, "written", JobKind::kLink);
    Run(number, "written", JobKind::kSync);
  }

  static std::string Sku(size_t host, int i) { return absl::StrCat("h", host, "-", i); }

  void State(size_t host, int64_t price, int64_t quantity) {
    ProductBatch batch;
    for (int i = 0; i < kItemsEach; ++i) {
      batch.key.Add(Sku(host, i));
      batch.sku.Add(Sku(host, i));
      batch.price.push_back(price);
      batch.quantity.push_back(quantity);
    }
    ASSERT_TRUE(hosts_[host].engine->WriteProducts(batch).status.ok());
  }

  void Run(size_t host, const std::string& channel, JobKind kind) {
    JobRequest request;
    request.kind = kind;
    Engine& engine = *hosts_[host].engine;
    const absl::StatusOr<Job> job = engine.Enqueue(channel, request);
    ASSERT_TRUE(job.ok()) << job.status();
    const absl::StatusOr<Job> ended = engine.RunUntilFinal(job->job_id);
    ASSERT_TRUE(ended.ok()) << ended.status();
    EXPECT_EQ(ended->state, JobState::kCompleted) << ended->error.value_or(Problem()).message;
  }

  // Two whole pulls and two syncs at the same time. Returns how many calls the platform threw back.
  int64_t RunFourJobs() {
    const int64_t before = platform_->Counters().calls_throttled;
    std::vector<std::thread> threads;
    const auto start = [&](size_t host, const std::string& channel, JobKind kind) {
      threads.emplace_back([this, host, channel, kind] {
        Run(host, channel, kind);
        clock_.Leave();
      });
    };
    for (size_t host = 0; host < hosts_.size(); ++host) State(host, 900, 4);
    clock_.Enter(2 * hosts_.size());
    for (size_t host = 0; host < hosts_.size(); ++host) {
      start(host, "read", JobKind::kPull);
      start(host, "written", JobKind::kSync);
    }
    for (std::thread& thread : threads) thread.join();
    return platform_->Counters().calls_throttled - before;
  }

  EventClock clock_;
  AdapterRegistry adapters_;
  std::shared_ptr<SimulatedPlatform> platform_;
  std::array<Host, 2> hosts_;
};

TEST_F(SharedAccountTest, FourJobsOfTwoEnginesNeverExceedItsLimits) {
  Start("shop");
  EXPECT_EQ(RunFourJobs(), 0);
  for (const SimulatedItem& item : platform_->Items()) {
    EXPECT_EQ(item.values.price, 900) << item.external_id;
    EXPECT_EQ(item.values.quantity, 4) << item.external_id;
  }
}

// What the test above would look like if each counted for itself.
TEST_F(SharedAccountTest, WithoutANameEachChannelCountsForItselfAndIsThrownBack) {
  Start("");
  EXPECT_GT(RunFourJobs(), 0);
}

}  // namespace
}  // namespace flxlink::engine
