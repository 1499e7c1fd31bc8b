// Looks for what cannot be in a store: what SQLite itself finds, and what the meaning of the tables rules out.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_CHECK_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_CHECK_H_

#include <string>
#include <vector>

#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

// What PRAGMA integrity_check finds: damaged pages, and indexes that are not as their tables are.
std::vector<std::string> CheckIntegrity(Connection& db);

// What the tables say that cannot be, a line each. Each kind of finding is one statement over one state of the
// database; of one kind no more than a hundred are named.
std::vector<std::string> CheckTables(Connection& db);

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_CHECK_H_
