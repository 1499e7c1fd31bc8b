// An engine over each of the stores and a simulated platform, for tests of the whole engine.

#ifndef FLXLINK_TESTS_ENGINE_ENGINE_UNDER_TEST_H_
#define FLXLINK_TESTS_ENGINE_ENGINE_UNDER_TEST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/sqlite_storage.h"
#include "gtest/gtest.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::engine {

// A product as the tests write it.
struct TestProduct {
  std::string key;
  std::string sku;
  int64_t price = 1000;
  int64_t quantity = 5;
  std::string upc = "";
  std::string parent = "";
};

inline ProductBatch Products(const std::vector<TestProduct>& products) {
  ProductBatch batch;
  batch.fields.names = {"upc"};
  batch.fields.columns.resize(1);
  for (const TestProduct& product : products) {
    batch.key.Add(product.key);
    batch.sku.Add(product.sku);
    batch.parent.Add(product.parent);
    batch.price.push_back(product.price);
    batch.quantity.push_back(product.quantity);
    batch.sync_priority.push_back(0);
    batch.fields.columns[0].Add(product.upc);
  }
  return batch;
}

// All rows of a list, read two at a time, so that every test pages.
template <typename Row, typename Read>
std::vector<Row> AllRows(Read read) {
  std::vector<Row> rows;
  PageRequest request;
  request.limit = 2;
  do {
    absl::StatusOr<Page<Row>> page = read(request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    EXPECT_LE(page->rows.size(), 2u);
    for (Row& row : page->rows) rows.push_back(std::move(row));
    request.after = std::move(page->next);
  } while (!request.after.empty());
  return rows;
}

// An engine over a store, which the parameter names, and a simulated platform.
class EngineUnderTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { UsePlatform({}); }

  // Starts over with a platform of these options.
  void UsePlatform(SimulatedOptions options) {
    engine_.reset();
    storage_ = NewStorage();
    platform_ = std::make_shared<SimulatedPlatform>(clock_, std::move(options));
    adapters_ = AdapterRegistry();
    RegisterSimulatedChannel(adapters_, platform_);
    engine_ = NewEngine();
  }

  std::unique_ptr<Storage> NewStorage() {
    if (GetParam() == "memory") return NewMemoryStorage(clock_);
    storage_.reset();
    SqliteOptions options;
    options.clock = &clock_;
    absl::StatusOr<std::unique_ptr<Storage>> storage =
        OpenSqliteStorage(folder_.PathOf(absl::StrCat("store", ++stores_, ".db")), options);
    EXPECT_TRUE(storage.ok()) << storage.status();
    return *std::move(storage);
  }

  std::unique_ptr<Engine> NewEngine() { return NewEngine(*storage_); }
  std::unique_ptr<Engine> NewEngine(Storage& storage) {
    EngineOptions options;
    options.storage = &storage;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.page_rows = 3;  // Small, so that every test pages.
    absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options);
    EXPECT_TRUE(engine.ok()) << engine.status();
    return *std::move(engine);
  }

  ChannelConfig Config() {
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "simulated";
    config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}, {"upc", "upc", {}, Ambiguity::kStop}};
    return config;
  }

  void AddChannel(const ChannelConfig& config) {
    const absl::StatusOr<Channel> channel = engine_->AddChannel(config);
    ASSERT_TRUE(channel.ok()) << channel.status();
  }

  void WriteProducts(const std::vector<TestProduct>& products) {
    const ProductWriteRun written = engine_->WriteProducts(Products(products));
    ASSERT_TRUE(written.status.ok()) << written.status;
  }

  void SetItem(const std::string& id, const std::string& sku, int64_t price = 1000, int64_t quantity = 5,
               ChannelStatus status = ChannelStatus::kListed, const std::string& parent = "") {
    platform_->SetItem({id, parent, {price, quantity, status}, {{"sku", sku}}});
  }

  // Makes the job, runs it, and gives it back as it ended.
  Job Run(const JobRequest& request) {
    absl::StatusOr<Job> job = engine_->Enqueue("shop", request);
    EXPECT_TRUE(job.ok()) << job.status();
    job = engine_->RunUntilFinal(job->job_id);
    EXPECT_TRUE(job.ok()) << job.status();
    return *job;
  }
  Job Run(JobKind kind, JobOptions options = {}) {
    JobRequest request;
    request.kind = kind;
    request.options = std::move(options);
    return Run(request);
  }
  void EditListing(const std::string& sku, ListingEdit::Kind kind, const std::string& external_id = "") {
    ListingEdit edit;
    edit.kind = kind;
    edit.external_id = external_id;
    const absl::Status status = engine_->EditListing("shop", sku, edit);
    ASSERT_TRUE(status.ok()) << status;
  }

  void RunAllPending() {
    const absl::StatusOr<int> ran = engine_->RunPending(100);
    ASSERT_TRUE(ran.ok()) << ran.status();
  }

  // A channel with `count` products that are linked to items and in sync.
  void SyncedChannel(int count, const ChannelConfig& config) {
    AddChannel(config);
    std::vector<TestProduct> products;
    for (int i = 0; i < count; ++i) {
      const std::string sku = absl::StrCat("s", i);
      products.push_back({sku, sku});
      SetItem(absl::StrCat("i", i), sku);
    }
    WriteProducts(products);
    ASSERT_EQ(Run(JobKind::kBuild).state, JobState::kCompleted);
    ASSERT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
    ASSERT_EQ(Run(JobKind::kLink).state, JobState::kCompleted);
    ASSERT_EQ(Run(JobKind::kSync).state, JobState::kCompleted);
  }

  std::vector<ListingRow> Listings(const ListingFilter& filter = {}) {
    return AllRows<ListingRow>([&](const PageRequest& page) { return engine_->ListListings("shop", filter, page); });
  }
  ListingRow Listing(const std::string& sku) {
    ListingFilter filter;
    filter.skus = {sku};
    const std::vector<ListingRow> rows = Listings(filter);
    EXPECT_EQ(rows.size(), 1u) << sku;
    return rows.empty() ? ListingRow() : rows[0];
  }

  ItemValues ValuesOf(const std::string& id) {
    const absl::optional<SimulatedItem> item = platform_->FindItem(id);
    EXPECT_TRUE(item.has_value()) << id;
    return item.has_value() ? item->values : ItemValues();
  }

  std::vector<std::string> JobKinds() {
    std::vector<std::string> kinds;
    for (const Job& job : AllRows<Job>([&](const PageRequest& page) { return engine_->ListJobs({}, page); }))
      kinds.push_back(absl::StrCat(ToString(job.kind), " ", ToString(job.state)));
    return kinds;
  }

  TemporaryFolder folder_;
  int stores_ = 0;
  ManualClock clock_;
  std::unique_ptr<Storage> storage_;
  std::shared_ptr<SimulatedPlatform> platform_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_ENGINE_UNDER_TEST_H_
