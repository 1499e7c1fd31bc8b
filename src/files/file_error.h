// What went wrong with a file, as a Status.

#ifndef FLXLINK_SRC_FILES_FILE_ERROR_H_
#define FLXLINK_SRC_FILES_FILE_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flxlink::files {

// The error "PATH: WHAT (the system's words); how to fix it" for a system call that failed with `error_number`.
//
// NOT_FOUND: there is no such file. PERMISSION_DENIED: the user or the file system forbids it. RESOURCE_EXHAUSTED: the
// disk or a quota is full. UNAVAILABLE: anything else.
absl::Status FileError(int error_number, const std::string& path, absl::string_view what);

}  // namespace flxlink::files

#endif  // FLXLINK_SRC_FILES_FILE_ERROR_H_
