#include "troubled_board.h"

#include <stdexcept>
#include <utility>

#include "absl/time/clock.h"

namespace outside {
namespace {

// How long the platform asks to be left alone.
constexpr absl::Duration kRest = absl::Seconds(20);

absl::Status TooManyCalls() {
  return flxlink::WithRetryAfter(absl::ResourceExhaustedError("429: the board is busy"), kRest);
}

flxlink::PushOutcome TooManyItems() {
  flxlink::PushOutcome outcome;
  outcome.result = flxlink::PushResult::kThrottled;
  outcome.message = "429: the board is busy";
  outcome.retry_after = kRest;
  return outcome;
}

absl::Status LostAnswer() { return absl::UnavailableError("the line broke before the answer was there"); }

}  // namespace

void Line::Set(Trouble trouble, int calls) {
  const std::lock_guard<std::mutex> lock(mutex_);
  trouble_ = trouble;
  calls_ = calls;
}

Trouble Line::Next() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (trouble_ == Trouble::kNone || calls_ == 0) return Trouble::kNone;
  --calls_;
  ++met_;
  return trouble_;
}

void Line::Hang() {
  const std::lock_guard<std::mutex> lock(mutex_);
  hangs_ = true;
  hung_.notify_all();
}

int Line::met() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return met_;
}

void Line::WaitUntilOneHangs() {
  std::unique_lock<std::mutex> lock(mutex_);
  hung_.wait(lock, [this] { return hangs_; });
}

TroubledBoardAdapter::TroubledBoardAdapter(std::shared_ptr<Board> board, std::shared_ptr<Line> line)
    : board_(std::move(board)), line_(std::move(line)) {}

absl::Status TroubledBoardAdapter::Hang(const flxlink::CallContext& call) const {
  line_->Hang();
  while (!call.cancelled()) absl::SleepFor(absl::Milliseconds(1));
  return absl::CancelledError("the call was cancelled");
}

// What befalls a call before it comes to the board.
absl::Status TroubledBoardAdapter::Befall(Trouble trouble, const flxlink::CallContext& call) const {
  if (trouble == Trouble::kThrow) throw std::runtime_error("the line is dead");
  if (trouble == Trouble::kHang) return Hang(call);
  return trouble == Trouble::kThrottleCall ? TooManyCalls() : absl::OkStatus();
}

absl::StatusOr<flxlink::PullPage> TroubledBoardAdapter::Pull(const flxlink::PullRequest& request,
                                                             const flxlink::CallContext& call) const {
  const Trouble trouble = line_->Next();
  if (absl::Status status = Befall(trouble, call); !status.ok()) return status;
  if (trouble == Trouble::kThrottleItems) return TooManyCalls();
  absl::StatusOr<flxlink::PullPage> page = board_.Pull(request, call);
  if (page.ok() && trouble == Trouble::kLoseAnswer) return LostAnswer();
  return page;
}

absl::StatusOr<flxlink::PushReply> TroubledBoardAdapter::Push(const flxlink::PushRequest& request,
                                                              const flxlink::CallContext& call) const {
  const Trouble trouble = line_->Next();
  if (absl::Status status = Befall(trouble, call); !status.ok()) return status;
  if (trouble == Trouble::kThrottleItems) return PushEverySecond(request, call);
  absl::StatusOr<flxlink::PushReply> reply = board_.Push(request, call);
  if (reply.ok() && trouble == Trouble::kLoseAnswer) return LostAnswer();
  return reply;
}

absl::StatusOr<flxlink::PushReply> TroubledBoardAdapter::PushEverySecond(const flxlink::PushRequest& request,
                                                                         const flxlink::CallContext& call) const {
  flxlink::PushReply reply;
  for (size_t i = 0; i < request.items.size(); ++i) {
    if (i % 2 == 0) {
      reply.outcomes.push_back(TooManyItems());
      continue;
    }
    flxlink::PushRequest one = request;
    one.items = request.items.subspan(i, 1);
    const absl::StatusOr<flxlink::PushReply> pushed = board_.Push(one, call);
    if (!pushed.ok()) return pushed.status();
    reply.outcomes.push_back(pushed->outcomes.front());
  }
  return reply;
}

}  // namespace outside
