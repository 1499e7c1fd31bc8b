// Pushing what was planned for one page of links.

#ifndef FLXLINK_SRC_ENGINE_PAGE_PUSH_H_
#define FLXLINK_SRC_ENGINE_PAGE_PUSH_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "flxlink/push.h"
#include "flxlink/sync.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// A batch at a time: tokens, record, call, receipts, settlement. Used once.
class PagePush {
 public:
  // All must outlive it. `plan` is of `page`.
  PagePush(SyncScope& scope, const SyncBatch& page, const SyncPlan& plan, SyncPassResult* result)
      : scope_(scope), context_(scope.context), page_(page), plan_(plan), result_(*result) {}

  // Pushes all items, or those before the channel took no more (SyncPassResult::stop).
  absl::Status Run();

 private:
  // Some items of the plan, and what is kept of their push.
  struct Batch {
    int64_t first = 0;
    absl::Span<const PushItem> items;
    int64_t push_id = 0;
    absl::Time deadline;
  };

  absl::Status PushItems(int64_t first, int64_t count);
  absl::Status Begin(Batch* batch);
  absl::Status TakeReply(const Batch& batch, PushReply reply);
  absl::Status TakeError(const Batch& batch, const absl::Status& error);
  absl::Status TakeUnknown(const Batch& batch, const absl::Status& error);
  absl::Status SettleUntried(const Batch& batch);
  // Where a platform refuses whole pushes: the good items go out all the same, and the bad ones are found.
  absl::Status Bisect(const Batch& batch, const absl::Status& refusal);
  void NoteOutcomes(const Batch& batch, absl::Span<const PushOutcome> outcomes);
  void NoteOutcome(const PushItem& item, const PushOutcome& outcome);
  void NoteApplied(const PushItem& item);
  void NoteUndecided(const Batch& batch, absl::Span<const PushOutcome> outcomes);

  SyncScope& scope_;
  JobContext& context_;
  const SyncBatch& page_;
  const SyncPlan& plan_;
  SyncPassResult& result_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_PAGE_PUSH_H_
