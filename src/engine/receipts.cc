#include "src/engine/receipts.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace flxlink::engine {
namespace {

// What one round of polls came to.
struct Round {
  bool waiting = false;                        // Not all are decided.
  absl::Duration wait = absl::ZeroDuration();  // What the channel asked for.
};

absl::StatusOr<Round> PollOnce(JobContext& context, std::vector<PushOutcome>* outcomes) {
  std::vector<std::string> receipts;
  std::vector<PushOutcome*> open;
  for (PushOutcome& outcome : *outcomes) {
    if (outcome.result != PushResult::kAccepted) continue;
    receipts.push_back(outcome.receipt);
    open.push_back(&outcome);
  }
  Round round;
  if (receipts.empty()) return round;
  absl::StatusOr<std::vector<PushOutcome>> polled = context.PollReceipts(receipts);
  if (!polled.ok()) {
    if (!WorthAnotherTry(polled.status())) return polled.status();
    round.waiting = true;
    round.wait = RetryAfter(polled.status()).value_or(absl::ZeroDuration());
    return round;
  }
  for (size_t i = 0; i < open.size(); ++i) {
    if ((*polled)[i].result == PushResult::kAccepted) {
      round.waiting = true;
    } else {
      *open[i] = std::move((*polled)[i]);
    }
  }
  return round;
}

}  // namespace

absl::Status PollReceipts(JobContext& context, absl::Time until, std::vector<PushOutcome>* outcomes) {
  for (int rounds = 1;; ++rounds) {
    const absl::StatusOr<Round> round = PollOnce(context, outcomes);
    if (!round.ok()) return round.status();
    const absl::StatusOr<absl::Time> now = context.Now();
    if (!now.ok()) return now.status();
    const absl::Duration left = until - *now;
    if (!round->waiting || left <= absl::ZeroDuration()) return absl::OkStatus();
    const absl::Status status = context.Wait(std::min(left, std::max(context.Backoff(rounds), round->wait)));
    // What is decided by now is to be settled before the job yields.
    if (!status.ok()) return absl::IsCancelled(status) && context.yields() ? absl::OkStatus() : status;
  }
}

}  // namespace flxlink::engine
