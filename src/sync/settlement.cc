#include <cassert>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/sync.h"
#include "src/sync/field_difference.h"
#include "src/sync/held_changes.h"
#include "src/sync/hidden_quantity.h"
#include "src/sync/oversell_guard.h"

namespace flxlink {
namespace {

Problem RejectionOf(const PushOutcome& outcome) {
  const absl::string_view code = outcome.code.empty() ? problem_code::kRejected : absl::string_view(outcome.code);
  const absl::string_view message =
      outcome.message.empty() ? absl::string_view("the channel refused it without a message") : outcome.message;
  if (outcome.field.empty()) return MakeProblem(code, {}, std::string(message));
  return MakeProblem(code, {{"field", outcome.field}}, absl::StrCat(outcome.field, ": ", message));
}

Problem GoneItem(const std::string& external_id) {
  return MakeProblem(problem_code::kItemGone, {{"external_id", external_id}},
                     absl::StrCat("the channel does not have item ", external_id, " any more"));
}

Problem LostReceipt(const OpenItem& open) {
  const std::string fields = FormatSyncFields(open.item.mask);
  return MakeProblem(problem_code::kReceiptLost, {{"external_id", open.item.external_id}, {"fields", fields}},
                     absl::StrCat("the channel accepted the ", fields, " of item ", open.item.external_id,
                                  " and never said what became of it"));
}

// The fields that the platform names are refused; all of them where it names none.
SyncFields RefusedFields(const PushItem& item, const PushOutcome& outcome) {
  const SyncFields named = FieldNamed(outcome.field);
  const SyncFields refused = IntersectionOf(named, item.mask);
  return refused.empty() ? item.mask : refused;
}

void AddRefusal(const SyncFields& fields, const ItemValues& values, const Problem& problem, Settlement* row) {
  const uint64_t digest = RefusalDigest(fields, values);
  for (const std::string& field : fields.Names()) row->refused.Mutable().push_back({field, digest, problem});
}

// What the conflict saw of the item's fields. Nothing where that does not explain it, and something else is to be
// looked at: another item under the id, a status that is kept from what pushes do.
ItemValues ExplanationOf(const PushItem& item, const ItemValues& seen) {
  ItemValues explanation;
  CopyFields(IntersectionOf(item.mask, PresentFields(seen)), seen, &explanation);
  const SyncFields moved = IntersectionOf(sync::DifferingFields(explanation, item.known), PresentFields(item.known));
  return moved.empty() || seen.status == ChannelStatus::kDead ? ItemValues() : explanation;
}

// Puts together the settlement of one push.
class Settler {
 public:
  Settler(const SyncPlan& plan, size_t size, int64_t push_id) : plan_(plan) {
    batch_.push_id = push_id;
    batch_.rows.reserve(size);
  }

  void Take(size_t i, const PushOutcome& outcome) {
    switch (outcome.result) {
      case PushResult::kApplied:
        return TakeApplied(i);
      case PushResult::kRejected:
        return TakeRejected(i, outcome);
      case PushResult::kNotFound:
        return TakeNotFound(i);
      case PushResult::kConflict:
        return TakeConflict(i, ExplanationOf(plan_.items[i], outcome.seen));
      case PushResult::kNotTried:
      case PushResult::kThrottled:
        AddRow(i);
        return;
      case PushResult::kAccepted:
        return TakeAccepted(i, outcome);
      case PushResult::kUnavailable:
        return;
    }
  }

  SettlementBatch Finish() { return std::move(batch_); }

 private:
  // A row that says: nothing of the item reached the channel.
  Settlement& AddRow(size_t i) {
    Settlement settlement;
    settlement.listing_id = plan_.items[i].listing_id;
    settlement.channel_variant_id = plan_.items[i].channel_variant_id;
    settlement.dirty_version = plan_.items[i].dirty_version;
    settlement.in_doubt = plan_.item_states[i].in_doubt;
    settlement.quantities_in_doubt = plan_.item_states[i].quantities_in_doubt;
    settlement.confirmed = plan_.item_states[i].confirmed;
    settlement.refused = plan_.item_states[i].refused;
    settlement.held = plan_.item_states[i].held;
    settlement.attentions = kKeepAttentions;
    batch_.rows.push_back(std::move(settlement));
    return batch_.rows.back();
  }

  int32_t AddAttentions(std::vector<Problem> attentions) {
    if (attentions.empty()) return kClearAttentions;
    batch_.attentions.push_back(std::move(attentions));
    return static_cast<int32_t>(batch_.attentions.size()) - 1;
  }

  // What stays in doubt once `fields` are not any more: what is awaited does in any case.
  static SyncFields DoubtAfter(const SyncPlan::ItemState& state, bool settled, const SyncFields& fields) {
    return settled ? state.awaited : UnionOf(DifferenceOf(state.in_doubt, fields), state.awaited);
  }

  void TakeAccepted(size_t i, const PushOutcome& outcome) {
    Settlement& row = AddRow(i);
    row.settled = plan_.item_states[i].last;
    batch_.changes += plan_.item_states[i].changes;
    row.quantities_in_doubt = QuantitiesInDoubt(row.in_doubt, row.quantities_in_doubt, plan_.items[i]);
    row.in_doubt = UnionOf(row.in_doubt, plan_.items[i].mask);
    row.confirmed = DifferenceOf(row.confirmed, plan_.items[i].mask);
    row.receipt = outcome.receipt;
  }

  void TakeApplied(size_t i) {
    const SyncPlan::ItemState& state = plan_.item_states[i];
    Settlement& row = AddRow(i);
    row.settled = state.last;
    row.held = state.held_once_applied;
    batch_.changes += state.changes;
    row.mask = UnionOf(plan_.items[i].mask, state.forgotten);
    row.acknowledged = plan_.items[i].values;
    row.in_doubt = DoubtAfter(state, state.last, plan_.items[i].mask);
    row.confirmed = IntersectionOf(row.in_doubt, UnionOf(state.confirmed, plan_.items[i].mask));
    row.by_quantity = state.by_quantity;
    if (state.last) row.attentions = AddAttentions(AttentionsOnceApplied(state));
  }

  std::vector<Problem> AttentionsOnceApplied(const SyncPlan::ItemState& state) const {
    std::vector<Problem> attentions;
    if (state.attentions >= 0) attentions = plan_.item_attentions[static_cast<size_t>(state.attentions)];
    if (state.by_quantity == ChannelStatus::kHidden) attentions.push_back(sync::HiddenByQuantity());
    return attentions;
  }

  void TakeConflict(size_t i, const ItemValues& seen) {
    const PushItem& item = plan_.items[i];
    const SyncPlan::ItemState& state = plan_.item_states[i];
    const SyncFields known = PresentFields(seen);
    const SyncFields there = DifferenceOf(known, sync::DifferingFields(seen, item.values));
    const SyncFields landed = IntersectionOf(there, state.in_doubt);
    if (landed == item.mask) return TakeApplied(i);
    Settlement& row = AddRow(i);
    row.mask = landed;
    CopyFields(landed, item.values, &row.acknowledged);
    CopyFields(DifferenceOf(known, landed), seen, &row.seen);
    row.in_doubt = DoubtAfter(state, /*settled=*/false, known);
    row.confirmed = IntersectionOf(row.in_doubt, state.confirmed);
    row.guard_quantity = sync::SetsGuard(item.known, state.quantities_in_doubt, row.seen, plan_.oversell_guard);
  }

  // A refusal ends no other attention of the item.
  std::vector<Problem> WithRefusal(size_t i, const Problem& refusal) const {
    const int32_t planned = plan_.item_states[i].attentions;
    std::vector<Problem> attentions = {refusal};
    if (planned < 0) return attentions;
    for (const Problem& problem : plan_.item_attentions[static_cast<size_t>(planned)]) {
      if (problem.code != attentions.front().code) attentions.push_back(problem);
    }
    return attentions;
  }

  // The link stays dirty where something else may be sent: the next plan leaves out what was refused.
  void TakeRejected(size_t i, const PushOutcome& outcome) {
    const SyncPlan::ItemState& state = plan_.item_states[i];
    const PushItem& item = plan_.items[i];
    const SyncFields refused = RefusedFields(item, outcome);
    const bool whole = refused == item.mask;
    Settlement& row = AddRow(i);
    // What was refused together with fields that the channel has anyway goes without them next.
    const SyncFields differing = DifferenceOf(refused, state.forced);
    const bool mixed = !differing.empty() && !(differing == refused);
    row.settled = state.last && whole && !mixed;
    // What was in doubt may have landed, and what the channel has now nobody knows.
    row.mask = IntersectionOf(state.in_doubt, refused);
    if (row.settled) row.mask = UnionOf(row.mask, state.forgotten);
    row.in_doubt = DoubtAfter(state, row.settled, refused);
    row.confirmed = IntersectionOf(row.in_doubt, DifferenceOf(state.confirmed, refused));
    const Problem problem = RejectionOf(outcome);
    AddRefusal(refused, item.values, problem, &row);
    row.attentions = AddAttentions(WithRefusal(i, problem));
  }

  void TakeNotFound(size_t i) {
    Settlement& row = AddRow(i);
    row.settled = true;
    row.in_doubt = row.confirmed = SyncFields();
    row.gone = true;
    row.attentions = AddAttentions({GoneItem(plan_.items[i].external_id)});
  }

  const SyncPlan& plan_;
  SettlementBatch batch_;
};

}  // namespace

SettlementBatch Settle(const SyncPlan& plan, absl::Span<const int64_t> items, absl::Span<const PushOutcome> outcomes,
                       int64_t push_id) {
  assert(items.size() == outcomes.size());
  Settler settler(plan, outcomes.size(), push_id);
  for (size_t i = 0; i < outcomes.size(); ++i) settler.Take(static_cast<size_t>(items[i]), outcomes[i]);
  return settler.Finish();
}

Settlement SettleReceipt(const OpenItem& open, const SyncRow& row, const SyncFields& still_open,
                         const PushOutcome& outcome, std::vector<Problem>* attentions) {
  Settlement settlement;
  settlement.listing_id = open.item.listing_id;
  settlement.channel_variant_id = open.item.channel_variant_id;
  settlement.dirty_version = open.item.dirty_version;
  settlement.decided = true;
  settlement.in_doubt = UnionOf(DifferenceOf(row.in_doubt, open.item.mask), still_open);
  settlement.quantities_in_doubt = sync::QuantitiesWithout(open.item, row.quantities_in_doubt);
  settlement.confirmed = IntersectionOf(settlement.in_doubt, DifferenceOf(row.confirmed, open.item.mask));
  settlement.refused = row.refused;
  settlement.held = row.held;
  settlement.attentions = kKeepAttentions;
  switch (outcome.result) {
    case PushResult::kApplied:
      settlement.mask = open.item.mask;
      settlement.held = sync::HeldOnceApplied(row.held, open.item.mask, row.acknowledged);
      // What was sent for a later version may have landed before this, or after: nobody knows which of them stands.
      if (open.item.dirty_version == row.dirty_version) settlement.acknowledged = open.item.values;
      break;
    case PushResult::kRejected:
      settlement.mask = RefusedFields(open.item, outcome);
      attentions->push_back(RejectionOf(outcome));
      AddRefusal(settlement.mask, open.item.values, attentions->back(), &settlement);
      break;
    case PushResult::kNotFound:
      settlement.gone = true;
      attentions->push_back(GoneItem(open.item.external_id));
      break;
    case PushResult::kUnavailable:
    case PushResult::kAccepted:
      settlement.mask = open.item.mask;
      attentions->push_back(LostReceipt(open));
      break;
    case PushResult::kConflict:
    case PushResult::kNotTried:
    case PushResult::kThrottled:
      break;
  }
  return settlement;
}

}  // namespace flxlink
