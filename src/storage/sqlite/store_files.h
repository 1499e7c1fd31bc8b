// The files of a store on the disk: what may be one, and whether the names still lead to the files that were opened.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_STORE_FILES_H_
#define FLXLINK_SRC_STORAGE_SQLITE_STORE_FILES_H_

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flxlink::sqlite {

// The status for a system call on `path` that failed with `error`.
absl::Status SystemError(int error, absl::string_view path);

// The absolute path without symbolic links, also of a file that is yet to be made: whatever name a process knows the
// store by, it must come to the same locks.
absl::StatusOr<std::string> ResolvePath(const std::string& path);

// INVALID_ARGUMENT unless it is a regular file: reading a pipe or a device may never end.
absl::Status CheckRegular(const std::string& path, const struct stat& info);

// What is at the path of a store. It is looked at without opening it, which could wait, and which SQLite does not
// stand: closing a second descriptor of its database drops the locks that the process holds on it.
struct StoreFile {
  bool exists = false;
  int64_t bytes = 0;
  dev_t device = 0;
  ino_t inode = 0;
};

// INVALID_ARGUMENT: it is not a regular file. FAILED_PRECONDITION: it has several names.
absl::StatusOr<StoreFile> LookAtStore(const std::string& path);

// A file that this process holds open, by the name under which others find it. Its inode belongs to no other file as
// long as it is held.
struct HeldFile {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;
};

// What the name leads to now, and the caller holds open.
absl::StatusOr<HeldFile> Hold(const std::string& path);

// FAILED_PRECONDITION unless the name still leads to the file, and is its only one.
absl::Status CheckInPlace(const HeldFile& file);

// The size of a file; 0 where there is none.
int64_t FileBytes(const std::string& path);
bool FileExists(const std::string& path);

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_STORE_FILES_H_
