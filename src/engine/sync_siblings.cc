#include "src/engine/sync_siblings.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "src/engine/batch_rows.h"

namespace flxlink::engine {
namespace {

bool SendsStatus(const SyncRow& row, const SyncPolicy& policy) {
  const ChannelStatus desired = Desired(row, policy).status;
  return desired != ChannelStatus::kUnknown &&
         (row.in_doubt.Has(SyncField::kStatus) || desired != row.acknowledged.status);
}

// The products whose status the batch may send.
std::vector<std::string> ParentsOf(const SyncBatch& batch, const SyncPolicy& policy) {
  std::set<std::string> parents;
  for (int64_t i = 0; i < batch.size(); ++i) {
    if (batch.parent_id[i].empty() || !SendsStatus(batch.rows[static_cast<size_t>(i)], policy)) continue;
    parents.emplace(batch.parent_id[i]);
  }
  return {parents.begin(), parents.end()};
}

}  // namespace

absl::StatusOr<SyncBatch> ReadSiblings(SyncScope& scope, const SyncBatch& batch) {
  SyncBatch siblings;
  if (!scope.policy.parent_status || !scope.policy.fields.Has(SyncField::kStatus)) return siblings;
  const std::vector<std::string> parents = ParentsOf(batch, scope.policy);
  if (parents.empty()) return siblings;
  JobContext& context = scope.context;
  for (int64_t after_id = 0;;) {
    absl::StatusOr<SyncBatch> page = context.RetryValue<SyncBatch>([&] {
      return context.storage().ReadLinksByParent(scope.channel_id(), parents, after_id, context.page_rows());
    });
    if (!page.ok()) return page.status();
    if (page->size() == 0) return siblings;
    after_id = page->rows.back().listing_id;
    for (int64_t i = 0; i < page->size(); ++i) AddRow(*page, i, &siblings);
  }
}

void AddWaitingSiblings(const SyncBatch& siblings, const SyncPolicy& policy, SyncBatch* batch) {
  for (int64_t i = 0; i < siblings.size() && batch->size() < Storage::kMaxRows; ++i) {
    const SyncRow& row = siblings.rows[static_cast<size_t>(i)];
    if (row.dirty || row.status.paused || row.seen.status == ChannelStatus::kDead) continue;
    if (SendsStatus(row, policy)) AddRow(siblings, i, batch);
  }
}

}  // namespace flxlink::engine
