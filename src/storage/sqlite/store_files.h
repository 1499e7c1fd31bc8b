// The files of a store on the disk: what may be one, and whether the names still lead to the files that were opened.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_STORE_FILES_H_
#define FLXLINK_SRC_STORAGE_SQLITE_STORE_FILES_H_

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

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

// The files of an open store, which are in one folder. Thread-safe.
//
// A name leads to another file only once its folder was changed or replaced. So while the folder's change time stays,
// only the database is looked at: its other names may be in other folders, and in a folder that took this one's place
// it is another file.
class HeldFiles {
 public:
  // Changes that follow each other closely may have one change time: one is relied on when it is this old, by the
  // machine's clock.
  static constexpr absl::Duration kSettled = absl::Seconds(10);

  // The database first.
  explicit HeldFiles(std::vector<HeldFile> files, absl::Duration settled = kSettled);

  // FAILED_PRECONDITION unless every name still leads to its file, and is its only one.
  absl::Status CheckInPlace() const;

 private:
  const std::vector<HeldFile> files_;
  const std::string folder_;
  const absl::Duration settled_;
  // The folder's change time, in nanoseconds, at which all were in place, and which can be relied on.
  mutable std::atomic<int64_t> settled_change_;
};

// The size of a file; 0 where there is none.
int64_t FileBytes(const std::string& path);
bool FileExists(const std::string& path);

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_STORE_FILES_H_
