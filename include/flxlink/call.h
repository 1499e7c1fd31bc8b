// A call that may wait: until when, and how somebody else ends the waiting.
//
// Functions of flxlink that wait for something beyond their own work (a job that another owner runs, the next event)
// take a Call. Reading and writing storage waits at most as long as the storage says for itself.

#ifndef FLXLINK_CALL_H_
#define FLXLINK_CALL_H_

#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace flxlink {

// Thread-safe. Once cancelled it stays cancelled. Must outlive the calls that it was handed to.
class Cancellation {
 public:
  Cancellation() = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  // Ends the waiting of every call that was handed this, now and later.
  void Cancel();
  bool cancelled() const;

 private:
  friend class CancellationWatch;

  mutable absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<const std::function<void()>*> watchers_ ABSL_GUARDED_BY(mutex_);
};

// Plain data.
struct Call {
  // When the call gives up with DEADLINE_EXCEEDED. Default: never.
  absl::Time deadline = absl::InfiniteFuture();
  // What makes the call return CANCELLED. Default: nothing. A job that the call runs is not cancelled by this: it goes
  // back to pending.
  Cancellation* cancellation = nullptr;
};

// OK while the call may go on at `now`; else CANCELLED or DEADLINE_EXCEEDED.
absl::Status CheckCall(const Call& call, absl::Time now);

// For whoever waits on a condition of their own: calls `wake` when the call is cancelled, at once if it is already.
// `wake` runs on the cancelling thread, must not block for long and must not destroy the watch. After the destructor
// returned, `wake` is not called and does not run any more.
//
// Used by one thread; safe against Cancel() on others.
class CancellationWatch {
 public:
  CancellationWatch(const Call& call, std::function<void()> wake);
  ~CancellationWatch();
  CancellationWatch(const CancellationWatch&) = delete;
  CancellationWatch& operator=(const CancellationWatch&) = delete;

 private:
  Cancellation* const cancellation_;
  const std::function<void()> wake_;
};

}  // namespace flxlink

#endif  // FLXLINK_CALL_H_
