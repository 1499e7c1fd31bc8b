#include <algorithm>
#include <utility>

#include "flxlink/storage_kit/held.h"

namespace flxlink::storage {
namespace {

constexpr int64_t kHoursKept = 25;  // A day, and the hour that has begun.

}  // namespace

int64_t HourOf(absl::Time time) { return absl::ToUnixSeconds(time) / 3600; }

int64_t OldestHour(absl::Time now) { return HourOf(now) - kHoursKept + 1; }

RareVector<HeldChange> HeldAfterSettlement(const std::vector<HeldChange>& stored, int64_t dirty_version,
                                           const Settlement& row) {
  if (row.dirty_version >= dirty_version) return row.held;
  RareVector<HeldChange> held = stored;
  for (const HeldChange& change : row.held) {
    const bool is_new = std::find(stored.begin(), stored.end(), change) == stored.end();
    if (change.state == HeldChange::State::kBefore && is_new) held.Mutable().push_back(change);
  }
  return held;
}

bool IsSelected(const HeldSelection& selection, const HeldChange& change) {
  if (change.state != HeldChange::State::kHeld || change.job_id != selection.job_id) return false;
  return selection.kinds.empty() ||
         std::find(selection.kinds.begin(), selection.kinds.end(), change.kind) != selection.kinds.end();
}

int64_t DecideHeld(const HeldSelection& selection, HeldChange::State decision, RareVector<HeldChange>* held,
                   std::vector<Problem>* attentions) {
  int64_t decided = 0;
  for (HeldChange& change : held->Mutable()) {
    if (!IsSelected(selection, change)) continue;
    change.state = decision;
    attentions->erase(std::remove(attentions->begin(), attentions->end(), change.problem), attentions->end());
    change.problem = Problem();
    ++decided;
  }
  return decided;
}

}  // namespace flxlink::storage
