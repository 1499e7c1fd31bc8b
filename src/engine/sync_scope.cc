#include "src/engine/sync_scope.h"

#include <algorithm>
#include <cstddef>

namespace flxlink::engine {

absl::Status WriteSettlements(SyncScope& scope, const SettlementBatch& batch, SyncPassResult* result) {
  JobContext& context = scope.context;
  const absl::Status status =
      context.Write([&](absl::Time now) { return context.storage().WriteSettlements(context.fence(), batch, now); });
  const bool settled =
      std::any_of(batch.rows.begin(), batch.rows.end(), [](const Settlement& row) { return row.settled || row.gone; });
  if (status.ok() && settled) result->progressed = true;
  return status;
}

void NoteAttentions(SyncScope& scope, const SyncBatch& page, const SettlementBatch& batch) {
  for (const Settlement& settled : batch.rows) {
    if (settled.attentions < 0) continue;
    const auto row = std::find_if(page.rows.begin(), page.rows.end(),
                                  [&](const SyncRow& r) { return r.listing_id == settled.listing_id; });
    if (row == page.rows.end()) continue;
    for (const Problem& problem : batch.attentions[static_cast<size_t>(settled.attentions)]) {
      scope.context.AddProblem(page.sku[row - page.rows.begin()], problem);
    }
    if (scope.context.output().problems.size() >= static_cast<size_t>(Job::kMaxProblems)) return;
  }
}

}  // namespace flxlink::engine
