#include "src/storage/sqlite/sqlite_storage.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_schema.h"
#include "src/storage/storage_errors.h"
#include "src/storage/storage_rules.h"

namespace flxlink::sqlite {
namespace {

constexpr int kMostReaders = 4;

// The absolute path without symbolic links, also of a file that is yet to be made: whatever name a process knows the
// store by, it must come to the same locks.
absl::StatusOr<std::string> ResolvePath(const std::string& path) {
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) != nullptr) {
    struct stat info;
    if (stat(resolved, &info) == 0 && S_ISDIR(info.st_mode)) return SystemError(EISDIR, path);
    return std::string(resolved);
  }
  if (errno != ENOENT) return SystemError(errno, path);
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty())
    return absl::InvalidArgumentError(absl::StrCat("\"", path, "\" does not name a file for the store"));
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (realpath(folder.c_str(), resolved) == nullptr) return SystemError(errno, folder);
  return absl::StrCat(resolved, "/", name);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStorage>> SqliteStorage::Open(const std::string& path,
                                                                   const SqliteOptions& options) {
  absl::StatusOr<std::string> resolved = ResolvePath(path);
  if (!resolved.ok()) return resolved.status();
  auto lock = WriterLock::Open(*resolved);
  if (!lock.ok()) return lock.status();
  auto owners = OwnerLocks::Open(*resolved);
  if (!owners.ok()) return owners.status();
  std::unique_ptr<SqliteStorage> storage(
      new SqliteStorage(*std::move(resolved), options, *std::move(lock), *std::move(owners)));
  absl::Status status = storage->OpenWriter();
  if (!status.ok()) return status;
  return storage;
}

SqliteStorage::SqliteStorage(std::string path, const SqliteOptions& options, WriterLock lock, OwnerLocks owners)
    : path_(std::move(path)),
      options_(options),
      process_(getpid()),
      owners_(std::move(owners)),
      writer_lock_(std::move(lock)) {}

SqliteStorage::~SqliteStorage() {
  if (getpid() == process_) return;
  absl::MutexLock lock(&mutex_);
  for (const auto& reader : idle_readers_) reader->Abandon();
  if (writer_ != nullptr) writer_->Abandon();
}

absl::Status SqliteStorage::OpenWriter() {
  absl::Status status = writer_lock_.Acquire(options_.lock_timeout);
  if (!status.ok()) return status;
  auto writer = Connection::Open(path_, Connection::Role::kWriter, options_.lock_timeout);
  status = writer.status();
  if (status.ok()) {
    writer_ = *std::move(writer);
    status = MigrateSchema(*writer_);
  }
  writer_lock_.Release();
  return status;
}

absl::Status SqliteStorage::CheckProcess() const {
  if (getpid() == process_) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path_, ": the store was opened by process ", process_,
                                                    " before a fork; open it again in this process"));
}

absl::Status SqliteStorage::Write(Body body) {
  absl::Status status = CheckProcess();
  if (status.ok()) status = AwaitTurn();
  if (!status.ok()) return status;
  status = writer_lock_.Acquire(options_.lock_timeout);
  if (status.ok()) {
    status = WriteLocked(body);
    if (status.ok()) writer_->CheckpointBeyond(options_.checkpoint_bytes);
    writer_lock_.Release();
  }
  EndTurn();
  return status;
}

absl::Status SqliteStorage::WriteLocked(Body body) {
  absl::Status status = writer_->BeginWrite();
  if (!status.ok()) return status;
  status = body(*writer_);
  // What the body made of rows that could not be read means nothing.
  if (!writer_->status().ok()) status = writer_->status();
  if (status.ok()) return writer_->Commit();
  writer_->Rollback();
  return status;
}

absl::Status SqliteStorage::WriteFenced(const Fence& fence, Body body) {
  return Write([&](Connection& db) {
    Query query(db, "SELECT 1 FROM slot WHERE channel_id = ?1 AND holder_job = ?2 AND epoch = ?3");
    if (!query.Bind(fence.channel_id, fence.job_id, fence.epoch).Next()) return storage::StaleFence(fence);
    return body(db);
  });
}

absl::Status SqliteStorage::ReadOn(Connection& db, Body body) {
  absl::Status status = db.BeginRead();
  if (!status.ok()) return status;
  status = body(db);
  const absl::Status ended = db.Commit();
  return ended.ok() ? status : ended;
}

absl::Status SqliteStorage::Read(Body body) {
  absl::Status status = CheckProcess();
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Connection>> reader = TakeReader();
  if (!reader.ok()) return reader.status();
  status = ReadOn(**reader, body);
  GiveBackReader(*std::move(reader));
  return status;
}

absl::Status SqliteStorage::ReadOfChannel(int64_t channel_id, Body body) {
  return Read(
      [&](Connection& db) { return ChannelExists(db, channel_id) ? body(db) : storage::NoSuchChannel(channel_id); });
}

absl::Status SqliteStorage::ReadBetweenWrites(int64_t channel_id, Body body) {
  absl::Status status = CheckProcess();
  if (status.ok()) status = AwaitTurn();
  if (!status.ok()) return status;
  status = ReadOn(*writer_, [&](Connection& db) {
    return ChannelExists(db, channel_id) ? body(db) : storage::NoSuchChannel(channel_id);
  });
  EndTurn();
  return status;
}

absl::Status SqliteStorage::AwaitTurn() {
  absl::MutexLock lock(&mutex_);
  const auto free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writing_; };
  if (!mutex_.AwaitWithTimeout(absl::Condition(&free), options_.lock_timeout)) {
    return ProblemStatus(absl::StatusCode::kUnavailable, problem_code::kStoreBusy, {{"path", path_}},
                         absl::StrCat(path_, ": other threads of this process have been writing for more than ",
                                      absl::FormatDuration(options_.lock_timeout), "; try again"));
  }
  writing_ = true;
  return absl::OkStatus();
}

void SqliteStorage::EndTurn() {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
}

absl::StatusOr<std::unique_ptr<Connection>> SqliteStorage::TakeReader() {
  {
    absl::MutexLock lock(&mutex_);
    const auto available = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !idle_readers_.empty() || open_readers_ < kMostReaders;
    };
    mutex_.Await(absl::Condition(&available));
    if (!idle_readers_.empty()) {
      std::unique_ptr<Connection> reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
    ++open_readers_;
  }
  auto reader = Connection::Open(path_, Connection::Role::kReader, options_.lock_timeout);
  if (!reader.ok()) {
    absl::MutexLock lock(&mutex_);
    --open_readers_;
  }
  return reader;
}

void SqliteStorage::GiveBackReader(std::unique_ptr<Connection> reader) {
  absl::MutexLock lock(&mutex_);
  idle_readers_.push_back(std::move(reader));
}

bool SqliteStorage::IsOwnerAlive(Connection& db, OwnerId owner) const {
  const absl::StatusOr<bool> alive = owners_.IsAlive(owner);
  if (!alive.ok()) db.Fail(alive.status());
  return alive.ok() && *alive;
}

absl::StatusOr<int64_t> SqliteStorage::ReserveIds(int64_t count) {
  if (count < 1) return absl::InvalidArgumentError(absl::StrCat("asked for ", count, " ids; ask for at least one"));
  int64_t first = 0;
  absl::Status status = Write([&](Connection& db) {
    first = NextInSequence(db, "reserved", count);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return first;
}

}  // namespace flxlink::sqlite

namespace flxlink {

absl::StatusOr<std::unique_ptr<Storage>> OpenSqliteStorage(const std::string& path, const SqliteOptions& options) {
  auto storage = sqlite::SqliteStorage::Open(path, options);
  if (!storage.ok()) return storage.status();
  return std::unique_ptr<Storage>(*std::move(storage));
}

}  // namespace flxlink
