#include "flxlink/call.h"

#include <algorithm>
#include <utility>

namespace flxlink {

void Cancellation::Cancel() {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(cancelled_, true)) return;
  // Under the lock, so that a watch that goes away waits until its `wake` has returned.
  for (const std::function<void()>* wake : watchers_) (*wake)();
}

bool Cancellation::cancelled() const {
  absl::MutexLock lock(&mutex_);
  return cancelled_;
}

absl::Status CheckCall(const Call& call, absl::Time now) {
  if (call.cancellation != nullptr && call.cancellation->cancelled()) {
    return absl::CancelledError("the call was cancelled");
  }
  if (now >= call.deadline) return absl::DeadlineExceededError("the call's deadline has passed");
  return absl::OkStatus();
}

CancellationWatch::CancellationWatch(const Call& call, std::function<void()> wake)
    : cancellation_(call.cancellation), wake_(std::move(wake)) {
  if (cancellation_ == nullptr) return;
  absl::MutexLock lock(&cancellation_->mutex_);
  cancellation_->watchers_.push_back(&wake_);
  if (cancellation_->cancelled_) wake_();
}

CancellationWatch::~CancellationWatch() {
  if (cancellation_ == nullptr) return;
  absl::MutexLock lock(&cancellation_->mutex_);
  std::vector<const std::function<void()>*>& watchers = cancellation_->watchers_;
  watchers.erase(std::find(watchers.begin(), watchers.end(), &wake_));
}

}  // namespace flxlink
