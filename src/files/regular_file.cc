#include "src/files/regular_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flxlink::files {
namespace {

// std::strerror is not safe between threads.
std::string Reason(int error_number) { return std::generic_category().message(error_number); }

absl::string_view KindOf(mode_t mode) {
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

absl::StatusOr<RegularFile> RegularFile::Open(const std::string& path) {
  // O_NONBLOCK changes nothing for a regular file; it is for what else may stand there.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat info {};
  if (!file.valid() || fstat(file.get(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be opened (", Reason(errno), "); check the path"));
  }
  if (S_ISREG(info.st_mode)) return RegularFile(path, std::move(file), info);
  return absl::InvalidArgumentError(absl::StrCat(path, ": is ", KindOf(info.st_mode), "; give a regular file"));
}

absl::StatusOr<size_t> RegularFile::ReadAt(size_t begin, size_t size, char* out) const {
  size_t done = 0;
  while (done < size) {
    const ssize_t read = pread(file_.get(), out + done, size - done, static_cast<off_t>(begin + done));
    if (read == 0) break;
    if (read > 0) {
      done += static_cast<size_t>(read);
    } else if (errno != EINTR) {
      return absl::UnavailableError(absl::StrCat(path_, ": cannot be read (", Reason(errno), "); check the file"));
    }
  }
  return done;
}

absl::StatusOr<std::string> RegularFile::ReadAll() const {
  // The size is a hint only. The byte more shows the end without another round.
  std::string text(size() > 0 ? size() + 1 : size_t{1} << 16, '\0');
  for (size_t done = 0;;) {
    const absl::StatusOr<size_t> read = ReadAt(done, text.size() - done, &text[done]);
    if (!read.ok()) return read.status();
    done += *read;
    if (done < text.size()) {
      text.resize(done);
      return text;
    }
    text.resize(text.size() * 2);
  }
}

}  // namespace flxlink::files
