// The turns in which the threads of a process write to a store.
//
// Most of the time of a small write is its commit, so who has the turn may do the writes of those that wait too, and
// commit once for all (see write_group.h). The turn goes to who has waited longest.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_WRITE_TURNS_H_
#define FLXLINK_SRC_STORAGE_SQLITE_WRITE_TURNS_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

enum class WriteKind {
  // Small: may be done with others, in one commit.
  kSmall,
  // As kSmall, and nobody is told that it is done: it need not outlast a loss of power until something after it must,
  // which then it does too.
  kSmallStep,
  // Would keep others waiting for long: by itself.
  kBulk,
};

// The kind of a write of so many rows. Step: see kSmallStep.
inline WriteKind KindOfRows(size_t rows) { return rows > 100 ? WriteKind::kBulk : WriteKind::kSmall; }
inline WriteKind StepOfRows(size_t rows) { return rows > 100 ? WriteKind::kBulk : WriteKind::kSmallStep; }

// A write of a thread that waits for it. Used by who has the turn from when it is taken until it is told; before and
// after by its own thread.
struct PendingWrite {
  absl::FunctionRef<absl::Status(Connection&)> body;
  WriteKind kind;
  absl::Status status;  // Once it is done.

  enum class Stage { kWaits, kTaken, kDone };
  Stage stage = Stage::kWaits;  // Guarded by the turns' mutex.
};

// Thread-safe.
class WriteTurns {
 public:
  enum class Outcome {
    kTurn,      // The caller has the turn until it calls End.
    kDone,      // Somebody else has done the write; its status says how.
    kTimedOut,  // Nothing was done.
  };

  // Waits for the turn, or for another to do the write. A write that somebody has begun is waited for beyond `timeout`.
  Outcome Await(PendingWrite& write, absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

  // For who has the turn and is about to commit a write of `kind`: another to be done with it, which is the one that
  // has waited longest. nullptr: none, or one that does not go with it. What was taken is to be given to End.
  PendingWrite* Take(WriteKind kind) ABSL_LOCKS_EXCLUDED(mutex_);

  // Gives up the turn, and lets go of the threads whose writes were taken.
  void End(absl::Span<PendingWrite* const> taken) ABSL_LOCKS_EXCLUDED(mutex_);

  // How many writes wait for the turn.
  int64_t waiting() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  bool has_turn_ ABSL_GUARDED_BY(mutex_) = false;  // Somebody.
  std::deque<PendingWrite*> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_WRITE_TURNS_H_
