#include <algorithm>
#include <utility>
#include <vector>

#include "flxlink/sync.h"
#include "src/sync/field_difference.h"
#include "src/sync/fixed_fields.h"
#include "src/sync/held_changes.h"
#include "src/sync/oversell_guard.h"
#include "src/sync/refused_values.h"
#include "src/sync/sync_policy.h"

namespace flxlink {
namespace {

// Whether something is held that is not to be sent any more.
bool HoldsWhatIsOver(const std::vector<HeldChange>& held, const std::vector<HeldChange>& judged) {
  return std::any_of(held.begin(), held.end(), [&](const HeldChange& change) {
    return change.state == HeldChange::State::kHeld && std::find(judged.begin(), judged.end(), change) == judged.end();
  });
}

// Whether the next plan would send something of the link, as far as the link alone can tell.
bool HasSomethingToSend(const SyncRow& row, const SyncPolicy& policy) {
  if (sync::IsClosed(row, policy)) return false;
  const ItemValues desired = Desired(row, policy);
  SyncFields send = DifferenceOf(sync::DifferingFields(desired, row.acknowledged), sync::FixedFields(row));
  if (sync::IsQuantityHeld(row, desired, policy)) send.Remove(SyncField::kQuantity);
  if (!row.refused.empty())
    send = DifferenceOf(send, sync::FieldsOf(sync::StandingRefusals(row.refused, send, desired)));
  if (row.held.empty()) return !send.empty();
  const sync::BreakerDecision decision = sync::JudgeChanges(row, send, desired, policy, {});
  return !DifferenceOf(send, decision.stays).empty() || HoldsWhatIsOver(row.held, decision.held);
}

// Whether what was seen says something about the link: a read that was no later may show the item as it was before what
// was acknowledged.
bool IsNewsOf(const SyncRow& row, const SyncPolicy& policy) {
  return row.seen_at > row.acknowledged_at + policy.read_lag;
}

// What the link's acknowledged values become when the channel is believed to have what the last pull saw.
ItemValues AfterSeen(const SyncRow& row, const SyncPolicy& policy) {
  ItemValues acknowledged = row.acknowledged;
  SyncFields fields = DifferenceOf(policy.fields, sync::FixedFields(row));
  // Of a status that is not shown nothing is known; of a number, that somebody took it away.
  if (row.seen.status == ChannelStatus::kUnknown) fields.Remove(SyncField::kStatus);
  CopyFields(fields, row.seen, &acknowledged);
  return acknowledged;
}

// The fields in which the two differ, also where only one of them has a value.
SyncFields ChangedFields(const ItemValues& a, const ItemValues& b) {
  return UnionOf(sync::DifferingFields(a, b), sync::DifferingFields(b, a));
}

}  // namespace

SyncFields DriftedFields(const SyncRow& row, const SyncPolicy& policy) {
  if (row.seen.status == ChannelStatus::kDead || !IsNewsOf(row, policy)) return SyncFields();
  const ItemValues known = AfterSeen(row, policy);
  return IntersectionOf(ChangedFields(known, row.acknowledged), sync::DifferingFields(Desired(row, policy), known));
}

std::vector<Reconciliation> PlanReconciliation(const SyncBatch& batch, const SyncPolicy& policy, bool compare_seen,
                                               bool retry_refused) {
  std::vector<Reconciliation> found;
  for (const SyncRow& row : batch.rows) {
    if (row.seen.status == ChannelStatus::kDead) continue;
    SyncRow looked_at = row;
    if (retry_refused) looked_at.refused.clear();
    if (compare_seen && IsNewsOf(row, policy)) looked_at.acknowledged = AfterSeen(row, policy);
    const bool drifted = !(looked_at.acknowledged == row.acknowledged);
    if (!drifted && !HasSomethingToSend(looked_at, policy)) continue;
    Reconciliation reconciliation;
    reconciliation.listing_id = row.listing_id;
    reconciliation.channel_variant_id = row.channel_variant_id;
    reconciliation.acknowledged = looked_at.acknowledged;
    reconciliation.guard_quantity =
        sync::SetsGuard(row.acknowledged, row.quantities_in_doubt, looked_at.acknowledged, policy.oversell_guard);
    reconciliation.ends_refusals = retry_refused && !row.refused.empty();
    found.push_back(std::move(reconciliation));
  }
  return found;
}

}  // namespace flxlink
