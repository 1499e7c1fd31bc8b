#include "src/files/file_replacement.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/files/file_descriptor.h"
#include "src/files/file_error.h"
#include "src/files/regular_file.h"

namespace flxlink::files {
namespace {

constexpr mode_t kNewMode = 0644;

// The rename itself reaches the disk with the folder.
absl::Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  constexpr absl::string_view kWhat = "the folder cannot be synced to disk, and the new contents may be there or not";
  const FileDescriptor file(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.valid()) return FileError(errno, folder, kWhat);
  // EINVAL: a file system that has nothing to sync there.
  if (fsync(file.get()) != 0 && errno != EINVAL) return FileError(errno, folder, kWhat);
  return absl::OkStatus();
}

// The new file while it is written. Removed again unless it was renamed.
class TemporaryFile {
 public:
  static absl::StatusOr<TemporaryFile> Create(std::string path) {
    unlink(path.c_str());
    // Nobody else may read it before it has the mode of the file that it replaces.
    FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid()) return FileError(errno, path, "the new file cannot be made");
    return TemporaryFile(std::move(path), std::move(file));
  }

  TemporaryFile(TemporaryFile&& other) noexcept
      : path_(std::exchange(other.path_, std::string())), file_(std::move(other.file_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }

  // Beside `path`, with what `make` gives.
  static absl::StatusOr<TemporaryFile> Make(const std::string& path,
                                            absl::FunctionRef<absl::Status(TextSink sink)> make) {
    absl::StatusOr<TemporaryFile> file = Create(absl::StrCat(path, ".flxlink.tmp"));
    if (!file.ok()) return file;
    if (absl::Status status = make([&](absl::string_view part) { return file->Write(part); }); !status.ok()) {
      return status;
    }
    return file;
  }

  absl::Status Write(absl::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(file_.get(), text.data(), text.size());
      if (written >= 0) {
        text.remove_prefix(static_cast<size_t>(written));
      } else if (errno != EINTR) {
        return FileError(errno, path_, "the new file cannot be written");
      }
    }
    return absl::OkStatus();
  }

  // The owner first: a change of owner clears bits of the mode.
  absl::Status TakeAfter(const FileStamp& model) const {
    struct stat own {};
    if (fstat(file_.get(), &own) != 0) return FileError(errno, path_, "the new file cannot be looked at");
    if ((own.st_uid != model.user() || own.st_gid != model.group()) &&
        fchown(file_.get(), model.user(), model.group()) != 0) {
      return FileError(errno, path_, "the new file cannot be given the owner of the old one");
    }
    return SetMode(model.mode());
  }

  absl::Status SetMode(mode_t mode) const {
    if (fchmod(file_.get(), mode) == 0) return absl::OkStatus();
    return FileError(errno, path_, "the new file cannot be given its mode");
  }

  // Takes the place of `path`, if `check` has nothing against it at the last moment.
  absl::Status Become(const std::string& path, absl::FunctionRef<absl::Status()> check) {
    if (absl::Status status = Sync(); !status.ok()) return status;
    if (absl::Status status = check(); !status.ok()) return status;
    if (absl::Status status = RenameTo(path); !status.ok()) return status;
    return SyncFolderOf(path);
  }

  absl::Status Sync() const {
    if (fsync(file_.get()) == 0) return absl::OkStatus();
    return FileError(errno, path_, "the new file cannot be synced to disk");
  }

  absl::Status RenameTo(const std::string& path) {
    if (std::rename(path_.c_str(), path.c_str()) != 0) return FileError(errno, path, "cannot be replaced");
    path_.clear();
    return absl::OkStatus();
  }

 private:
  TemporaryFile(std::string path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;  // Empty: there is nothing to remove.
  FileDescriptor file_;
};

bool IsSameTime(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

}  // namespace

absl::StatusOr<std::string> ResolvePath(const std::string& path, absl::string_view what) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr), &std::free);
  if (resolved == nullptr) return FileError(errno, path, what);
  return std::string(resolved.get());
}

absl::Status ChangedMeanwhile(const std::string& path) {
  return absl::AbortedError(
      absl::StrCat(path, ": somebody else changed the file meanwhile; it is tried again without your doing"));
}

absl::Status CheckUnchanged(const std::string& path, const FileStamp& expected) {
  const absl::StatusOr<FileStamp> now = FileStamp::Of(path);
  if (!now.ok()) return now.status();
  return now->SameAs(expected) ? absl::OkStatus() : ChangedMeanwhile(path);
}

absl::StatusOr<FileStamp> FileStamp::Of(const std::string& path) {
  const absl::StatusOr<RegularFile> file = RegularFile::Open(path);
  if (!file.ok()) return file.status();
  return FileStamp(file->info());
}

bool FileStamp::SameAs(const FileStamp& other) const {
  // The time of the last change of any kind too: who writes can set the time of the last write back, but not that.
  return info_.st_dev == other.info_.st_dev && info_.st_ino == other.info_.st_ino &&
         info_.st_size == other.info_.st_size && IsSameTime(info_.st_mtim, other.info_.st_mtim) &&
         IsSameTime(info_.st_ctim, other.info_.st_ctim);
}

absl::Status ReplaceFile(const std::string& path, const FileStamp& expected,
                         absl::FunctionRef<absl::Status(TextSink sink)> make) {
  absl::StatusOr<TemporaryFile> file = TemporaryFile::Make(path, make);
  if (!file.ok()) return file.status();
  if (absl::Status status = file->TakeAfter(expected); !status.ok()) return status;
  return file->Become(path, [&] { return CheckUnchanged(path, expected); });
}

absl::Status MakeFile(const std::string& path, absl::FunctionRef<absl::Status(TextSink sink)> make) {
  absl::StatusOr<TemporaryFile> file = TemporaryFile::Make(path, make);
  if (!file.ok()) return file.status();
  if (absl::Status status = file->SetMode(kNewMode); !status.ok()) return status;
  return file->Become(path, [&] {
    const absl::Status there = FileStamp::Of(path).status();
    return absl::IsNotFound(there) ? absl::OkStatus() : there.ok() ? ChangedMeanwhile(path) : there;
  });
}

}  // namespace flxlink::files
