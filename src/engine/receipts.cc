#include "src/engine/receipts.h"

#include <algorithm>
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
  Round round;
  for (PushOutcome& outcome : *outcomes) {
    if (outcome.result != PushResult::kAccepted) continue;
    absl::StatusOr<PushOutcome> polled = context.PollReceipt(outcome.receipt);
    if (polled.ok() && polled->result != PushResult::kAccepted) {
      outcome = *std::move(polled);
      continue;
    }
    if (!polled.ok() && !WorthAnotherTry(polled.status())) return polled.status();
    round.waiting = true;
    round.wait = std::max(round.wait, RetryAfter(polled.status()).value_or(absl::ZeroDuration()));
    if (IsThrottled(polled.status())) break;
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
