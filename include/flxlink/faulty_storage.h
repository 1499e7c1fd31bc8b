// FaultyStorage: a storage that is away now and then, and whose answers get lost, for tests and simulators of hosts.
//
// All faults come from one seed: the same operations in the same order meet the same ones.

#ifndef FLXLINK_FAULTY_STORAGE_H_
#define FLXLINK_FAULTY_STORAGE_H_

#include <cstdint>
#include <random>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/forwarding_storage.h"

namespace flxlink {

// How often: a rate is a probability from 0 (never, the default) to 1 (always).
struct StorageFaults {
  uint64_t seed = 1;
  // Of operations: UNAVAILABLE, and nothing was done.
  double unavailable = 0;
  // Of operations that change something and succeeded: UNKNOWN, though it was done.
  double answer_lost = 0;
};

// As thread-safe as the storage behind it.
class FaultyStorage : public ForwardingStorage {
 public:
  // `inner` must outlive it.
  FaultyStorage(Storage& inner, const StorageFaults& faults);

  // From the next operation on; the seed starts anew.
  void SetFaults(const StorageFaults& faults) ABSL_LOCKS_EXCLUDED(mutex_);

 protected:
  absl::Status Before(absl::string_view operation) override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status After(absl::string_view operation, const absl::Status& status) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  bool Happens(double rate) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  StorageFaults faults_ ABSL_GUARDED_BY(mutex_);
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink

#endif  // FLXLINK_FAULTY_STORAGE_H_
