// Lists, counts and edits of many: what hosts look at and decide.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/faulty_storage.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/sqlite_storage.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string TheSku(const ListingRow& row) { return row.sku; }
std::string TheId(const ItemRow& row) { return row.external_id; }

// All rows of a list, read `limit` at a time, each as `text_of` has it.
template <typename Read, typename TextOf>
std::vector<std::string> All(int64_t limit, Read read, TextOf text_of) {
  std::vector<std::string> texts;
  PageRequest request;
  request.limit = limit;
  do {
    auto page = read(request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    EXPECT_LE(page->rows.size(), static_cast<size_t>(limit));
    for (const auto& row : page->rows) texts.push_back(text_of(row));
    request.after = page->next;
  } while (!request.after.empty());
  return texts;
}

// A channel with items 0 to 4 and listing variants of the SKUs s0 to s5, of which those up to s3 are linked: s4 has
// nobody's SKU, and s5 came after the link job.
class ListsTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    storage_ = NewStorage();
    RegisterSimulatedChannel(adapters_, platform_);
    engine_ = NewEngine(*storage_);
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "simulated";
    config.link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
    ASSERT_TRUE(engine_->AddChannel(config).ok());
    for (int i = 0; i < 5; ++i) {
      platform_->SetItem({absl::StrCat("i", i),
                          i < 2 ? "p" : "",
                          {1000, 5, ChannelStatus::kListed},
                          {{"sku", i < 4 ? absl::StrCat("s", i) : "other"}}});
    }
    WriteProducts({"s0", "s1", "s2", "s3", "s4"});
    for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Run(kind);
    WriteProducts({"s5"});
    Run(JobKind::kBuild);
  }

  std::unique_ptr<Storage> NewStorage() {
    if (GetParam() == "memory") return NewMemoryStorage(clock_);
    SqliteOptions options;
    options.clock = &clock_;
    absl::StatusOr<std::unique_ptr<Storage>> storage = OpenSqliteStorage(folder_.PathOf("store.db"), options);
    EXPECT_TRUE(storage.ok()) << storage.status();
    return *std::move(storage);
  }

  std::unique_ptr<Engine> NewEngine(Storage& storage) {
    EngineOptions options;
    options.storage = &storage;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.page_rows = 2;
    absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options);
    EXPECT_TRUE(engine.ok()) << engine.status();
    return *std::move(engine);
  }

  void WriteProducts(const std::vector<std::string>& skus, absl::string_view currency = "USD") {
    ProductBatch batch;
    batch.currency = *Currency::Parse(currency);
    for (const std::string& sku : skus) {
      batch.key.Add(absl::StrCat("k", sku));
      batch.sku.Add(sku);
      batch.price.push_back(1000);
      batch.quantity.push_back(5);
    }
    const ProductWriteRun written = engine_->WriteProducts(batch);
    ASSERT_TRUE(written.status.ok()) << written.status;
  }

  int64_t Enqueue(JobKind kind) {
    JobRequest request;
    request.kind = kind;
    const absl::StatusOr<Job> job = engine_->Enqueue("shop", request);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? job->job_id : 0;
  }
  int64_t Run(JobKind kind) {
    const int64_t job_id = Enqueue(kind);
    const absl::StatusOr<Job> job = engine_->RunUntilFinal(job_id);
    EXPECT_TRUE(job.ok() && job->state == JobState::kCompleted) << job.status();
    return job_id;
  }

  static ListingEdit EditOf(const std::string& sku, ListingEdit::Kind kind) {
    ListingEdit edit;
    edit.sku = sku;
    edit.kind = kind;
    return edit;
  }

  std::vector<std::string> Listings(int64_t limit, const ListingFilter& filter) {
    return All(
        limit, [&](const PageRequest& page) { return engine_->ListListings("shop", filter, page); }, TheSku);
  }
  std::vector<std::string> Items(int64_t limit, const ItemFilter& filter) {
    return All(
        limit, [&](const PageRequest& page) { return engine_->ListItems("shop", filter, page); }, TheId);
  }
  std::vector<std::string> History(int64_t limit, const HistoryFilter& filter) {
    return All(
        limit, [&](const PageRequest& page) { return engine_->ListLinkHistory("shop", filter, page); },
        [](const LinkHistoryRow& row) { return absl::StrCat(row.sku, " ", ToString(row.event.kind)); });
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Storage> storage_;
  std::shared_ptr<SimulatedPlatform> platform_ = std::make_shared<SimulatedPlatform>(clock_, SimulatedOptions());
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
};

TEST_P(ListsTest, ListingsComeInPagesOfAnySizeInTheOrderOfTheirBuilding) {
  for (const int64_t limit : {1, 2, 3, 6, 100}) {
    EXPECT_THAT(Listings(limit, {}), ElementsAre("s0", "s1", "s2", "s3", "s4", "s5")) << limit;
  }
  ListingFilter filter;
  filter.link_states = {LinkState::kUnlinked, LinkState::kBroken};
  EXPECT_THAT(Listings(1, filter), ElementsAre("s4", "s5"));
  filter.reasons = {LinkReason::kNoMatch};
  EXPECT_THAT(Listings(1, filter), ElementsAre("s4"));
  EXPECT_EQ(engine_->ListListings("none", {}, {}).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(ListsTest, APageThatNobodyGaveIsRefused) {
  for (const char* after : {"x", "1.2", " 1", "1x", "."}) {
    PageRequest request;
    request.after = after;
    const absl::Status status = engine_->ListListings("shop", {}, request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << after;
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("\"", after, "\"")));
  }
  for (const int64_t limit : {int64_t{0}, int64_t{-1}, Storage::kMaxRows + 1}) {
    PageRequest request;
    request.limit = limit;
    EXPECT_EQ(engine_->ListListings("shop", {}, request).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(engine_->ListItems("shop", {}, request).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(engine_->ListJobs({}, request).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(engine_->ListProducts({}, request).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ((*engine_->PlanLinks("shop"))->Read(request).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_P(ListsTest, TheChannelIsCounted) {
  Enqueue(JobKind::kSync);
  const absl::StatusOr<ChannelCounts> counts = engine_->CountChannel("shop");
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->listings, 6);
  EXPECT_THAT(counts->by_link_state, ElementsAre(Pair(LinkState::kUnlinked, 2), Pair(LinkState::kLinked, 4)));
  EXPECT_THAT(counts->unlinked_by_reason, ElementsAre(Pair(LinkReason::kNone, 1), Pair(LinkReason::kNoMatch, 1)));
  EXPECT_THAT(counts->by_health, ElementsAre(Pair(Health::kNotListed, 2), Pair(Health::kListed, 4)));
  EXPECT_EQ(counts->dirty, 4);
  EXPECT_EQ(counts->items, 5);
  EXPECT_EQ(counts->live_items, 5);
  EXPECT_EQ(counts->unlinked_items, 1);
  EXPECT_THAT(counts->open_jobs, ElementsAre(Pair(JobState::kPending, 1)));
  EXPECT_EQ(engine_->CountChannel("none").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(ListsTest, ItemsAreListed) {
  EXPECT_THAT(Items(2, {}), ElementsAre("i0", "i1", "i2", "i3", "i4"));
  ItemFilter filter;
  filter.unlinked = true;
  EXPECT_THAT(Items(2, filter), ElementsAre("i4"));
  filter = ItemFilter();
  filter.parents = {"p"};
  EXPECT_THAT(Items(1, filter), ElementsAre("i0", "i1"));
  filter = ItemFilter();
  filter.external_ids = {"i3", "none"};
  const absl::StatusOr<ItemPage> page = engine_->ListItems("shop", filter, {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].sku, "s3");
  EXPECT_EQ(page->rows[0].link_state, LinkState::kLinked);
  EXPECT_EQ(page->rows[0].price->minor_units, 1000);
}

TEST_P(ListsTest, JobsAreListedByChannelKindAndState) {
  const int64_t waiting = Enqueue(JobKind::kPull);
  const auto jobs = [&](const JobFilter& filter) {
    return All(
        1, [&](const PageRequest& page) { return engine_->ListJobs(filter, page); },
        [](const Job& job) { return absl::StrCat(ToString(job.kind), " ", ToString(job.state)); });
  };
  EXPECT_THAT(jobs({}),
              ElementsAre("pull pending", "build completed", "link completed", "pull completed", "build completed"));
  EXPECT_THAT(jobs({"shop", {JobKind::kBuild, JobKind::kLink}, {}}),
              ElementsAre("build completed", "link completed", "build completed"));
  EXPECT_THAT(jobs({"", {JobKind::kPull}, {JobState::kPending, JobState::kCompleted}}),
              ElementsAre("pull pending", "pull completed"));
  EXPECT_THAT(jobs({"", {}, {JobState::kRunning}}), IsEmpty());
  EXPECT_EQ(engine_->ListJobs({"none", {}, {}}, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(engine_->Cancel(waiting).ok());
}

TEST_P(ListsTest, ProblemsOfAJobAreListedInTheirOrder) {
  JobRequest request;
  request.kind = JobKind::kBuild;
  request.options.skus = {"n1", "s1", "n2", "n3"};
  const int64_t job_id = engine_->Enqueue("shop", request)->job_id;
  const auto problems = [&](int64_t limit) {
    return All(
        limit, [&](const PageRequest& page) { return engine_->ListJobProblems(job_id, page); },
        [](const JobProblem& problem) { return absl::StrCat(problem.subject, " ", problem.problem.code); });
  };
  EXPECT_THAT(problems(1), IsEmpty()) << "it has not begun";
  ASSERT_TRUE(engine_->RunUntilFinal(job_id).ok());
  for (const int64_t limit : {1, 2, 3, 4}) {
    EXPECT_THAT(problems(limit), ElementsAre("n1 no_product", "n2 no_product", "n3 no_product"));
  }
  EXPECT_EQ(engine_->ListJobProblems(job_id + 1000, {}).status().code(), absl::StatusCode::kNotFound);
  PageRequest wrong;
  wrong.after = "x";
  EXPECT_EQ(engine_->ListJobProblems(job_id, wrong).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(ListsTest, OfManyPrioritizedJobsTheFirstNamedRunsFirst) {
  const int64_t pull = Enqueue(JobKind::kPull);
  const int64_t build = Enqueue(JobKind::kBuild);
  const int64_t link = Enqueue(JobKind::kLink);
  const std::vector<absl::StatusOr<Job>> moved = engine_->Prioritize({link, int64_t{999999}, build});
  ASSERT_EQ(moved.size(), 3u);
  EXPECT_EQ(moved[0]->job_id, link);
  EXPECT_EQ(moved[1].status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(moved[2]->job_id, build);
  std::vector<int64_t> order;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*engine_->RunPending(1), 1);
    for (const int64_t id : {pull, build, link}) {
      const bool ended = IsFinal(engine_->GetJob(id)->state);
      if (ended && std::find(order.begin(), order.end(), id) == order.end()) order.push_back(id);
    }
  }
  EXPECT_THAT(order, ElementsAre(link, build, pull));
}

TEST_P(ListsTest, ManyJobsAreCancelledAndEachSaysHow) {
  const int64_t pull = Enqueue(JobKind::kPull);
  const int64_t build = Enqueue(JobKind::kBuild);
  const std::vector<absl::StatusOr<Job>> cancelled = engine_->Cancel({pull, pull, int64_t{999999}, build});
  ASSERT_EQ(cancelled.size(), 4u);
  EXPECT_EQ(cancelled[0]->state, JobState::kCancelled);
  EXPECT_EQ(cancelled[1].status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(cancelled[2].status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(cancelled[3]->state, JobState::kCancelled);
}

TEST_P(ListsTest, HistoryIsListedOfASkuAndOfAJob) {
  ASSERT_TRUE(engine_->EditListing("shop", "s1", EditOf("", ListingEdit::Kind::kUnlink)).ok());
  EXPECT_THAT(History(2, {}), ElementsAre("s0 linked", "s1 linked", "s1 unlinked", "s2 linked", "s3 linked"));
  HistoryFilter filter;
  filter.sku = "s1";
  EXPECT_THAT(History(1, filter), ElementsAre("s1 linked", "s1 unlinked"));
  filter.sku = "";
  filter.job_id = 0;
  EXPECT_THAT(History(1, filter), ElementsAre("s1 unlinked"));
  filter.job_id = engine_->ListJobs({"", {JobKind::kLink}, {}}, {})->rows.at(0).job_id;
  EXPECT_THAT(History(1, filter), ElementsAre("s0 linked", "s1 linked", "s2 linked", "s3 linked"));
}

TEST_P(ListsTest, ManyEditsAreMadeAndEachSaysWhatBecameOfIt) {
  std::vector<ListingEdit> edits;
  for (const char* sku : {"s0", "s1", "none", "s2", "s4"}) edits.push_back(EditOf(sku, ListingEdit::Kind::kPause));
  edits.push_back(EditOf("s4", ListingEdit::Kind::kUnlink));
  const absl::StatusOr<std::vector<absl::Status>> statuses = engine_->EditListings("shop", edits);
  ASSERT_TRUE(statuses.ok()) << statuses.status();
  std::vector<absl::StatusCode> codes;
  for (const absl::Status& status : *statuses) codes.push_back(status.code());
  EXPECT_THAT(codes, ElementsAre(absl::StatusCode::kOk, absl::StatusCode::kOk, absl::StatusCode::kNotFound,
                                 absl::StatusCode::kOk, absl::StatusCode::kOk, absl::StatusCode::kFailedPrecondition));
  ListingFilter paused;
  paused.healths = {Health::kPaused};
  EXPECT_THAT(Listings(10, paused), ElementsAre("s0", "s1", "s2", "s4"));
  EXPECT_EQ(engine_->EditListings("none", edits).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(ListsTest, EditsThatCouldNotBeWrittenSaySo) {
  // Two edits a page: the second page is refused.
  class RefusesSecond : public ForwardingStorage {
   public:
    using ForwardingStorage::ForwardingStorage;

   protected:
    absl::Status Before(absl::string_view operation) override {
      return operation == "EditListings" && ++pages_ == 2 ? absl::UnavailableError("away") : absl::OkStatus();
    }

   private:
    int pages_ = 0;
  };
  RefusesSecond refusing(*storage_);
  const std::unique_ptr<Engine> engine = NewEngine(refusing);
  std::vector<ListingEdit> edits;
  for (const char* sku : {"s0", "s1", "s2", "s3", "s4"}) edits.push_back(EditOf(sku, ListingEdit::Kind::kPause));
  const absl::StatusOr<std::vector<absl::Status>> statuses = engine->EditListings("shop", edits);
  ASSERT_TRUE(statuses.ok()) << statuses.status();
  std::vector<absl::StatusCode> codes;
  for (const absl::Status& status : *statuses) codes.push_back(status.code());
  EXPECT_THAT(codes, ElementsAre(absl::StatusCode::kOk, absl::StatusCode::kOk, absl::StatusCode::kUnavailable,
                                 absl::StatusCode::kUnavailable, absl::StatusCode::kUnavailable));
  ListingFilter paused;
  paused.healths = {Health::kPaused};
  EXPECT_THAT(Listings(10, paused), ElementsAre("s0", "s1"));
}

TEST_P(ListsTest, EditsThatACallDoesNotReachHaveItsError) {
  // Two edits a page: the call ends while the first page is written.
  class CancelsAtEdit : public ForwardingStorage {
   public:
    CancelsAtEdit(Storage& inner, Cancellation& cancellation) : ForwardingStorage(inner), cancellation_(cancellation) {}

   protected:
    absl::Status Before(absl::string_view operation) override {
      if (operation == "EditListings") cancellation_.Cancel();
      return absl::OkStatus();
    }

   private:
    Cancellation& cancellation_;
  };
  Cancellation cancellation;
  CancelsAtEdit cancelling(*storage_, cancellation);
  const std::unique_ptr<Engine> engine = NewEngine(cancelling);
  const auto pause = [&](const Call& call) {
    std::vector<ListingEdit> edits;
    for (const char* sku : {"s0", "s1", "s2", "s3", "s4"}) edits.push_back(EditOf(sku, ListingEdit::Kind::kPause));
    const absl::StatusOr<std::vector<absl::Status>> statuses = engine->EditListings("shop", edits, call);
    std::vector<absl::StatusCode> codes;
    for (const absl::Status& status : statuses.value_or(std::vector<absl::Status>())) codes.push_back(status.code());
    return codes;
  };
  const std::vector<absl::StatusCode> none(5, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(pause({absl::InfinitePast(), nullptr}), none);
  EXPECT_THAT(pause({absl::InfiniteFuture(), &cancellation}),
              ElementsAre(absl::StatusCode::kOk, absl::StatusCode::kOk, absl::StatusCode::kCancelled,
                          absl::StatusCode::kCancelled, absl::StatusCode::kCancelled));
  ListingFilter paused;
  paused.healths = {Health::kPaused};
  EXPECT_THAT(Listings(10, paused), ElementsAre("s0", "s1"));
}

TEST_P(ListsTest, ProductsAreListedEachPageInOneCurrency) {
  WriteProducts({"e0", "e1"}, "EUR");
  WriteProducts({"s6"});
  std::vector<std::string> rows;
  PageRequest request;
  request.limit = 4;
  do {
    const absl::StatusOr<ProductPage> page = engine_->ListProducts({}, request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (int64_t i = 0; i < page->rows.size(); ++i) {
      rows.push_back(absl::StrCat(page->rows.sku[i], " ", page->rows.currency.code()));
    }
    request.after = page->next;
  } while (!request.after.empty());
  EXPECT_THAT(rows,
              ElementsAre("s0 USD", "s1 USD", "s2 USD", "s3 USD", "s4 USD", "s5 USD", "e0 EUR", "e1 EUR", "s6 USD"));
  const absl::StatusOr<ProductPage> some = engine_->ListProducts({{"s6", "s2", "none"}}, {});
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->rows.size(), 2);
  EXPECT_EQ(some->rows.key[0], "ks2");
}

TEST_P(ListsTest, APlanIsReadInPagesAfterItsEngineIsGone) {
  platform_->SetItem({"i5", "", {1000, 5, ChannelStatus::kListed}, {{"sku", "s5"}}});
  Run(JobKind::kPull);
  const absl::StatusOr<std::unique_ptr<LinkPlan>> plan = engine_->PlanLinks("shop");
  ASSERT_TRUE(plan.ok()) << plan.status();
  engine_.reset();
  EXPECT_EQ((*plan)->size(), 2);
  for (const int64_t limit : {1, 2, 10}) {
    const auto links = All(
        limit, [&](const PageRequest& page) { return (*plan)->Read(page); },
        [](const PlannedLink& link) {
          return absl::StrCat(link.sku, " ", ToString(link.state), " ", link.external_id, ToString(link.reason));
        });
    EXPECT_THAT(links, ElementsAre("s4 unlinked no_match", "s5 linked i5")) << limit;
  }
  engine_ = NewEngine(*storage_);
  ASSERT_TRUE(engine_->RemoveChannel("shop").ok());
  EXPECT_FALSE((*plan)->Read({}).ok()) << "what it names is gone";
}

TEST_P(ListsTest, APlanEndsWithItsCall) {
  Cancellation cancellation;
  cancellation.Cancel();
  Call call;
  call.cancellation = &cancellation;
  EXPECT_EQ(engine_->PlanLinks("shop", call).status().code(), absl::StatusCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Storages, ListsTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace flxlink::engine
