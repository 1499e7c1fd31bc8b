#include "src/engine/job_context.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"
#include "tests/engine/scripted_channel.h"
#include "tests/engine/watched_storage.h"

namespace flxlink::engine {
namespace {

// Counts what is asked of it about the queue, and answers by itself.
class ProgressStorage : public WatchedStorage {
 public:
  using WatchedStorage::WatchedStorage;

  absl::StatusOr<ProgressReply> WriteProgress(const Fence&, const JobReport&) override {
    ++reports;
    return answer();
  }

  absl::StatusOr<QueueSnapshot> ReadQueue(int64_t) override {
    ++queue_reads;
    if (is_away) return absl::UnavailableError("away");
    return queue;
  }

  absl::StatusOr<uint64_t> ReadWorkNumber() override {
    ++asked;
    return static_cast<uint64_t>(queue.slot.revision);
  }

  // Somebody of another process asks the job to stop.
  void Cancel() {
    queue.slot.cancel_requested = true;
    ++queue.slot.revision;
  }
  // Another worker takes the slot.
  void TakeSlot() {
    ++queue.slot.epoch;
    ++queue.slot.revision;
    answer = [] { return absl::FailedPreconditionError("the slot has a newer epoch"); };
  }

  int reports = 0;
  int queue_reads = 0;
  int asked = 0;
  bool is_away = false;
  QueueSnapshot queue;
  std::function<absl::StatusOr<ProgressReply>()> answer = [] { return ProgressReply(); };
};

// Has nothing, and does during a call what a test says.
class FakeAdapter : public ChannelAdapter {
 public:
  FakeAdapter() {
    capabilities_.account.buckets = {{"calls", 10, 1}};
    capabilities_.account.slots = {{"open", 1}};
    capabilities_.pull_cost = {"calls", 1, 0, "open"};
    capabilities_.fetch_cost = {"calls", 1, 1, ""};
    capabilities_.poll_cost = {"calls", 0, 2, ""};
    capabilities_.read_timeout = absl::Seconds(30);
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest&, const CallContext& call) const override {
    const absl::Status status = during(call);
    if (!status.ok()) return status;
    return PullPage();
  }
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const override {
    const absl::Status status = during(call);
    if (!status.ok()) return status;
    FetchReply reply;
    reply.missing.assign(request.external_ids.begin(), request.external_ids.end());
    return reply;
  }
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call) const override {
    const absl::Status status = during(call);
    if (!status.ok()) return status;
    return std::vector<PushOutcome>(receipts.size());
  }

  std::function<absl::Status(const CallContext&)> during = [](const CallContext&) { return absl::OkStatus(); };

 private:
  AdapterCapabilities capabilities_;
};

class JobContextTest : public ::testing::Test {
 protected:
  JobContextTest() {
    options_.storage = &storage_;
    options_.clock = &clock_;
    reporter_ = std::make_unique<Reporter>(options_);
    limits_ = std::make_shared<AccountLimits>(adapter_.capabilities().account, clock_.Now());
    job_.channel = "shop";
    context_ =
        std::make_unique<JobContext>(options_, *reporter_, limits_, channel_, adapter_, job_, Fence(), should_yield_);
  }

  // Another job of the account.
  JobContext ContextOf(const Job& job) {
    return JobContext(options_, *reporter_, limits_, channel_, adapter_, job, Fence(), should_yield_);
  }

  absl::Status Pull() { return context_->Pull({}).status(); }

  HookedClock clock_;
  const std::unique_ptr<Storage> memory_ = NewMemoryStorage(clock_);
  ProgressStorage storage_{*memory_};
  const absl::Time start_ = clock_.Now();
  FakeAdapter adapter_;
  EngineOptions options_;
  bool yields_ = false;
  const std::function<bool()> should_yield_ = [this] { return yields_; };
  std::unique_ptr<Reporter> reporter_;
  std::shared_ptr<AccountLimits> limits_;
  Channel channel_;
  Job job_;
  std::unique_ptr<JobContext> context_;
};

TEST_F(JobContextTest, WhoWaitsReadsTheQueueOnlyWhereItHasChanged) {
  EXPECT_TRUE(context_->Wait(absl::Seconds(10)).ok());
  EXPECT_EQ(storage_.queue_reads, 1);
  ++storage_.queue.slot.revision;
  EXPECT_TRUE(context_->Wait(absl::Seconds(10)).ok());
  EXPECT_EQ(storage_.queue_reads, 2);
  EXPECT_EQ(storage_.reports, 0);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(20));
}

TEST_F(JobContextTest, ShortWaitsDoNotFloodStorage) {
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(context_->Wait(absl::Milliseconds(5)).ok());
  EXPECT_LE(storage_.asked, 26) << "2.5 s are 25 poll intervals";
  EXPECT_EQ(clock_.Now() - start_, absl::Milliseconds(2500));
}

TEST_F(JobContextTest, ACancelEndsEveryKindOfWait) {
  storage_.Cancel();
  EXPECT_EQ(ContextOf(job_).Wait(absl::InfiniteDuration()).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(ContextOf(job_).Retry([] { return Throttled(absl::Hours(1)); }).code(), absl::StatusCode::kCancelled);
  options_.first_backoff = absl::Minutes(1);
  EXPECT_EQ(ContextOf(job_).Retry([] { return absl::UnavailableError("away"); }).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now() - start_, 3 * options_.poll_interval);
}

TEST_F(JobContextTest, ACancelThatIsRungEndsAWaitAtOnce) {
  EXPECT_TRUE(context_->Wait(options_.poll_interval).ok());
  const absl::Time waits_since = clock_.Now();
  options_.poll_interval = absl::Hours(1);
  storage_.Cancel();
  storage_.work_bell().Ring();
  EXPECT_EQ(context_->Wait(absl::InfiniteDuration()).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now(), waits_since);
}

TEST_F(JobContextTest, RingsThatMeanNothingDoNotShortenAWait) {
  clock_.on_sleep = [this] { storage_.work_bell().Ring(); };
  EXPECT_TRUE(context_->Wait(absl::Seconds(10)).ok());
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(10));
}

TEST_F(JobContextTest, AWaitGoesOnWhileStorageIsAway) {
  storage_.is_away = true;
  EXPECT_TRUE(context_->Wait(absl::Seconds(3)).ok());
  EXPECT_EQ(storage_.queue_reads, 30) << "it is tried again";
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(3));
}

TEST_F(JobContextTest, AWaitEndsWhenTheSlotIsLost) {
  storage_.TakeSlot();
  EXPECT_EQ(context_->Wait(absl::Hours(1)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(clock_.Now() - start_, options_.poll_interval);
}

TEST_F(JobContextTest, AWaitEndsWhenTheJobIsToYield) {
  clock_.on_sleep = [&] { yields_ = clock_.Now() - start_ >= absl::Seconds(5); };
  EXPECT_EQ(context_->Wait(absl::Hours(1)).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(5));
  EXPECT_EQ(context_->Retry([] { return Throttled(absl::Hours(1)); }).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(5));
  EXPECT_EQ(context_->Report().code(), absl::StatusCode::kCancelled);
}

// -- Giving way

// A job that a bulk one gives way to, pending.
Job UrgentJob() {
  Job job;
  job.job_id = 2;
  job.kind = JobKind::kFetch;
  return job;
}

class GiveWayTest : public JobContextTest {
 protected:
  GiveWayTest() {
    job_.job_id = 1;
    job_.kind = JobKind::kPull;
    storage_.answer = [this] { return Storage::ProgressReply{false, storage_.queue.slot.revision}; };
  }

  void Enqueue(const Job& job) {
    storage_.queue.open_jobs.push_back(job);
    ++storage_.queue.slot.revision;
  }
};

TEST_F(GiveWayTest, AtTheEndOfAStep) {
  EXPECT_TRUE(context_->Report().ok());
  Enqueue(UrgentJob());
  EXPECT_FALSE(context_->yields());
  EXPECT_EQ(context_->Report().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(context_->yields());
}

TEST_F(GiveWayTest, ButNotIfItWasCancelledMeanwhile) {
  Enqueue(UrgentJob());
  EXPECT_FALSE(context_->Report().ok());
  storage_.queue.open_jobs.clear();
  ++storage_.queue.slot.revision;
  EXPECT_TRUE(context_->Report().ok());
  EXPECT_FALSE(context_->yields());
}

TEST_F(GiveWayTest, TheQueueIsReadWhereItHasChanged) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(context_->Report().ok());
  EXPECT_EQ(storage_.queue_reads, 1);
  ++storage_.queue.slot.revision;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(context_->Report().ok());
  EXPECT_EQ(storage_.queue_reads, 2);
}

TEST_F(GiveWayTest, AndWhereSomethingBecomesDue) {
  Job later = UrgentJob();
  later.not_before = storage_.queue.slot.next_due = start_ + absl::Seconds(5);
  Enqueue(later);
  EXPECT_TRUE(context_->Report().ok());
  clock_.Advance(absl::Seconds(4));
  EXPECT_TRUE(context_->Report().ok());
  EXPECT_EQ(storage_.queue_reads, 1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(context_->Report().code(), absl::StatusCode::kCancelled);
}

TEST_F(GiveWayTest, AWaitForThePlatformEnds) {
  Enqueue(UrgentJob());
  EXPECT_EQ(context_->Retry([] { return Throttled(absl::Hours(1)); }).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now() - start_, options_.poll_interval);
}

// Who waits for the limits has its turn in them, which a step that it is owed is to use.
TEST_F(GiveWayTest, AWaitForTheFirstCallDoesNot) {
  CallCost all;
  all.bucket = "calls";
  all.base = 10;
  ASSERT_TRUE(context_->Take(all, 1).ok());
  Enqueue(UrgentJob());
  EXPECT_TRUE(Pull().ok());
  EXPECT_GE(clock_.Now() - start_, absl::Seconds(1));
  EXPECT_FALSE(context_->Report().ok());
  EXPECT_EQ(Pull().code(), absl::StatusCode::kCancelled) << "it has done a step";
}

TEST_F(GiveWayTest, ACallThatIsUnderWayIsNotCancelled) {
  bool cancelled = true;
  adapter_.during = [&](const CallContext& call) {
    Enqueue(UrgentJob());
    clock_.Advance(absl::Seconds(2));
    cancelled = call.cancelled();
    return absl::OkStatus();
  };
  EXPECT_TRUE(Pull().ok());
  EXPECT_FALSE(cancelled);
  EXPECT_TRUE(context_->yields());
}

TEST_F(GiveWayTest, AJobThatStaysDoesNotButForAPause) {
  context_->Stay(true);
  Enqueue(UrgentJob());
  EXPECT_TRUE(context_->Report().ok());
  storage_.queue.slot.paused = true;
  ++storage_.queue.slot.revision;
  EXPECT_EQ(context_->Report().code(), absl::StatusCode::kCancelled);
}

// -- Calls of the adapter

TEST_F(JobContextTest, CallsCostWhatTheAdapterSays) {
  CallCost rest;
  rest.bucket = "calls";
  const std::vector<std::string> three = {"a", "b", "c"};
  ASSERT_TRUE(Pull().ok());                                          // 1 of 10 tokens.
  EXPECT_EQ(context_->Fetch({three})->missing, three);               // 4.
  EXPECT_EQ(context_->PollReceipts({"r", "s"})->size(), size_t{2});  // 4.
  rest.base = 1;
  EXPECT_TRUE(context_->TakeNow(rest, 0).has_value());
  EXPECT_FALSE(context_->TakeNow(rest, 0).has_value());
  EXPECT_EQ(clock_.Now(), start_);
  EXPECT_TRUE(Pull().ok());
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(1)) << "it waited for its token";
}

TEST_F(JobContextTest, APermitIsKeptUntilTheCallHasEndedAndNotWhileItIsTriedAgain) {
  CallCost slot;
  slot.slots = "open";
  int calls = 0;
  adapter_.during = [&](const CallContext&) {
    EXPECT_FALSE(context_->TakeNow(slot, 0).has_value());
    return ++calls == 1 ? absl::UnavailableError("away") : absl::OkStatus();
  };
  clock_.on_sleep = [&] { EXPECT_TRUE(context_->TakeNow(slot, 0).has_value()); };
  EXPECT_TRUE(Pull().ok());
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(context_->TakeNow(slot, 0).has_value());
}

TEST_F(JobContextTest, FetchesAreTriedAgainAndPollsAreNot) {
  adapter_.during = [&](const CallContext&) {
    return clock_.Now() == start_ ? absl::UnavailableError("away") : absl::OkStatus();
  };
  EXPECT_EQ(context_->PollReceipts({"r"}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(context_->Fetch({}).ok());
}

// Urgent calls pass by a bulk one that waits; bulk ones queue behind it. Which of the two a call is hangs on the call,
// not on the job that makes it.
TEST_F(JobContextTest, PagesOfWholePullsAreBulkAndAllElseIsUrgent) {
  CallCost cost;
  cost.bucket = "calls";
  cost.base = 8;
  ASSERT_TRUE(context_->TakeNow(cost, 0).has_value());
  CallPermit waits(limits_, cost, 0, Lane::kBulk);
  cost.base = 1;
  Job full;
  full.options.full = true;
  EXPECT_TRUE(ContextOf(full).TakeNow(cost, 0).has_value()) << "a push of a full sync";
  const absl::Time before = clock_.Now();
  ASSERT_TRUE(context_->Pull({"", 1, "mark"}).ok());
  EXPECT_LT(clock_.Now() - before, absl::Seconds(1)) << "a page of what changed since a mark";
  ASSERT_TRUE(Pull().ok());
  EXPECT_GT(clock_.Now() - before, absl::Seconds(1)) << "a page of a whole pull";
}

TEST_F(JobContextTest, WhoWaitsForAPermitSeesACancelAndLeavesTheQueue) {
  CallCost slot;
  slot.slots = "open";
  absl::optional<CallPermit> held = context_->TakeNow(slot, 0);
  ASSERT_TRUE(held.has_value());
  storage_.Cancel();
  EXPECT_EQ(Pull().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now() - start_, options_.poll_interval);
  held.reset();
  EXPECT_TRUE(context_->TakeNow(slot, 0).has_value());
}

TEST_F(JobContextTest, WhatAnAnswerSaysOfTheLimitsHoldsForTheNextCalls) {
  CallCost cost;
  cost.bucket = "calls";
  adapter_.during = [&](const CallContext& call) {
    call.TellLevel({"calls", 10, absl::nullopt, absl::nullopt});
    return absl::OkStatus();
  };
  ASSERT_TRUE(Pull().ok());
  cost.base = 10;
  EXPECT_TRUE(context_->TakeNow(cost, 0).has_value()) << "the call cost nothing";
  adapter_.during = [&](const CallContext& call) {
    call.TellLevel({"calls", 0, absl::nullopt, 0.5});
    return absl::OkStatus();
  };
  clock_.Advance(absl::Seconds(10));
  ASSERT_TRUE(Pull().ok());
  const absl::Time before = clock_.Now();
  ASSERT_TRUE(Pull().ok());
  EXPECT_EQ(clock_.Now() - before, absl::Seconds(2));
}

TEST_F(JobContextTest, AThrottledReadKeepsOtherJobsOfTheAccountBack) {
  adapter_.during = [&](const CallContext&) {
    return clock_.Now() == start_ ? Throttled(absl::Minutes(1)) : absl::OkStatus();
  };
  EXPECT_TRUE(IsThrottled(context_->PollReceipts({"r"}).status()));
  ASSERT_TRUE(ContextOf(job_).Pull({}).ok());
  EXPECT_EQ(clock_.Now() - start_, absl::Minutes(1));
}

TEST_F(JobContextTest, ACallHasUntilItsTimeout) {
  adapter_.during = [&](const CallContext& call) {
    EXPECT_EQ(call.time_left(), absl::Seconds(30));
    clock_.Advance(absl::Seconds(31));
    EXPECT_EQ(call.time_left(), absl::Seconds(-1));
    return absl::OkStatus();
  };
  EXPECT_TRUE(Pull().ok());
  EXPECT_EQ(context_->StartCall(absl::Minutes(2), {})->time_left(), absl::Minutes(2));
}

TEST_F(JobContextTest, ACallEndsWhenTheJobIsToYield) {
  adapter_.during = [&](const CallContext& call) {
    EXPECT_FALSE(call.cancelled());
    yields_ = true;
    EXPECT_TRUE(call.cancelled());
    return absl::CancelledError("as asked");
  };
  const absl::Status status = Pull();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(status.message(), "the job yields");
}

TEST_F(JobContextTest, ACallLooksForACancel) {
  adapter_.during = [&](const CallContext& call) {
    for (int i = 0; i < 350; ++i) {
      clock_.Advance(absl::Milliseconds(10));
      EXPECT_FALSE(call.cancelled());
    }
    EXPECT_EQ(storage_.queue_reads, 1);
    storage_.Cancel();
    clock_.Advance(absl::Milliseconds(20));
    EXPECT_TRUE(call.cancelled());
    EXPECT_TRUE(call.cancelled());
    EXPECT_EQ(storage_.queue_reads, 2) << "once it says so it stays so";
    return absl::CancelledError("as asked");
  };
  EXPECT_EQ(Pull().code(), absl::StatusCode::kCancelled);
  const absl::Time seen = clock_.Now();
  EXPECT_EQ(context_->Wait(absl::Seconds(1)).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now(), seen);
}

TEST_F(JobContextTest, APollEndsAsCancelledToo) {
  storage_.Cancel();
  adapter_.during = [&](const CallContext& call) {
    clock_.Advance(absl::Seconds(1));
    return call.cancelled() ? absl::CancelledError("as asked") : absl::OkStatus();
  };
  EXPECT_EQ(context_->PollReceipts({"r"}).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(JobContextTest, ACallEndsWhenTheSlotIsLost) {
  storage_.TakeSlot();
  adapter_.during = [&](const CallContext& call) {
    clock_.Advance(absl::Seconds(1));
    EXPECT_TRUE(call.cancelled());
    return absl::CancelledError("as asked");
  };
  EXPECT_EQ(Pull().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(JobContextTest, AClockThatIsSetBackPutsNoLookOff) {
  clock_.Advance(-absl::Hours(1));
  EXPECT_FALSE(context_->StartCall(absl::Minutes(1), {})->cancelled());
  EXPECT_EQ(storage_.queue_reads, 1);
}

// The job would end as cancelled, and nobody asked for that.
TEST_F(JobContextTest, AnAdapterThatEndsACallByItselfIsTriedAgain) {
  int calls = 0;
  adapter_.during = [&](const CallContext&) {
    ++calls;
    return absl::CancelledError("the connection was closed");
  };
  const absl::Status status = Pull();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "the adapter ended the call by itself: the connection was closed");
  EXPECT_EQ(calls, options_.max_tries);
}

TEST_F(JobContextTest, WhatAnAdapterTellsTheLogHasItsJobAndNoSecret) {
  EventFilter filter;
  filter.kinds = {EventKind::kLog};
  const std::unique_ptr<EventStream> stream = reporter_->Subscribe(filter);
  reporter_->secrets().Add("hunter2");
  adapter_.during = [](const CallContext& call) {
    call.Log(LogLevel::kDebug, "not asked for");
    call.Log(LogLevel::kWarning, "the API version ends soon; token hunter2");
    return absl::OkStatus();
  };
  ASSERT_TRUE(Pull().ok());
  Call call;
  call.deadline = clock_.Now();
  const absl::StatusOr<Event> event = stream->Next(call);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->channel, "shop");
  EXPECT_EQ(event->job.channel, "shop");
  EXPECT_EQ(event->level, LogLevel::kWarning);
  EXPECT_EQ(event->problem.code, problem_code::kAdapterSaid);
  EXPECT_EQ(event->problem.message, "the API version ends soon; token ***");
}

}  // namespace
}  // namespace flxlink::engine
