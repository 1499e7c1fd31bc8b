// Picking rows of a batch of links.

#ifndef FLXLINK_SRC_ENGINE_BATCH_ROWS_H_
#define FLXLINK_SRC_ENGINE_BATCH_ROWS_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "flxlink/sync.h"

namespace flxlink::engine {

// Adds row i of one batch to another.
void AddRow(const SyncBatch& from, int64_t i, SyncBatch* to);

// The rows that `takes` takes.
SyncBatch RowsWhere(const SyncBatch& batch, absl::FunctionRef<bool(int64_t i)> takes);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_BATCH_ROWS_H_
