#include "src/engine/sync_pass.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "src/engine/batch_rows.h"
#include "src/engine/dirty_pages.h"
#include "src/engine/held_changes.h"
#include "src/engine/page_push.h"
#include "src/engine/sync_siblings.h"
#include "src/sync/fixed_fields.h"

namespace flxlink::engine {
namespace {

// How a link that is done with without a push is counted. What is fixed is nobody's failure, and counts once: later it
// is as it was. What is hidden by its quantity is as it should be.
absl::string_view UnsentCounter(const SettlementBatch& batch, int64_t at, const SettlementResult& written) {
  const Settlement& row = batch.rows[static_cast<size_t>(at)];
  if (row.attentions == kClearAttentions) return "equal";
  if (row.attentions == kKeepAttentions) return "refused";
  const std::vector<Problem>& attentions = batch.attentions[static_cast<size_t>(row.attentions)];
  if (LackSomething(attentions)) return "held_back";
  const bool is_news = std::any_of(attentions.begin(), attentions.end(), [&](const Problem& problem) {
    return sync::IsFixedProblem(problem) && !IsRepeated(written, at, problem.code);
  });
  return is_news ? "fixed" : "equal";
}

// The part of the progress in which a link of that counter is.
int64_t& PartOf(absl::string_view counter, JobProgress& progress) {
  if (counter == "refused") return progress.failed;
  return counter == "held_back" ? progress.held : progress.done;
}

// What is done with without a push: equal, refused before, held back.
absl::Status SettleUnsent(SyncScope& scope, const SyncBatch& page, const SyncPlan& plan, SyncPassResult* result) {
  if (plan.settled.rows.empty()) return absl::OkStatus();
  const absl::StatusOr<SettlementResult> written = WriteSettlements(scope, plan.settled, result);
  if (!written.ok()) return written.status();
  JobProgress& progress = scope.context.progress();
  for (size_t row = 0; row < plan.settled.rows.size(); ++row) {
    const absl::string_view counter = UnsentCounter(plan.settled, static_cast<int64_t>(row), *written);
    ++PartOf(counter, progress);
    scope.context.Count(counter, 1);
  }
  NoteAttentions(scope, page, plan.settled, *written);
  return absl::OkStatus();
}

class SyncPass {
 public:
  explicit SyncPass(SyncScope& scope) : scope_(scope), pages_(scope.context) {}

  // Sends what was overtaken in a call, and what stands before `before` if that is said, until there is nothing of that
  // or the channel takes no more.
  absl::Status Run(const absl::optional<DirtyGroup>& before) {
    while (!result_.stop) {
      absl::StatusOr<SyncBatch> page = Next(before);
      if (!page.ok() || page->size() == 0 || result_.leaves) return page.status();
      const absl::Status status = SyncPage(*std::move(page));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  SyncPassResult& result() { return result_; }

 private:
  absl::StatusOr<SyncBatch> Next(const absl::optional<DirtyGroup>& before) {
    absl::StatusOr<SyncBatch> overtaken = pages_.LookUp(&result_.overtaken);
    if (!overtaken.ok() || overtaken->size() > 0) return overtaken;
    absl::StatusOr<SyncBatch> page = pages_.Next(before);
    result_.leaves = page.ok() && !before.has_value() && IsAnotherJobs(*page);
    return page;
  }

  bool IsAnotherJobs(const SyncBatch& page) const {
    if (page.size() == 0 || pages_.was_cut_short() || !scope_.context.others_wait()) return false;
    return std::all_of(page.rows.begin(), page.rows.end(),
                       [&](const SyncRow& row) { return row.dirty_since > scope_.begun_at; });
  }

  absl::Status SyncPage(SyncBatch page) {
    // What becomes more urgent than the page's last link does not wait for the rest of the page.
    const DirtyGroup last = GroupOf(page.rows.back());
    if (!scope_.unready.empty() || !scope_.set_aside.empty()) {
      page = RowsWhere(page, [&](int64_t i) { return IsReady(page, i); });
    }
    return SyncLinks(page, last);
  }

  bool IsReady(const SyncBatch& page, int64_t i) const {
    return !scope_.unready.contains(page.rows[static_cast<size_t>(i)].channel_variant_id) &&
           !scope_.set_aside.contains(page.external_id[i]);
  }

  absl::Status SyncLinks(const SyncBatch& links, const DirtyGroup& last);

  SyncScope& scope_;
  DirtyPages pages_;
  SyncPassResult result_;
};

absl::Status SyncPass::SyncLinks(const SyncBatch& links, const DirtyGroup& last) {
  const absl::StatusOr<Siblings> siblings = ReadSiblings(scope_, links);
  if (!siblings.ok()) return siblings.status();
  const absl::StatusOr<bool> waiting = MarkWaitingSiblings(scope_, *siblings);
  if (!waiting.ok()) return waiting.status();
  if (*waiting) result_.again = result_.progressed = true;
  const absl::StatusOr<SyncPlan> plan = PlanLinks(scope_, links, *siblings);
  if (!plan.ok()) return plan.status();
  absl::Status status = SettleUnsent(scope_, links, *plan, &result_);
  if (!status.ok()) return status;
  const CircuitBreaker::Page page(scope_.breaker, plan->changes);
  status = PagePush(scope_, links, *plan, &result_).Run([&] { return Run(last); });
  return status.ok() ? scope_.context.Report() : status;
}

}  // namespace

absl::StatusOr<SyncPassResult> RunSyncPass(SyncScope& scope) {
  SyncPass pass(scope);
  const absl::Status status = pass.Run(absl::nullopt);
  if (!status.ok()) return status;
  return std::move(pass.result());
}

}  // namespace flxlink::engine
