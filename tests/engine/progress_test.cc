// What jobs tell of how far they are: a total is known where it can be counted, and never reached before the end.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/engine_under_test.h"
#include "tests/engine/hooked_storage.h"

namespace flxlink::engine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;

// "3/7", "3/?" where the total is not known.
std::string Text(const JobProgress& progress) {
  return absl::StrCat(progress.looked_at(), "/", progress.total.has_value() ? absl::StrCat(*progress.total) : "?");
}

class ProgressTest : public EngineUnderTest {
 protected:
  static constexpr int kProducts = 7;

  void SetUp() override {
    EngineUnderTest::SetUp();
    hooked_ = std::make_unique<HookedStorage>(*storage_);
    engine_ = NewEngine(*hooked_);
    AddChannel(Config());
    for (int i = 0; i < kProducts; ++i) {
      SetItem(absl::StrCat("i", i), absl::StrCat("s", i));
      WriteProducts({{absl::StrCat("s", i), absl::StrCat("s", i)}});
    }
    hooked_->after_progress = [this](const Fence&, const JobProgress& progress) {
      reported_.push_back(Text(progress));
      EXPECT_GT(progress.total.value_or(1'000'000), progress.looked_at()) << "more is to come";
    };
  }

  void TearDown() override {
    engine_.reset();
    EngineUnderTest::TearDown();
  }

  // How the job ended; what it reported before is in reported_.
  std::string Progress(JobKind kind, const JobOptions& options = {}) {
    reported_.clear();
    const Job job = Run(kind, options);
    EXPECT_EQ(job.state, JobState::kCompleted);
    return Text(job.progress);
  }

  std::unique_ptr<HookedStorage> hooked_;
  std::vector<std::string> reported_;
};

TEST_P(ProgressTest, ABuildKnowsItsTotalFromItsBeginning) {
  EXPECT_EQ(Progress(JobKind::kBuild), "7/7");
  EXPECT_THAT(reported_, ElementsAre("3/7", "6/7", "7/?"));
  JobOptions options;
  options.skus = {"s1", "s2", "s3", "s4", "zz"};
  EXPECT_EQ(Progress(JobKind::kBuild, options), "5/5");
  EXPECT_THAT(reported_, ElementsAre("3/5", "5/?"));
}

// Counting takes as long as there is much to count, and a job that gives way often begins often.
TEST_P(ProgressTest, AJobThatGoesOnDoesNotCountAgain) {
  std::vector<std::string> counts;
  hooked_->before = [&](absl::string_view operation) {
    if (operation == "CountProducts" || operation == "CountDirty") counts.emplace_back(operation);
    return absl::OkStatus();
  };
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink, JobKind::kSync}) {
    JobRequest request;
    request.kind = kind;
    const int64_t job_id = engine_->Enqueue("shop", request)->job_id;
    Cancellation stop;
    hooked_->after_progress = [&](const Fence&, const JobProgress&) { stop.Cancel(); };
    Call call;
    call.cancellation = &stop;
    EXPECT_EQ(engine_->RunUntilFinal(job_id, call).status().code(), absl::StatusCode::kCancelled);
    hooked_->after_progress = nullptr;
    EXPECT_EQ(engine_->GetJob(job_id)->state, JobState::kPending);
    EXPECT_EQ(Text(engine_->RunUntilFinal(job_id)->progress), "7/7") << ToString(kind);
  }
  EXPECT_THAT(counts, ElementsAre("CountProducts", "CountDirty"));
}

TEST_P(ProgressTest, ABuildThatFindsMoreThanItCountedDoesNotKnowHowMuch) {
  hooked_->after_progress = [this](const Fence&, const JobProgress& progress) {
    reported_.push_back(Text(progress));
    if (progress.done != 3) return;
    for (const std::string sku : {"t1", "t2", "t3"}) WriteProducts({{sku, sku}});
  };
  EXPECT_EQ(Progress(JobKind::kBuild), "10/10");
  EXPECT_THAT(reported_, ElementsAre("3/7", "6/7", "9/?", "10/?"));
}

TEST_P(ProgressTest, APullDoesNotKnowItsTotalBeforeItsEnd) {
  EXPECT_EQ(Progress(JobKind::kPull), "7/7");
  EXPECT_THAT(reported_, Each(EndsWith("/?")));
  EXPECT_THAT(reported_, Contains("7/?"));
}

TEST_P(ProgressTest, ALinkAndASyncKnowTheirTotalFromTheirBeginning) {
  Progress(JobKind::kBuild);
  Progress(JobKind::kPull);
  EXPECT_EQ(Progress(JobKind::kLink), "7/7");
  EXPECT_EQ(reported_.front(), "0/7");
  Progress(JobKind::kSync);
  for (int i = 0; i < kProducts; ++i) WriteProducts({{absl::StrCat("s", i), absl::StrCat("s", i), 1100, 5}});
  EXPECT_EQ(Progress(JobKind::kSync), "7/7");
  EXPECT_EQ(reported_.front(), "3/7");
  EXPECT_EQ(reported_.back(), "7/?");
}

TEST_P(ProgressTest, ASyncOfWhatIsForcedAloneCountsThat) {
  for (const JobKind kind : {JobKind::kBuild, JobKind::kPull, JobKind::kLink}) Progress(kind);
  JobOptions options;
  options.force = {"s0", "s1", "s2", "s3", "zz"};
  options.only_forced = true;
  EXPECT_EQ(Progress(JobKind::kSync, options), "5/5");
  EXPECT_EQ(reported_.front(), "4/5");
}

INSTANTIATE_TEST_SUITE_P(Stores, ProgressTest, ::testing::Values("memory", "sqlite"));

}  // namespace
}  // namespace flxlink::engine
