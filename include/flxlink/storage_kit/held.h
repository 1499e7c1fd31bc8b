// What every storage does alike with changes that the circuit breaker holds. See flxlink/breaker.h.
//
// Pure and thread-safe.

#ifndef FLXLINK_STORAGE_KIT_HELD_H_
#define FLXLINK_STORAGE_KIT_HELD_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/breaker.h"
#include "flxlink/link_state.h"
#include "flxlink/problem.h"
#include "flxlink/push.h"
#include "flxlink/rare_vector.h"

namespace flxlink::storage {

// The hours since 1970 began, in which changes are counted.
int64_t HourOf(absl::Time time);
// Counts of hours before this one say nothing any more at `now`.
int64_t OldestHour(absl::Time now);

// What is held of a link that has this `dirty_version`, once `row` is written: a person may have decided something
// since the version that was settled.
RareVector<HeldChange> HeldAfterSettlement(const std::vector<HeldChange>& stored, int64_t dirty_version,
                                           const Settlement& row);

// What became of an item that was found gone.
enum class ItemLoss {
  kStays,   // It counts as seen: its link was to break before, and that is held or was refused.
  kHeld,    // The same, and it is held from now on.
  kGone,    // It is gone, and no link broke.
  kBroken,  // It is gone, and its link broke.
  kBrokenAsApproved,
};
// Adds it to what a sighting or a sweep came to.
template <typename Result>
void CountLoss(ItemLoss loss, Result* result) {
  if (loss == ItemLoss::kHeld) ++result->held;
  const bool broke = loss == ItemLoss::kBroken || loss == ItemLoss::kBrokenAsApproved;
  if (loss == ItemLoss::kGone || broke) ++result->gone;
  if (broke) ++result->broken;
  if (loss == ItemLoss::kBroken) ++result->counted;
}

// What becomes of a link whose item is found gone.
enum class BreakVerdict {
  kBreaks,    // It breaks, and counts.
  kApproved,  // It breaks as a person approved.
  kHolds,     // It does not break, and that is held from now on.
  kStays,     // That was held before, or a person refused it: nothing changes, and the item counts as seen.
};
// What found it gone.
enum class GoneBy {
  kLook,         // A pull or a fetch.
  kHoldingLook,  // The same, of a job that holds breaks.
  kPush,         // The platform answered a push of that very item: that is no mistake of an export, and is never held.
};
constexpr GoneBy LookOf(bool holds_breaks) { return holds_breaks ? GoneBy::kHoldingLook : GoneBy::kLook; }
// `held` of the link.
BreakVerdict JudgeBreak(const std::vector<HeldChange>& held, GoneBy by);
// What is held of a link itself (IsOfLink) by this job.
HeldChange HeldOfLink(ChangeKind kind, int64_t job_id, absl::string_view external_id);
// Whether that a doubtful link is to be dissolved is held, approved or refused. nullopt: nothing was decided.
absl::optional<HeldChange::State> UnlinkState(const std::vector<HeldChange>& held);
// Whether it is such a link, and nothing was decided.
bool IsUndecidedDoubt(LinkState state, bool doubtful, const std::vector<HeldChange>& held);
// `held` without what is of that kind: of a break once the item was seen, of an unlink once the doubt is over.
RareVector<HeldChange> WithoutKind(const std::vector<HeldChange>& held, ChangeKind kind);
// `held` without what is of the link itself, once that broke.
RareVector<HeldChange> HeldOnceBroken(const std::vector<HeldChange>& held);
// `attentions` with that of a change that is held, ascending by code, and without.
std::vector<Problem> WithHeld(const std::vector<Problem>& attentions, const Problem& held);
std::vector<Problem> WithoutHeld(const std::vector<Problem>& attentions, ChangeKind kind);

// `changes`, of each kind as many as were made.
ChangeCounts AtMost(const ChangeCounts& changes, int64_t made);

// Whether the selection is of this change, whatever its listing variant is called.
bool IsSelected(const HeldSelection& selection, const HeldChange& change);

// Decides on what is selected of a link's held changes; the attentions of these end. Returns how many that is.
int64_t DecideHeld(const HeldSelection& selection, HeldChange::State decision, RareVector<HeldChange>* held,
                   std::vector<Problem>* attentions);

}  // namespace flxlink::storage

#endif  // FLXLINK_STORAGE_KIT_HELD_H_
