// Stating and removing products page by page: how far a run comes, and what a repeat makes of it.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "flxlink/csv_channel.h"
#include "flxlink/engine.h"
#include "flxlink/forwarding_storage.h"
#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::engine {
namespace {

// Is away at one write or removal of products, counted from 1, and calls `before_each` before each.
class FailingOnce : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;
  int fails_at = 0;
  std::function<void()> before_each;
  int writes = 0;

 protected:
  absl::Status Before(absl::string_view operation) override {
    if (operation != "WriteProducts" && operation != "RemoveProducts") return absl::OkStatus();
    if (before_each) before_each();
    return ++writes == fails_at ? absl::UnavailableError("the storage is away") : absl::OkStatus();
  }
};

class ProductPagesTest : public ::testing::Test {
 protected:
  ProductPagesTest() : memory_(NewMemoryStorage(clock_)), storage_(*memory_) {
    RegisterCsvChannel(adapters_);
    EngineOptions options;
    options.storage = &storage_;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.page_rows = 2;
    engine_ = *Engine::Create(options);
  }

  // Products K0 with SKU S0 …
  static ProductBatch Products(int count) {
    ProductBatch batch;
    for (int i = 0; i < count; ++i) {
      batch.key.Add(absl::StrCat("K", i));
      batch.sku.Add(absl::StrCat("S", i));
      batch.quantity.push_back(5);
    }
    return batch;
  }

  static std::vector<std::string> Skus(int count) {
    std::vector<std::string> skus;
    for (int i = 0; i < count; ++i) skus.push_back(absl::StrCat("S", i));
    return skus;
  }

  ManualClock clock_;
  std::unique_ptr<Storage> memory_;
  FailingOnce storage_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(ProductPagesTest, APageThatFailsLosesNothingOfThePagesBeforeIt) {
  storage_.fails_at = 3;
  const ProductWriteRun run = engine_->WriteProducts(Products(9));
  EXPECT_EQ(run.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(run.rows, 4);
  EXPECT_EQ(run.result.inserted, 4);

  const ProductWriteRun repeated = engine_->WriteProducts(Products(9));
  EXPECT_EQ(repeated.status, absl::OkStatus());
  EXPECT_EQ(repeated.rows, 9);
  EXPECT_EQ(repeated.result.unchanged, 4);
  EXPECT_EQ(repeated.result.inserted, 5);
}

TEST_F(ProductPagesTest, ACallThatEndsIsLookedAtBetweenPages) {
  Cancellation cancellation;
  storage_.before_each = [&] {
    if (storage_.writes == 1) cancellation.Cancel();
  };
  Call call;
  call.cancellation = &cancellation;
  const ProductWriteRun run = engine_->WriteProducts(Products(9), call);
  EXPECT_EQ(run.status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(run.rows, 4) << "the page that was being written is whole";

  storage_.before_each = [&] { clock_.Advance(absl::Seconds(1)); };
  Call until;
  until.deadline = clock_.Now() + absl::Seconds(3);
  const ProductRemovalRun removed = engine_->RemoveProducts(Skus(9), until);
  EXPECT_EQ(removed.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(removed.result.outcomes.size(), 6u);
}

TEST_F(ProductPagesTest, ARefusedRowHasItsNumberInTheWholeBatch) {
  ProductBatch batch = Products(5);
  batch.key.Add("");
  batch.sku.Add("S5");
  batch.quantity.push_back(5);
  const ProductWriteRun run = engine_->WriteProducts(batch);
  EXPECT_EQ(run.status, absl::OkStatus());
  EXPECT_EQ(run.rows, 6);
  EXPECT_EQ(run.result.inserted, 5);
  ASSERT_EQ(run.result.refused.size(), 1u);
  EXPECT_EQ(run.result.refused[0].row, 5);
}

TEST_F(ProductPagesTest, ARemovalThatFailsIsFinishedByARepeat) {
  ASSERT_TRUE(engine_->WriteProducts(Products(5)).status.ok());
  storage_.writes = 0;
  storage_.fails_at = 2;
  const ProductRemovalRun run = engine_->RemoveProducts(Skus(5));
  EXPECT_EQ(run.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(run.result.outcomes, std::vector<ProductRemoval>(2, ProductRemoval::kRemoved));
  const ProductRemovalRun repeated = engine_->RemoveProducts(Skus(6));
  EXPECT_EQ(repeated.status, absl::OkStatus());
  EXPECT_EQ(repeated.result.outcomes,
            (std::vector<ProductRemoval>{ProductRemoval::kRemovedBefore, ProductRemoval::kRemovedBefore,
                                         ProductRemoval::kRemoved, ProductRemoval::kRemoved, ProductRemoval::kRemoved,
                                         ProductRemoval::kNoProduct}));
}

TEST_F(ProductPagesTest, AnImportEndsInPages) {
  ProductBatch batch = Products(5);
  batch.import = engine_->BeginImport("feed").value();
  ASSERT_TRUE(engine_->WriteProducts(batch).status.ok());
  ProductBatch less = Products(1);
  less.import = engine_->BeginImport("feed").value();
  ASSERT_TRUE(engine_->WriteProducts(less).status.ok());
  EXPECT_EQ(engine_->EndImport(less.import, AbsentProducts::kKeep)->absent, 0);
  Call ended;
  ended.deadline = clock_.Now() - absl::Seconds(1);
  EXPECT_EQ(engine_->EndImport(less.import, AbsentProducts::kRemove, ended).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  const absl::StatusOr<AbsentResult> result = engine_->EndImport(less.import, AbsentProducts::kRemove);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->absent, 4);
  EXPECT_FALSE(result->more);
  EXPECT_EQ(engine_->ListProducts({}, {})->rows.size(), 1);
  EXPECT_EQ(engine_->BeginImport("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ProductPagesTest, PagesOfABatchHaveItsTimes) {
  ProductBatch batch = Products(5);
  batch.quantity_as_of = clock_.Now();
  ASSERT_TRUE(engine_->WriteProducts(batch).status.ok());
  batch.quantity_as_of = clock_.Now() - absl::Seconds(1);
  EXPECT_EQ(engine_->WriteProducts(batch).result.outdated, 5);
  batch.quantity_as_of = clock_.Now() + absl::Seconds(1);
  EXPECT_EQ(engine_->WriteProducts(batch).status.code(), absl::StatusCode::kInvalidArgument);
}

// A shop in a file, of two products.
class RemovalTest : public ProductPagesTest {
 protected:
  static constexpr char kShop[] =
      "Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price,Status\n"
      "mug,Mug,S0,5,10.00,active\n"
      "cap,Cap,S1,5,20.00,draft\n";

  RemovalTest() {
    WriteFile(folder_.PathOf("shop.csv"), kShop);
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "csv";
    config.settings = {{"path", folder_.PathOf("shop.csv")}};
    config.link_priority = {{"sku", "sku"}};
    EXPECT_TRUE(engine_->AddChannel(config).ok());
    ProductBatch products = Products(2);
    products.price = {1000, 2000};
    EXPECT_TRUE(engine_->WriteProducts(products).status.ok());
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) Run(kind);
    EXPECT_EQ(Shop(), kShop) << "everything is as the channel has it";
  }

  std::string Shop() { return ReadFile(folder_.PathOf("shop.csv")); }

  Job Run(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    const absl::StatusOr<Job> job = engine_->RunUntilFinal(engine_->Enqueue("shop", request)->job_id);
    EXPECT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->state, JobState::kCompleted) << job->error.value_or(Problem()).message;
    return *job;
  }

  TemporaryFolder folder_;
};

TEST_F(RemovalTest, TheChannelGetsTheQuantityZeroAndNothingElse) {
  EXPECT_EQ(engine_->RemoveProducts({"S1"}).result.dirtied, 1);
  Run(JobKind::kSync);
  EXPECT_EQ(Shop(), absl::StrReplaceAll(kShop, {{"S1,5,", "S1,0,"}}));

  ProductBatch again;
  again.key.Add("K1");
  again.quantity = {5};
  EXPECT_EQ(engine_->WriteProducts(again).result.changed, 1);
  Run(JobKind::kSync);
  EXPECT_EQ(Shop(), kShop) << "the link is still there";
}

TEST_F(RemovalTest, NothingIsBuiltFromARemovedProduct) {
  ASSERT_TRUE(engine_->RemoveProducts({"S0", "S1"}).status.ok());
  const Job build = Run(JobKind::kBuild);
  for (const auto& [name, count] : build.counts) EXPECT_EQ(count, 0) << name;
  EXPECT_EQ(build.progress.total, 0);
}

}  // namespace
}  // namespace flxlink::engine
