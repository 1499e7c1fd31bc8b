#include "src/storage/sqlite/write_turns.h"

#include <algorithm>

namespace flxlink::sqlite {

WriteTurns::Outcome WriteTurns::Await(PendingWrite& write, absl::Duration timeout) {
  const absl::MutexLock lock(&mutex_);
  waiting_.push_back(&write);
  const auto has_turn = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !has_turn_ && !waiting_.empty() && waiting_.front() == &write;
  };
  const auto is_done = [&] { return write.stage == PendingWrite::Stage::kDone; };
  const auto is_over = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return is_done() || has_turn(); };
  mutex_.AwaitWithTimeout(absl::Condition(&is_over), timeout);
  if (write.stage == PendingWrite::Stage::kTaken) mutex_.Await(absl::Condition(&is_done));
  if (is_done()) return Outcome::kDone;
  const bool is_next = has_turn();
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &write));
  if (!is_next) return Outcome::kTimedOut;
  has_turn_ = true;
  return Outcome::kTurn;
}

PendingWrite* WriteTurns::Take(WriteKind kind) {
  const absl::MutexLock lock(&mutex_);
  if (waiting_.empty() || kind == WriteKind::kBulk) return nullptr;
  PendingWrite* const next = waiting_.front();
  if (next->kind == WriteKind::kBulk) return nullptr;
  // How lasting a commit is has been settled by then.
  if (kind == WriteKind::kSmallStep && next->kind != WriteKind::kSmallStep) return nullptr;
  waiting_.pop_front();
  next->stage = PendingWrite::Stage::kTaken;
  return next;
}

void WriteTurns::End(absl::Span<PendingWrite* const> taken) {
  const absl::MutexLock lock(&mutex_);
  for (PendingWrite* const write : taken) write->stage = PendingWrite::Stage::kDone;
  has_turn_ = false;
}

int64_t WriteTurns::waiting() const {
  const absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(waiting_.size());
}

}  // namespace flxlink::sqlite
