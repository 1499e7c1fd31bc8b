// What the circuit breaker holds of a link. See flxlink/breaker.h, and PlanSync in flxlink/sync.h.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_HELD_CHANGES_H_
#define FLXLINK_SRC_SYNC_HELD_CHANGES_H_

#include <vector>

#include "absl/types/optional.h"
#include "flxlink/breaker.h"
#include "flxlink/item_values.h"
#include "flxlink/rare_vector.h"
#include "flxlink/sync.h"
#include "flxlink/sync_fields.h"

namespace flxlink::sync {

// The kind of change that sending this field would be. nullopt: none that the breaker knows.
absl::optional<ChangeKind> KindOfChange(SyncField field, const SyncRow& row, const ItemValues& desired,
                                        const SyncPolicy& policy);

// What the breaker makes of one link.
struct BreakerDecision {
  // What is not sent of the fields that would be.
  SyncFields stays;
  // SyncRow::held from now on, where nothing of it is sent.
  RareVector<HeldChange> held;
  // What is held and was not before.
  ChangeCounts newly_held;
  // What goes out and counts, by field and by kind.
  SyncFields counted;
  ChangeCounts changes;
  std::vector<Problem> attentions;
};

// `send`: the fields that would be sent.
BreakerDecision JudgeChanges(const SyncRow& row, const SyncFields& send, const ItemValues& desired,
                             const SyncPolicy& policy, const Breaker& breaker);

// Whether the link was to break, and that waits for a person or for the look that follows an approval.
bool IsBreakHeld(const std::vector<HeldChange>& held);

// The attentions of what is held.
std::vector<Problem> HeldProblems(const std::vector<HeldChange>& held);

// Of `held` what is left once the channel has these fields, which had the values `known` before.
RareVector<HeldChange> HeldOnceApplied(const std::vector<HeldChange>& held, const SyncFields& applied,
                                       const ItemValues& known);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_HELD_CHANGES_H_
