#include "src/engine/sync_siblings.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
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

absl::Status ReadLinks(SyncScope& scope, const std::vector<std::string>& parents, SyncBatch* links) {
  JobContext& context = scope.context;
  for (int64_t after_id = 0;;) {
    absl::StatusOr<SyncBatch> page = context.RetryValue<SyncBatch>([&] {
      return context.storage().ReadLinksByParent(scope.channel_id(), parents, after_id, context.page_rows());
    });
    if (!page.ok()) return page.status();
    if (page->size() == 0) return absl::OkStatus();
    after_id = page->rows.back().listing_id;
    for (int64_t i = 0; i < page->size(); ++i) AddRow(*page, i, links);
  }
}

absl::Status ReadUnlinked(SyncScope& scope, const std::vector<std::string>& parents,
                          std::vector<UnlinkedItem>* unlinked) {
  JobContext& context = scope.context;
  ItemFilter filter;
  filter.parents = parents;
  filter.live = true;
  for (int64_t after_id = 0;;) {
    absl::StatusOr<std::vector<ItemRow>> page = context.RetryValue<std::vector<ItemRow>>(
        [&] { return context.storage().ReadItems(scope.channel_id(), filter, after_id, context.page_rows()); });
    if (!page.ok()) return page.status();
    for (ItemRow& item : *page) {
      after_id = item.channel_variant_id;
      if (item.link_state == LinkState::kLinked) continue;
      unlinked->push_back({std::move(item.parent_id), std::move(item.external_id), item.status});
    }
    if (static_cast<int64_t>(page->size()) < context.page_rows()) return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<Siblings> ReadSiblings(SyncScope& scope, const SyncBatch& batch) {
  Siblings siblings;
  if (!scope.policy.parent_status || !scope.policy.fields.Has(SyncField::kStatus)) return siblings;
  const std::vector<std::string> parents = ParentsOf(batch, scope.policy);
  if (parents.empty()) return siblings;
  absl::Status status = ReadLinks(scope, parents, &siblings.links);
  if (status.ok()) status = ReadUnlinked(scope, parents, &siblings.unlinked);
  if (!status.ok()) return status;
  return siblings;
}

absl::StatusOr<bool> MarkWaitingSiblings(SyncScope& scope, const Siblings& siblings) {
  const SyncPlan plan = PlanSync(siblings.links, SyncBatch(), scope.policy, siblings.unlinked);
  std::vector<Reconciliation> waiting;
  for (const SyncPlan::ItemState& state : plan.item_states) {
    const SyncRow& row = siblings.links.rows[static_cast<size_t>(state.row)];
    if (row.dirty || row.status.paused || scope.unready.contains(row.channel_variant_id)) continue;
    Reconciliation found;
    found.listing_id = row.listing_id;
    found.channel_variant_id = row.channel_variant_id;
    found.acknowledged = row.acknowledged;
    waiting.push_back(std::move(found));
  }
  JobContext& context = scope.context;
  const size_t page = static_cast<size_t>(context.page_rows());
  for (size_t at = 0; at < waiting.size(); at += page) {
    const absl::Status status = context.Write([&](absl::Time now) {
      return context.storage().WriteReconciliations(context.fence(), absl::MakeConstSpan(waiting).subspan(at, page),
                                                    now);
    });
    if (!status.ok()) return status;
  }
  return !waiting.empty();
}

}  // namespace flxlink::engine
