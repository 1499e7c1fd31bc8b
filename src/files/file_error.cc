#include "src/files/file_error.h"

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace flxlink::files {

absl::Status FileError(int error_number, const std::string& path, absl::string_view what) {
  const auto error = [&](absl::StatusCode code, absl::string_view remedy) {
    // std::strerror is not safe between threads.
    const std::string reason = std::generic_category().message(error_number);
    return absl::Status(code, absl::StrCat(path, ": ", what, " (", reason, "); ", remedy));
  };
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return error(absl::StatusCode::kNotFound, "check the path, and that the file is there");
    case EACCES:
    case EPERM:
    case EROFS:
      return error(absl::StatusCode::kPermissionDenied, "check the rights on the file and its folder");
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return error(absl::StatusCode::kResourceExhausted, "make room for a second copy of the file");
    default:
      return error(absl::StatusCode::kUnavailable, "try again, and check the disk");
  }
}

}  // namespace flxlink::files
