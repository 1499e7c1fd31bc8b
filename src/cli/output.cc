#include "src/cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace flxlink::cli {
namespace {

constexpr size_t kBufferBytes = 1 << 18;

absl::Status OutputError(absl::string_view name) {
  return absl::UnavailableError(
      absl::StrCat(name, ": cannot be written (", std::strerror(errno), "); check that it is writable and has room"));
}

// The file that a path names once symbolic links are followed, so that a rename replaces it and not the link.
std::string FollowLinks(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) == nullptr ? path : resolved;
}

// The mode of a file that is not there yet.
mode_t NewFileMode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

std::unique_ptr<Output> Output::ToStdout() {
  return std::unique_ptr<Output>(new Output("standard output", STDOUT_FILENO));
}

absl::StatusOr<std::unique_ptr<Output>> Output::ToFile(const std::string& path) {
  struct stat info {};
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return OutputError(path);
    return std::unique_ptr<Output>(new Output(path, descriptor));
  }
  std::string target = FollowLinks(path);
  std::string temporary = absl::StrCat(target, ".XXXXXX");
  const int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return OutputError(path);
  std::unique_ptr<Output> output(new Output(path, descriptor));
  output->temporary_ = std::move(temporary);
  output->target_ = std::move(target);
  if (fchmod(descriptor, exists ? info.st_mode & 07777 : NewFileMode()) != 0) return OutputError(path);
  return output;
}

Output::~Output() {
  if (descriptor_ > STDERR_FILENO) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status Output::WriteNow(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return OutputError(name_);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status Output::WriteBuffer() {
  absl::Status status = WriteNow(buffer_);
  buffer_.clear();
  return status;
}

absl::Status Output::Write(absl::string_view bytes) {
  if (buffer_.size() + bytes.size() >= kBufferBytes) {
    if (absl::Status status = WriteBuffer(); !status.ok()) return status;
  }
  if (bytes.size() >= kBufferBytes) return WriteNow(bytes);
  buffer_.append(bytes.data(), bytes.size());
  return absl::OkStatus();
}

absl::Status Output::Finish() {
  if (absl::Status status = WriteBuffer(); !status.ok()) return status;
  if (temporary_.empty()) return absl::OkStatus();
  if (fsync(descriptor_) != 0 || std::rename(temporary_.c_str(), target_.c_str()) != 0) return OutputError(name_);
  temporary_.clear();
  return absl::OkStatus();
}

}  // namespace flxlink::cli
