#include "src/storage/sqlite/sqlite_storage.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_schema.h"
#include "src/storage/sqlite/write_group.h"

namespace flxlink::sqlite {
namespace {

constexpr int kMostReaders = 4;

// Writes of others that are done with one, at most: it waits for them.
constexpr size_t kMostTogether = 64;

// There is no store, and none is to be made.
absl::Status NoStore(absl::string_view path) {
  return absl::NotFoundError(absl::StrCat(
      path, ": there is no store (the file is missing or empty); check the path, or open it so that one is made"));
}

// OK where a store may be made of what is at the path, which holds no tables. The owners' file is made only once a
// store has its tables, so beside an empty database it shows that the database has lost them.
absl::Status CheckMayMake(const std::string& path, const StoreFile& file, bool create) {
  if (file.exists && FileExists(absl::StrCat(path, "-owners"))) {
    return absl::DataLossError(absl::StrCat(path, ": it has no tables, though ", path,
                                            "-owners shows that it was a store; restore it from a backup, or remove "
                                            "both to begin anew"));
  }
  return create ? absl::OkStatus() : NoStore(path);
}

// SQLite removes the log of a database that is empty: what a lost database has left there is not to be lost too.
absl::Status CheckLog(const std::string& path, const StoreFile& file) {
  if (file.bytes > 0 || FileBytes(absl::StrCat(path, "-wal")) == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": the file is missing or empty, and ", path,
                                          "-wal holds a part of a store; restore the store from a backup, or remove ",
                                          path, "-wal to begin anew"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStorage>> SqliteStorage::Open(const std::string& path,
                                                                   const SqliteOptions& options) {
  absl::StatusOr<std::string> resolved = ResolvePath(path);
  if (!resolved.ok()) return resolved.status();
  // What is no store gets no lock file. What is seen here may have changed once the lock is held, and is looked at
  // again.
  const absl::StatusOr<StoreFile> file = LookAtStore(*resolved);
  if (!file.ok()) return file.status();
  if (!file->exists && !options.create) return NoStore(*resolved);
  auto lock = WriterLock::Open(*resolved);
  if (!lock.ok()) return lock.status();
  std::unique_ptr<SqliteStorage> storage(new SqliteStorage(*std::move(resolved), options, *std::move(lock)));
  absl::Status status = storage->writer_lock_.Acquire(options.lock_timeout);
  if (!status.ok()) return status;
  status = storage->OpenLocked();
  storage->writer_lock_.Release();
  if (!status.ok()) return status;
  return storage;
}

SqliteStorage::SqliteStorage(std::string path, const SqliteOptions& options, WriterLock lock)
    : path_(std::move(path)), options_(options), process_(getpid()), writer_lock_(std::move(lock)) {}

SqliteStorage::~SqliteStorage() {
  absl::MutexLock lock(&mutex_);
  absl::MutexLock watch_lock(&watch_mutex_);
  if (getpid() != process_) {
    for (const auto& reader : idle_readers_) reader->Abandon();
    watch_.Abandon();
    if (writer_ != nullptr) writer_->Abandon();
    return;
  }
  idle_readers_.clear();
  watch_.Close();
  CloseWriter();
}

// Whoever cannot have the lock at once leaves the log to the one who has it.
void SqliteStorage::CloseWriter() {
  if (writer_ == nullptr || owners_ == absl::nullopt) return;
  if (!LockWriter(absl::ZeroDuration()).ok()) return;
  writer_->EndLog();
  writer_.reset();
  writer_lock_.Release();
}

absl::Status SqliteStorage::OpenLocked() {
  const absl::StatusOr<StoreFile> file = LookAtStore(path_);
  if (!file.ok()) return file.status();
  absl::Status status = CheckLog(path_, *file);
  if (status.ok() && file->bytes == 0) status = CheckMayMake(path_, *file, options_.create);
  if (status.ok()) status = OpenWriter(*file);
  if (!status.ok()) return status;
  auto owners = OwnerLocks::Open(path_);
  if (!owners.ok()) return owners.status();
  owners_ = *std::move(owners);
  return HoldFiles();
}

absl::Status SqliteStorage::OpenWriter(const StoreFile& file) {
  auto writer = Connection::Open(path_, Connection::Role::kWriter, options_.lock_timeout);
  if (!writer.ok()) return writer.status();
  writer_ = *std::move(writer);
  const absl::StatusOr<int64_t> version = ReadSchemaVersion(*writer_);
  if (!version.ok()) return version.status();
  if (*version == 0) {
    const absl::Status status = CheckMayMake(path_, file, options_.create);
    if (!status.ok()) return status;
  }
  opened_version_ = *version;
  const absl::Status status = MigrateSchema(*writer_);
  // SQLite makes the log's files when they are first needed: for this look at the latest.
  return status.ok() ? ReadSchemaVersion(*writer_).status() : status;
}

absl::Status SqliteStorage::HoldFiles() {
  held_ = {writer_lock_.held(), owners_->held()};
  for (const absl::string_view suffix : {"", "-wal", "-shm"}) {
    const absl::StatusOr<HeldFile> file = Hold(absl::StrCat(path_, suffix));
    if (!file.ok()) return file.status();
    held_.push_back(*file);
  }
  if (writer_->IsInPlace()) return CheckFiles();
  return absl::FailedPreconditionError(absl::StrCat(path_, ": it was replaced while it was opened; open it again"));
}

absl::Status SqliteStorage::CheckFiles() const {
  for (const HeldFile& file : held_) {
    const absl::Status status = CheckInPlace(file);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SqliteStorage::CheckProcess() const {
  if (getpid() == process_) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path_, ": the store was opened by process ", process_,
                                                    " before a fork; open it again in this process"));
}

absl::Status SqliteStorage::LockWriter(absl::Duration timeout) {
  absl::Status status = writer_lock_.Acquire(timeout);
  if (!status.ok()) return status;
  status = CheckFiles();
  if (!status.ok()) writer_lock_.Release();
  return status;
}

absl::Status SqliteStorage::WithWriter(Body body) {
  return WithTurn([&] {
    absl::Status status = LockWriter(options_.lock_timeout);
    if (!status.ok()) return status;
    status = body(*writer_);
    writer_lock_.Release();
    return status;
  });
}

absl::Status SqliteStorage::WithTurn(absl::FunctionRef<absl::Status()> body) {
  absl::Status status = CheckProcess();
  if (!status.ok()) return status;
  // Is never taken by another.
  const auto nothing = [](Connection&) { return absl::OkStatus(); };
  PendingWrite write{nothing, WriteKind::kBulk, absl::OkStatus()};
  if (turns_.Await(write, options_.lock_timeout) == WriteTurns::Outcome::kTimedOut) return TurnTimedOut();
  status = body();
  turns_.End({});
  return status;
}

absl::Status SqliteStorage::Write(WriteKind kind, Body body) {
  const absl::Status status = CheckProcess();
  if (!status.ok()) return status;
  PendingWrite write{body, kind, absl::OkStatus()};
  const WriteTurns::Outcome outcome = turns_.Await(write, options_.lock_timeout);
  if (outcome == WriteTurns::Outcome::kTimedOut) return TurnTimedOut();
  if (outcome == WriteTurns::Outcome::kDone) return write.status;
  std::vector<PendingWrite*> taken;
  write.status = LockWriter(options_.lock_timeout);
  if (write.status.ok()) {
    WriteTogether(write, &taken);
    if (writer_->LogIsBeyond(options_.checkpoint_bytes) && CheckFiles().ok()) writer_->Checkpoint();
    writer_lock_.Release();
  }
  turns_.End(taken);
  return write.status;
}

void SqliteStorage::WriteTogether(PendingWrite& write, std::vector<PendingWrite*>* taken) {
  write.status = writer_->SetLasting(write.kind != WriteKind::kSmallStep);
  if (!write.status.ok()) return;
  WriteGroup group(*writer_);
  group.Run(write);
  while (taken->size() < kMostTogether) {
    PendingWrite* const next = turns_.Take(write.kind);
    if (next == nullptr) break;
    taken->push_back(next);
    group.Run(*next);
  }
  group.Commit([&] { return CheckFiles(); });
}

absl::Status SqliteStorage::WriteFenced(const Fence& fence, WriteKind kind, Body body) {
  return Write(kind, [&](Connection& db) {
    Query query(db, "SELECT 1 FROM slot WHERE channel_id = ?1 AND holder_job = ?2 AND epoch = ?3 AND claim = ?4");
    if (!query.Bind(fence.channel_id, fence.job_id, fence.epoch, static_cast<int64_t>(fence.claim)).Next())
      return storage::StaleFence(fence);
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
  if (status.ok()) status = CheckFiles();
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
  return WithTurn([&] {
    const absl::Status status = CheckFiles();
    if (!status.ok()) return status;
    return ReadOn(*writer_, [&](Connection& db) {
      return ChannelExists(db, channel_id) ? body(db) : storage::NoSuchChannel(channel_id);
    });
  });
}

absl::Status SqliteStorage::TurnTimedOut() const {
  return ProblemStatus(absl::StatusCode::kUnavailable, problem_code::kStoreBusy, {{"path", path_}},
                       absl::StrCat(path_, ": other threads of this process have been writing for more than ",
                                    absl::FormatDuration(options_.lock_timeout), "; try again"));
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
  const absl::StatusOr<bool> alive = owners_->IsAlive(owner);
  if (!alive.ok()) db.Fail(alive.status());
  return alive.ok() && *alive;
}

absl::StatusOr<int64_t> SqliteStorage::ReserveIds(int64_t count) {
  if (count < 1) return absl::InvalidArgumentError(absl::StrCat("asked for ", count, " ids; ask for at least one"));
  int64_t first = 0;
  // An id that is lost with the power was used by nothing that is there after it.
  absl::Status status = Write(WriteKind::kSmallStep, [&](Connection& db) {
    first = NextInSequence(db, "reserved", count);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return first;
}

absl::StatusOr<absl::Time> SqliteStorage::Now() {
  return options_.clock == nullptr ? SystemClock().Now() : options_.clock->Now();
}

}  // namespace flxlink::sqlite

namespace flxlink {

absl::StatusOr<std::unique_ptr<Storage>> OpenSqliteStorage(const std::string& path, const SqliteOptions& options) {
  auto storage = sqlite::SqliteStorage::Open(path, options);
  if (!storage.ok()) return storage.status();
  return std::unique_ptr<Storage>(*std::move(storage));
}

}  // namespace flxlink
