#include "src/engine/job_context.h"

#include <functional>
#include <memory>

#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"
#include "tests/engine/scripted_channel.h"
#include "tests/engine/watched_storage.h"

namespace flxlink::engine {
namespace {

// Counts reports of progress, and answers them by itself.
class ProgressStorage : public WatchedStorage {
 public:
  using WatchedStorage::WatchedStorage;

  absl::StatusOr<ProgressReply> WriteProgress(const Fence&, const JobProgress&) override {
    ++reports;
    return answer();
  }

  int reports = 0;
  std::function<absl::StatusOr<ProgressReply>()> answer = [] { return ProgressReply(); };
};

class JobContextTest : public ::testing::Test {
 protected:
  JobContextTest() {
    options_.storage = &storage_;
    options_.clock = &clock_;
    reporter_ = std::make_unique<Reporter>(options_);
    context_ =
        std::make_unique<JobContext>(options_, *reporter_, limiters_, channel_, adapter_, job_, Fence(), should_yield_);
  }

  HookedClock clock_;
  const std::unique_ptr<Storage> memory_ = NewMemoryStorage(clock_);
  ProgressStorage storage_{*memory_};
  const absl::Time start_ = clock_.Now();
  SimulatedPlatform platform_{clock_, {}};
  ChannelScript script_;
  ScriptedAdapter adapter_{platform_, script_};
  EngineOptions options_;
  bool yields_ = false;
  const std::function<bool()> should_yield_ = [this] { return yields_; };
  std::unique_ptr<Reporter> reporter_;
  RateLimiters limiters_;
  Channel channel_;
  Job job_;
  std::unique_ptr<JobContext> context_;
};

TEST_F(JobContextTest, WhoWaitsLooksForACancelOnceASecond) {
  EXPECT_TRUE(context_->Wait(absl::Seconds(10)).ok());
  EXPECT_EQ(storage_.reports, 10);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(10));
}

TEST_F(JobContextTest, ShortWaitsDoNotFloodStorage) {
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(context_->Wait(absl::Milliseconds(5)).ok());
  EXPECT_EQ(storage_.reports, 2);
  EXPECT_EQ(clock_.Now() - start_, absl::Milliseconds(2500));
}

TEST_F(JobContextTest, ACancelEndsEveryKindOfWait) {
  storage_.answer = [] { return Storage::ProgressReply{true}; };
  EXPECT_EQ(context_->Wait(absl::InfiniteDuration()).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(context_->Retry([] { return Throttled(absl::Hours(1)); }).code(), absl::StatusCode::kCancelled);
  options_.first_backoff = absl::Minutes(1);
  EXPECT_EQ(context_->Retry([] { return absl::UnavailableError("away"); }).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(3));
}

TEST_F(JobContextTest, AWaitGoesOnWhileStorageIsAway) {
  storage_.answer = [] { return absl::UnavailableError("away"); };
  EXPECT_TRUE(context_->Wait(absl::Seconds(3)).ok());
  EXPECT_EQ(storage_.reports, 3);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(3));
}

TEST_F(JobContextTest, AWaitEndsWhenTheSlotIsLost) {
  storage_.answer = [] { return absl::FailedPreconditionError("the slot has a newer epoch"); };
  EXPECT_EQ(context_->Wait(absl::Hours(1)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(1));
}

TEST_F(JobContextTest, AWaitEndsWhenTheJobIsToYield) {
  clock_.on_sleep = [&] { yields_ = clock_.Now() - start_ >= absl::Seconds(5); };
  EXPECT_EQ(context_->Wait(absl::Hours(1)).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(5));
  EXPECT_EQ(context_->Retry([] { return Throttled(absl::Hours(1)); }).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(clock_.Now() - start_, absl::Seconds(5));
  EXPECT_EQ(context_->Report().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace flxlink::engine
