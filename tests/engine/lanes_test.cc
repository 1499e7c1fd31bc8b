// What takes long gives way to what somebody waits for, and both get on.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/scripted_channel.h"
#include "tests/engine/sync_fixture.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kItems = 30;
constexpr int kPages = 10;  // Of a pull of them.

// A channel whose pulls are slow, so that each page is stored as it comes; and what it was asked, in order.
class LanesTest : public SyncJobTest {
 protected:
  LanesTest() {
    Start();
    SyncedChannel(kItems);
    script_.pull = [this] {
      clock_.Advance(page_takes_);
      calls_ += "pull ";
      ++pages_;
      const std::function<void()> act = during_pull_;
      if (act) act();
      return answer_pull_ ? answer_pull_() : absl::OkStatus();
    };
    script_.push = [this] {
      calls_ += "push ";
      return absl::OkStatus();
    };
  }

  // Runs what is pending until nothing is left.
  void RunAll() { EXPECT_LT(*engine_->RunPending(200), 200); }

  int64_t EnqueueSinceLast() {
    JobRequest request;
    request.kind = JobKind::kPull;
    request.options.since_last = true;
    return engine_->Enqueue("shop", request)->job_id;
  }

  Job Read(int64_t job_id) { return *engine_->GetJob(job_id); }

  std::vector<Job> Pending(JobKind kind) {
    JobFilter filter;
    filter.kinds = {kind};
    filter.states = {JobState::kPending};
    return engine_->ListJobs(filter, {})->rows;
  }

  std::string calls_;
  int pages_ = 0;
  absl::Duration page_takes_ = absl::Milliseconds(600);
  std::function<void()> during_pull_;
  std::function<absl::Status()> answer_pull_;
};

TEST_F(LanesTest, AChangeWaitsForOnePageOfAPull) {
  int64_t sync = 0;
  during_pull_ = [&] {
    if (pages_ != 3) return;
    WriteProduct(7, 1700);
    sync = Enqueue(JobKind::kSync);
  };
  const int64_t pull = Enqueue(JobKind::kPull);
  RunAll();
  EXPECT_EQ(calls_, "pull pull pull push pull pull pull pull pull pull pull ");
  EXPECT_EQ(PriceOf(7), 1700);
  EXPECT_EQ(Read(sync).state, JobState::kCompleted);
  const Job pulled = Read(pull);
  EXPECT_EQ(pulled.state, JobState::kCompleted);
  EXPECT_EQ(pulled.attempts, 1);
  EXPECT_EQ(pulled.progress.done, kItems);
  EXPECT_EQ(CountOf(pulled, "unchanged"), kItems);
}

// Of a quick channel several pages are stored together, unless somebody waits for that.
TEST_F(LanesTest, PagesThatAreHeldAreStoredForWhoWaits) {
  page_takes_ = absl::Milliseconds(25);
  during_pull_ = [&] {
    if (pages_ != 2) return;
    WriteProduct(7, 1700);
    Enqueue(JobKind::kSync);
  };
  Enqueue(JobKind::kPull);
  RunAll();
  EXPECT_EQ(calls_, "pull pull push pull pull pull pull pull pull pull pull ");
}

// A step is owed to the pull after each sync, so that neither keeps the other from its end.
TEST_F(LanesTest, APullEndsHoweverManySyncsAreAskedFor) {
  int64_t price = 1000;
  during_pull_ = [&] {
    WriteProduct(7, ++price);
    Enqueue(JobKind::kSync);
  };
  const int64_t pull = Enqueue(JobKind::kPull);
  RunAll();
  EXPECT_EQ(pages_, kPages);
  EXPECT_EQ(Read(pull).state, JobState::kCompleted);
  EXPECT_EQ(CountOf(Read(pull), "unchanged"), kItems);
  EXPECT_EQ(PriceOf(7), price);
  std::string expected;
  for (int i = 0; i < kPages; ++i) expected += "pull push ";
  EXPECT_EQ(calls_, expected);
}

// A build has ten pages, and goes next for one of them each time that eight syncs have passed it.
TEST_F(LanesTest, LinkAndBuildEndHoweverManySyncsAreAskedFor) {
  std::vector<int64_t> passed = {Enqueue(JobKind::kLink), Enqueue(JobKind::kBuild), Enqueue(JobKind::kPull)};
  for (int i = 0; i < 10 * 10 + 20; ++i) {
    Enqueue(JobKind::kSync);
    ASSERT_EQ(*engine_->RunPending(1), 1);
  }
  for (const int64_t job_id : passed) EXPECT_EQ(Read(job_id).state, JobState::kCompleted) << job_id;
}

// One change comes with every call: there would always be something to send.
TEST_F(LanesTest, ASyncLeavesWhatComesLaterWhereOthersWait) {
  WritePrices(kItems, 1100);
  int64_t link = 0;
  int pushes = 0;
  script_.push = [&] {
    clock_.Advance(absl::Milliseconds(1));
    if (++pushes == 2) link = Enqueue(JobKind::kLink);
    if (pushes < 200) WriteProduct(pushes % kItems, 1100 + pushes);
    return absl::OkStatus();
  };
  const Job sync = Finish(Enqueue(JobKind::kSync));
  EXPECT_EQ(sync.state, JobState::kCompleted);
  EXPECT_LE(pushes, kItems + 1);
  for (int i = 0; i < kItems; ++i) EXPECT_GE(PriceOf(i), 1100) << "what was there before it is sent";
  EXPECT_EQ(Read(link).state, JobState::kPending);
  const std::vector<Job> retries = Pending(JobKind::kSync);
  ASSERT_THAT(retries, SizeIs(1));
  EXPECT_EQ(retries[0].trigger, JobTrigger::kRetry);
  EXPECT_EQ(retries[0].from_job, sync.job_id);
  RunAll();
  EXPECT_EQ(Read(link).state, JobState::kCompleted);
  EXPECT_EQ(PriceOf(199 % kItems), 1100 + 199) << "what was left is sent";
}

TEST_F(LanesTest, ASyncGoesOnWithWhatComesLaterWhereNobodyWaits) {
  WritePrices(kItems, 1100);
  int pushes = 0;
  script_.push = [&] {
    clock_.Advance(absl::Milliseconds(1));
    // What is changed while it is sent is the next job's.
    if (++pushes >= kPages && pushes < 200) WriteProduct(pushes % kItems, 1100 + pushes);
    return absl::OkStatus();
  };
  EXPECT_EQ(Finish(Enqueue(JobKind::kSync)).state, JobState::kCompleted);
  EXPECT_EQ(PriceOf(199 % kItems), 1100 + 199);
  EXPECT_THAT(Pending(JobKind::kSync), IsEmpty());
}

// A sync is asked for every 100 ms for an hour, each with a change, and a call takes longer than that.
TEST_F(LanesTest, PullLinkAndBuildEndInABusyHour) {
  const absl::Time begun = clock_.Now();
  absl::Time next = begun;
  int requests = 0;
  const auto take = [&](absl::Duration duration) {
    clock_.Advance(duration);
    for (; next <= clock_.Now() && next < begun + absl::Hours(1); next += absl::Milliseconds(100)) {
      ++requests;
      WriteProduct(requests % kItems, 1000 + requests);
      Enqueue(JobKind::kSync);
    }
    return absl::OkStatus();
  };
  script_.push = [&] { return take(absl::Milliseconds(120)); };
  script_.pull = [&] { return take(absl::Milliseconds(600)); };
  ASSERT_TRUE(take(absl::ZeroDuration()).ok());
  const std::vector<int64_t> jobs = {Enqueue(JobKind::kPull), Enqueue(JobKind::kLink), Enqueue(JobKind::kBuild)};
  while (next < begun + absl::Hours(1)) {
    const int ran = *engine_->RunPending(1);
    ASSERT_TRUE(take(absl::Milliseconds(ran == 0 ? 100 : 0)).ok());
  }
  RunAll();
  EXPECT_EQ(requests, 36000);
  for (const int64_t job_id : jobs) {
    const Job job = Read(job_id);
    ASSERT_EQ(job.state, JobState::kCompleted);
    const absl::Duration late = *job.finished_at - begun;
    RecordProperty(std::string(ToString(job.kind)), absl::FormatDuration(late));
    EXPECT_LE(late, absl::Minutes(2)) << ToString(job.kind);
  }
  for (int i = 0; i < kItems; ++i) EXPECT_EQ(PriceOf((requests - i) % kItems), 1000 + requests - i);
}

TEST_F(LanesTest, ASyncGivesWayToWhatIsForced) {
  WritePrices(kItems, 1100);
  int pushes = 0;
  int64_t forced = 0;
  std::vector<JobState> states;
  script_.push = [&] {
    JobRequest request;
    request.options.force = {Sku(29)};
    request.options.only_forced = true;
    if (++pushes == 2) forced = engine_->Enqueue("shop", request)->job_id;
    if (forced != 0) states.push_back(Read(forced).state);
    return absl::OkStatus();
  };
  const int64_t sync = Enqueue(JobKind::kSync);
  RunAll();
  ASSERT_GE(states.size(), 3u);
  EXPECT_EQ(states[0], JobState::kPending);
  EXPECT_EQ(states[1], JobState::kRunning) << "it is the next that pushes";
  EXPECT_EQ(states[2], JobState::kCompleted);
  EXPECT_EQ(Read(sync).state, JobState::kCompleted);
  for (int i = 0; i < kItems; ++i) EXPECT_EQ(PriceOf(i), 1100) << i;
}

// It pulls once, compares each link once, and sends what drifted, a step at a time.
TEST_F(LanesTest, AFullSyncGivesWayInAllOfItsParts) {
  for (int i = 0; i < kItems; ++i) {
    platform_->EditItem(ItemId(i), SyncFields({SyncField::kPrice}), {777});
  }
  clock_.Advance(absl::Seconds(1));
  int forced = 0;
  std::string order;
  const auto force = [&] {
    JobRequest request;
    request.options.force = {Sku(29)};
    request.options.only_forced = true;
    if (++forced > 60) return;
    ASSERT_TRUE(engine_->Enqueue("shop", request).ok());
  };
  storage_->before = [&](absl::string_view operation) {
    if (operation == "WriteReconciliations") order += "compare ";
    if (operation == "WriteReconciliations" || operation == "BeginPush") force();
    if (operation == "ForceLinks") order += "force ";
    return absl::OkStatus();
  };
  during_pull_ = [&] { force(); };
  JobRequest request;
  request.options.full = true;
  const int64_t full = engine_->Enqueue("shop", request)->job_id;
  RunAll();
  EXPECT_EQ(Read(full).state, JobState::kCompleted);
  EXPECT_EQ(pages_, kPages);
  EXPECT_EQ(CountOf(Read(full), "compared"), kItems);
  EXPECT_GE(CountOf(Read(full), "drifted"), kItems - 1);
  EXPECT_THAT(order, ::testing::HasSubstr("compare force compare force compare "));
  for (int i = 0; i < kItems; ++i) EXPECT_EQ(PriceOf(i), 1000) << i;
}

// However many others are dirty.
TEST_F(LanesTest, WhatIsForcedIsLookedUpByItself) {
  WritePrices(kItems, 1100);
  int reads = 0;
  storage_->before = [&](absl::string_view operation) {
    reads += operation == "ReadDirty" ? 1 : 0;
    return absl::OkStatus();
  };
  ListingEdit pause;
  pause.kind = ListingEdit::Kind::kPause;
  ASSERT_TRUE(engine_->EditListing("shop", Sku(3), pause).ok());
  JobRequest request;
  request.options.force = {Sku(29), Sku(3), Sku(1), Sku(29), "nope", Sku(2), Sku(1)};
  request.options.only_forced = true;
  const Job job = Finish(engine_->Enqueue("shop", request)->job_id);
  EXPECT_EQ(job.state, JobState::kCompleted);
  EXPECT_EQ(CountOf(job, "sent"), 3);
  EXPECT_EQ(reads, 0);
  for (const int i : {1, 2, 29}) EXPECT_EQ(PriceOf(i), 1100) << i;
  EXPECT_EQ(PriceOf(3), 1000) << "it is paused";
  EXPECT_EQ(PriceOf(4), 1000);
}

// Nobody waits behind what is not due.
TEST_F(LanesTest, WhatBecomesDueIsNoticed) {
  const absl::Time due = clock_.Now() + absl::Seconds(2);
  JobRequest retry;
  retry.trigger = JobTrigger::kRetry;
  retry.not_before = due;
  WriteProduct(7, 1700);
  absl::Time pushed;
  script_.push = [&] {
    pushed = clock_.Now();
    return absl::OkStatus();
  };
  ASSERT_TRUE(engine_->Enqueue("shop", retry).ok());
  Enqueue(JobKind::kPull);
  RunAll();
  EXPECT_GE(pushed, due);
  EXPECT_LE(pushed, due + absl::Milliseconds(600)) << "one page later";
}

TEST_F(LanesTest, APauseEndsTheStepAndNoMore) {
  during_pull_ = [&] {
    if (pages_ != 3) return;
    ASSERT_TRUE(engine_->PauseChannel("shop").ok());
  };
  const int64_t pull = Enqueue(JobKind::kPull);
  EXPECT_EQ(engine_->RunUntilFinal(pull).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(pages_, 3);
  EXPECT_EQ(Read(pull).state, JobState::kPending);
  EXPECT_EQ(Read(pull).progress.done, 9) << "the page that was asked for is stored";
  ASSERT_TRUE(engine_->ResumeChannel("shop").ok());
  EXPECT_EQ(Finish(pull).state, JobState::kCompleted);
  EXPECT_EQ(pages_, kPages);
}

// Otherwise it would never come to an end.
TEST_F(LanesTest, APullThatStartsOverGivesWayNoMore) {
  int64_t price = 1000;
  during_pull_ = [&] {
    WriteProduct(7, ++price);
    Enqueue(JobKind::kSync);
  };
  answer_pull_ = [&] { return pages_ == 4 ? absl::AbortedError("the channel has other items now") : absl::OkStatus(); };
  const int64_t pull = Enqueue(JobKind::kPull);
  RunAll();
  std::string expected = "pull push pull push pull push pull ";
  for (int i = 0; i < kPages; ++i) expected += "pull ";
  EXPECT_EQ(calls_, expected + "push ");
  EXPECT_EQ(Read(pull).state, JobState::kCompleted);
  EXPECT_EQ(PriceOf(7), price);
}

// It takes as long as any other pull of everything.
TEST_F(LanesTest, APullSinceTheLastThatHasToBeWholeGivesWay) {
  during_pull_ = [&] {
    if (pages_ != 3) return;
    WriteProduct(7, 1700);
    Enqueue(JobKind::kSync);
  };
  const int64_t pull = EnqueueSinceLast();
  EXPECT_EQ(LaneOf(Read(pull)), Lane::kUrgent);
  RunAll();
  EXPECT_EQ(calls_, "pull pull pull push pull pull pull pull pull pull pull ");
  EXPECT_EQ(LaneOf(Read(pull)), Lane::kBulk);
  EXPECT_EQ(CountOf(Read(pull), "whole"), 1);
  EXPECT_EQ(CountOf(Read(pull), "unchanged"), kItems);
  EXPECT_EQ(Read(pull).attempts, 1);
}

}  // namespace
}  // namespace flxlink::engine
