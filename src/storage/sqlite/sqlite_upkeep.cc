// Backup, check, vacuum and migration of a store; see flxlink/sqlite_storage.h.

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "src/storage/sqlite/sqlite_check.h"
#include "src/storage/sqlite/sqlite_schema.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

constexpr absl::Duration kBusyTimeout = absl::Seconds(10);

absl::StatusOr<std::unique_ptr<SqliteStorage>> OpenExisting(const std::string& path, SqliteOptions options) {
  options.create = false;
  return SqliteStorage::Open(path, options);
}

absl::Status AlreadyThere(absl::string_view target) {
  return absl::AlreadyExistsError(
      absl::StrCat(target, ": there is a file of that name, which a backup does not replace; name another"));
}

// A file that is removed unless it got its final name.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) unlink(absl::StrCat(path_, suffix).c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

  // Takes the name for good. ALREADY_EXISTS: it is another file's.
  absl::Status Become(const std::string& target) const {
    if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return absl::OkStatus();
    if (errno == EEXIST || FileExists(target)) return AlreadyThere(target);
    // Not every file system knows how to not replace.
    if (rename(path_.c_str(), target.c_str()) == 0) return absl::OkStatus();
    return SystemError(errno, target);
  }

 private:
  const std::string path_;
};

// Waits until a file, or a folder's list of names, is on the disk.
absl::Status Sync(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return SystemError(errno, path);
  const bool synced = fsync(descriptor) == 0;
  const int error = errno;
  close(descriptor);
  return synced ? absl::OkStatus() : SystemError(error, path);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// The copy is one file: a store takes up its log when it is opened.
absl::Status CheckCopy(const std::string& path) {
  auto copy = Connection::Open(path, Connection::Role::kWriter, kBusyTimeout);
  if (!copy.ok()) return copy.status();
  const absl::Status status = (*copy)->Execute("PRAGMA journal_mode = DELETE");
  if (!status.ok()) return status;
  const absl::StatusOr<int64_t> version = ReadSchemaVersion(**copy);
  if (!version.ok()) return version.status();
  const std::vector<std::string> findings = CheckIntegrity(**copy);
  if (findings.empty()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": the copy is damaged, as the store must be (", findings.front(),
                                          "); check the store, and restore it from an earlier backup"));
}

absl::Status BackUp(Connection& from, const std::string& target) {
  if (FileExists(target)) return AlreadyThere(target);
  const TemporaryFile file(absl::StrCat(target, ".part-", getpid()));
  absl::Status status = from.CopyTo(file.path());
  if (status.ok()) status = CheckCopy(file.path());
  if (status.ok()) status = Sync(file.path());
  if (status.ok()) status = file.Become(target);
  if (status.ok()) status = Sync(FolderOf(target));
  return status;
}

}  // namespace

absl::Status SqliteStorage::WithReader(Body body) {
  absl::Status status = CheckProcess();
  if (status.ok()) status = CheckFiles();
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Connection>> reader = TakeReader();
  if (!reader.ok()) return reader.status();
  status = body(**reader);
  GiveBackReader(*std::move(reader));
  return status;
}

absl::StatusOr<SqliteVacuum> SqliteStorage::Vacuum() {
  SqliteVacuum result;
  absl::Status status = WithWriter([&](Connection& db) {
    db.Checkpoint();
    result.bytes_before = FileBytes(path_);
    // A copy of a large store is not for memory.
    const absl::Status vacuumed = db.Execute("PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = MEMORY");
    if (vacuumed.ok() && CheckFiles().ok()) db.Checkpoint();
    result.bytes_after = FileBytes(path_);
    return vacuumed;
  });
  if (!status.ok()) return status;
  return result;
}

}  // namespace flxlink::sqlite

namespace flxlink {

absl::Status BackupSqliteStore(const std::string& path, const std::string& target, const SqliteOptions& options) {
  auto storage = sqlite::OpenExisting(path, options);
  if (!storage.ok()) return storage.status();
  return (*storage)->WithReader([&](sqlite::Connection& db) { return sqlite::BackUp(db, target); });
}

absl::StatusOr<std::vector<std::string>> CheckSqliteStore(const std::string& path, const SqliteOptions& options) {
  auto storage = sqlite::OpenExisting(path, options);
  if (!storage.ok()) return storage.status();
  std::vector<std::string> findings;
  absl::Status status = (*storage)->WithReader([&](sqlite::Connection& db) {
    findings = sqlite::CheckIntegrity(db);
    for (std::string& finding : sqlite::CheckTables(db)) findings.push_back(std::move(finding));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return findings;
}

absl::StatusOr<SqliteVacuum> VacuumSqliteStore(const std::string& path, const SqliteOptions& options) {
  auto storage = sqlite::OpenExisting(path, options);
  if (!storage.ok()) return storage.status();
  return (*storage)->Vacuum();
}

absl::StatusOr<SqliteMigration> MigrateSqliteStore(const std::string& path, const SqliteOptions& options) {
  auto storage = sqlite::OpenExisting(path, options);
  if (!storage.ok()) return storage.status();
  return SqliteMigration{(*storage)->opened_version(), sqlite::kSchemaVersion};
}

}  // namespace flxlink
