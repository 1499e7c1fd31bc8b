// What the circuit breaker holds, over a channel's links.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_HELD_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_HELD_H_

#include <cstdint>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "flxlink/breaker.h"
#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

// The jobs by which something is held.
std::set<int64_t> FindHoldingJobs(Connection& db, int64_t channel_id);

// Keeps what is held of a link.
void WriteHeld(Connection& db, int64_t channel_id, int64_t listing_id, const std::vector<HeldChange>& held);
// Adds to the changes of the hour.
void AddChanges(Connection& db, int64_t channel_id, const ChangeCounts& changes, absl::Time now);

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_HELD_H_
