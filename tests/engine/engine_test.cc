#include "flxlink/engine.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/engine_under_test.h"
#include "tests/engine/hooked_storage.h"
#include "tests/support/job_counts.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using EngineTest = EngineUnderTest;

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

TEST_P(EngineTest, ListsTheQueueOfAChannelAndOfAll) {
  const auto ids = [&](absl::string_view channel) {
    std::vector<int64_t> listed;
    const absl::StatusOr<std::vector<Job>> queue = engine_->ListQueue(channel);
    EXPECT_TRUE(queue.ok()) << queue.status();
    for (const Job& job : *queue) listed.push_back(job.job_id);
    return listed;
  };
  for (const absl::string_view name : {"shop", "next", "idle"}) {
    ChannelConfig config = Config();
    config.name = std::string(name);
    AddChannel(config);
  }
  EXPECT_THAT(ids(""), IsEmpty());
  const auto enqueue = [&](absl::string_view channel, JobKind kind) {
    JobRequest request;
    request.kind = kind;
    return engine_->Enqueue(channel, request)->job_id;
  };
  const int64_t pull = enqueue("shop", JobKind::kPull);
  const int64_t build = enqueue("next", JobKind::kBuild);
  const int64_t sync = enqueue("shop", JobKind::kSync);
  const int64_t link = enqueue("next", JobKind::kLink);
  const int64_t later = enqueue("next", JobKind::kPull);  // More than a page of jobs.
  EXPECT_THAT(ids("shop"), ElementsAre(sync, pull));
  EXPECT_THAT(ids("next"), ElementsAre(link, build, later));
  EXPECT_THAT(ids("idle"), IsEmpty());
  EXPECT_THAT(ids(""), ElementsAre(sync, link, build, pull, later));
  EXPECT_EQ(engine_->ListQueue("nope").status().code(), absl::StatusCode::kNotFound);
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
