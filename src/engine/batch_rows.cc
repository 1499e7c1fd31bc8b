#include "src/engine/batch_rows.h"

#include <cstddef>

namespace flxlink::engine {

void AddRow(const SyncBatch& from, int64_t i, SyncBatch* to) {
  to->rows.push_back(from.rows[static_cast<size_t>(i)]);
  to->sku.Add(from.sku[i]);
  to->external_id.Add(from.external_id[i]);
  to->parent_id.Add(from.parent_id[i]);
  to->handle.Add(from.handle[i]);
}

SyncBatch RowsWhere(const SyncBatch& batch, absl::FunctionRef<bool(int64_t i)> takes) {
  SyncBatch taken;
  for (int64_t i = 0; i < batch.size(); ++i) {
    if (takes(i)) AddRow(batch, i, &taken);
  }
  return taken;
}

}  // namespace flxlink::engine
