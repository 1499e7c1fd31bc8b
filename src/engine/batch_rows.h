// Picking rows of a batch of links.

#ifndef FLXLINK_SRC_ENGINE_BATCH_ROWS_H_
#define FLXLINK_SRC_ENGINE_BATCH_ROWS_H_

#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "flxlink/sync.h"

namespace flxlink::engine {

// Adds row i of one batch to another.
void AddRow(const SyncBatch& from, int64_t i, SyncBatch* to);

// The rows whose items are not among those with these ids.
SyncBatch WithoutItems(const SyncBatch& batch, const absl::flat_hash_set<int64_t>& ids);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_BATCH_ROWS_H_
