#include "src/engine/held_changes.h"

#include <cstdint>

namespace flxlink::engine {
namespace {

// Up to how many dirty links are counted to see whether they have to be planned.
constexpr int64_t kMostCounted = Storage::kMaxRows;

// Tells a job that yielded that it has counted.
constexpr absl::string_view kCounted = "counted";

absl::StatusOr<ChangeCounts> ChangesOf(SyncScope& scope, const SyncBatch& links) {
  const absl::StatusOr<Siblings> siblings = ReadSiblings(scope, links);
  if (!siblings.ok()) return siblings.status();
  return PlanSync(links, siblings->links, scope.policy, siblings->unlinked, scope.breaker.state()).changes;
}

}  // namespace

absl::Status CountChanges(SyncScope& scope) {
  JobContext& context = scope.context;
  if (context.HasCount(kCounted)) return absl::OkStatus();
  const absl::StatusOr<int64_t> dirty =
      context.RetryValue<int64_t>([&] { return context.storage().CountDirty(scope.channel_id(), kMostCounted); });
  if (!dirty.ok()) return dirty.status();
  const absl::StatusOr<bool> may_hold = scope.breaker.MayHold(*dirty);
  if (!may_hold.ok() || !*may_hold) return may_hold.status();
  ChangeCounts changes;
  int64_t counted = 0;
  LinkStorage::DirtyCursor cursor;
  while (!scope.breaker.holds_all()) {
    LinkStorage::DirtyCursor next;
    const absl::StatusOr<SyncBatch> links = context.RetryValue<SyncBatch>([&] {
      next = cursor;
      return context.storage().ReadDirty(scope.channel_id(), &next, context.page_rows());
    });
    if (!links.ok()) return links.status();
    if (links->size() == 0) break;
    cursor = next;
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
  return context.Report();
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
