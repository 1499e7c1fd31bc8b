// A call that may wait: until when, and how somebody else ends the waiting.
//
// Functions of flxlink that can take long, by their own work or by waiting (for a job that another owner runs, say),
// take a Call. Reading and writing storage waits at most as long as the storage says for itself.

#ifndef FLXLINK_CALL_H_
#define FLXLINK_CALL_H_

#include <atomic>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace flxlink {

// Thread-safe. Once cancelled it stays cancelled. Must outlive the calls that it was handed to.
class Cancellation {
 public:
  Cancellation() = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  // Ends every call that was handed this, now and later.
  void Cancel() { cancelled_ = true; }
  bool cancelled() const { return cancelled_; }

 private:
  std::atomic<bool> cancelled_{false};
};

// Plain data.
struct Call {
  // When the call gives up with DEADLINE_EXCEEDED, by the engine's clock. Default: never.
  absl::Time deadline = absl::InfiniteFuture();
  // What makes the call return CANCELLED. Default: nothing.
  const Cancellation* cancellation = nullptr;
};

// OK while the call may go on at `now`; else CANCELLED or DEADLINE_EXCEEDED.
absl::Status CheckCall(const Call& call, absl::Time now);

}  // namespace flxlink

#endif  // FLXLINK_CALL_H_
