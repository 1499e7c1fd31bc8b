// An exclusive lock between processes and threads, held on a file of its own.

#ifndef FLXLINK_SRC_FILES_FILE_LOCK_H_
#define FLXLINK_SRC_FILES_FILE_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flxlink/channel_adapter.h"
#include "src/files/file_descriptor.h"

namespace flxlink::files {

// Holds the lock while it lives. The kernel releases it when the process dies. The file stays: removing it would let
// two holders lock two files of the same name.
//
// Thread-compatible; two locks of one file exclude each other in one process too.
class FileLock {
 public:
  // Makes the file where there is none. Asks at least once, and waits up to `wait`, whatever time the call has left.
  //
  // UNAVAILABLE: another holder has not released it within `wait`. CANCELLED: the call was meanwhile. Otherwise as
  // FileError.
  static absl::StatusOr<FileLock> Acquire(const std::string& path, absl::Duration wait, const CallContext& call);

  FileLock(FileLock&&) = default;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace flxlink::files

#endif  // FLXLINK_SRC_FILES_FILE_LOCK_H_
