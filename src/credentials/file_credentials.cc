#include <sys/stat.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/credential_resolver.h"
#include "src/credentials/credential_name.h"
#include "src/files/file_lock.h"
#include "src/files/file_replacement.h"
#include "src/files/regular_file.h"

namespace flxlink {
namespace {

constexpr absl::Duration kLockWait = absl::Seconds(2);

// Nobody ends a resolver's call.
class UnendingCall : public CallContext {
 public:
  absl::Duration time_left() const override { return absl::InfiniteDuration(); }
  bool cancelled() const override { return false; }
  void Log(LogLevel, absl::string_view) const override {}
};

// A line as an editor of another system may have ended it.
absl::string_view WithoutEnd(absl::string_view line) { return absl::StripSuffix(line, "\r"); }

bool SaysNothing(absl::string_view line) { return line.empty() || line[0] == '#'; }

// A file of credentials as it is at one moment.
struct Credentials {
  files::FileStamp stamp;
  // Without their ends; the last is empty where the text ends with a line's end.
  std::vector<std::string> lines;

  // The line of that name; lines.size(): there is none.
  size_t Find(absl::string_view name) const {
    size_t i = 0;
    while (i < lines.size() && !absl::StartsWith(lines[i], absl::StrCat(name, "="))) ++i;
    return i;
  }
  absl::string_view ValueAt(size_t line, absl::string_view name) const {
    return WithoutEnd(absl::string_view(lines[line]).substr(name.size() + 1));
  }
};

absl::Status CheckLines(const std::string& path, const std::vector<std::string>& lines) {
  std::set<absl::string_view> names;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (SaysNothing(WithoutEnd(lines[i]))) continue;
    const std::string where = absl::StrCat(path, ":", i + 1, ": ");
    const size_t end = lines[i].find('=');
    if (end == std::string::npos || end == 0) {
      return absl::InvalidArgumentError(absl::StrCat(where, "this is not NAME=VALUE; correct the line, or remove it"));
    }
    const absl::string_view name = absl::string_view(lines[i]).substr(0, end);
    if (names.insert(name).second) continue;
    return absl::InvalidArgumentError(absl::StrCat(where, name, " is there twice; remove one of the two lines"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Credentials> Read(const std::string& path) {
  absl::StatusOr<files::RegularFile> file = files::RegularFile::Open(path);
  if (!file.ok()) return file.status();
  if ((file->info().st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": others than its owner can read or write this file of secrets; run chmod 600 on it"));
  }
  const files::FileStamp stamp(file->info());
  const absl::StatusOr<std::string> text = file->ReadAll();
  if (!text.ok()) return text.status();
  Credentials credentials{stamp, absl::StrSplit(*text, '\n')};
  const absl::Status status = CheckLines(path, credentials.lines);
  if (!status.ok()) return status;
  return credentials;
}

class FileCredentials : public CredentialResolver {
 public:
  explicit FileCredentials(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::string> Resolve(absl::string_view channel_name, absl::string_view credential) const override {
    const absl::StatusOr<Credentials> file = Read(path_);
    if (!file.ok()) return file.status();
    const std::string name = credentials::CredentialName(channel_name, credential);
    const size_t line = file->Find(name);
    if (line == file->lines.size()) return Missing(channel_name, credential, name);
    return std::string(file->ValueAt(line, name));
  }

  absl::Status Replace(absl::string_view channel_name, absl::string_view credential, absl::string_view expected,
                       absl::string_view value) const override {
    if (value.find_first_of(absl::string_view("\n\r\0", 3)) != absl::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat(path_, ": a credential of several lines cannot be kept here"));
    }
    // Where the path is a link to it, the file itself is locked and replaced, by whatever name others know it.
    const absl::StatusOr<std::string> path = files::ResolvePath(path_, "the file of credentials cannot be found");
    if (!path.ok()) return path.status();
    const absl::StatusOr<files::FileLock> lock =
        files::FileLock::Acquire(absl::StrCat(*path, ".lock"), kLockWait, UnendingCall());
    if (!lock.ok()) return lock.status();
    absl::StatusOr<Credentials> file = Read(*path);
    if (!file.ok()) return file.status();
    const std::string name = credentials::CredentialName(channel_name, credential);
    const size_t line = file->Find(name);
    if (line == file->lines.size()) return Missing(channel_name, credential, name);
    if (file->ValueAt(line, name) != expected) {
      return absl::AbortedError(absl::StrCat(path_, ": ", name, " was replaced meanwhile; resolve it again"));
    }
    const absl::string_view end = absl::EndsWith(file->lines[line], "\r") ? "\r" : "";
    file->lines[line] = absl::StrCat(name, "=", value, end);
    return files::ReplaceFile(*path, file->stamp,
                              [&](files::TextSink sink) { return sink(absl::StrJoin(file->lines, "\n")); });
  }

 private:
  absl::Status Missing(absl::string_view channel_name, absl::string_view credential, absl::string_view name) const {
    return credentials::NoCredential(channel_name, credential, absl::StrCat("in ", path_),
                                     absl::StrCat("add a line ", name, "=VALUE"));
  }

  const std::string path_;
};

}  // namespace

std::unique_ptr<CredentialResolver> NewFileCredentials(std::string path) {
  return std::make_unique<FileCredentials>(std::move(path));
}

}  // namespace flxlink
