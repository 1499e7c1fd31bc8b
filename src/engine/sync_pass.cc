#include "src/engine/sync_pass.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
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
  absl::Status status = SettleUnsent(scope, page, plan, result);
  if (!status.ok()) return status;
  status = PagePush(scope, page, plan, result).Run();
  return status.ok() ? scope.context.Report() : status;
}

// Whether Storage::ReadDirty gives the link.
bool CanBeSent(const SyncRow& row) {
  return row.dirty && !row.status.paused && IsLive(row.status) && row.seen.status != ChannelStatus::kDead;
}

// Each once.
SyncBatch SelectSendable(const SyncBatch& links) {
  absl::flat_hash_set<int64_t> seen;
  SyncBatch sendable;
  for (int64_t i = 0; i < links.size(); ++i) {
    const SyncRow& row = links.rows[static_cast<size_t>(i)];
    if (CanBeSent(row) && seen.insert(row.listing_id).second) AddRow(links, i, &sendable);
  }
  return sendable;
}

// The dirty links of a pass, a page at a time: all of them in their order or, where nothing else is to be sent, those
// that are forced, which are looked up one by one however many others there are.
class DirtyPages {
 public:
  explicit DirtyPages(JobContext& context) : context_(context) {}

  // Empty: there are no more.
  absl::StatusOr<SyncBatch> Next() { return context_.job().options.only_forced ? NextForced() : NextOfAll(); }

 private:
  absl::StatusOr<SyncBatch> NextOfAll() {
    // A try whose answer gets lost must not move the cursor.
    Storage::DirtyCursor after;
    absl::StatusOr<SyncBatch> page = context_.RetryValue<SyncBatch>([&] {
      after = cursor_;
      return context_.storage().ReadDirty(context_.channel().channel_id, &after, context_.page_rows());
    });
    cursor_ = after;
    return page;
  }

  absl::StatusOr<SyncBatch> NextForced() {
    const absl::Span<const std::string> skus = context_.job().options.force;
    const size_t most = static_cast<size_t>(context_.page_rows());
    while (forced_ < skus.size()) {
      const absl::Span<const std::string> some = skus.subspan(forced_, most);
      const absl::StatusOr<SyncBatch> links = context_.RetryValue<SyncBatch>(
          [&] { return context_.storage().ReadLinksBySku(context_.channel().channel_id, some); });
      if (!links.ok()) return links.status();
      forced_ += some.size();
      SyncBatch page = SelectSendable(*links);
      if (page.size() > 0) return page;
    }
    return SyncBatch();
  }

  JobContext& context_;
  Storage::DirtyCursor cursor_;
  size_t forced_ = 0;  // SKUs that were looked up.
};

}  // namespace

absl::StatusOr<SyncPassResult> RunSyncPass(SyncScope& scope) {
  SyncPassResult result;
  DirtyPages pages(scope.context);
  while (!result.stop) {
    absl::StatusOr<SyncBatch> page = pages.Next();
    if (!page.ok()) return page.status();
    if (page->size() == 0) break;
    if (!scope.unready.empty()) *page = Without(*page, scope.unready);
    const absl::Status status = SyncPage(scope, *page, &result);
    if (!status.ok()) return status;
  }
  return result;
}

}  // namespace flxlink::engine
