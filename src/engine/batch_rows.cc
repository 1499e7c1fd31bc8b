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

SyncBatch WithoutItems(const SyncBatch& batch, const absl::flat_hash_set<int64_t>& ids) {
  SyncBatch left;
  for (int64_t i = 0; i < batch.size(); ++i) {
    if (!ids.contains(batch.rows[static_cast<size_t>(i)].channel_variant_id)) AddRow(batch, i, &left);
  }
  return left;
}

}  // namespace flxlink::engine
