// The kernel locks between processes: the writer lock, and the locks by which owners show that they live.
//
// Why a removed lock file does not lead to two writers. A lock belongs to an inode and not to a name, so whoever
// removes or replaces `PATH-lock` makes a second lock. The rules against that:
//   - Whoever has just got the lock looks whether the name still leads to the locked file and no other, and else gives
//     up (SqliteStorage::LockWriter). As the look comes after the lock, it does not matter what happened between
//     opening the file and locking it: of two processes that hold locks of two inodes, at most one sees its own under
//     the name.
//   - The same is looked at again before every commit and checkpoint. So a file that is removed in the midst of an
//     operation stops that operation too.
//   - A process that goes by the name can be in its write only for the moment between its look and its commit while
//     another makes a new lock. There SQLite's own write lock, in `PATH-shm`, still keeps the two transactions apart;
//     what the writer lock adds to it is that nobody commits during a checkpoint.
// The same look is taken at the database, `PATH-owners` and SQLite's own two files: with one of them replaced, two
// processes would see two logs, or each other's owners as dead. The name of the database has no symbolic links in it
// (ResolvePath), and is the only one that the file has: every process that has it open goes by the same five names.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LOCKS_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LOCKS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flxlink/job.h"
#include "src/storage/sqlite/fork_closed_file.h"

namespace flxlink::sqlite {

// The one right to write to a store, between processes: a lock on the first byte of `PATH-lock`. The file names the
// process that took it last, for people.
//
// Not thread-safe: the threads of a process take turns before they come here.
class WriterLock {
 public:
  static absl::StatusOr<WriterLock> Open(const std::string& store_path);

  // UNAVAILABLE after about `timeout`, naming the process that has it.
  absl::Status Acquire(absl::Duration timeout);
  void Release();

  const HeldFile& held() const { return file_->held(); }

 private:
  explicit WriterLock(std::unique_ptr<ForkClosedFile> file) : file_(std::move(file)) {}

  absl::Status TimedOut(absl::Duration timeout) const;

  std::unique_ptr<ForkClosedFile> file_;
};

// The owners of a store: each locks the byte of `PATH-owners` whose offset is its number, and the kernel lets go of it
// when the process ends, however it ends.
//
// Thread-safe.
class OwnerLocks {
 public:
  static absl::StatusOr<OwnerLocks> Open(const std::string& store_path);

  // Marks an owner of this process as alive. FAILED_PRECONDITION: it is somebody's already.
  absl::Status Hold(OwnerId owner);
  absl::Status LetGo(OwnerId owner);
  absl::StatusOr<bool> IsAlive(OwnerId owner) const;

  const HeldFile& held() const { return held_->held(); }

 private:
  OwnerLocks(std::unique_ptr<ForkClosedFile> held, std::unique_ptr<ForkClosedFile> probe)
      : held_(std::move(held)), probe_(std::move(probe)) {}

  std::unique_ptr<ForkClosedFile> held_;
  // A descriptor does not see its own locks, so others' are looked for through a second one.
  std::unique_ptr<ForkClosedFile> probe_;
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LOCKS_H_
