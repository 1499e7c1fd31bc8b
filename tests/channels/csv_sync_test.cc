// The csv channel behind an engine: what a merchant does to the file, and what the next sync makes of it.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "flxlink/csv_channel.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"
#include "tests/support/job_counts.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

constexpr char kShop[] =
    "Handle,Variant SKU,Variant Price,Variant Inventory Qty\n"
    "mug,S0,10.00,5\n"
    "cap,S1,20.00,5\n";

// A shop of two products, linked and in sync.
class CsvSyncTest : public ::testing::Test {
 protected:
  CsvSyncTest() : storage_(NewMemoryStorage(clock_)) {
    RegisterCsvChannel(adapters_);
    EngineOptions options;
    options.storage = storage_.get();
    options.adapters = &adapters_;
    options.clock = &clock_;
    engine_ = *Engine::Create(options);
    WriteFile(path_, kShop);
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "csv";
    config.settings = {{"path", path_}};
    config.link_priority = {{"sku", "sku"}};
    EXPECT_TRUE(engine_->AddChannel(config).ok());
    State("S0", 1000, 5);
    State("S1", 2000, 5);
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) Run(kind);
    EXPECT_EQ(ReadFile(path_), kShop) << "everything is as the channel has it";
  }

  // A product's SKU is its key.
  void State(const std::string& sku, int64_t price, int64_t quantity) {
    ProductBatch batch;
    batch.key.Add(sku);
    batch.sku.Add(sku);
    batch.price.push_back(price);
    batch.quantity.push_back(quantity);
    EXPECT_TRUE(engine_->WriteProducts(batch).status.ok());
  }

  Job Run(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    const absl::StatusOr<Job> job = engine_->RunUntilFinal(engine_->Enqueue("shop", request)->job_id);
    EXPECT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->state, JobState::kCompleted) << job->error.value_or(Problem()).message;
    return *job;
  }

  ListingRow Listing(const std::string& sku) {
    const absl::StatusOr<ListingPage> page = engine_->ListListings("shop", {}, {});
    EXPECT_TRUE(page.ok()) << page.status();
    for (const ListingRow& row : page->rows) {
      if (row.sku == sku) return row;
    }
    ADD_FAILURE() << "there is no listing " << sku;
    return {};
  }

  ManualClock clock_;
  TemporaryFolder folder_;
  const std::string path_ = folder_.PathOf("shop.csv");
  AdapterRegistry adapters_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(CsvSyncTest, ACellThatTheMerchantEmptiedIsFilledAgain) {
  WriteFile(path_, absl::StrReplaceAll(kShop, {{"10.00,5", "10.00,"}}));
  State("S0", 1000, 7);
  Run(JobKind::kSync);
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(kShop, {{"10.00,5", "10.00,7"}}));
  EXPECT_FALSE(Listing("S0").dirty);
}

TEST_F(CsvSyncTest, ACellThatCannotBeReadIsShownAndTheSyncEnds) {
  const std::string odd = absl::StrReplaceAll(kShop, {{"10.00,5", "10.00,about 5"}});
  WriteFile(path_, odd);
  State("S0", 1000, 7);
  const Job job = Run(JobKind::kSync);
  EXPECT_EQ(job.progress.failed, 1);
  EXPECT_EQ(ReadFile(path_), odd);
  const ListingRow listing = Listing("S0");
  EXPECT_FALSE(listing.dirty) << "it is settled";
  ASSERT_EQ(listing.attentions.size(), 1u);
  EXPECT_EQ(listing.attentions[0].code, "unreadable_item");
}

// What is told of an item keeps nothing else of it from being seen.
TEST_F(CsvSyncTest, AnItemWhoseRowSaysAnotherStatusIsToldAndFollowsItsRow) {
  const std::string shop =
      "Handle,Variant SKU,Variant Price,Variant Inventory Qty,Status,Option1 Value\n"
      "mug,S0,10.00,5,active,\ncap,S1,20.00,5,active,\ncap,S2,21.00,6,draft,Red\n";
  for (const int64_t price : {21, 22}) {
    WriteFile(path_, absl::StrReplaceAll(shop, {{"21.00", absl::StrCat(price, ".00")}}));
    const Job pull = Run(JobKind::kPull);
    ASSERT_EQ(pull.problems.size(), 1u);
    EXPECT_EQ(pull.problems[0].subject, "cap/Red");
    EXPECT_EQ(pull.problems[0].problem.code, problem_code::kStatusDisagrees);
    ItemFilter filter;
    filter.external_ids = {"cap/Red"};
    const absl::StatusOr<ItemPage> page = engine_->ListItems("shop", filter, {});
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_EQ(page->rows.size(), 1u);
    EXPECT_EQ(page->rows[0].price->minor_units, price * 100);
    EXPECT_EQ(page->rows[0].status, ChannelStatus::kListed);
    EXPECT_TRUE(page->rows[0].live);
  }
}

TEST_F(CsvSyncTest, NumbersThatCanBeReadInTwoWaysBreakNothingAndAreSaidOnce) {
  WriteFile(path_,
            "Handle;Variant SKU;Variant Price;Variant Inventory Qty\n"
            "mug;S0;1.000;5\ncap;S1;2.000;5\npen;S2;3,00;5\n");
  const Job pull = Run(JobKind::kPull);
  EXPECT_EQ(CountOf(pull, "item_problems"), 2);
  EXPECT_EQ(CountOf(pull, "gone"), 0);
  ASSERT_EQ(pull.problems.size(), 1u);
  EXPECT_EQ(pull.problems[0].subject, "mug");
  EXPECT_EQ(pull.problems[0].problem.code, problem_code::kUnclearNumbers);
  EXPECT_EQ(FieldValue(pull.problems[0].problem.args, "more"), "1");
  EXPECT_EQ(Listing("S1").link_state, LinkState::kLinked);
}

}  // namespace
}  // namespace flxlink
