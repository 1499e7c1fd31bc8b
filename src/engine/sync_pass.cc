#include "src/engine/sync_pass.h"

#include <algorithm>

#include "src/engine/batch_rows.h"
#include "src/engine/page_push.h"
#include "src/engine/sync_siblings.h"
#include "src/sync/fixed_fields.h"
#include "src/sync/hidden_quantity.h"

namespace flxlink::engine {
namespace {

// How a link that is done with without a push is counted. What is fixed is nobody's failure, and counts once: later it
// is as it was. What is hidden by its quantity is as it should be.
absl::string_view UnsentCounter(const SettlementBatch& batch, int64_t at, const SettlementResult& written) {
  const Settlement& row = batch.rows[static_cast<size_t>(at)];
  if (row.attentions == kClearAttentions) return "equal";
  if (row.attentions == kKeepAttentions) return "held_back";
  absl::string_view counter = "equal";
  for (const Problem& problem : batch.attentions[static_cast<size_t>(row.attentions)]) {
    if (sync::IsHiddenProblem(problem)) continue;
    if (!sync::IsFixedProblem(problem)) return "held_back";
    if (!IsRepeated(written, at, problem.code)) counter = "fixed";
  }
  return counter;
}

// What is done with without a push: equal, refused before, held back.
absl::Status SettleUnsent(SyncScope& scope, const SyncBatch& page, const SyncPlan& plan, SyncPassResult* result) {
  if (plan.settled.rows.empty()) return absl::OkStatus();
  const absl::StatusOr<SettlementResult> written = WriteSettlements(scope, plan.settled, result);
  if (!written.ok()) return written.status();
  JobProgress& progress = scope.context.progress();
  for (size_t row = 0; row < plan.settled.rows.size(); ++row) {
    const absl::string_view counter = UnsentCounter(plan.settled, static_cast<int64_t>(row), *written);
    (counter == "held_back" ? progress.failed : progress.done) += 1;
    scope.context.Count(counter, 1);
  }
  NoteAttentions(scope, page, plan.settled, *written);
  return absl::OkStatus();
}

absl::Status SyncPage(SyncScope& scope, const SyncBatch& page, SyncPassResult* result) {
  absl::StatusOr<SyncBatch> siblings = ReadSiblings(scope, page);
  if (!siblings.ok()) return siblings.status();
  const absl::StatusOr<bool> waiting = MarkWaitingSiblings(scope, *siblings);
  if (!waiting.ok()) return waiting.status();
  if (*waiting) result->again = result->progressed = true;
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
    const absl::Status status = SyncPage(scope, *page, &result);
    if (!status.ok()) return status;
  }
  return result;
}

}  // namespace flxlink::engine
