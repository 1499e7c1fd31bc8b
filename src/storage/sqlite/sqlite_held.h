// What the circuit breaker holds, over a channel's links.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_HELD_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_HELD_H_

#include <cstdint>
#include <set>

#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

// The jobs by which something is held.
std::set<int64_t> FindHoldingJobs(Connection& db, int64_t channel_id);

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_HELD_H_
