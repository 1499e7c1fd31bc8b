// Writes that are stored by one commit. Each is told how it went by itself: one that fails takes back only its own.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_WRITE_GROUP_H_
#define FLXLINK_SRC_STORAGE_SQLITE_WRITE_GROUP_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "src/storage/sqlite/sqlite_connection.h"
#include "src/storage/sqlite/write_turns.h"

namespace flxlink::sqlite {

// Not thread-safe: for who has the turn, and the writer lock.
class WriteGroup {
 public:
  explicit WriteGroup(Connection& db) : db_(db) {}
  WriteGroup(const WriteGroup&) = delete;
  WriteGroup& operator=(const WriteGroup&) = delete;

  // Runs the body of a write. Its status is settled once the group is committed.
  void Run(PendingWrite& write);

  // Commits what was run, unless `may_commit` says that it must not. Where it is not committed, or it is not known
  // whether it was, all of the group are told so, those too that failed: what they failed for may have been written by
  // another of the group.
  void Commit(absl::FunctionRef<absl::Status()> may_commit);

 private:
  void RunFirst(PendingWrite& write);
  void RunAfterOthers(PendingWrite& write);
  // Nothing of what was run is stored.
  void Fail(const absl::Status& status);

  Connection& db_;
  std::vector<PendingWrite*> ran_;  // In the open transaction; empty: there is none.
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_WRITE_GROUP_H_
