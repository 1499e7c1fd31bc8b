#include "src/engine/sync_pass.h"

#include <algorithm>
#include <utility>

#include "src/engine/batch_rows.h"
#include "src/engine/page_push.h"
#include "src/engine/sync_siblings.h"

namespace flxlink::engine {
namespace {

// What is done with without a push: equal, refused before, held back.
absl::Status SettleUnsent(SyncScope& scope, const SyncBatch& page, const SyncPlan& plan, SyncPassResult* result) {
  if (plan.settled.rows.empty()) return absl::OkStatus();
  const absl::StatusOr<SettlementResult> written = WriteSettlements(scope, plan.settled, result);
  if (!written.ok()) return written.status();
  JobProgress& progress = scope.context.progress();
  for (const Settlement& row : plan.settled.rows) {
    const bool equal = row.attentions == kClearAttentions;
    (equal ? progress.done : progress.failed) += 1;
    scope.context.Count(equal ? "equal" : "held_back", 1);
  }
  NoteAttentions(scope, page, plan.settled, *written);
  return absl::OkStatus();
}

absl::Status SyncPage(SyncScope& scope, SyncBatch page, SyncPassResult* result) {
  absl::StatusOr<SyncBatch> siblings = ReadSiblings(scope, page);
  if (!siblings.ok()) return siblings.status();
  AddWaitingSiblings(*siblings, scope.policy, &page);
  const SyncPlan plan = PlanSync(page, *siblings, scope.policy);
  JobProgress& progress = scope.context.progress();
  progress.total = std::max(progress.total, progress.done + progress.failed + page.size());
  absl::Status status = SettleUnsent(scope, page, plan, result);
  if (!status.ok()) return status;
  status = PagePush(scope, page, plan, result).Run();
  return status.ok() ? scope.context.Report() : status;
}

}  // namespace

absl::StatusOr<SyncPassResult> RunSyncPass(SyncScope& scope) {
  SyncPassResult result;
  JobContext& context = scope.context;
  Storage::DirtyCursor cursor;
  while (!result.stop) {
    // A try whose answer gets lost must not move the cursor.
    Storage::DirtyCursor after;
    absl::StatusOr<SyncBatch> page = context.RetryValue<SyncBatch>([&] {
      after = cursor;
      return context.storage().ReadDirty(scope.channel_id(), &after, context.page_rows());
    });
    if (!page.ok()) return page.status();
    cursor = after;
    if (page->size() == 0) break;
    if (context.job().options.only_forced) *page = Select(*page, scope.forced);
    if (!scope.unready.empty()) *page = Without(*page, scope.unready);
    const absl::Status status = SyncPage(scope, *std::move(page), &result);
    if (!status.ok()) return status;
  }
  return result;
}

}  // namespace flxlink::engine
