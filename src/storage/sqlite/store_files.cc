#include "src/storage/sqlite/store_files.h"

#include <limits.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace flxlink::sqlite {
namespace {

// SQLite keeps its log beside the name that it was given: under another name of the same file it would find another.
absl::Status CheckOneName(absl::string_view path, const struct stat& info) {
  if (info.st_nlink <= 1) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path, ": the file has ", info.st_nlink,
                                                    " names (hard links), and a store may have one; remove the others, "
                                                    "or replace them by symbolic links"));
}

}  // namespace

absl::Status SystemError(int error, absl::string_view path) {
  const std::string what = absl::StrCat(path, ": ", strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(absl::StrCat(what, "; make the folder first"));
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(absl::StrCat(what, "; make the file and its folder writable for this user"));
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(absl::StrCat(what, "; make room on the disk and try again"));
    case EISDIR:
      return absl::InvalidArgumentError(absl::StrCat(what, "; name a file in it"));
    case EMFILE:
    case ENFILE:
    case ENOLCK:
      return absl::UnavailableError(absl::StrCat(what, "; close some files, or raise the limit, and try again"));
    default:
      return absl::UnavailableError(absl::StrCat(what, "; check the file system and try again"));
  }
}

absl::StatusOr<std::string> ResolvePath(const std::string& path) {
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) != nullptr) return std::string(resolved);
  if (errno != ENOENT) return SystemError(errno, path);
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", path, "\" does not name a file for the store"));
  }
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (realpath(folder.c_str(), resolved) == nullptr) return SystemError(errno, folder);
  return absl::StrCat(resolved, "/", name);
}

absl::Status CheckRegular(const std::string& path, const struct stat& info) {
  if (S_ISREG(info.st_mode)) return absl::OkStatus();
  if (S_ISDIR(info.st_mode)) return SystemError(EISDIR, path);
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": it is a pipe, socket or device; name a regular file, or one that is yet to be made"));
}

absl::StatusOr<StoreFile> LookAtStore(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return StoreFile();
    return SystemError(errno, path);
  }
  absl::Status status = CheckRegular(path, info);
  if (status.ok()) status = CheckOneName(path, info);
  if (!status.ok()) return status;
  return StoreFile{true, static_cast<int64_t>(info.st_size), info.st_dev, info.st_ino};
}

absl::StatusOr<HeldFile> Hold(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return SystemError(errno, path);
  return HeldFile{path, info.st_dev, info.st_ino};
}

absl::Status CheckInPlace(const HeldFile& file) {
  struct stat info;
  const bool there = stat(file.path.c_str(), &info) == 0;
  if (!there && errno != ENOENT) return SystemError(errno, file.path);
  if (there && info.st_dev == file.device && info.st_ino == file.inode) return CheckOneName(file.path, info);
  return absl::FailedPreconditionError(
      absl::StrCat(file.path, ": it was ", there ? "replaced" : "removed",
                   " while the store was open, so that it cannot be told any more who else writes; end all processes "
                   "that have the store open, and start them again"));
}

int64_t FileBytes(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? static_cast<int64_t>(info.st_size) : 0;
}

bool FileExists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

}  // namespace flxlink::sqlite
