#include "src/engine/sync_scope.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_map.h"
#include "src/sync/fixed_fields.h"
#include "src/sync/hidden_quantity.h"

namespace flxlink::engine {

absl::string_view SentCounter(SyncField field) {
  switch (field) {
    case SyncField::kPrice:
      return "prices";
    case SyncField::kQuantity:
      return "quantities";
    case SyncField::kStatus:
      return "statuses";
    case SyncField::kCompareAtPrice:
      return "compare_at_prices";
  }
  return "";
}

absl::StatusOr<SettlementResult> WriteSettlements(SyncScope& scope, const SettlementBatch& batch,
                                                  SyncPassResult* result) {
  JobContext& context = scope.context;
  absl::StatusOr<SettlementResult> written = context.WriteValue<SettlementResult>(
      [&](absl::Time now) { return context.storage().WriteSettlements(context.fence(), batch, now); });
  const bool progressed = std::any_of(batch.rows.begin(), batch.rows.end(), [](const Settlement& row) {
    return row.settled || row.gone || !row.mask.empty() || row.attentions >= 0 || !PresentFields(row.seen).empty();
  });
  if (written.ok()) scope.breaker.NoteMade(batch.changes);
  if (written.ok() && progressed) result->progressed = true;
  return written;
}

// They ascend by row.
bool IsRepeated(const SettlementResult& written, int64_t row, absl::string_view code) {
  const auto is_before = [](const RepeatedAttention& repeated, int64_t at) { return repeated.row < at; };
  auto at = std::lower_bound(written.repeated.begin(), written.repeated.end(), row, is_before);
  for (; at != written.repeated.end() && at->row == row; ++at) {
    if (at->code == code) return true;
  }
  return false;
}

namespace {

bool Stands(const Problem& problem) { return sync::IsFixedProblem(problem) || sync::IsHiddenProblem(problem); }

}  // namespace

bool LackSomething(const std::vector<Problem>& attentions) {
  return !std::all_of(attentions.begin(), attentions.end(), &Stands);
}

void NoteAttentions(SyncScope& scope, const SyncBatch& page, const SettlementBatch& batch,
                    const SettlementResult& written) {
  if (batch.attentions.empty() && written.cleared.empty()) return;
  absl::flat_hash_map<int64_t, int64_t> row_of;
  for (int64_t i = 0; i < page.size(); ++i) row_of.emplace(page.rows[static_cast<size_t>(i)].listing_id, i);
  JobContext& context = scope.context;
  for (const ClearedAttention& cleared : written.cleared) {
    const auto row = row_of.find(batch.rows[static_cast<size_t>(cleared.row)].listing_id);
    if (row == row_of.end()) continue;
    context.reporter().AttentionCleared(context.job(), page.sku[row->second], page.external_id[row->second],
                                        cleared.attention);
  }
  for (size_t at = 0; at < batch.rows.size(); ++at) {
    const Settlement& settled = batch.rows[at];
    const auto row = row_of.find(settled.listing_id);
    if (settled.attentions < 0 || row == row_of.end()) continue;
    for (const Problem& problem : batch.attentions[static_cast<size_t>(settled.attentions)]) {
      if (Stands(problem) && IsRepeated(written, static_cast<int64_t>(at), problem.code)) continue;
      context.AddProblem(page.sku[row->second], problem);
      context.reporter().AttentionRaised(context.job(), page.sku[row->second], page.external_id[row->second], problem);
    }
  }
}

}  // namespace flxlink::engine
