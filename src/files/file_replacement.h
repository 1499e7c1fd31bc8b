// Replaces a file's contents at once: a reader sees the old file or the new one, a crash leaves one of them.

#ifndef FLXLINK_SRC_FILES_FILE_REPLACEMENT_H_
#define FLXLINK_SRC_FILES_FILE_REPLACEMENT_H_

#include <sys/stat.h>

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flxlink::files {

// The path without symbolic links, so that the file is replaced and not a link to it. Errors as of FileError, with that
// `what`.
absl::StatusOr<std::string> ResolvePath(const std::string& path, absl::string_view what);

// A file as the system knew it at one moment: tells whether it was written or replaced since, and whose it is.
//
// Plain data.
class FileStamp {
 public:
  // Errors as of RegularFile.
  static absl::StatusOr<FileStamp> Of(const std::string& path);

  // `info` is what the system said of the file.
  explicit FileStamp(const struct stat& info) : info_(info) {}

  mode_t mode() const { return info_.st_mode & 07777; }
  uid_t user() const { return info_.st_uid; }
  gid_t group() const { return info_.st_gid; }

  // Whether the two are of the same file, not written in between.
  bool SameAs(const FileStamp& other) const;

 private:
  struct stat info_;
};

// The error of a file that is not any more what it was when the call began to read it: ABORTED.
absl::Status ChangedMeanwhile(const std::string& path);

// ChangedMeanwhile() where `path` is not `expected` any more. Otherwise as FileStamp::Of().
absl::Status CheckUnchanged(const std::string& path, const FileStamp& expected);

// Takes a text a part at a time, and says whether to go on.
using TextSink = absl::FunctionRef<absl::Status(absl::string_view part)>;

// Writes what `make` gives to its sink to a new file of the same folder, PATH.flxlink.tmp, syncs it to disk, gives it
// the mode and owner of `expected`, renames it over `path` and syncs the folder. The caller sees to it that nobody else
// does this at the same time; what a crash left of an earlier try is overwritten.
//
// ABORTED: `path` is not `expected` any more. What `make` returned, if that is an error. Otherwise as FileError. After
// an error the new file is removed, and `path` is as it was, except where the message says that the new contents may be
// there.
absl::Status ReplaceFile(const std::string& path, const FileStamp& expected,
                         absl::FunctionRef<absl::Status(TextSink sink)> make);

// The same where there is no file at `path` yet; its owner can write it, and everybody read it. ABORTED: there is one
// by now.
absl::Status MakeFile(const std::string& path, absl::FunctionRef<absl::Status(TextSink sink)> make);

}  // namespace flxlink::files

#endif  // FLXLINK_SRC_FILES_FILE_REPLACEMENT_H_
