// A store in a SQLite database, and its upkeep: backup, check, vacuum, migration. docs/operations.md tells how to run
// one; the tables are described in src/storage/sqlite/README.md and may be read by anyone.
//
// The files. While a process has the store open there are, beside the database at PATH, SQLite's PATH-wal (what was
// committed last) and PATH-shm, PATH-lock (the writer lock) and PATH-owners (where living owners hold kernel locks).
// When the last process closes the store in good order, everything is in PATH, and PATH-wal and PATH-shm are gone.
//
// One machine. Several processes may have a store open, all on one machine; not over a network file system. Symbolic
// links may lead to the database, hard links may not: SQLite keeps its log beside the name that it was given.
//
// Removing or replacing any of the files while processes have the store open makes every later operation of those
// processes FAILED_PRECONDITION, naming the file: they could not tell any more who else writes.

#ifndef FLXLINK_SQLITE_STORAGE_H_
#define FLXLINK_SQLITE_STORAGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flxlink/clock.h"
#include "flxlink/storage.h"

namespace flxlink {

// Options of a SQLite store.
struct SqliteOptions {
  // Whether a store that is not there is made (its folder must be). Default yes. Otherwise that is NOT_FOUND, and
  // nothing is left at the path.
  bool create = true;
  // How long an operation waits for the one writer lock between processes before it gives up with UNAVAILABLE. Default
  // 10 s.
  absl::Duration lock_timeout = absl::Seconds(10);
  // The write-ahead log is checkpointed when it has grown beyond this. Default 64 MiB. It is also checkpointed when the
  // store is closed, if the writer lock can be had at once.
  int64_t checkpoint_bytes = int64_t{64} << 20;
  // What Storage::Now reads. Must outlive the store, and be the same for all processes that have it open. Default: the
  // machine's (SystemClock), which they share.
  const Clock* clock = nullptr;
  // How long an operation that takes several pages (WritePulledPages) keeps the writer lock before it leaves the rest
  // of them for the next time. Default half a second; zero: one page at a time.
  absl::Duration bulk_write_time = absl::Milliseconds(500);
};

// Opens the store at `path` and brings an older schema forward.
//
// INVALID_ARGUMENT: not a regular file (a folder, pipe or device). NOT_FOUND: see SqliteOptions::create.
// FAILED_PRECONDITION: the schema is newer than this library knows, it is another program's database, or the file has
// several names (hard links). DATA_LOSS: not a database, damaged, or empty where there was a store.
absl::StatusOr<std::unique_ptr<Storage>> OpenSqliteStorage(const std::string& path, const SqliteOptions& options = {});

// The upkeep of a store, for a command or a host between its jobs. These are functions of a path and not operations of
// Storage: what a store needs to stay sound is its database's own, and another storage has other tools for it. Others
// may work with the store meanwhile. All open the store like OpenSqliteStorage but never make one.

// Copies the store as it is at one moment into the new file `target`, which appears whole, checked and on the disk, or
// not at all. ALREADY_EXISTS: there is a file of that name. DATA_LOSS: the copy is damaged, since the store is.
absl::Status BackupSqliteStore(const std::string& path, const std::string& target, const SqliteOptions& options = {});

// Reads all of the store and returns what is wrong with it, a line each that names table and row: what SQLite itself
// finds (PRAGMA integrity_check, which compares indexes with tables), and what the meaning of the tables rules out.
// Finds nothing where a damaged value is one that could be: SQLite keeps no checksums of its pages.
absl::StatusOr<std::vector<std::string>> CheckSqliteStore(const std::string& path, const SqliteOptions& options = {});

struct SqliteVacuum {
  int64_t bytes_before = 0;
  int64_t bytes_after = 0;
};

// Rewrites the database without the room that removed rows have left, under the writer lock: writers wait. It needs
// room on the disk for two more copies.
absl::StatusOr<SqliteVacuum> VacuumSqliteStore(const std::string& path, const SqliteOptions& options = {});

struct SqliteMigration {
  int64_t from = 0;  // The schema's version before.
  int64_t to = 0;
};

// Brings an older schema forward, which every opening does, and says from which version.
absl::StatusOr<SqliteMigration> MigrateSqliteStore(const std::string& path, const SqliteOptions& options = {});

}  // namespace flxlink

#endif  // FLXLINK_SQLITE_STORAGE_H_
