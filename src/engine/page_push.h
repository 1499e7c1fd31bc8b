// Pushing what was planned for one page of links.

#ifndef FLXLINK_SRC_ENGINE_PAGE_PUSH_H_
#define FLXLINK_SRC_ENGINE_PAGE_PUSH_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/push.h"
#include "flxlink/sync.h"
#include "src/engine/sync_scope.h"
#include "src/sync/push_batches.h"

namespace flxlink::engine {

// Some calls of one kind at a time: tokens, records, calls, settlements. Used once.
class PagePush {
 public:
  // All must outlive it. `plan` is of `page`.
  PagePush(SyncScope& scope, const SyncBatch& page, const SyncPlan& plan, SyncPassResult* result)
      : scope_(scope), context_(scope.context), page_(page), plan_(plan), result_(*result) {}

  // Pushes all items, or those before the channel took no more (SyncPassResult::stop), in rounds of calls that are
  // under way together. `give_way` is called between them: what it sends, of other pages, goes out before the next
  // round.
  absl::Status Run(absl::FunctionRef<absl::Status()> give_way);

 private:
  // A call, and what is kept of it.
  struct Call {
    sync::PushBatch batch;
    PushRecord record;
    CallPermit permit;
    // Storage's time before the record was written.
    absl::Time begun_at;
  };

  const PushKind& KindOf(const sync::PushBatch& batch) const;
  absl::Status PushRound();
  absl::StatusOr<std::vector<Call>> TakeCalls();
  absl::Status Begin(absl::Span<Call> calls);
  absl::Status BeginOne(Call* call);
  absl::Status LeaveOut(const absl::flat_hash_set<int64_t>& listing_ids, Call* call);
  absl::Status Send(absl::Span<Call> calls, absl::Duration timeout);
  absl::Status SendInTime(std::vector<Call> calls);
  absl::Status TakeAnswer(Call& call, absl::StatusOr<PushReply> reply);
  absl::Status TakeOutcomes(Call& call, absl::Span<const PushOutcome> outcomes);
  absl::Status TakeError(Call& call, const absl::Status& error);
  absl::Status TakeUnknown(const Call& call, const absl::Status& error);
  absl::Status SettleUntried(const Call& call);
  // Where a platform refuses whole calls: the good items go out all the same, and the bad ones are found.
  absl::Status Halve(Call& call, const absl::Status& refusal);
  void NoteOutcomes(const Call& call, absl::Span<const PushOutcome> outcomes, const SettlementBatch& settlements);
  void NoteThrottled(Call& call, absl::Span<const PushOutcome> outcomes);
  void NoteOutcome(const Call& call, size_t item, const PushOutcome& outcome, const Settlement& settlement);
  void NoteConflict(int64_t number, const Settlement& settlement);
  void NoteApplied(int64_t number, bool settled);

  SyncScope& scope_;
  JobContext& context_;
  const SyncBatch& page_;
  const SyncPlan& plan_;
  SyncPassResult& result_;
  std::deque<sync::PushBatch> waiting_;  // Not begun yet.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_PAGE_PUSH_H_
