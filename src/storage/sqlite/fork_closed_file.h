// A file descriptor that a forked child does not keep.
//
// Kernel locks of an open file description live as long as any copy of its descriptor. A child that was forked without
// exec would keep its parent's locks alive after the parent's death; so such descriptors are closed in the child right
// after the fork.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_FORK_CLOSED_FILE_H_
#define FLXLINK_SRC_STORAGE_SQLITE_FORK_CLOSED_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/storage/sqlite/store_files.h"

namespace flxlink::sqlite {

// Thread-safe.
class ForkClosedFile {
 public:
  // Opens the file for reading and writing, making it where it is not there. INVALID_ARGUMENT: it is not a regular
  // file.
  static absl::StatusOr<std::unique_ptr<ForkClosedFile>> Open(const std::string& path);
  ~ForkClosedFile();
  ForkClosedFile(const ForkClosedFile&) = delete;
  ForkClosedFile& operator=(const ForkClosedFile&) = delete;

  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }
  // What was opened, and its name.
  const HeldFile& held() const { return held_; }

  // Locks the byte at `offset` for writing, for this descriptor. False: another one has it.
  absl::StatusOr<bool> TryLock(int64_t offset);
  absl::Status Unlock(int64_t offset);
  // Whether another descriptor, of whatever process, has locked the byte at `offset`.
  absl::StatusOr<bool> IsLocked(int64_t offset) const;

 private:
  ForkClosedFile(std::string path, int descriptor);

  static void CloseAllInChild();

  const std::string path_;
  HeldFile held_;
  int descriptor_;  // -1 in a forked child.
  // The list of all such files of the process.
  ForkClosedFile* previous_ = nullptr;
  ForkClosedFile* next_ = nullptr;
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_FORK_CLOSED_FILE_H_
