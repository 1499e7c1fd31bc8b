// The schema of a SQLite store: its tables, and how older ones are brought forward. README.md tells what each column
// means.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_SCHEMA_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_SCHEMA_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

// PRAGMA application_id of a store: "flxl".
constexpr int64_t kApplicationId = 0x666c786c;

// PRAGMA user_version of a store that this library writes.
constexpr int64_t kSchemaVersion = 3;

// The version of the schema; 0 in an empty database. FAILED_PRECONDITION: as below.
absl::StatusOr<int64_t> ReadSchemaVersion(Connection& db);

// Makes the tables of an empty database, or brings an older schema forward, to `version`, one version a transaction.
// Call it under the writer lock. FAILED_PRECONDITION: the schema is newer than this library knows, or the database is
// another program's.
absl::Status MigrateSchema(Connection& db, int64_t version = kSchemaVersion);

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_SCHEMA_H_
