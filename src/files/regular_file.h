// Regular files, opened for reading: the one way in which a file that a person names is opened here.

#ifndef FLXLINK_CSV_REGULAR_FILE_H_
#define FLXLINK_CSV_REGULAR_FILE_H_

#include <sys/stat.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/files/file_descriptor.h"

namespace flxlink::files {

// A file that can be read at any place and again, and whose size the system knows. Anything else is refused at once: to
// open a FIFO waits for whoever writes to it, and a device may never end.
//
// Immutable, and so safe for any number of threads.
class RegularFile {
 public:
  // NOT_FOUND where it cannot be opened, INVALID_ARGUMENT where it is no regular file. Never waits.
  static absl::StatusOr<RegularFile> Open(const std::string& path);

  // What the system said of it when it was opened.
  const struct stat& info() const { return info_; }
  // 0 for some that have contents all the same, as in /proc.
  size_t size() const { return static_cast<size_t>(info_.st_size); }

  // Puts up to `size` bytes from `begin` on at `out` and returns how many; fewer than asked for only where the file
  // ends. UNAVAILABLE where it cannot be read.
  absl::StatusOr<size_t> ReadAt(size_t begin, size_t size, char* out) const;

  // All of it, in one pass to its end. Errors as of ReadAt().
  absl::StatusOr<std::string> ReadAll() const;

 private:
  RegularFile(std::string path, FileDescriptor file, const struct stat& info)
      : path_(std::move(path)), file_(std::move(file)), info_(info) {}

  std::string path_;
  FileDescriptor file_;
  struct stat info_;
};

}  // namespace flxlink::files

#endif  // FLXLINK_CSV_REGULAR_FILE_H_
