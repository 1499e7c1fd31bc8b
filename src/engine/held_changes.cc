#include "src/engine/held_changes.h"

#include <cstdint>

#include "absl/cleanup/cleanup.h"
#include "absl/types/optional.h"
#include "src/engine/dirty_pages.h"

namespace flxlink::engine {
namespace {

// More links than any channel allows changes of.
constexpr int64_t kVeryMany = int64_t{1} << 40;

// Tells a job that yielded that it has counted.
constexpr absl::string_view kCounted = "counted";

absl::StatusOr<ChangeCounts> ChangesOf(SyncScope& scope, const SyncBatch& links) {
  const absl::StatusOr<Siblings> siblings = ReadSiblings(scope, links);
  if (!siblings.ok()) return siblings.status();
  return PlanSync(links, siblings->links, scope.policy, siblings->unlinked, scope.breaker.state()).changes;
}

// How many links the job may still send something of.
int64_t LeftToSend(const JobProgress& progress) {
  return progress.total.has_value() ? *progress.total - progress.looked_at() : kVeryMany;
}

// The links that a job is to send something of, a page at a time. Empty: there are no more.
class PagesToCount {
 public:
  explicit PagesToCount(JobContext& context) : context_(context), forced_(context) {}

  absl::StatusOr<SyncBatch> Next() {
    if (context_.job().options.only_forced) return forced_.Next(absl::nullopt);
    return context_.RetryValue<SyncBatch>([&] {
      LinkStorage::DirtyCursor next = cursor_;
      absl::StatusOr<SyncBatch> links =
          context_.storage().ReadDirty(context_.channel().channel_id, &next, context_.page_rows());
      if (links.ok()) cursor_ = next;
      return links;
    });
  }

 private:
  JobContext& context_;
  DirtyPages forced_;
  LinkStorage::DirtyCursor cursor_;
};

}  // namespace

absl::Status CountChanges(SyncScope& scope) {
  JobContext& context = scope.context;
  if (context.HasCount(kCounted)) return absl::OkStatus();
  const absl::StatusOr<bool> may_hold = scope.breaker.MayHold(LeftToSend(context.progress()));
  if (!may_hold.ok() || !*may_hold) return may_hold.status();
  // It would begin to count again each time.
  context.Stay(true);
  const absl::Cleanup done = [&] { context.Stay(false); };
  ChangeCounts changes;
  int64_t counted = 0;
  PagesToCount pages(context);
  while (!scope.breaker.holds_all()) {
    const absl::StatusOr<SyncBatch> links = pages.Next();
    if (!links.ok()) return links.status();
    if (links->size() == 0) break;
    const absl::StatusOr<ChangeCounts> some = ChangesOf(scope, *links);
    if (!some.ok()) return some.status();
    changes += *some;
    counted += links->size();
    const absl::StatusOr<bool> held = scope.breaker.HoldBeyond(changes);
    if (!held.ok()) return held.status();
    const absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
  context.SetCount(kCounted, counted);
  return context.Store();
}

absl::StatusOr<SyncPlan> PlanLinks(SyncScope& scope, const SyncBatch& links, const Siblings& siblings) {
  for (;;) {
    SyncPlan plan = PlanSync(links, siblings.links, scope.policy, siblings.unlinked, scope.breaker.state());
    const absl::StatusOr<bool> held = scope.breaker.HoldBeyond(plan.changes);
    if (!held.ok()) return held.status();
    if (*held) continue;
    scope.breaker.NoteHeld(plan.newly_held);
    return plan;
  }
}

}  // namespace flxlink::engine
