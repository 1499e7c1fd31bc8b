// How long to wait before something that failed is tried again.

#ifndef FLXLINK_SRC_ENGINE_BACKOFF_H_
#define FLXLINK_SRC_ENGINE_BACKOFF_H_

#include <algorithm>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flxlink/engine.h"

namespace flxlink::engine {

// The wait after `tries` tries, at least one, that failed: options.first_backoff, doubled for each further one, at most
// a minute.
absl::Duration Backoff(const EngineOptions& options, int tries);

// What failed the last time it was tried, by `Key`, and when it is due again. Thread-safe.
template <typename Key>
class RetryTimes {
 public:
  // `options` must outlive it.
  explicit RetryTimes(const EngineOptions& options) : options_(options) {}

  // Failed once more; it is due after the next longer wait.
  void Failed(const Key& key) {
    absl::MutexLock lock(&mutex_);
    Entry& entry = entries_[key];
    entry.due_at = options_.clock->Now() + Backoff(options_, ++entry.failures);
  }
  void Succeeded(const Key& key) {
    absl::MutexLock lock(&mutex_);
    entries_.erase(key);
  }

  // How often it failed since it last succeeded.
  int Failures(const Key& key) const {
    absl::MutexLock lock(&mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? 0 : found->second.failures;
  }
  // Whether it failed and is not due yet.
  bool Waits(const Key& key) const {
    absl::MutexLock lock(&mutex_);
    const auto found = entries_.find(key);
    return found != entries_.end() && found->second.due_at > options_.clock->Now();
  }
  // All that failed and are due.
  std::vector<Key> Due() const {
    absl::MutexLock lock(&mutex_);
    std::vector<Key> due;
    for (const auto& [key, entry] : entries_) {
      if (entry.due_at <= options_.clock->Now()) due.push_back(key);
    }
    return due;
  }
  // When the first is due that was not at `now`. InfiniteFuture: there is none. What was due and is not tried, since it
  // has settled elsewhere, stays due.
  absl::Time NextDue(absl::Time now) const {
    absl::MutexLock lock(&mutex_);
    absl::Time next = absl::InfiniteFuture();
    for (const auto& [key, entry] : entries_) {
      if (entry.due_at > now) next = std::min(next, entry.due_at);
    }
    return next;
  }
  int64_t size() const {
    absl::MutexLock lock(&mutex_);
    return static_cast<int64_t>(entries_.size());
  }

 private:
  struct Entry {
    int failures = 0;
    absl::Time due_at;
  };

  const EngineOptions& options_;
  mutable absl::Mutex mutex_;
  std::map<Key, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_BACKOFF_H_
