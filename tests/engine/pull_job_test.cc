// When a pull goes on with one that was interrupted, and when it must not.

#include <memory>
#include <string>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/forwarding_storage.h"
#include "flxlink/memory_storage.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/engine/job_queue.h"
#include "tests/engine/edit_channel.h"
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

// Notes how many pages each write of pages has.
class PageCounter : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  absl::StatusOr<PullWriteResult> WritePulledPages(const Fence& fence, int64_t pull_number,
                                                   absl::Span<const PullPage> pages, absl::Time now) override {
    pages_written.push_back(pages.size());
    // One that does not take all of them.
    const size_t most = take_at_most > 0 ? take_at_most : pages.size();
    return ForwardingStorage::WritePulledPages(fence, pull_number, pages.subspan(0, most), now);
  }

  std::vector<size_t> pages_written;
  size_t take_at_most = 0;  // 0: all.
};

// A channel of six items that is pulled in pages of two.
class PullJobTest : public ::testing::Test {
 protected:
  PullJobTest() : memory_(NewMemoryStorage(clock_)) {
    SimulatedOptions simulated;
    // So slow that each page is stored as it comes.
    simulated.faults = Slow();
    simulated.capabilities.since.emplace();
    simulated.capabilities.since->sees = SettableFields(simulated.capabilities);
    simulated.capabilities.since->sees_new_items = simulated.capabilities.since->sees_deletions = true;
    platform_ = std::make_shared<SimulatedPlatform>(clock_, simulated);
    adapters_.Register("simulated", [this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return absl::make_unique<ScriptedAdapter>(*platform_, script_);
    });
    for (int i = 1; i <= 6; ++i) SetItem(absl::StrCat(i));
    EngineOptions options;
    options.storage = &hooked_;
    options.adapters = &adapters_;
    options.clock = &clock_;
    options.page_rows = 2;
    engine_ = *Engine::Create(options);
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "simulated";
    config.link_after_sync = false;
    channel_id_ = engine_->AddChannel(config)->channel_id;
  }

  void SetItem(const std::string& id) { platform_->SetItem({id, "", {1000, 5, ChannelStatus::kListed}, {}}); }

  Job Run(const absl::StatusOr<Job>& job) {
    EXPECT_TRUE(job.ok()) << job.status();
    const absl::StatusOr<Job> ended = engine_->RunUntilFinal(job->job_id);
    EXPECT_TRUE(ended.ok()) << ended.status();
    return *ended;
  }

  absl::StatusOr<Job> AskForPull(bool since_last = false) {
    JobRequest request;
    request.kind = JobKind::kPull;
    request.options.since_last = since_last;
    return engine_->Enqueue("shop", request);
  }

  // The channel's settings name something else from now on.
  void ChangeSettings() {
    Channel channel = *memory_->ReadChannel("shop");
    channel.config.settings = {{"path", "elsewhere"}};
    ASSERT_EQ(memory_->WriteChannel(channel.channel_id, channel.revision, channel.config, channel.draft, false),
              absl::OkStatus());
  }

  // A pull that fails once it has stored `items` items.
  Job FailedPull(int64_t items) { return FailAfter(items, AskForPull()); }
  Job FailAfter(int64_t items, const absl::StatusOr<Job>& job) {
    hooked_.after_progress = [this, items](const Fence&, const JobProgress& progress) {
      SimulatedFaults faults = Slow();
      faults.unavailable = progress.done >= items ? 1 : 0;
      platform_->SetFaults(faults);
    };
    const Job failed = Run(job);
    EXPECT_EQ(failed.state, JobState::kFailed);
    hooked_.after_progress = nullptr;
    platform_->SetFaults(Slow());
    return failed;
  }

  static SimulatedFaults Slow() {
    SimulatedFaults faults;
    faults.min_latency = faults.max_latency = absl::Milliseconds(500);
    return faults;
  }

  int64_t ItemsPulled() { return platform_->Counters().items_pulled; }

  // Whether the channel variant is there, and not taken for gone.
  bool IsLive(const std::string& external_id) {
    const ChannelKeyPage page = *storage_.ReadChannelKeys(channel_id_, {}, 0, 100);
    for (int64_t i = 0; i < page.size(); ++i) {
      if (page.external_id[i] == external_id) return page.live[static_cast<size_t>(i)] != 0;
    }
    return false;
  }

  ManualClock clock_;
  std::unique_ptr<Storage> memory_;
  PageCounter storage_{*memory_};
  HookedStorage hooked_{storage_};
  std::shared_ptr<SimulatedPlatform> platform_;
  ChannelScript script_;
  AdapterRegistry adapters_;
  std::unique_ptr<Engine> engine_;
  int64_t channel_id_ = 0;
};

TEST_F(PullJobTest, ARerunOfAFailedPullGoesOnFromItsCursor) {
  SetItem("7");
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  ASSERT_TRUE(platform_->RemoveItem("7"));
  const Job failed = FailedPull(4);
  const int64_t pull_number = engine_->GetChannel("shop")->pull.pull_number;
  const int64_t before = ItemsPulled();
  const Job rerun = Run(engine_->Rerun(failed.job_id));
  EXPECT_EQ(rerun.state, JobState::kCompleted) << rerun.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(rerun, "resumed"), 1);
  EXPECT_EQ(ItemsPulled() - before, 2) << "only what was missing";
  EXPECT_EQ(engine_->GetChannel("shop")->pull.pull_number, pull_number) << "it is the same pull";
  EXPECT_EQ(CountOf(rerun, "gone"), 1);
  EXPECT_FALSE(IsLive("7"));
  for (int i = 1; i <= 6; ++i) EXPECT_TRUE(IsLive(absl::StrCat(i))) << i;
}

TEST_F(PullJobTest, ARerunOfARerunGoesOnToo) {
  const Job failed = FailedPull(2);
  const Job again = FailAfter(2, engine_->Rerun(failed.job_id));
  EXPECT_EQ(CountOf(again, "resumed"), 1);
  const int64_t before = ItemsPulled();
  EXPECT_EQ(Run(engine_->Rerun(again.job_id)).state, JobState::kCompleted);
  EXPECT_EQ(ItemsPulled() - before, 2);
}

TEST_F(PullJobTest, ARerunOfAPullThatIsAnHourOldReadsEverything) {
  const Job failed = FailedPull(4);
  clock_.Advance(absl::Hours(1));
  const int64_t before = ItemsPulled();
  const Job rerun = Run(engine_->Rerun(failed.job_id));
  EXPECT_EQ(rerun.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(rerun, "resumed"), 0);
  EXPECT_EQ(ItemsPulled() - before, 6);
}

TEST_F(PullJobTest, AnotherPullReadsEverything) {
  FailedPull(4);
  const int64_t before = ItemsPulled();
  EXPECT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  EXPECT_EQ(ItemsPulled() - before, 6);
}

TEST_F(PullJobTest, ARerunDoesNotGoOnWithAnotherJobsPull) {
  const Job first = FailedPull(4);
  FailedPull(2);
  const int64_t before = ItemsPulled();
  const Job rerun = Run(engine_->Rerun(first.job_id));
  EXPECT_EQ(CountOf(rerun, "resumed"), 0);
  EXPECT_EQ(ItemsPulled() - before, 6);
}

// Its first attempt died before it began a pull: what is in storage was left by another job, who knows when.
TEST_F(PullJobTest, ASecondAttemptDoesNotGoOnWithAnotherJobsPull) {
  FailedPull(4);
  ASSERT_TRUE(platform_->RemoveItem("1"));
  const absl::StatusOr<Job> job = AskForPull();
  const OwnerId dead = *storage_.OpenOwner();
  JobQueue queue(storage_, [] { return uint64_t{7}; });
  ASSERT_TRUE(queue.ClaimSlot(channel_id_, dead).ok());
  ASSERT_TRUE(storage_.CloseOwner(dead).ok());
  const Job ended = Run(job);
  EXPECT_EQ(ended.attempts, 2);
  EXPECT_EQ(CountOf(ended, "resumed"), 0);
  EXPECT_FALSE(IsLive("1"));
}

// All of its pages were read: there is no cursor to go on from.
TEST_F(PullJobTest, ARerunOfAPullThatFailedInItsSweepReadsEverything) {
  hooked_.after_progress = [this](const Fence& fence, const JobProgress& progress) {
    if (progress.done < 6) return;
    EXPECT_TRUE(engine_->Cancel(fence.job_id).ok());
  };
  const Job cancelled = Run(AskForPull());
  ASSERT_EQ(cancelled.state, JobState::kCancelled);
  hooked_.after_progress = nullptr;
  const int64_t before = ItemsPulled();
  EXPECT_EQ(CountOf(Run(engine_->Rerun(cancelled.job_id)), "resumed"), 0);
  EXPECT_EQ(ItemsPulled() - before, 6);
}

TEST_F(PullJobTest, PagesOfASlowChannelAreStoredAsTheyCome) {
  EXPECT_EQ(Run(AskForPull()).progress.done, 6);
  EXPECT_EQ(storage_.pages_written, (std::vector<size_t>{1, 1, 1}));
}

TEST_F(PullJobTest, PagesOfAQuickChannelAreStoredTogether) {
  platform_->SetFaults({});
  for (int i = 7; i <= 13; ++i) SetItem(absl::StrCat(i));
  const Job pull = Run(AskForPull());
  EXPECT_EQ(storage_.pages_written, (std::vector<size_t>{4, 3})) << "at most four pages of rows wait";
  EXPECT_EQ(CountOf(pull, "inserted"), 13);
  EXPECT_EQ(pull.progress.done, 13);
}

TEST_F(PullJobTest, PagesWaitForATenthOfASecondAtMost) {
  SimulatedFaults faults;
  faults.min_latency = faults.max_latency = absl::Milliseconds(50);
  platform_->SetFaults(faults);
  Run(AskForPull());
  EXPECT_EQ(storage_.pages_written, (std::vector<size_t>{2, 1}));
}

TEST_F(PullJobTest, WhatStorageDoesNotTakeIsStoredNext) {
  platform_->SetFaults({});
  storage_.take_at_most = 2;
  const Job pull = Run(AskForPull());
  EXPECT_EQ(storage_.pages_written, (std::vector<size_t>{3, 1}));
  EXPECT_EQ(CountOf(pull, "inserted"), 6);
  EXPECT_EQ(CountOf(pull, "gone"), 0);
}

TEST_F(PullJobTest, WhatAQuickChannelGaveBeforeItFailedIsKept) {
  platform_->SetFaults({});
  int pulls = 0;
  script_.pull = [&] { return ++pulls == 3 ? absl::InvalidArgumentError("a bad page") : absl::OkStatus(); };
  const Job failed = Run(AskForPull());
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_EQ(CountOf(failed, "inserted"), 4);
  EXPECT_TRUE(IsLive("4"));
  EXPECT_EQ(CountOf(Run(engine_->Rerun(failed.job_id)), "resumed"), 1);
}

TEST_F(PullJobTest, AnOddItemIsSaidAndPassedOver) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  ASSERT_TRUE(platform_->RemoveItem("6"));
  platform_->SetItem({"2", std::string("a\0", 2), {1, 1, ChannelStatus::kListed}, {}});
  const Job pull = Run(AskForPull());
  EXPECT_EQ(pull.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(pull, "item_problems"), 1);
  EXPECT_EQ(CountOf(pull, "unchanged"), 4);
  EXPECT_EQ(CountOf(pull, "gone"), 1);
  EXPECT_EQ(pull.progress.failed, 1);
  EXPECT_EQ(pull.progress.done, 4);
  EXPECT_EQ(pull.progress.total, 5);
  ASSERT_EQ(pull.problems.size(), 1u);
  EXPECT_EQ(pull.problems[0].subject, "2");
  EXPECT_EQ(pull.problems[0].problem.code, problem_code::kInvalidText);
  EXPECT_TRUE(IsLive("2")) << "it was seen";
  EXPECT_FALSE(IsLive("6"));
}

TEST_F(PullJobTest, WhatTheLastWholePullCouldNotReadIsListed) {
  const auto problems = [&](int64_t limit) {
    std::vector<std::string> told;
    PageRequest request;
    request.limit = limit;
    do {
      const absl::StatusOr<JobProblemPage> page = engine_->ListItemProblems("shop", request);
      if (!page.ok()) return std::vector<std::string>{page.status().ToString()};
      for (const JobProblem& problem : page->rows) {
        told.push_back(absl::StrCat(problem.subject, " ", problem.problem.code));
      }
      request.after = page->next;
    } while (!request.after.empty());
    return told;
  };
  EXPECT_THAT(problems(10), IsEmpty());
  platform_->SetItem({"2", std::string("a\0", 2), {1, 1, ChannelStatus::kListed}, {}});
  SetItem(std::string(1001, '3'));
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  // That nothing is taken for gone is of the channel, and no item's.
  for (const int64_t limit : {1, 2, 3, 10}) {
    EXPECT_THAT(problems(limit), ElementsAre("2 invalid_text", "row 2 of page 2 of the channel value_too_long"));
  }
  // A pull that has not ended is not the last one.
  ASSERT_TRUE(AskForPull().ok());
  EXPECT_THAT(problems(10), SizeIs(2));
  ASSERT_TRUE(platform_->RemoveItem(std::string(1001, '3')));
  SetItem("2");
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  EXPECT_THAT(problems(10), IsEmpty());
  // A sync that looks at an item there, on a channel that cannot be asked for one, looks at all.
  SetItem(std::string(1001, '4'));
  JobRequest sync;
  sync.kind = JobKind::kSync;
  sync.options.pull_first = true;
  sync.options.items = {"1"};
  ASSERT_EQ(Run(engine_->Enqueue("shop", sync)).state, JobState::kCompleted);
  EXPECT_THAT(problems(10), SizeIs(1));
  sync.options = {};
  ASSERT_EQ(Run(engine_->Enqueue("shop", sync)).state, JobState::kCompleted);
  EXPECT_THAT(problems(10), SizeIs(1)) << "it looked at no item";
  EXPECT_EQ(engine_->ListItemProblems("none", {}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(PullJobTest, NothingIsGoneForAPullThatCannotNameAnItem) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  ASSERT_TRUE(platform_->RemoveItem("6"));
  SetItem(std::string(1001, '3'));
  const Job pull = Run(AskForPull());
  EXPECT_EQ(pull.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(pull, "gone"), 0);
  EXPECT_TRUE(IsLive("6"));
  ASSERT_EQ(pull.problems.size(), 2u);
  EXPECT_EQ(pull.problems[0].subject, "row 2 of page 2 of the channel");
  EXPECT_EQ(pull.problems[0].problem.code, problem_code::kValueTooLong);
  EXPECT_EQ(pull.problems[1].problem.code, problem_code::kAbsenceUnproved);

  ASSERT_TRUE(platform_->RemoveItem(std::string(1001, '3')));
  EXPECT_EQ(CountOf(Run(AskForPull()), "gone"), 1);
}

// The page with the item that has no name was stored by the job that failed.
TEST_F(PullJobTest, APullThatGoesOnKnowsThatItCannotNameAnItem) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  ASSERT_TRUE(platform_->RemoveItem("6"));
  SetItem(std::string(1001, '0'));
  const Job failed = FailedPull(1);
  const Job rerun = Run(engine_->Rerun(failed.job_id));
  EXPECT_EQ(CountOf(rerun, "resumed"), 1);
  EXPECT_EQ(CountOf(rerun, "gone"), 0);
  EXPECT_TRUE(IsLive("6"));
}

TEST_F(PullJobTest, APullSinceTheLastReadsWhatChanged) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  const PullState before = engine_->GetChannel("shop")->pull;
  ASSERT_NE(before.mark, "");
  ASSERT_TRUE(platform_->RemoveItem("6"));
  platform_->SetItem({"2", "", {77, 5, ChannelStatus::kListed}, {}});
  SetItem("7");
  const int64_t pulled = ItemsPulled();
  const Job since = Run(AskForPull(true));
  EXPECT_EQ(since.state, JobState::kCompleted);
  EXPECT_EQ(ItemsPulled() - pulled, 2);
  EXPECT_EQ(CountOf(since, "whole"), 0);
  EXPECT_EQ(CountOf(since, "inserted"), 1);
  EXPECT_EQ(CountOf(since, "gone"), 1);
  EXPECT_FALSE(IsLive("6"));
  EXPECT_TRUE(IsLive("1")) << "not to have been seen proves nothing";
  const PullState after = engine_->GetChannel("shop")->pull;
  EXPECT_NE(after.mark, before.mark);
  EXPECT_EQ(after.complete_pulls, before.complete_pulls);
  EXPECT_EQ(CountOf(Run(AskForPull(true)), "unchanged"), 0) << "nothing changed since";
}

TEST_F(PullJobTest, MoreDeletedItemsThanTheLimitAllowsHaveToBeApproved) {
  ChannelConfig config = engine_->GetChannel("shop")->config;
  config.limits = {{ChangeKind::kBreak, 1, false}};
  ASSERT_TRUE(engine_->PutChannel(config, engine_->GetChannel("shop")->revision).ok());
  Run(AskForPull());
  LinkItems(*engine_, "shop", {"1", "2"});
  for (const char* id : {"3", "4"}) ASSERT_TRUE(platform_->RemoveItem(id));
  EXPECT_EQ(Run(AskForPull(true)).state, JobState::kCompleted) << "they had no links";
  for (const char* id : {"1", "2"}) ASSERT_TRUE(platform_->RemoveItem(id));
  const Job held = Run(AskForPull(true));
  EXPECT_EQ(held.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(held, "break_held"), 2);
  EXPECT_EQ(CountOf(held, "gone"), 0);
  HeldSelection all;
  all.job_id = held.job_id;
  const absl::StatusOr<std::vector<Job>> jobs = engine_->ApproveHeld(all);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_THAT(*jobs, SizeIs(1)) << "a look at both items";
  const Job approved = Run(jobs->front());
  EXPECT_EQ(approved.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(approved, "gone"), 2);
}

TEST_F(PullJobTest, APullSinceTheLastIsWholeWhereThereWasNone) {
  const Job pull = Run(AskForPull(true));
  EXPECT_EQ(CountOf(pull, "whole"), 1);
  EXPECT_EQ(CountOf(pull, "inserted"), 6);
  EXPECT_EQ(engine_->GetChannel("shop")->pull.complete_pulls, 1);
}

TEST_F(PullJobTest, APullSinceTheLastIsWholeWhereTheMarkIsNotKnownAnyMore) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  ASSERT_TRUE(platform_->RemoveItem("6"));
  platform_->ForgetMarks();
  const Job pull = Run(AskForPull(true));
  EXPECT_EQ(pull.state, JobState::kCompleted) << pull.error.value_or(Problem()).message;
  EXPECT_EQ(CountOf(pull, "whole"), 1);
  EXPECT_EQ(CountOf(pull, "unchanged"), 5);
  EXPECT_FALSE(IsLive("6"));
  EXPECT_EQ(CountOf(Run(AskForPull(true)), "whole"), 0) << "it left a mark";
}

// What it goes on to read, and the mark that it would leave, are not of what the new settings name.
TEST_F(PullJobTest, APullWhoseChannelGetsOtherSettingsFails) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  hooked_.after_progress = [this](const Fence&, const JobProgress& progress) {
    if (progress.done == 2) ChangeSettings();
  };
  const Job pull = Run(AskForPull());
  hooked_.after_progress = nullptr;
  EXPECT_EQ(pull.state, JobState::kFailed);
  EXPECT_EQ(pull.error.value_or(Problem()).code, problem_code::kChangedMeanwhile);
  const PullState ended = engine_->GetChannel("shop")->pull;
  EXPECT_FALSE(ended.running);
  EXPECT_EQ(ended.mark, "");
  EXPECT_EQ(ended.complete_pulls, 1);
  EXPECT_EQ(CountOf(Run(AskForPull(true)), "whole"), 1);
}

// They may change before it begins, once its job has its adapter.
TEST_F(PullJobTest, APullThatBeginsAfterItsChannelGotOtherSettingsFails) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  hooked_.before = [this](absl::string_view operation) {
    if (operation == "BeginPull") ChangeSettings();
    return absl::OkStatus();
  };
  const Job pull = Run(AskForPull());
  hooked_.before = nullptr;
  EXPECT_EQ(pull.state, JobState::kFailed);
  EXPECT_EQ(pull.error.value_or(Problem()).code, problem_code::kChangedMeanwhile);
  EXPECT_EQ(engine_->GetChannel("shop")->pull.mark, "");
  EXPECT_EQ(CountOf(Run(AskForPull(true)), "whole"), 1);
}

TEST_F(PullJobTest, APullIsWholeUnlessItIsAskedForLess) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  const Job pull = Run(AskForPull());
  EXPECT_EQ(CountOf(pull, "unchanged"), 6);
  EXPECT_EQ(CountOf(pull, "whole"), 0);
  JobRequest full;
  full.options.full = full.options.since_last = true;
  EXPECT_EQ(CountOf(Run(engine_->Enqueue("shop", full)), "unchanged"), 6) << "a full sync compares with all there is";
}

TEST_F(PullJobTest, ARerunGoesOnWithAPullSinceAMark) {
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  for (int i = 1; i <= 4; ++i) platform_->SetItem({absl::StrCat(i), "", {i, 5, ChannelStatus::kListed}, {}});
  const Job failed = FailAfter(2, AskForPull(true));
  const int64_t before = ItemsPulled();
  const Job rerun = Run(engine_->Rerun(failed.job_id));
  EXPECT_EQ(CountOf(rerun, "resumed"), 1);
  EXPECT_EQ(ItemsPulled() - before, 2);
  EXPECT_TRUE(IsLive("6"));
}

// What a slow call answers may be as of its begin, and then waits to be stored.
TEST_F(PullJobTest, WhatWasReadIsAsOldAsTheCall) {
  const absl::Time begun = clock_.Now();
  ASSERT_EQ(Run(AskForPull()).state, JobState::kCompleted);
  const std::vector<ItemRow> items = *storage_.ReadItems(channel_id_, {}, 0, 100);
  ASSERT_EQ(items.size(), 6u);
  EXPECT_EQ(items[0].seen_at, begun);
  EXPECT_EQ(items[2].seen_at, begun + absl::Milliseconds(500));
}

TEST_F(PullJobTest, AChainedJobNamesTheJobThatQueuedIt) {
  ASSERT_TRUE(EditChannel(*engine_, "shop", [](ChannelConfig& config) {
                config.link_after_sync = true;
                config.link_priority = {{"sku", "sku"}};
              }).ok());
  const Job pull = Run(AskForPull());
  const std::vector<Job> jobs = engine_->ListJobs({}, {})->rows;
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].kind, JobKind::kLink);
  EXPECT_EQ(jobs[0].trigger, JobTrigger::kChain);
  EXPECT_EQ(jobs[0].from_job, pull.job_id);
  EXPECT_EQ(jobs[0].channel, "shop");
}

}  // namespace
}  // namespace flxlink::engine
