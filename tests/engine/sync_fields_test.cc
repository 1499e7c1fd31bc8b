// Compare-at prices and content on their way from the merchant to a channel and back, over both storages.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/sqlite_storage.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/edit_channel.h"
#include "tests/engine/full_sync.h"
#include "tests/support/job_counts.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Product {
  int64_t price = 1000;
  int64_t compare_at_price = kAbsent;
  std::string title = "";
  std::string description = "";
};

// One product "shirt" and one item "1" on a simulated channel.
class SyncFieldsTest : public ::testing::TestWithParam<std::string> {
 protected:
  void Start(const std::string& sync_fields, SimulatedOptions options = {}) {
    SqliteOptions sqlite;
    sqlite.clock = &clock_;
    storage_ =
        GetParam() == "memory" ? NewMemoryStorage(clock_) : *OpenSqliteStorage(folder_.PathOf("store.db"), sqlite);
    platform_ = std::make_shared<SimulatedPlatform>(clock_, std::move(options));
    RegisterSimulatedChannel(adapters_, platform_);
    EngineOptions engine;
    engine.storage = storage_.get();
    engine.adapters = &adapters_;
    engine.clock = &clock_;
    engine_ = *Engine::Create(engine);
    ASSERT_TRUE(engine_->AddChannel(Config(sync_fields)).ok());
  }

  static ChannelConfig Config(const std::string& sync_fields) {
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "simulated";
    config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
    config.sync_fields = *ParseSyncFields(sync_fields);
    return config;
  }

  void State(const Product& product) {
    ProductBatch batch;
    batch.key.Add("shirt");
    batch.sku.Add("shirt");
    batch.price = {product.price};
    batch.compare_at_price = {product.compare_at_price};
    batch.quantity = {5};
    batch.fields.names = {"title", "description"};
    batch.fields.columns.resize(2);
    batch.fields.columns[0].Add(product.title);
    batch.fields.columns[1].Add(product.description);
    ASSERT_TRUE(engine_->WriteProducts(batch).status.ok());
  }

  void SetItem(int64_t compare_at_price, std::vector<Field> fields = {}) {
    fields.push_back({"sku", "shirt"});
    platform_->SetItem({"1", "", {1000, 5, ChannelStatus::kListed, compare_at_price}, std::move(fields)});
  }

  Job Run(JobKind kind, bool full = false) {
    JobRequest request;
    request.kind = kind;
    request.options.full = full;
    const absl::StatusOr<Job> queued = engine_->Enqueue("shop", request);
    EXPECT_TRUE(queued.ok()) << queued.status();
    const absl::StatusOr<Job> job = engine_->RunUntilFinal(queued->job_id);
    EXPECT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->state, JobState::kCompleted) << job->error.value_or(Problem()).message;
    return WithChainedSync(*engine_, *job);
  }

  void LinkAll() {
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Run(kind);
  }

  SimulatedItem Item() { return platform_->FindItem("1").value_or(SimulatedItem()); }
  std::string ItemField(absl::string_view name) { return std::string(FieldValue(Item().fields, name)); }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Storage> storage_;
  std::shared_ptr<SimulatedPlatform> platform_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

TEST_P(SyncFieldsTest, ACompareAtPriceIsNotSentUnlessItIsSynced) {
  Start("price,quantity,status");
  State({1000, 1500});
  SetItem(1200);
  LinkAll();
  Run(JobKind::kSync);
  EXPECT_EQ(Item().values.compare_at_price, 1200);
}

TEST_P(SyncFieldsTest, ACompareAtPriceIsSentOnceAndAgainWhenItChanges) {
  Start("price,compare_at_price");
  State({1000, 1500});
  SetItem(1200);
  LinkAll();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "compare_at_prices"), 1);
  EXPECT_EQ(Item().values.compare_at_price, 1500);
  EXPECT_EQ(CountOf(Run(JobKind::kSync, /*full=*/true), "sent"), 0);
  State({1000, 1400});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "compare_at_prices"), 1);
  EXPECT_EQ(CountOf(sync, "prices"), 0);
  EXPECT_EQ(Item().values.compare_at_price, 1400);
}

TEST_P(SyncFieldsTest, ACompareAtPriceThatNobodyStatesIsLeftAlone) {
  Start("price,compare_at_price");
  State({900});
  SetItem(1200);
  LinkAll();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(Item().values, (ItemValues{900, 5, ChannelStatus::kListed, 1200}));
}

TEST_P(SyncFieldsTest, AFullSyncCorrectsACompareAtPriceThatTheChannelChanged) {
  Start("price,compare_at_price");
  State({1000, 1500});
  SetItem(1500);
  LinkAll();
  Run(JobKind::kSync);
  platform_->EditItem("1", {SyncField::kCompareAtPrice}, {kAbsent, kAbsent, ChannelStatus::kUnknown, 1100});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0) << "drift is a full sync's to correct";
  const Job full = Run(JobKind::kSync, /*full=*/true);
  EXPECT_EQ(CountOf(full, "drifted"), 1);
  EXPECT_EQ(CountOf(full, "compare_at_prices"), 1);
  EXPECT_EQ(Item().values.compare_at_price, 1500);
}

TEST_P(SyncFieldsTest, ARebuildsContentReachesAChannelThatSyncsIt) {
  Start("price,title");
  State({1000, kAbsent, "Shirt", "Fine"});
  SetItem(kAbsent, {{"title", "shirt"}, {"description", "the shop's own"}});
  LinkAll();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "contents"), 1);
  EXPECT_EQ(ItemField("title"), "Shirt");
  EXPECT_EQ(ItemField("description"), "the shop's own");

  State({1000, kAbsent, "Blouse", "Fine"});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0) << "content is frozen until it is built again";
  Run(JobKind::kBuild);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "contents"), 1);
  EXPECT_EQ(ItemField("title"), "Blouse");
  EXPECT_EQ(CountOf(Run(JobKind::kSync, /*full=*/true), "sent"), 0);
}

TEST_P(SyncFieldsTest, ContentThatIsSyncedFromNowOnIsSent) {
  Start("price");
  State({1000, kAbsent, "Shirt"});
  SetItem(kAbsent, {{"title", "shirt"}});
  LinkAll();
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0);
  ASSERT_TRUE(
      EditChannel(*engine_, "shop", [](ChannelConfig& config) { config.sync_fields.AddContent("title"); }).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "contents"), 1);
  EXPECT_EQ(ItemField("title"), "Shirt");
}

TEST_P(SyncFieldsTest, AFullSyncCorrectsContentThatTheChannelChanged) {
  Start("title,description");
  State({1000, kAbsent, "Shirt", "Fine"});
  SetItem(kAbsent);
  LinkAll();
  Run(JobKind::kSync);
  EXPECT_EQ(ItemField("description"), "Fine");
  ItemValues emptied;
  emptied.SetContent("description", "");
  platform_->EditItem("1", {{}, {"description"}}, emptied);
  clock_.Advance(absl::Seconds(1));
  const Job full = Run(JobKind::kSync, /*full=*/true);
  EXPECT_EQ(CountOf(full, "drifted"), 1);
  EXPECT_EQ(CountOf(full, "contents"), 1);
  EXPECT_EQ(ItemField("description"), "Fine");
}

TEST_P(SyncFieldsTest, ContentThatNobodyStatesIsLeftAlone) {
  Start("title,description");
  State({1000, kAbsent, "Shirt"});
  SetItem(kAbsent, {{"description", "the shop's own"}});
  LinkAll();
  Run(JobKind::kSync);
  EXPECT_EQ(ItemField("title"), "Shirt");
  EXPECT_EQ(ItemField("description"), "the shop's own");
}

TEST_P(SyncFieldsTest, APushOfContentInDoubtIsSentAgain) {
  Start("title");
  State({1000, kAbsent, "Shirt"});
  SetItem(kAbsent, {{"title", "Shirt"}});
  LinkAll();
  Run(JobKind::kSync);
  State({1000, kAbsent, "Blouse"});
  Run(JobKind::kBuild);
  SimulatedFaults faults;
  faults.push_lost_reply = 1;
  platform_->SetFaults(faults);
  JobRequest request;
  request.kind = JobKind::kSync;
  const int64_t job_id = engine_->Enqueue("shop", request)->job_id;
  EXPECT_EQ(engine_->RunUntilFinal(job_id)->state, JobState::kFailed);
  platform_->SetFaults({});
  // Back to what was acknowledged: it must go out, since the other title may have landed.
  State({1000, kAbsent, "Shirt"});
  Run(JobKind::kBuild);
  EXPECT_EQ(ItemField("title"), "Blouse");
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "contents"), 1);
  EXPECT_EQ(ItemField("title"), "Shirt");
}

TEST_P(SyncFieldsTest, ContentThatTheAdapterCannotSetIsRefused) {
  Start("price");
  ChannelConfig config = Config("price,vendor");
  config.name = "other";
  const absl::Status status = engine_->AddChannel(config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot set vendor"));
}

std::vector<std::string> ProblemCodes(const Job& job) {
  std::vector<std::string> codes;
  for (const JobProblem& problem : job.problems) codes.push_back(problem.problem.code);
  return codes;
}

TEST_P(SyncFieldsTest, WhatIsFixedIsToldOnceAndSentWhenItCanBe) {
  Start("price,title");
  State({1000, kAbsent, "Shirt"});
  const SimulatedItem item = {"1",
                              "",
                              {1000, 5, ChannelStatus::kListed},
                              {{"sku", "shirt"}, {"title", "Their shirt"}},
                              {{"title", FixedReason::kKeptByParent}}};
  platform_->SetItem(item);
  LinkAll();
  const auto attentions = [&] { return engine_->ListListings("shop", {}, {})->rows.at(0).attentions; };

  const Job first = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(first, "fixed"), 1);
  EXPECT_EQ(CountOf(first, "held_back") + CountOf(first, "sent") + CountOf(first, "equal"), 0);
  EXPECT_EQ(first.progress.failed, 0) << "nobody failed";
  EXPECT_THAT(ProblemCodes(first), ElementsAre(problem_code::kFieldFixed));
  ASSERT_EQ(attentions().size(), 1u);
  EXPECT_EQ(attentions()[0].args, (std::vector<Field>{{"field", "title"}, {"reason", "kept_by_parent"}}));

  State({1100, kAbsent, "Shirt"});
  const Job other_field = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(other_field, "prices"), 1);
  EXPECT_THAT(ProblemCodes(other_field), IsEmpty()) << "it was said before";
  State({1100, kAbsent, "Better shirt"});
  Run(JobKind::kBuild);
  const Job other_value = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(other_value, "equal"), 1);
  EXPECT_EQ(CountOf(other_value, "fixed"), 0);
  EXPECT_THAT(ProblemCodes(other_value), IsEmpty());
  const Job full = Run(JobKind::kSync, /*full=*/true);
  EXPECT_EQ(CountOf(full, "fixed") + CountOf(full, "equal") + CountOf(full, "drifted"), 0);
  EXPECT_EQ(attentions().size(), 1u) << "it stays as long as the channel keeps the field";
  EXPECT_EQ(ItemField("title"), "Their shirt");

  SimulatedItem settable = Item();
  settable.fixed.clear();
  platform_->SetItem(settable);
  Run(JobKind::kPull);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "contents"), 1);
  EXPECT_EQ(ItemField("title"), "Better shirt");
  EXPECT_TRUE(attentions().empty());
}

TEST_P(SyncFieldsTest, AnInventoryThatIsNotTrackedGetsNoQuantityAndRaisesNoAlarm) {
  Start("price,quantity");
  State({1000});
  const FixedField untracked = {"quantity", FixedReason::kNotTracked};
  platform_->SetItem({"1", "", {1000, 9, ChannelStatus::kListed}, {{"sku", "shirt"}}, {untracked}});
  LinkAll();
  EXPECT_THAT(ProblemCodes(Run(JobKind::kSync)), ElementsAre(problem_code::kInventoryNotTracked));
  ItemValues sold;
  sold.quantity = 1;
  platform_->EditItem("1", {SyncField::kQuantity}, sold);
  const Job full = Run(JobKind::kSync, /*full=*/true);
  EXPECT_THAT(ProblemCodes(full), IsEmpty());
  EXPECT_EQ(CountOf(full, "drifted"), 0);
  EXPECT_EQ(Item().values.quantity, 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, SyncFieldsTest, testing::Values("memory", "sqlite"),
                         [](const testing::TestParamInfo<std::string>& test) { return test.param; });

}  // namespace
}  // namespace flxlink::engine
