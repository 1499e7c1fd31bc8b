// What every storage does alike with changes that the circuit breaker holds. See flxlink/breaker.h.
//
// Pure and thread-safe.

#ifndef FLXLINK_STORAGE_KIT_HELD_H_
#define FLXLINK_STORAGE_KIT_HELD_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "flxlink/breaker.h"
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

// Whether the selection is of this change, whatever its listing variant is called.
bool IsSelected(const HeldSelection& selection, const HeldChange& change);

// Decides on what is selected of a link's held changes; the attentions of these end. Returns how many that is.
int64_t DecideHeld(const HeldSelection& selection, HeldChange::State decision, RareVector<HeldChange>* held,
                   std::vector<Problem>* attentions);

}  // namespace flxlink::storage

#endif  // FLXLINK_STORAGE_KIT_HELD_H_
