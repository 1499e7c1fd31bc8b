#include "src/storage/sqlite/sqlite_connection.h"

#include <cassert>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"

namespace flxlink::sqlite {
namespace {

// Whether a write failed for want of room, by what the system said of it. SQLite itself knows only ENOSPC as that, and
// sqlite3_system_errno does not tell of a failed commit.
bool OutOfRoom(int code, int system_error) {
  return code == SQLITE_IOERR_WRITE && (system_error == EFBIG || system_error == EDQUOT || system_error == ENOSPC);
}

}  // namespace

absl::Status SqliteError(sqlite3* db, int code, absl::string_view path, bool committing) {
  const int system_error = errno;
  const std::string what = absl::StrCat(path, ": ", db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db));
  const std::vector<Field> store = {{"path", std::string(path)}};
  if (OutOfRoom(code, system_error)) {
    return ProblemStatus(absl::StatusCode::kResourceExhausted, problem_code::kDiskFull, store,
                         absl::StrCat(what, "; the disk or quota is full: make room and try again"));
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return ProblemStatus(absl::StatusCode::kUnavailable, problem_code::kStoreBusy, store,
                           absl::StrCat(what, "; another program writes to it: try again when it is done"));
    case SQLITE_FULL:
      return ProblemStatus(absl::StatusCode::kResourceExhausted, problem_code::kDiskFull, store,
                           absl::StrCat(what, "; make room on the disk and try again"));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ProblemStatus(absl::StatusCode::kDataLoss, problem_code::kDamagedStore, store,
                           absl::StrCat(what, "; restore it from a backup"));
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return ProblemStatus(absl::StatusCode::kPermissionDenied, problem_code::kStoreDenied, store,
                           absl::StrCat(what, "; make the file and its folder writable for this user"));
    case SQLITE_CANTOPEN:
      return absl::NotFoundError(absl::StrCat(what, "; check that its folder is there and that this user may use it"));
    case SQLITE_IOERR:
      if (committing) {
        return absl::UnknownError(absl::StrCat(what, "; the change may or may not be stored: repeat it"));
      }
      return ProblemStatus(absl::StatusCode::kUnavailable, problem_code::kStoreUnavailable, store,
                           absl::StrCat(what, "; check the disk and try again"));
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(absl::StrCat(what, "; free memory and try again"));
    default:
      return absl::InternalError(absl::StrCat(what, " (SQLite result ", code, "); please report this"));
  }
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Role role,
                                                             absl::Duration busy_timeout) {
  sqlite3* db = nullptr;
  const int create = role == Role::kWriter ? SQLITE_OPEN_CREATE : 0;
  const int code = sqlite3_open_v2(
      path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | create, nullptr);
  std::unique_ptr<Connection> connection(new Connection(path, db));
  if (code != SQLITE_OK) return SqliteError(db, code, path, false);
  sqlite3_busy_timeout(db, static_cast<int>(absl::ToInt64Milliseconds(busy_timeout)));
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  absl::Status status =
      connection->Execute("PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY");
  if (status.ok()) {
    // Bulk writes touch pages of half a dozen trees in turn, and point reads the upper pages of as many.
    status = connection->Execute(role == Role::kWriter ? "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536"
                                                       : "PRAGMA query_only = 1; PRAGMA cache_size = -32768");
  }
  if (!status.ok()) return status;
  // The hook takes the place of automatic checkpoints; it only notes how far the log has grown.
  sqlite3_wal_hook(
      db,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      connection.get());
  return connection;
}

Connection::~Connection() {
  if (db_ == nullptr) return;
  for (const auto& entry : statements_) sqlite3_finalize(entry.second);
  sqlite3_close(db_);
}

absl::Status Connection::Execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(db_, code, path_, false);
}

absl::Status Connection::Begin(const char* sql) {
  status_ = absl::OkStatus();
  Query(*this, sql).Run();
  return status_;
}

absl::Status Connection::BeginWrite() { return Begin("BEGIN IMMEDIATE"); }
absl::Status Connection::BeginRead() { return Begin("BEGIN"); }

absl::Status Connection::Commit() {
  if (status_.ok()) {
    sqlite3_stmt* const commit = Prepare("COMMIT");
    const int code = sqlite3_step(commit);
    if (code != SQLITE_DONE) FailWith(code, true);
    sqlite3_reset(commit);
  }
  absl::Status result = status_;
  if (!result.ok()) Rollback();
  return result;
}

void Connection::Rollback() {
  // SQLite itself has rolled back after some errors.
  if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

absl::StatusOr<int64_t> Connection::ReadDataVersion() {
  status_ = absl::OkStatus();
  int64_t version = 0;
  Query query(*this, "PRAGMA data_version");
  if (query.Bind().Next()) version = query.Int(0);
  if (!status_.ok()) return status_;
  return version;
}

absl::Status Connection::BeginPart() { return Begin("SAVEPOINT part"); }

absl::Status Connection::EndPart() {
  Query(*this, "RELEASE part").Run();
  return status_;
}

absl::Status Connection::RollbackPart() {
  // After some errors SQLite itself has rolled back the transaction, and there is no part to go back to.
  if (sqlite3_get_autocommit(db_) != 0) return status_;
  status_ = absl::OkStatus();
  Query(*this, "ROLLBACK TO part").Run();
  return EndPart();
}

absl::Status Connection::SetLasting(bool lasting) {
  if (lasting == lasting_) return absl::OkStatus();
  const absl::Status status = Execute(lasting ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  if (status.ok()) lasting_ = lasting;
  return status;
}

void Connection::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

void Connection::FailCorrupt(absl::string_view what) {
  Fail(ProblemStatus(absl::StatusCode::kDataLoss, problem_code::kDamagedStore, {{"path", path_}},
                     absl::StrCat(path_, ": cannot read the stored value \"", what, "\"; restore it from a backup")));
}

bool Connection::LogIsBeyond(int64_t bytes) {
  if (page_bytes_ == 0) {
    Query size(*this, "PRAGMA page_size");
    if (size.Bind().Next()) page_bytes_ = size.Int(0);
  }
  return log_pages_ * page_bytes_ > bytes;
}

void Connection::Checkpoint() { sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr); }

void Connection::EndLog() {
  sqlite3_busy_timeout(db_, 0);
  sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

absl::Status Connection::CopyTo(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Connection>> target = Open(path, Role::kWriter, absl::ZeroDuration());
  if (!target.ok()) return target.status();
  sqlite3* const to = (*target)->db_;
  sqlite3_backup* const backup = sqlite3_backup_init(to, "main", db_, "main");
  if (backup == nullptr) return SqliteError(to, sqlite3_errcode(to), path, false);
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(to, code, path, false);
}

bool Connection::IsInPlace() {
  int moved = 0;
  return sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved == 0;
}

sqlite3_stmt* Connection::Prepare(absl::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) {
    assert(sqlite3_stmt_busy(found->second) == 0);
    return found->second;
  }
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) {
    FailWith(code, false);
    return nullptr;
  }
  statements_.emplace(sql, statement);
  return statement;
}

bool Query::Next() {
  if (!db_.status_.ok()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) db_.FailWith(code, false);
  sqlite3_reset(statement_);
  return false;
}

int64_t Query::RunBound() {
  while (Next()) {
  }
  return db_.status_.ok() ? db_.changes() : 0;
}

absl::string_view Query::Text(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  return absl::string_view(static_cast<const char*>(bytes),
                           static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

absl::Time Query::Time(int column) const {
  return IsNull(column) ? absl::InfinitePast() : absl::FromUnixMicros(Int(column));
}

absl::optional<absl::Time> Query::OptionalTime(int column) const {
  if (IsNull(column)) return absl::nullopt;
  return absl::FromUnixMicros(Int(column));
}

absl::optional<int64_t> Query::OptionalInt(int column) const {
  if (IsNull(column)) return absl::nullopt;
  return Int(column);
}

void Query::BindOne(int index, absl::string_view text, sqlite3_destructor_type lifetime) {
  // A null pointer would be NULL, which an empty text is not.
  sqlite3_bind_text64(statement_, index, text.empty() ? "" : text.data(), text.size(), lifetime, SQLITE_UTF8);
}

void Query::BindOne(int index, NullIfEmpty value, sqlite3_destructor_type lifetime) {
  if (value.text.empty()) {
    sqlite3_bind_null(statement_, index);
  } else {
    BindOne(index, value.text, lifetime);
  }
}

void Query::BindOne(int index, NullIfAbsent value, sqlite3_destructor_type) {
  if (value.number == kAbsent) {
    sqlite3_bind_null(statement_, index);
  } else {
    sqlite3_bind_int64(statement_, index, value.number);
  }
}

void Query::BindOne(int index, NullIfZero value, sqlite3_destructor_type) {
  if (value.number == 0) {
    sqlite3_bind_null(statement_, index);
  } else {
    sqlite3_bind_int64(statement_, index, value.number);
  }
}

void Query::BindOne(int index, Blob value, sqlite3_destructor_type lifetime) {
  sqlite3_bind_blob64(statement_, index, value.bytes.empty() ? "" : value.bytes.data(), value.bytes.size(), lifetime);
}

void Query::BindOne(int index, absl::Time value, sqlite3_destructor_type) {
  if (value == absl::InfinitePast() || value == absl::InfiniteFuture()) {
    sqlite3_bind_null(statement_, index);
  } else {
    sqlite3_bind_int64(statement_, index, absl::ToUnixMicros(value));
  }
}

void Query::BindOne(int index, const absl::optional<absl::Time>& value, sqlite3_destructor_type lifetime) {
  BindOne(index, value.value_or(absl::InfinitePast()), lifetime);
}

void Query::BindOne(int index, const absl::optional<int64_t>& value, sqlite3_destructor_type lifetime) {
  if (value.has_value()) {
    BindOne(index, *value, lifetime);
  } else {
    sqlite3_bind_null(statement_, index);
  }
}

}  // namespace flxlink::sqlite
