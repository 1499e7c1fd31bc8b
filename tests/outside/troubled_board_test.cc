#include "troubled_board.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "board_under_test.h"
#include "flxlink/clock.h"
#include "flxlink/conformance/channel.h"
#include "flxlink/engine.h"
#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"

namespace outside {
namespace {

// -- The suite. Where a call may meet a trouble by the rules of the suite, it does.

class TroubledBoardUnderTest : public BoardUnderTest {
 public:
  std::unique_ptr<flxlink::ChannelAdapter> MakeAdapter() override {
    return std::make_unique<TroubledBoardAdapter>(board_, line_);
  }
  bool SetThrottled(bool throttled) override {
    constexpr int kAll = 1 << 20;
    line_->Set(Trouble::kThrottleCall, throttled ? kAll : 0);
    return true;
  }

 private:
  const std::shared_ptr<Line> line_ = std::make_shared<Line>();
};

std::unique_ptr<flxlink::ChannelUnderTest> MakeTroubledBoard() { return std::make_unique<TroubledBoardUnderTest>(); }

// -- Behind an engine.

// Whoever sleeps moves it, so that nobody waits.
class JumpingClock : public flxlink::Clock {
 public:
  absl::Time Now() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return now_;
  }
  void Sleep(absl::Duration duration) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    now_ += duration;
  }

 private:
  mutable std::mutex mutex_;
  absl::Time now_ = absl::FromUnixSeconds(1767225600);
};

std::string NameOf(Trouble trouble) {
  switch (trouble) {
    case Trouble::kNone:
      return "None";
    case Trouble::kThrow:
      return "Throws";
    case Trouble::kHang:
      return "Hangs";
    case Trouble::kLoseAnswer:
      return "LosesAnswers";
    case Trouble::kThrottleCall:
      return "ThrottlesCalls";
    case Trouble::kThrottleItems:
      return "ThrottlesItems";
  }
  return "";
}

// A merchant of four products, all of them on the board and in sync with it.
class TroubledBoardTest : public testing::TestWithParam<Trouble> {
 protected:
  void SetUp() override {
    board_->items = {{"1", {"shirts", "red", 1000, 5}},
                     {"2", {"shirts", "blue", 1100, 6}},
                     {"3", {"", "mug", 700, 1}},
                     {"4", {"", "pen", 300, 40}}};
    adapters_.Register(
        "board", [this](const flxlink::AdapterContext&) -> absl::StatusOr<std::unique_ptr<flxlink::ChannelAdapter>> {
          return std::make_unique<TroubledBoardAdapter>(board_, line_);
        });
    flxlink::EngineOptions options;
    options.storage = storage_.get();
    options.adapters = &adapters_;
    options.clock = &clock_;
    absl::StatusOr<std::unique_ptr<flxlink::Engine>> engine = flxlink::Engine::Create(options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
    flxlink::ChannelConfig config;
    config.name = "shop";
    config.adapter = "board";
    config.link_priority = {{"sku", "sku"}};
    ASSERT_TRUE(engine_->AddChannel(config).ok());
    StateAsTheBoard(0, 0);
    for (const flxlink::JobKind kind :
         {flxlink::JobKind::kBuild, flxlink::JobKind::kPull, flxlink::JobKind::kLink, flxlink::JobKind::kSync}) {
      EXPECT_EQ(Run(kind).state, flxlink::JobState::kCompleted);
    }
    ExpectInSync();
  }

  // The products as the board has them, with that much on top.
  void StateAsTheBoard(int64_t price, int64_t quantity) {
    flxlink::ProductBatch batch;
    wanted_.clear();
    for (const auto& [id, item] : board_->items) {
      batch.key.Add(item.sku);
      batch.sku.Add(item.sku);
      batch.price.push_back(item.price + price);
      batch.quantity.push_back(item.quantity + quantity);
      wanted_.push_back(absl::StrCat(item.sku, " ", batch.price.back(), " ", batch.quantity.back()));
    }
    EXPECT_TRUE(engine_->WriteProducts(batch).status.ok());
  }

  int64_t Enqueue(flxlink::JobKind kind) {
    flxlink::JobRequest request;
    request.kind = kind;
    const absl::StatusOr<flxlink::Job> job = engine_->Enqueue("shop", request);
    EXPECT_TRUE(job.ok()) << job.status();
    return job->job_id;
  }

  flxlink::Job Run(flxlink::JobKind kind) {
    const absl::StatusOr<flxlink::Job> job = engine_->RunUntilFinal(Enqueue(kind));
    EXPECT_TRUE(job.ok()) << job.status();
    return job.value_or(flxlink::Job());
  }

  // Runs a job one of whose calls hangs, and cancels it then.
  flxlink::Job RunAndCancel(flxlink::JobKind kind) {
    const int64_t job_id = Enqueue(kind);
    absl::StatusOr<flxlink::Job> job;
    std::thread runner([&] { job = engine_->RunUntilFinal(job_id); });
    line_->WaitUntilOneHangs();
    EXPECT_TRUE(engine_->Cancel(job_id).ok());
    clock_.Sleep(absl::Seconds(1));  // A running job looks for it that often.
    runner.join();
    EXPECT_TRUE(job.ok()) << job.status();
    return job.value_or(flxlink::Job());
  }

  // Runs a job whose first call meets the trouble, and expects the end that such a job has.
  void RunInTrouble(flxlink::JobKind kind) {
    line_->Set(GetParam(), 1);
    const flxlink::Job job = GetParam() == Trouble::kHang ? RunAndCancel(kind) : Run(kind);
    const std::string error = job.error.has_value() ? job.error->message : "";
    switch (GetParam()) {
      case Trouble::kThrow:
        EXPECT_EQ(job.state, flxlink::JobState::kFailed);
        EXPECT_TRUE(absl::StrContains(error, "the line is dead")) << error;
        break;
      case Trouble::kHang:
        EXPECT_EQ(job.state, flxlink::JobState::kCancelled);
        break;
      default:
        EXPECT_EQ(job.state, flxlink::JobState::kCompleted) << error;
    }
    EXPECT_GT(line_->met(), 0);
    line_->Set(Trouble::kNone, 0);
  }

  void ExpectInSync() {
    std::vector<std::string> shown;
    for (const auto& [id, item] : board_->items) {
      shown.push_back(absl::StrCat(item.sku, " ", item.price, " ", item.quantity));
    }
    EXPECT_EQ(shown, wanted_);
    const absl::StatusOr<flxlink::ListingPage> page = engine_->ListListings("shop", {}, {});
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->rows.size(), wanted_.size());
    for (const flxlink::ListingRow& row : page->rows) {
      EXPECT_EQ(row.link_state, flxlink::LinkState::kLinked) << row.sku;
      EXPECT_FALSE(row.dirty) << row.sku;
      EXPECT_TRUE(row.attentions.empty()) << row.sku << ": " << row.attentions.front().message;
    }
  }

  JumpingClock clock_;
  const std::shared_ptr<Board> board_ = std::make_shared<Board>();
  const std::shared_ptr<Line> line_ = std::make_shared<Line>();
  flxlink::AdapterRegistry adapters_;
  const std::unique_ptr<flxlink::Storage> storage_ = flxlink::NewMemoryStorage(clock_);
  std::unique_ptr<flxlink::Engine> engine_;
  std::vector<std::string> wanted_;
};

TEST_P(TroubledBoardTest, APullInTroubleBreaksNoLink) {
  RunInTrouble(flxlink::JobKind::kPull);
  ExpectInSync();
  EXPECT_EQ(Run(flxlink::JobKind::kPull).state, flxlink::JobState::kCompleted);
  ExpectInSync();
}

TEST_P(TroubledBoardTest, APushInTroubleLosesNoUpdate) {
  for (const int64_t more : {2, -1}) {  // Both up, both down: they go out in another order.
    StateAsTheBoard(100 * more, more);
    RunInTrouble(flxlink::JobKind::kSync);
    EXPECT_EQ(Run(flxlink::JobKind::kSync).state, flxlink::JobState::kCompleted);
    ExpectInSync();
  }
}

// Whether the push before it landed or not: a quantity that fell is not raised by a statement from before.
TEST_P(TroubledBoardTest, ASaleDuringTheTroubleIsNotOverwritten) {
  StateAsTheBoard(100, 2);
  RunInTrouble(flxlink::JobKind::kSync);
  {
    const std::lock_guard<std::mutex> lock(board_->mutex);
    board_->items.at("4").quantity = 9;
  }
  for (const flxlink::JobKind kind : {flxlink::JobKind::kSync, flxlink::JobKind::kPull, flxlink::JobKind::kSync}) {
    EXPECT_EQ(Run(kind).state, flxlink::JobState::kCompleted);
    EXPECT_EQ(board_->items.at("4").quantity, 9);
  }
  StateAsTheBoard(0, 0);  // The merchant knows of the sale by now.
  EXPECT_EQ(Run(flxlink::JobKind::kSync).state, flxlink::JobState::kCompleted);
  ExpectInSync();
}

INSTANTIATE_TEST_SUITE_P(Board, TroubledBoardTest,
                         testing::Values(Trouble::kThrow, Trouble::kHang, Trouble::kLoseAnswer, Trouble::kThrottleCall,
                                         Trouble::kThrottleItems),
                         [](const auto& trouble) { return NameOf(trouble.param); });

}  // namespace
}  // namespace outside

namespace flxlink {
INSTANTIATE_TEST_SUITE_P(TroubledBoard, ChannelConformance,
                         testing::Values(ChannelFactory{"troubled", outside::MakeTroubledBoard}), ChannelFactoryName);
}  // namespace flxlink
