// Fetch jobs: what they look at, what they count, and what follows.

#include "src/engine/item_fetch.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/edit_channel.h"
#include "tests/engine/full_sync.h"
#include "tests/engine/hooked_storage.h"
#include "tests/engine/linked_items.h"
#include "tests/engine/scripted_channel.h"
#include "tests/support/job_counts.h"
#include "tests/support/manual_clock.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A channel of six items, of which two can be asked for at a time unless a test says otherwise.
class ItemFetchTest : public ::testing::Test {
 protected:
  ItemFetchTest() {
    adapters_.Register("simulated", [this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return absl::make_unique<ScriptedAdapter>(*platform_, script_);
    });
    Begin(2);
  }

  void Begin(int64_t fetch_limit) {
    engine_.reset();
    SimulatedOptions simulated;
    simulated.capabilities.fetch_limit = fetch_limit;
    platform_ = absl::make_unique<SimulatedPlatform>(clock_, simulated);
    for (int i = 1; i <= 6; ++i) SetItem(absl::StrCat(i), absl::StrCat("s", i));
    memory_ = NewMemoryStorage(clock_);
    hooked_ = absl::make_unique<HookedStorage>(*memory_);
    EngineOptions options;
    options.storage = hooked_.get();
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.page_rows = page_rows_;
    engine_ = *Engine::Create(options);
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "simulated";
    channel_id_ = engine_->AddChannel(config)->channel_id;
  }

  void SetItem(const std::string& id, const std::string& sku) {
    platform_->SetItem({id, "", {1000, 5, ChannelStatus::kListed}, {{"sku", sku}}});
  }

  absl::StatusOr<Job> AskFor(const std::vector<std::string>& items) {
    JobRequest request;
    request.kind = JobKind::kFetch;
    request.options.items = items;
    return engine_->Enqueue("shop", request);
  }

  Job Run(const absl::StatusOr<Job>& job) {
    EXPECT_TRUE(job.ok()) << job.status();
    const absl::StatusOr<Job> ended = engine_->RunUntilFinal(job->job_id);
    EXPECT_TRUE(ended.ok()) << ended.status();
    return *ended;
  }

  // The external ids of what is there, and not gone.
  std::vector<std::string> LiveItems() {
    std::vector<std::string> ids;
    const ItemPage page = *engine_->ListItems("shop", {}, {});
    for (const ItemRow& item : page.rows) {
      if (item.live) ids.push_back(item.external_id);
    }
    return ids;
  }

  std::vector<JobKind> PendingKinds() {
    std::vector<JobKind> kinds;
    const QueueSnapshot queue = *memory_->ReadQueue(channel_id_);
    for (const Job& job : queue.open_jobs) kinds.push_back(job.kind);
    return kinds;
  }

  ManualClock clock_;
  std::unique_ptr<Storage> memory_;
  std::unique_ptr<HookedStorage> hooked_;
  std::unique_ptr<SimulatedPlatform> platform_;
  ChannelScript script_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
  int64_t channel_id_ = 0;
  int64_t page_rows_ = 1000;
};

TEST_F(ItemFetchTest, OnlyTheNamedItemsAreRead) {
  const Job job = Run(AskFor({"2", "3", "5"}));
  EXPECT_EQ(job.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(job, "inserted"), 3);
  EXPECT_EQ(job.progress.total, 3);
  EXPECT_EQ(job.progress.done, 3);
  EXPECT_EQ(job.progress.failed, 0);
  EXPECT_THAT(LiveItems(), ElementsAre("2", "3", "5"));
  EXPECT_EQ(platform_->Counters().pulls, 0);
  EXPECT_EQ(platform_->Counters().fetches, 2) << "two at a time";
}

TEST_F(ItemFetchTest, WhatThePlatformDoesNotHaveIsGone) {
  Run(AskFor({"1", "2"}));
  platform_->RemoveItem("1");
  SetItem("2", "another");
  const Job job = Run(AskFor({"1", "2", "nope"}));
  EXPECT_EQ(CountOf(job, "gone"), 1);
  EXPECT_EQ(CountOf(job, "changed"), 1);
  EXPECT_EQ(job.progress.done, 3);
  EXPECT_THAT(LiveItems(), ElementsAre("2"));
}

TEST_F(ItemFetchTest, AnItemThatCannotBeReadIsSaidAndCountsAsFailed) {
  SimulatedFaults faults;
  faults.page_problem = 1;
  platform_->SetFaults(faults);
  const Job job = Run(AskFor({"1", "2", "3"}));
  EXPECT_EQ(job.state, JobState::kCompleted);
  EXPECT_EQ(job.progress.total, 3);
  EXPECT_EQ(job.progress.done, 0);
  EXPECT_EQ(job.progress.failed, 3);
  EXPECT_EQ(job.problems.size(), 3u);
}

TEST_F(ItemFetchTest, ALinkJobFollowsWhereSomethingChangedThatLinkingReads) {
  const auto set_rule = [](ChannelConfig& config) { config.link_priority = {{"sku", "sku"}}; };
  ASSERT_TRUE(EditChannel(*engine_, "shop", set_rule).ok());
  Run(AskFor({"1"}));
  EXPECT_THAT(PendingKinds(), IsEmpty()) << "there was no complete pull";
  JobRequest pull;
  pull.kind = JobKind::kPull;
  Run(engine_->Enqueue("shop", pull));
  ASSERT_THAT(PendingKinds(), ElementsAre(JobKind::kLink));
  ASSERT_TRUE(engine_->RunUntilFinal(memory_->ReadQueue(channel_id_)->open_jobs.at(0).job_id).ok());
  EXPECT_EQ(CountOf(Run(AskFor({"1"})), "unchanged"), 1);
  EXPECT_THAT(PendingKinds(), IsEmpty());
  platform_->SetItem({"1", "", {1000, 5, ChannelStatus::kListed}, {{"sku", "another"}}});
  Run(AskFor({"1"}));
  EXPECT_THAT(PendingKinds(), ElementsAre(JobKind::kLink));
}

// -- Notices

// Gives each item the alias "i" and its external id, and all of them "all".
void NameItems(ChannelVariantBatch* items) {
  items->aliases.clear();
  for (int64_t row = 0; row < items->size(); ++row) {
    items->aliases.push_back({absl::StrCat("i", items->external_id[row]), "all"});
  }
}

TEST_F(ItemFetchTest, ANoticeNamesItemsByIdsParentsAndAliases) {
  script_.edit_items = &NameItems;
  for (const char* id : {"3", "4"}) platform_->SetItem({id, "P", {1000, 5, ChannelStatus::kListed}, {{"sku", id}}});
  Run(AskFor({"1", "2", "3", "4", "5"}));
  const absl::StatusOr<Job> job = engine_->NoteItems("shop", NoticedItems{{"9", "4"}, {"P", "Q"}, {"i1", "i3", "i6"}});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->kind, JobKind::kFetch);
  EXPECT_EQ(job->trigger, JobTrigger::kNotice);
  EXPECT_THAT(job->options.items, ElementsAre("9", "4", "1", "3")) << "each once, and a new one as it is named";
}

TEST_F(ItemFetchTest, AllItemsThatANoticeNamesAreFoundInPages) {
  page_rows_ = 2;
  Begin(2);
  script_.edit_items = &NameItems;
  Run(AskFor({"1", "2", "3", "4", "5", "6"}));
  EXPECT_EQ(engine_->NoteItems("shop", NoticedItems{{}, {}, {"all"}})->options.items.size(), 6u);
}

TEST_F(ItemFetchTest, ANoticeOfWhatNobodyKnowsIsNothingToFetch) {
  Run(AskFor({"1"}));
  const absl::Status unknown = engine_->NoteItems("shop", NoticedItems{{}, {"P"}, {"i1"}}).status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(unknown.message().find("shop"), absl::string_view::npos);
  const std::string too_long(1001, 'x');
  for (const NoticedItems& odd :
       {NoticedItems{},
        {{}, {""}, {}},
        {{}, {}, {""}},
        {{}, {"\xff"}, {}},
        {{}, {}, {too_long}},
        {{""}, {"P"}, {}},
        {{}, std::vector<std::string>(static_cast<size_t>(Storage::kMaxRows) + 1, "P"), {}}}) {
    EXPECT_EQ(engine_->NoteItems("shop", odd).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(ItemFetchTest, AStoreThatIsAwayFindsNoItemsOfANotice) {
  hooked_->before = [](absl::string_view operation) {
    return operation == "FindItems" ? absl::UnavailableError("away") : absl::OkStatus();
  };
  EXPECT_EQ(engine_->NoteItems("shop", NoticedItems{{"1"}, {"P"}, {}}).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ItemFetchTest, ANoticeOfThePlatformIsReadByTheAdapter) {
  script_.edit_items = &NameItems;
  Run(AskFor({"1", "2"}));
  EXPECT_EQ(engine_->TakeNotice("shop", {}).status().code(), absl::StatusCode::kUnimplemented);
  script_.notice = []() -> absl::StatusOr<NoticedItems> { return NoticedItems{{}, {}, {"i2"}}; };
  const absl::StatusOr<Job> job = engine_->TakeNotice("shop", {});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_THAT(job->options.items, ElementsAre("2"));
  script_.notice = []() -> absl::StatusOr<NoticedItems> { return NoticedItems(); };
  EXPECT_EQ(engine_->TakeNotice("shop", {}).status().code(), absl::StatusCode::kNotFound) << "it is of no item";
  EXPECT_EQ(engine_->TakeNotice("nope", {}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ItemFetchTest, WhereNoItemCanBeAskedForAllArePulled) {
  Begin(0);
  const absl::StatusOr<Job> notice = engine_->NoteItems("shop", {"2"});
  ASSERT_TRUE(notice.ok()) << notice.status();
  EXPECT_EQ(notice->kind, JobKind::kFetch);
  EXPECT_EQ(notice->trigger, JobTrigger::kNotice);
  const Job fetch = Run(notice);
  EXPECT_EQ(fetch.state, JobState::kCompleted);
  EXPECT_EQ(platform_->Counters().pulls, 0);
  const absl::optional<Job> pull = ChainedBy(*engine_, fetch, JobKind::kPull);
  ASSERT_TRUE(pull.has_value());
  EXPECT_EQ(CountOf(Run(*pull), "inserted"), 6);
}

TEST_F(ItemFetchTest, MoreThatIsGoneThanTheLimitAllowsHasToBeApproved) {
  ChannelConfig config = engine_->GetChannel("shop")->config;
  config.limits = {{ChangeKind::kBreak, 1, false}};
  ASSERT_TRUE(engine_->PutChannel(config, engine_->GetChannel("shop")->revision).ok());
  Run(AskFor({"1", "2", "3", "4", "5"}));
  LinkItems(*engine_, "shop", {"1", "2"});
  for (const char* id : {"1", "2", "3", "4", "5"}) ASSERT_TRUE(platform_->RemoveItem(id));
  EXPECT_EQ(Run(AskFor({"3", "4", "5"})).state, JobState::kCompleted) << "they had no links";
  const Job held = Run(AskFor({"1", "2"}));
  EXPECT_EQ(held.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(held, "break_held"), 2);
  EXPECT_EQ(held.progress.total, 2) << "one that goes on looks at the third item next";
  EXPECT_EQ(CountOf(held, "gone"), 0);
  HeldSelection all;
  all.job_id = held.job_id;
  const absl::StatusOr<std::vector<Job>> jobs = engine_->ApproveHeld(all);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_THAT(*jobs, SizeIs(1));
  const Job approved = Run(jobs->front());
  EXPECT_EQ(approved.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(approved, "gone"), 2);
}

TEST_F(ItemFetchTest, AFetchNamesItems) {
  EXPECT_EQ(AskFor({}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AskFor({"1", ""}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ItemFetchTest, AFetchThatYieldedLooksOnlyAtTheRest) {
  const absl::StatusOr<Job> job = AskFor({"1", "2", "3", "4"});
  ASSERT_TRUE(job.ok()) << job.status();
  Cancellation cancellation;
  hooked_->after_progress = [&](const Fence&, const JobProgress&) { cancellation.Cancel(); };
  EXPECT_EQ(engine_->RunUntilFinal(job->job_id, {absl::InfiniteFuture(), &cancellation}).status().code(),
            absl::StatusCode::kCancelled);
  hooked_->after_progress = nullptr;
  EXPECT_EQ(memory_->ReadJob(job->job_id)->progress.done, 2);
  const Job ended = Run(job);
  EXPECT_EQ(ended.progress.done, 4);
  EXPECT_EQ(ended.progress.total, 4);
  EXPECT_EQ(CountOf(ended, "inserted"), 4);
  EXPECT_EQ(platform_->Counters().items_fetched, 4);
}

TEST_F(ItemFetchTest, ARerunLooksAtTheSameItems) {
  const Job job = Run(AskFor({"4"}));
  const absl::StatusOr<Job> again = engine_->Rerun(job.job_id);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->kind, JobKind::kFetch);
  EXPECT_THAT(again->options.items, ElementsAre("4"));
}

}  // namespace
}  // namespace flxlink::engine
