#include "flxlink/engine.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/sqlite_storage.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/edit_channel.h"
#include "tests/engine/hooked_storage.h"
#include "tests/engine/scripted_channel.h"
#include "tests/engine/watched_storage.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// A product as the tests write it.
struct TestProduct {
  std::string key;
  std::string sku;
  int64_t price = 1000;
  int64_t quantity = 5;
  std::string upc = "";
  std::string parent = "";
};

ProductBatch Products(const std::vector<TestProduct>& products) {
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

int64_t CountOf(const Job& job, absl::string_view name) {
  for (const auto& [key, value] : job.counts) {
    if (key == name) return value;
  }
  return 0;
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
class EngineTest : public ::testing::TestWithParam<std::string> {
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
  // A little later than whatever was pushed before.
  Job FullSync() {
    clock_.Advance(absl::Seconds(1));
    JobOptions options;
    options.full = true;
    return Run(JobKind::kSync, options);
  }

  // Builds and pulls what is new, and links.
  Job RunToLink() {
    EXPECT_EQ(Run(JobKind::kBuild).state, JobState::kCompleted);
    EXPECT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
    return Run(JobKind::kLink);
  }

  void EditListing(const std::string& sku, ListingEdit::Kind kind, const std::string& external_id = "") {
    ListingEdit edit;
    edit.kind = kind;
    edit.external_id = external_id;
    const absl::Status status = engine_->EditListing("shop", sku, edit);
    ASSERT_TRUE(status.ok()) << status;
  }

  void SetItemFields(const std::string& id, const std::string& sku, const std::string& upc) {
    platform_->SetItem({id, "", {1000, 5, ChannelStatus::kListed}, {{"sku", sku}, {"upc", upc}}});
  }

  // A channel on which a person unlinked "a" from item "1" that has its SKU; then "b" comes, which has the item's UPC.
  // Linking "b" takes the item, and so gives "a", under an earlier rule, another reason than it has at first.
  void ChannelWithALateTaker() {
    AddChannel(Config());
    WriteProducts({{"a", "a"}, {"c", "c"}});
    SetItemFields("1", "a", "9");
    SetItemFields("2", "x", "");
    RunToLink();
    EditListing("a", ListingEdit::Kind::kUnlink);
    ASSERT_EQ(CountOf(Run(JobKind::kLink), "judged"), 1);
    WriteProducts({{"b", "b", 1000, 5, "9"}});
    ASSERT_EQ(Run(JobKind::kBuild).state, JobState::kCompleted);
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

TEST_P(EngineTest, LinksAndSyncsACatalogFromEndToEnd) {
  AddChannel(Config());
  WriteProducts({{"a", "a", 1200, 7}, {"b", "b", 900, 0}, {"c", "c-new", 500, 2, "111"}, {"d", "d"}});
  SetItem("1", "a", 1000, 5);
  SetItem("2", "b", 900, 0, ChannelStatus::kHidden);
  platform_->SetItem({"3", "", {450, 1, ChannelStatus::kListed}, {{"sku", "c-old"}, {"upc", "111"}}});

  EXPECT_EQ(CountOf(Run(JobKind::kBuild), "created"), 4);
  EXPECT_EQ(CountOf(Run(JobKind::kPull), "inserted"), 3);
  const Job link = Run(JobKind::kLink);
  EXPECT_EQ(CountOf(link, "linked_by_rule_1"), 2);
  EXPECT_EQ(CountOf(link, "linked_by_rule_2"), 1);
  EXPECT_EQ(CountOf(link, "unlinked"), 1);
  EXPECT_EQ(Listing("d").reason, LinkReason::kNoMatch);
  EXPECT_EQ(Listing("c-new").rule, 2);
  EXPECT_EQ(Listing("c-new").external_id, "3");
  EXPECT_EQ(Listing("b").status.base, Health::kHidden) << "the channel's status becomes the listing's";

  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "sent"), 2);
  EXPECT_EQ(CountOf(sync, "equal"), 1);
  EXPECT_EQ(ValuesOf("1"), (ItemValues{1200, 7, ChannelStatus::kListed}));
  EXPECT_EQ(ValuesOf("2"), (ItemValues{900, 0, ChannelStatus::kHidden}));
  EXPECT_EQ(ValuesOf("3"), (ItemValues{500, 2, ChannelStatus::kListed}));

  const int64_t pushed = platform_->Counters().items_pushed;
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0);
  EXPECT_EQ(platform_->Counters().items_pushed, pushed);
}

TEST_P(EngineTest, LinkingNeedsACompletePull) {
  AddChannel(Config());
  WriteProducts({{"a", "a"}});
  Run(JobKind::kBuild);
  const Job link = Run(JobKind::kLink);
  EXPECT_EQ(link.state, JobState::kFailed);
  ASSERT_TRUE(link.error.has_value());
  EXPECT_EQ(link.error->code, problem_code::kNoCompletePull);
  EXPECT_EQ(link.error->args, (std::vector<Field>{{"channel", "shop"}}));
}

TEST_P(EngineTest, BuildReportsBlankAndRepeatedSkus) {
  AddChannel(Config());
  WriteProducts({{"k1", "a"}, {"k2", ""}, {"k3", "a"}, {"k4", " "}, {"k5", "b"}});
  const Job build = Run(JobKind::kBuild);
  EXPECT_EQ(build.state, JobState::kCompleted);
  EXPECT_EQ(build.progress.total, 5);
  EXPECT_EQ(build.progress.done, 2);
  EXPECT_EQ(build.progress.failed, 3);
  std::vector<std::pair<std::string, std::string>> problems;
  for (const JobProblem& problem : build.problems) problems.emplace_back(problem.subject, problem.problem.code);
  EXPECT_THAT(problems, ElementsAre(Pair("k2", "no_sku"), Pair("k3", "repeated_sku"), Pair("k4", "no_sku")));
}

TEST_P(EngineTest, BuildOfNamedSkusNamesThoseThatAreNoProducts) {
  AddChannel(Config());
  WriteProducts({{"a", "a"}, {"b", "b"}});
  JobOptions options;
  options.skus = {"b", "zz"};
  const Job build = Run(JobKind::kBuild, options);
  EXPECT_EQ(CountOf(build, "created"), 1);
  ASSERT_EQ(build.problems.size(), 1u);
  EXPECT_EQ(build.problems[0].subject, "zz");
  EXPECT_EQ(build.problems[0].problem.code, problem_code::kNoProduct);
  EXPECT_EQ(Listings().size(), 1u);
}

TEST_P(EngineTest, RebuildRefreshesContentAndKeepsLinks) {
  SyncedChannel(2, Config());
  WriteProducts({{"s0", "s0", 1000, 5, "999"}});
  const Job build = Run(JobKind::kBuild);
  EXPECT_EQ(CountOf(build, "refreshed"), 1);
  EXPECT_EQ(CountOf(build, "unchanged"), 1);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked);
  EXPECT_EQ(FieldValue(Listing("s0").fields, "upc"), "999");
}

TEST_P(EngineTest, PriceAndQuantityFlowWithoutARebuild) {
  SyncedChannel(4, Config());
  WriteProducts({{"s2", "s2", 1100, 5}, {"s3", "s3", 1000, 9}});
  EXPECT_TRUE(Listing("s2").dirty);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "prices"), 1);
  EXPECT_EQ(CountOf(sync, "quantities"), 1);
  EXPECT_EQ(CountOf(sync, "statuses"), 0);
  EXPECT_EQ(ValuesOf("i2").price, 1100);
  EXPECT_EQ(ValuesOf("i3").quantity, 9);
  EXPECT_FALSE(Listing("s2").dirty);
}

TEST_P(EngineTest, LinkAfterBuildChainsOnlyWhenSwitchedOnAndSomethingChanged) {
  ChannelConfig config = Config();
  config.link_after_build = true;
  config.link_after_sync = false;
  AddChannel(config);
  SetItem("1", "a");
  Run(JobKind::kPull);
  WriteProducts({{"a", "a"}});
  Run(JobKind::kBuild);
  EXPECT_THAT(JobKinds(), ElementsAre("link pending", "build completed", "pull completed"));
  RunAllPending();
  EXPECT_EQ(Listing("a").link_state, LinkState::kLinked);
  Run(JobKind::kBuild);
  EXPECT_THAT(JobKinds(), ElementsAre("build completed", "link completed", "build completed", "pull completed"));
}

TEST_P(EngineTest, LinkAfterSyncChainsToAPullThatChangedSomethingAndNotTwice) {
  AddChannel(Config());
  SetItem("1", "a");
  Run(JobKind::kPull);
  EXPECT_THAT(JobKinds(), ElementsAre("link pending", "pull completed"));
  RunAllPending();
  Run(JobKind::kPull);
  EXPECT_THAT(JobKinds(), ElementsAre("pull completed", "link completed", "pull completed"));
  platform_->EditItem("1", {SyncField::kQuantity}, {0, 99, ChannelStatus::kListed});
  Run(JobKind::kPull);
  EXPECT_THAT(JobKinds(), ElementsAre("pull completed", "pull completed", "link completed", "pull completed"))
      << "a quantity is nothing that linking reads";
}

TEST_P(EngineTest, ReleaseBrokenLetsAReimportedStoreLinkAnew) {
  ChannelConfig config = Config();
  config.link_after_sync = false;
  SyncedChannel(2, config);
  platform_->RemoveItem("i0");
  SetItem("new0", "s0");
  Run(JobKind::kPull);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kBroken);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked"), 0);
  JobOptions options;
  options.release_broken = true;
  const Job link = Run(JobKind::kLink, options);
  EXPECT_EQ(CountOf(link, "released"), 1);
  EXPECT_EQ(Listing("s0").external_id, "new0");
}

TEST_P(EngineTest, ABrokenLinkHealsWhenItsItemReturns) {
  SyncedChannel(1, Config());
  platform_->RemoveItem("i0");
  Run(JobKind::kPull);
  ASSERT_EQ(Listing("s0").link_state, LinkState::kBroken);
  WriteProducts({{"s0", "s0", 1500, 5}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0);
  SetItem("i0", "s0");
  Run(JobKind::kPull);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("i0").price, 1500);
}

TEST_P(EngineTest, ItemNotFoundByAPushBreaksTheLink) {
  SyncedChannel(2, Config());
  platform_->RemoveItem("i1");
  WriteProducts({{"s1", "s1", 2000, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "broken"), 1);
  EXPECT_EQ(sync.progress.failed, 1);
  EXPECT_EQ(Listing("s1").link_state, LinkState::kBroken);
  EXPECT_EQ(Listing("s1").attentions.at(0).code, problem_code::kItemGone);
}

TEST_P(EngineTest, FullSyncFindsAndCorrectsAnEditMadeOnTheChannel) {
  SyncedChannel(5, Config());
  platform_->EditItem("i3", {SyncField::kPrice}, {1, 0, ChannelStatus::kListed});
  platform_->EditItem("i4", {SyncField::kQuantity}, {0, 50, ChannelStatus::kListed});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0) << "a partial sync takes dirty links only";
  const Job sync = FullSync();
  EXPECT_EQ(CountOf(sync, "drifted"), 2);
  EXPECT_EQ(CountOf(sync, "sent"), 2);
  EXPECT_EQ(ValuesOf("i3").price, 1000);
  EXPECT_EQ(ValuesOf("i4").quantity, 5);
  EXPECT_EQ(CountOf(FullSync(), "sent"), 0);
}

TEST_P(EngineTest, StockThatTheChannelSoldIsNotOverwrittenUntilItIsStatedAnew) {
  SyncedChannel(1, Config());
  platform_->EditItem("i0", {SyncField::kQuantity}, {0, 2, ChannelStatus::kListed});
  clock_.Advance(absl::Minutes(1));
  const Job sync = FullSync();
  EXPECT_EQ(CountOf(sync, "sent"), 0);
  EXPECT_EQ(ValuesOf("i0").quantity, 2);
  EXPECT_EQ(Listing("s0").attentions.at(0).code, problem_code::kQuantityBelowAcknowledged);
  ASSERT_EQ(sync.problems.size(), 1u);
  EXPECT_EQ(sync.problems[0].subject, "s0");

  clock_.Advance(absl::Minutes(1));
  WriteProducts({{"s0", "s0", 1000, 5}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("i0").quantity, 5);
  EXPECT_TRUE(Listing("s0").attentions.empty());
}

TEST_P(EngineTest, OverwritePolicyCorrectsLessStockAtOnce) {
  ChannelConfig config = Config();
  config.oversell_guard = OversellGuard::kOverwrite;
  SyncedChannel(1, config);
  platform_->EditItem("i0", {SyncField::kQuantity}, {0, 2, ChannelStatus::kListed});
  FullSync();
  EXPECT_EQ(ValuesOf("i0").quantity, 5);
}

TEST_P(EngineTest, ForceSendsEveryFieldOfTheNamedAndOnlyThose) {
  SyncedChannel(4, Config());
  WriteProducts({{"s3", "s3", 7000, 5}});
  JobOptions options;
  options.force = {"s1", "nope"};
  options.only_forced = true;
  const Job sync = Run(JobKind::kSync, options);
  EXPECT_EQ(CountOf(sync, "sent"), 1);
  EXPECT_EQ(CountOf(sync, "prices"), 1);
  EXPECT_EQ(CountOf(sync, "quantities"), 1);
  ASSERT_EQ(sync.problems.size(), 1u);
  EXPECT_EQ(sync.problems[0].subject, "nope");
  EXPECT_TRUE(Listing("s3").dirty) << "not named, so it stays for the next sync";
}

TEST_P(EngineTest, HigherSyncPriorityGoesOutFirst) {
  SimulatedOptions options;
  OnlyKind(options).max_items = 1;
  UsePlatform(options);
  SyncedChannel(3, Config());
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kSetPriority;
  edit.sync_priority = 9;
  ASSERT_TRUE(engine_->EditListing("shop", "s2", edit).ok());
  WriteProducts({{"s0", "s0", 1, 5}, {"s1", "s1", 1, 5}, {"s2", "s2", 1, 5}});
  // Everything after the first push is refused for now: what is applied is what went first.
  SimulatedFaults faults;
  faults.unavailable = 1;
  const int64_t pushes = platform_->Counters().pushes;
  EngineOptions engine_options;
  HookedStorage hooked(*storage_);
  engine_options.storage = &hooked;
  engine_options.adapters = &adapters_;
  engine_options.clock = &clock_;
  engine_options.max_tries = 1;
  hooked.after_progress = [&](const Fence&, const JobProgress&) {
    if (platform_->Counters().pushes > pushes) platform_->SetFaults(faults);
  };
  engine_.reset();
  absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(engine_options);
  ASSERT_TRUE(engine.ok());
  engine_ = *std::move(engine);
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  engine_.reset();
  EXPECT_EQ(ValuesOf("i2").price, 1);
  EXPECT_EQ(ValuesOf("i0").price, 1000);
  EXPECT_EQ(ValuesOf("i1").price, 1000);
}

TEST_P(EngineTest, ARefusedItemBecomesAttentionAndTheOthersGoOut) {
  SyncedChannel(3, Config());
  WriteProducts({{"s0", "s0", -5, 5}, {"s1", "s1", 1300, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(sync, "sent"), 1);
  EXPECT_EQ(CountOf(sync, "refused"), 1);
  EXPECT_EQ(ValuesOf("i1").price, 1300);
  EXPECT_EQ(Listing("s0").attentions.at(0).code, "invalid_price");
  EXPECT_EQ(Listing("s0").attentions.at(0).args, (std::vector<Field>{{"field", "price"}}));

  const int64_t pushed = platform_->Counters().items_pushed;
  EXPECT_EQ(CountOf(FullSync(), "sent"), 0);
  EXPECT_EQ(platform_->Counters().items_pushed, pushed) << "not retried until its desired value changes";
  EXPECT_EQ(Listing("s0").attentions.at(0).code, "invalid_price");
  WriteProducts({{"s0", "s0", 1400, 5}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_TRUE(Listing("s0").attentions.empty());
}

TEST_P(EngineTest, APlatformThatRefusesWholePushesGetsTheGoodItemsAllTheSame) {
  SimulatedOptions options;
  OnlyKind(options).takes_good_items = false;
  UsePlatform(options);
  SyncedChannel(6, Config());
  WriteProducts({{"s0", "s0", 1100, 5}, {"s1", "s1", -1, 5}, {"s2", "s2", 1100, 5}, {"s4", "s4", 1100, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "sent"), 3);
  EXPECT_EQ(CountOf(sync, "refused"), 1);
  EXPECT_EQ(ValuesOf("i4").price, 1100);
  EXPECT_FALSE(Listing("s1").attentions.empty());
  EXPECT_THAT(*storage_->ReadOpenPushes(Listings().empty() ? 0 : (*engine_->GetChannel("shop")).channel_id), IsEmpty());
}

TEST_P(EngineTest, APushWhoseReplyWasLostIsSentAgainAfterItsDeadline) {
  SyncedChannel(1, Config());
  WriteProducts({{"s0", "s0", 1700, 5}});
  SimulatedFaults faults;
  faults.push_lost_reply = 1;
  platform_->SetFaults(faults);
  EngineOptions options;
  options.storage = storage_.get();
  options.adapters = &adapters_;
  options.clock = &clock_;
  options.max_tries = 1;
  engine_ = *Engine::Create(options);
  EXPECT_EQ(Run(JobKind::kSync).state, JobState::kFailed);
  EXPECT_TRUE(Listing("s0").in_doubt);
  EXPECT_TRUE(Listing("s0").dirty);

  platform_->SetFaults({});
  const absl::Time before = clock_.Now();
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "sent"), 1) << "a link in doubt is never skipped as equal";
  EXPECT_GE(clock_.Now() - before, platform_->capabilities().push_kinds.front().timeout - absl::Seconds(1));
  EXPECT_FALSE(Listing("s0").in_doubt);
  EXPECT_EQ(ValuesOf("i0").price, 1700);
}

TEST_P(EngineTest, RetriesAThrottledChannelAndConverges) {
  SyncedChannel(9, Config());
  std::vector<TestProduct> products;
  for (int i = 0; i < 9; ++i) products.push_back({absl::StrCat("s", i), absl::StrCat("s", i), 2000 + i, i});
  WriteProducts(products);
  SimulatedFaults faults;
  faults.throttled = 0.3;
  faults.item_unavailable = 0.2;
  faults.item_throttled = 0.2;
  faults.push_lost_reply = 0.1;
  faults.push_late = 0.1;
  platform_->SetFaults(faults);
  for (int tries = 0; tries < 20 && Run(JobKind::kSync).state != JobState::kCompleted; ++tries) {
  }
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(ValuesOf(absl::StrCat("i", i)).price, 2000 + i);
    EXPECT_EQ(ValuesOf(absl::StrCat("i", i)).quantity, i);
    EXPECT_FALSE(Listing(absl::StrCat("s", i)).dirty);
  }
}

TEST_P(EngineTest, AsynchronousReceiptsArePolled) {
  SimulatedOptions options;
  OnlyKind(options).receipt_timeout = absl::Minutes(10);
  options.faults.max_receipt_delay = absl::Seconds(2);
  UsePlatform(options);
  SyncedChannel(2, Config());
  WriteProducts({{"s0", "s0", 1234, 5}});
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(sync.state, JobState::kCompleted) << sync.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(sync, "accepted"), 1);
  EXPECT_GT(platform_->Counters().polls, 0);
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(*engine_->RunPending(1), 1) << "the retry";
  EXPECT_EQ(ValuesOf("i0").price, 1234);
}

TEST_P(EngineTest, ARateLimitIsKeptWithoutBeingThrottled) {
  SimulatedOptions options;
  OnlyKind(options).max_items = 1;
  CountCalls(2, 1, &options);
  UsePlatform(options);
  SyncedChannel(2, Config());
  clock_.Advance(absl::Minutes(1));
  WriteProducts({{"s0", "s0", 1, 5}, {"s1", "s1", 1, 5}});
  const int64_t throttled = platform_->Counters().calls_throttled;
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 2);
  EXPECT_EQ(platform_->Counters().calls_throttled, throttled);
}

TEST_P(EngineTest, RulesHideAndUnhideAndTheNextSyncSendsIt) {
  ChannelConfig config = Config();
  config.status_rules = {
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kLessOrEqual, 0, StatusRule::Action::kHide},
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kGreater, 0, StatusRule::Action::kUnhide}};
  SyncedChannel(3, config);
  WriteProducts({{"s1", "s1", 1000, 0}});
  const Job rules = Run(JobKind::kRules);
  EXPECT_EQ(CountOf(rules, "hidden"), 1);
  EXPECT_EQ(CountOf(rules, "unhidden"), 0);
  EXPECT_EQ(Listing("s1").status.pending, PendingChange::kHiding);
  Run(JobKind::kSync);
  EXPECT_EQ(ValuesOf("i1").status, ChannelStatus::kHidden);
  EXPECT_EQ(Listing("s1").status.base, Health::kHidden);
  EXPECT_EQ(Listing("s1").status.pending, PendingChange::kNone);
  WriteProducts({{"s1", "s1", 1000, 3}});
  EXPECT_EQ(CountOf(Run(JobKind::kRules), "unhidden"), 1);
  Run(JobKind::kSync);
  EXPECT_EQ(ValuesOf("i1").status, ChannelStatus::kListed);
}

TEST_P(EngineTest, AStatusHeldBackByASiblingGoesOutOnceTheyAgree) {
  SimulatedOptions options;
  options.capabilities.kept_by_parent = {SyncField::kStatus};
  UsePlatform(options);
  ChannelConfig config = Config();
  config.status_rules = {
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kLessOrEqual, 0, StatusRule::Action::kHide}};
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 0}, {"b", "b", 1000, 4}});
  SetItem("1", "a", 1000, 0, ChannelStatus::kListed, "p");
  SetItem("2", "b", 1000, 4, ChannelStatus::kListed, "p");
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kRules}) Run(kind);
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "held_back"), 1);
  EXPECT_EQ(Listing("a").attentions.at(0).code, problem_code::kSiblingsDisagree);
  EXPECT_EQ(ValuesOf("1").status, ChannelStatus::kListed);

  WriteProducts({{"b", "b", 1000, 0}});
  Run(JobKind::kRules);
  const Job sync = Run(JobKind::kSync);
  EXPECT_EQ(CountOf(sync, "statuses"), 2);
  EXPECT_EQ(sync.progress.failed, 0);
  EXPECT_TRUE(Listing("a").attentions.empty());
  EXPECT_EQ(Listing("a").status.base, Health::kHidden);
  EXPECT_EQ(ValuesOf("1").status, ChannelStatus::kHidden);
  EXPECT_EQ(CountOf(FullSync(), "sent"), 0);
}

TEST_P(EngineTest, LinkingTellsWhichStatusesARuleWouldChange) {
  ChannelConfig config = Config();
  config.status_rules = {
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kLessOrEqual, 0, StatusRule::Action::kHide}};
  config.link_priority.pop_back();
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 0}, {"b", "b", 1000, 4}});
  SetItem("1", "a");
  SetItem("2", "b");
  Run(JobKind::kBuild);
  Run(JobKind::kPull);
  const Job link = Run(JobKind::kLink);
  EXPECT_EQ(CountOf(link, "status_rules_would_change"), 1);
  ASSERT_EQ(link.problems.size(), 1u);
  EXPECT_EQ(link.problems[0].subject, "a");
  EXPECT_EQ(FieldValue(link.problems[0].problem.args, "channel"), "shop");
  EXPECT_EQ(Listing("a").status.base, Health::kListed) << "linking itself changes no status by rule";
}

TEST_P(EngineTest, PausedListingsAreNotSentUntilResumed) {
  SyncedChannel(2, Config());
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kPause;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  WriteProducts({{"s0", "s0", 1900, 5}});
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 0);
  EXPECT_EQ(HealthOf(Listing("s0").status), Health::kPaused);
  edit.kind = ListingEdit::Kind::kResume;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("i0").price, 1900);
}

TEST_P(EngineTest, HandUnlinksAreRespectedUntilCleared) {
  SyncedChannel(1, Config());
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kUnlink;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked"), 0);
  EXPECT_EQ(Listing("s0").reason, LinkReason::kUnlinkedByHand);
  const absl::StatusOr<ListingExplanation> explained = engine_->Explain("shop", "s0");
  ASSERT_TRUE(explained.ok()) << explained.status();
  ASSERT_EQ(explained->rules.size(), 2u);
  EXPECT_EQ(explained->rules[0].key, "s0");
  EXPECT_THAT(explained->rules[0].channel, ElementsAre("i0"));
  EXPECT_EQ(explained->rules[0].reason, LinkReason::kUnlinkedByHand);
  EXPECT_EQ(explained->rules[1].reason, LinkReason::kNoKey);
  ASSERT_EQ(explained->history.size(), 2u);
  EXPECT_EQ(explained->history[1].kind, LinkEvent::Kind::kUnlinked);

  edit.kind = ListingEdit::Kind::kClearUnlink;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked"), 1);
}

TEST_P(EngineTest, ALinkJobAfterTheFirstJudgesOnlyWhatChangesCanAffect) {
  SyncedChannel(5, Config());
  WriteProducts({{"new", "new"}, {"other", "other"}});
  SetItem("n", "new");
  const Job link = RunToLink();
  EXPECT_EQ(CountOf(link, "judged"), 2);
  EXPECT_EQ(CountOf(link, "linked"), 1);
  EXPECT_EQ(CountOf(link, "unlinked"), 1);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "judged"), 0);

  SetItem("o", "other");
  const Job again = RunToLink();
  EXPECT_EQ(CountOf(again, "judged"), 1);
  EXPECT_EQ(CountOf(again, "linked_by_rule_1"), 1);
  EXPECT_EQ(Listing("other").external_id, "o");
}

TEST_P(EngineTest, OtherRulesMakeALinkJobJudgeEverythingAnew) {
  SyncedChannel(2, Config());
  WriteProducts({{"late", "late", 1000, 5, "7"}});
  SetItemFields("l", "x", "7");
  ChannelConfig config = Config();
  const absl::StatusOr<Channel> edited =
      EditChannel(*engine_, "shop", [](ChannelConfig& changed) { changed.link_priority.pop_back(); });
  ASSERT_TRUE(edited.ok()) << edited.status();
  EXPECT_EQ(CountOf(RunToLink(), "linked"), 0);
  const auto restore = [&](ChannelConfig& changed) { changed.link_priority = config.link_priority; };
  ASSERT_TRUE(EditChannel(*engine_, "shop", restore).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked_by_rule_2"), 1) << "nothing but the rules changed";
}

TEST_P(EngineTest, ItemsUnlinkedByHandDoNotHideAChangeOfAnotherItemWithTheirKey) {
  ChannelConfig config = Config();
  config.strict = true;
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 5, "1"}});
  for (const char* id : {"c1", "c2", "c3"}) SetItemFields(id, id, "1");
  ASSERT_EQ(Run(JobKind::kBuild).state, JobState::kCompleted);
  ASSERT_EQ(Run(JobKind::kPull).state, JobState::kCompleted);
  for (const char* id : {"c1", "c2"}) {
    EditListing("a", ListingEdit::Kind::kLink, id);
    EditListing("a", ListingEdit::Kind::kUnlink);
  }
  SetItemFields("4", "a", "");
  RunToLink();
  ASSERT_EQ(Listing("a").reason, LinkReason::kContradiction) << "item c3 has its UPC";

  ASSERT_TRUE(platform_->RemoveItem("c3"));
  EXPECT_EQ(CountOf(RunToLink(), "judged"), 1);
  EXPECT_EQ(Listing("a").external_id, "4");
}

TEST_P(EngineTest, ALinkThatChangesAnEarlierRulesReasonIsLookedAtByTheNextJob) {
  ChannelWithALateTaker();
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "linked_by_rule_2"), 1);
  EXPECT_EQ(Listing("a").reason, LinkReason::kUnlinkedByHand);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "judged"), 1);
  EXPECT_EQ(Listing("a").reason, LinkReason::kTargetTaken);
  EXPECT_EQ(CountOf(Run(JobKind::kLink), "judged"), 0);
}

TEST_P(EngineTest, AnEditAtAnyWriteOfALinkJobLosesNothing) {
  for (int at_write = 1; at_write <= 4; ++at_write) {
    UsePlatform({});
    ChannelWithALateTaker();
    WatchedStorage watched(*storage_);
    const std::unique_ptr<Engine> other = NewEngine(watched);
    JobRequest request;
    request.kind = JobKind::kLink;
    const absl::StatusOr<Job> job = other->Enqueue("shop", request);
    ASSERT_TRUE(job.ok()) << job.status();
    bool edited = false;
    watched.Expect(WatchedStorage::Fate::kMeddled, at_write, [&] {
      EditListing("c", ListingEdit::Kind::kLink, "2");
      edited = true;
    });
    const absl::StatusOr<Job> done = other->RunUntilFinal(job->job_id);
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_EQ(done->state, JobState::kCompleted) << done->error.value_or(Problem()).message;
    EXPECT_TRUE(edited) << at_write;
    EXPECT_EQ(CountOf(*done, "linked"), 1) << at_write;
    EXPECT_EQ(Listing("b").external_id, "1") << at_write;
    Run(JobKind::kLink);
    EXPECT_EQ(Listing("a").reason, LinkReason::kTargetTaken) << at_write;
  }
}

TEST_P(EngineTest, WhatWasPushedBeforeAnUnlinkIsNotTakenForAcknowledgedByALaterLink) {
  SyncedChannel(1, Config());
  WriteProducts({{"s0", "s0", 1000, 7}});
  Run(JobKind::kSync);
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kUnlink;
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  WriteProducts({{"s0", "s0", 1000, 5}});  // What the last pull saw, and not what the channel has.
  edit.kind = ListingEdit::Kind::kLink;
  edit.external_id = "i0";
  ASSERT_TRUE(engine_->EditListing("shop", "s0", edit).ok());
  Run(JobKind::kSync);
  EXPECT_EQ(ValuesOf("i0").quantity, 5);
}

TEST_P(EngineTest, PlanLinksTellsWhatALinkJobWouldDoAndChangesNothing) {
  AddChannel(Config());
  WriteProducts({{"a", "a"}, {"b", "b"}});
  SetItem("1", "a");
  Run(JobKind::kBuild);
  Run(JobKind::kPull);
  const absl::StatusOr<std::unique_ptr<LinkPlan>> planned = engine_->PlanLinks("shop");
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ((*planned)->size(), 2);
  const absl::StatusOr<PlannedLinkPage> page = (*planned)->Read({});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->next, "");
  const std::vector<PlannedLink>& plan = page->rows;
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[0].sku, "a");
  EXPECT_EQ(plan[0].external_id, "1");
  EXPECT_EQ(plan[0].state, LinkState::kLinked);
  EXPECT_EQ(plan[1].sku, "b");
  EXPECT_EQ(plan[1].reason, LinkReason::kNoMatch);
  ASSERT_EQ((*planned)->problems().size(), 2u) << "nobody has a upc, on either side";
  EXPECT_EQ((*planned)->problems()[0].subject, "upc");
  EXPECT_EQ(Listing("a").link_state, LinkState::kUnlinked);
}

TEST_P(EngineTest, AFieldThatNobodyHasIsNamedByTheLinkJobAndThePlan) {
  ChannelConfig config = Config();
  config.link_priority = {{"skuu", "sku", {}, Ambiguity::kStop}};
  AddChannel(config);
  WriteProducts({{"a", "a"}});
  SetItem("1", "a");
  Run(JobKind::kBuild);
  Run(JobKind::kPull);
  const absl::StatusOr<std::unique_ptr<LinkPlan>> plan = engine_->PlanLinks("shop");
  ASSERT_TRUE(plan.ok()) << plan.status();
  const std::vector<JobProblem>& problems = (*plan)->problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].subject, "skuu");
  EXPECT_EQ(problems[0].problem.code, "rule_field_unknown");
  EXPECT_THAT(problems[0].problem.message, HasSubstr("no listing variant of channel shop has a field skuu"));
  EXPECT_EQ(Run(JobKind::kLink).problems, problems);
}

TEST_P(EngineTest, APullThatWouldBreakTooMuchIsHeldUntilApproved) {
  ChannelConfig config = Config();
  config.break_limit = 1;
  SyncedChannel(4, config);
  for (const char* id : {"i0", "i1", "i2"}) platform_->RemoveItem(id);
  const Job held = Run(JobKind::kPull);
  EXPECT_EQ(held.state, JobState::kHeld);
  ASSERT_TRUE(held.error.has_value());
  EXPECT_EQ(held.error->code, problem_code::kBreakLimit);
  EXPECT_EQ(FieldValue(held.error->args, "links"), "3");
  EXPECT_THAT(held.error->message, HasSubstr("break 3 links"));
  EXPECT_EQ(Listing("s0").link_state, LinkState::kLinked);

  ASSERT_TRUE(engine_->Approve(held.job_id).ok());
  const absl::StatusOr<Job> approved = engine_->RunUntilFinal(held.job_id);
  ASSERT_TRUE(approved.ok());
  EXPECT_EQ(approved->state, JobState::kCompleted);
  EXPECT_EQ(CountOf(*approved, "broken"), 3);
  EXPECT_EQ(Listing("s0").link_state, LinkState::kBroken);
}

TEST_P(EngineTest, CancelIsImmediateWhenPendingAndCooperativeWhenRunning) {
  SyncedChannel(9, Config());
  JobRequest request;
  request.kind = JobKind::kPull;
  const absl::StatusOr<Job> pending = engine_->Enqueue("shop", request);
  ASSERT_TRUE(pending.ok());
  EXPECT_EQ(engine_->Cancel(pending->job_id)->state, JobState::kCancelled);
  EXPECT_EQ(engine_->Cancel(pending->job_id).status().code(), absl::StatusCode::kFailedPrecondition);

  EngineOptions options;
  HookedStorage hooked(*storage_);
  hooked.after_progress = [&](const Fence& fence, const JobProgress& progress) {
    if (progress.done >= 4) {
      EXPECT_TRUE(engine_->Cancel(fence.job_id).ok());
    }
  };
  options.storage = &hooked;
  options.adapters = &adapters_;
  options.clock = &clock_;
  options.page_rows = 1;  // Of a channel this quick, four pages are one step.
  std::unique_ptr<Engine> worker = *Engine::Create(options);
  const absl::StatusOr<Job> pull = worker->Enqueue("shop", request);
  ASSERT_TRUE(pull.ok());
  const absl::StatusOr<Job> ended = worker->RunUntilFinal(pull->job_id);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->state, JobState::kCancelled);
  EXPECT_LT(ended->progress.done, 9);
}

TEST_P(EngineTest, AskingTwiceReturnsThePendingJobAndRerunNamesTheOldOne) {
  AddChannel(Config());
  JobRequest request;
  request.kind = JobKind::kPull;
  const int64_t first = engine_->Enqueue("shop", request)->job_id;
  EXPECT_EQ(engine_->Enqueue("shop", request)->job_id, first);
  EXPECT_EQ(engine_->Rerun(first).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(engine_->RunUntilFinal(first).ok());
  const absl::StatusOr<Job> rerun = engine_->Rerun(first);
  ASSERT_TRUE(rerun.ok());
  EXPECT_NE(rerun->job_id, first);
  EXPECT_EQ(rerun->from_job, first);
  EXPECT_EQ(rerun->trigger, JobTrigger::kRerun);
}

TEST_P(EngineTest, PrioritizedRunsBeforeHigherPriority) {
  AddChannel(Config());
  JobRequest pull;
  pull.kind = JobKind::kPull;
  JobRequest build;
  build.kind = JobKind::kBuild;
  build.priority = 100;
  const int64_t pull_id = engine_->Enqueue("shop", pull)->job_id;
  const int64_t build_id = engine_->Enqueue("shop", build)->job_id;
  ASSERT_TRUE(engine_->Prioritize(pull_id).ok());
  EXPECT_EQ(*engine_->RunPending(1), 1);
  EXPECT_EQ(engine_->GetJob(pull_id)->state, JobState::kCompleted);
  EXPECT_EQ(engine_->GetJob(build_id)->state, JobState::kPending);
}

TEST_P(EngineTest, AnotherEnginesDeathHandsItsRunningJobOver) {
  SyncedChannel(6, Config());
  JobRequest request;
  request.kind = JobKind::kPull;
  const int64_t job_id = engine_->Enqueue("shop", request)->job_id;
  const int64_t channel_id = engine_->GetChannel("shop")->channel_id;
  // An owner that claimed the slot, wrote half a pull, and died.
  const OwnerId dead = *storage_->OpenOwner();
  QueueSnapshot snapshot = *storage_->ReadQueue(channel_id);
  QueueChange claim;
  claim.expected_revision = snapshot.slot.revision;
  claim.slot = snapshot.slot;
  claim.slot.holder_job = job_id;
  claim.slot.epoch += 1;
  claim.slot.claim = 5;
  claim.slot.owner = dead;
  claim.slot.head_job = 0;
  for (Job job : snapshot.open_jobs) {
    if (job.job_id != job_id) continue;
    job.state = JobState::kRunning;
    job.attempts = 1;
    job.started_at = clock_.Now();
    claim.update.push_back(job);
  }
  ASSERT_TRUE(storage_->WriteQueue(claim).ok());
  const Fence stale{channel_id, job_id, claim.slot.epoch, claim.slot.claim};
  const PullState begun = *storage_->BeginPull(stale, "");
  EXPECT_EQ(*engine_->RunPending(1), 0) << "its owner lives";

  ASSERT_TRUE(storage_->CloseOwner(dead).ok());
  const absl::StatusOr<Job> job = engine_->RunUntilFinal(job_id);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state, JobState::kCompleted);
  EXPECT_EQ(job->attempts, 2);
  EXPECT_EQ(engine_->GetChannel("shop")->pull.pull_number, begun.pull_number) << "it went on with the same pull";
  EXPECT_EQ(storage_->EndPull(stale, begun.pull_number, true, "", clock_.Now()).code(),
            absl::StatusCode::kFailedPrecondition)
      << "the dead one's writes change nothing";
}

TEST_P(EngineTest, SchedulesFireOnceAndMissedRunsCoalesce) {
  AddChannel(Config());
  ScheduleSpec spec;
  spec.kind = ScheduleKind::kEvery;
  spec.every = absl::Minutes(15);
  ASSERT_TRUE(engine_->SetSchedule("shop", spec, ScheduledJob::kPull, "").ok());
  EXPECT_EQ(*engine_->FireSchedules(), 0);
  clock_.Advance(absl::Hours(3));
  EXPECT_EQ(*engine_->FireSchedules(), 1);
  EXPECT_EQ(*engine_->FireSchedules(), 0);
  EXPECT_THAT(JobKinds(), ElementsAre("pull pending"));
  RunAllPending();
  ASSERT_TRUE(engine_->EnableSchedule("shop", "", false).ok());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*engine_->FireSchedules(), 0);
  ASSERT_TRUE(engine_->EnableSchedule("shop", "", true).ok());
  EXPECT_EQ(*engine_->FireSchedules(), 0) << "what would have fired meanwhile is not made up";
  ASSERT_TRUE(engine_->ClearSchedule("shop", "").ok());
  EXPECT_TRUE(engine_->ListSchedules()->empty());
}

TEST_P(EngineTest, DraftsChangeNothingUntilApplied) {
  AddChannel(Config());
  ChannelConfig strict = Config();
  strict.strict = true;
  ASSERT_TRUE(engine_->PutChannel(strict, engine_->GetChannel("shop")->revision, /*as_draft=*/true).ok());
  EXPECT_FALSE(engine_->GetChannel("shop")->config.strict);
  EXPECT_TRUE(engine_->GetChannel("shop")->draft->strict);
  ASSERT_TRUE(engine_->ApplyDraft("shop").ok());
  EXPECT_TRUE(engine_->GetChannel("shop")->config.strict);
  EXPECT_FALSE(engine_->GetChannel("shop")->draft.has_value());
  EXPECT_EQ(engine_->ApplyDraft("shop").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(EngineTest, ADraftThatIsDiscardedIsGoneAndChangesNothing) {
  AddChannel(Config());
  ChannelConfig strict = Config();
  strict.strict = true;
  const absl::StatusOr<Channel> drafted =
      engine_->PutChannel(strict, engine_->GetChannel("shop")->revision, /*as_draft=*/true);
  ASSERT_TRUE(drafted.ok()) << drafted.status();
  const absl::StatusOr<Channel> discarded = engine_->DiscardDraft("shop");
  ASSERT_TRUE(discarded.ok()) << discarded.status();
  EXPECT_FALSE(discarded->draft.has_value());
  EXPECT_FALSE(discarded->config.strict);
  const absl::Status again = engine_->DiscardDraft("shop").status();
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ProblemOf(again)->code, problem_code::kNoDraft);
  EXPECT_EQ(engine_->DiscardDraft("none").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(EngineTest, PutChannelRefusesAConfigurationMadeFromAnOlderOne) {
  AddChannel(Config());
  const int64_t revision = engine_->GetChannel("shop")->revision;
  ChannelConfig mine = Config();
  mine.strict = true;
  ChannelConfig theirs = Config();
  theirs.parent_guard = true;
  const absl::StatusOr<Channel> put = engine_->PutChannel(theirs, revision);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_TRUE(put->config.parent_guard);
  EXPECT_NE(put->revision, revision);
  for (const bool as_draft : {false, true}) {
    const absl::Status late = engine_->PutChannel(mine, revision, as_draft).status();
    EXPECT_EQ(late.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(ProblemOf(late)->code, problem_code::kChangedMeanwhile);
    EXPECT_THAT(std::string(late.message()),
                HasSubstr(absl::StrCat("is at revision ", put->revision, ", not ", revision)));
  }
  EXPECT_FALSE(engine_->GetChannel("shop")->config.strict);
  EXPECT_TRUE(engine_->PutChannel(mine, put->revision).ok());
  EXPECT_FALSE(engine_->GetChannel("shop")->config.parent_guard)
      << "it is put in the other's place, not joined with it";
  mine.name = "none";
  EXPECT_EQ(engine_->PutChannel(mine, 0).status().code(), absl::StatusCode::kNotFound);
  mine = Config();
  mine.adapter = "nope";
  EXPECT_EQ(engine_->PutChannel(mine, engine_->GetChannel("shop")->revision).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(EngineTest, ANewPolicyIsEvaluatedOverEveryLink) {
  ChannelConfig config = Config();
  config.sync_fields = {SyncField::kPrice};
  AddChannel(config);
  WriteProducts({{"a", "a", 1000, 50}});
  SetItem("1", "a", 1000, 5);
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) Run(kind);
  EXPECT_EQ(ValuesOf("1").quantity, 5);
  const auto sync_quantity = [](ChannelConfig& changed) { changed.sync_fields.Add(SyncField::kQuantity); };
  ASSERT_TRUE(EditChannel(*engine_, "shop", sync_quantity).ok());
  EXPECT_EQ(CountOf(Run(JobKind::kSync), "sent"), 1);
  EXPECT_EQ(ValuesOf("1").quantity, 50);
}

TEST_P(EngineTest, ACallThatHasEndedExplainsNothing) {
  SyncedChannel(3, Config());
  EXPECT_TRUE(engine_->Explain("shop", "s1").ok());
  Cancellation cancellation;
  cancellation.Cancel();
  const Call cancelled{absl::InfiniteFuture(), &cancellation};
  EXPECT_EQ(engine_->Explain("shop", "s1", cancelled).status().code(), absl::StatusCode::kCancelled);
}

TEST_P(EngineTest, WrongConfigurationsAreRefused) {
  ChannelConfig config = Config();
  config.adapter = "nope";
  EXPECT_EQ(engine_->AddChannel(config).status().code(), absl::StatusCode::kNotFound);
  config = Config();
  config.name = "a b";
  EXPECT_EQ(engine_->AddChannel(config).status().code(), absl::StatusCode::kInvalidArgument);
  SimulatedOptions options;
  options.capabilities.link_fields = {"sku"};
  UsePlatform(options);
  const absl::Status status = engine_->AddChannel(Config()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no field upc"));
}

TEST_P(EngineTest, WorkersServeManyChannelsAtOnceAndEachJobOnce) {
  std::vector<int64_t> jobs;
  for (int i = 0; i < 8; ++i) {
    ChannelConfig config = Config();
    config.name = absl::StrCat("shop", i);
    AddChannel(config);
    JobRequest request;
    request.kind = JobKind::kPull;
    jobs.push_back(engine_->Enqueue(config.name, request)->job_id);
  }
  SetItem("1", "a");
  ASSERT_TRUE(engine_->Start(3).ok());
  EXPECT_EQ(engine_->Start(1).code(), absl::StatusCode::kFailedPrecondition);
  for (const int64_t id : jobs) {
    const absl::StatusOr<Job> job = engine_->RunUntilFinal(id);
    ASSERT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->state, JobState::kCompleted);
    EXPECT_EQ(job->attempts, 1);
  }
  engine_->Stop();
}

INSTANTIATE_TEST_SUITE_P(Storages, EngineTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace flxlink::engine
