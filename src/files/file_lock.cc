#include "src/files/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "src/files/file_error.h"

namespace flxlink::files {
namespace {

// flock() cannot wait for a limited time, so that waiting is asking again. Short against the time that a push takes.
constexpr absl::Duration kPause = absl::Milliseconds(5);

}  // namespace

absl::StatusOr<FileLock> FileLock::Acquire(const std::string& path, absl::Duration wait, const CallContext& call) {
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file.valid()) return FileError(errno, path, "the lock file cannot be opened");
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return FileError(errno, path, "cannot be locked");
    if (call.cancelled()) return absl::CancelledError(absl::StrCat(path, ": the wait for this lock was cancelled"));
    if (wait <= absl::ZeroDuration()) {
      return absl::UnavailableError(
          absl::StrCat(path, ": somebody else holds this lock; try again when that one is done"));
    }
    const absl::Duration pause = std::min(wait, kPause);
    absl::SleepFor(pause);
    wait -= pause;
  }
  return FileLock(std::move(file));
}

FileLock::~FileLock() {
  // Closing alone would not release it where a child process has inherited the descriptor.
  if (file_.valid()) flock(file_.get(), LOCK_UN);
}

}  // namespace flxlink::files
