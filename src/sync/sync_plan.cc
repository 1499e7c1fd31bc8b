#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/field.h"
#include "flxlink/sync.h"
#include "src/sync/awaited_fields.h"
#include "src/sync/field_difference.h"
#include "src/sync/fixed_fields.h"
#include "src/sync/held_changes.h"
#include "src/sync/hidden_quantity.h"
#include "src/sync/oversell_guard.h"
#include "src/sync/push_step.h"
#include "src/sync/refused_values.h"
#include "src/sync/sibling_statuses.h"
#include "src/sync/sync_policy.h"
#include "src/sync/value_digest.h"

namespace flxlink {
namespace {

// What is to become of one link.
struct Decision {
  // What is not known to be as it is desired.
  SyncFields differs;
  // That and what is forced, as far as it can be sent, now or in a later step.
  SyncFields send;
  // What differs as well, and was refused for good.
  SyncFields stuck;
  // What differs as well, and waits for a receipt.
  SyncFields waiting;
  RareVector<RefusedValue> refused;
  RareVector<HeldChange> held;
  // Of `send`, the changes that count to the circuit breaker.
  SyncFields counted;
  // The channel has the desired quantity, or none is desired.
  bool has_quantity = false;
  std::vector<Problem> attentions;
};

// The fields in doubt that might have another value on the channel than the one acknowledged, and would later be taken
// for equal.
SyncFields DoubtfulFields(const SyncRow& row) {
  if (row.in_doubt.empty()) return SyncFields();
  const SyncFields known = UnionOf(sync::AwaitedFields(row), row.confirmed);
  return IntersectionOf(DifferenceOf(row.in_doubt, known), PresentFields(row.acknowledged));
}

Problem HeldQuantity(const SyncRow& row) {
  const int64_t shown = sync::ShownQuantity(row);
  std::vector<Field> args = {{"product_quantity", absl::StrCat(row.product_quantity)}};
  if (shown != kAbsent) args.push_back({"shown", absl::StrCat(shown)});
  return MakeProblem(problem_code::kQuantityBelowAcknowledged, std::move(args),
                     absl::StrCat("the channel shows ",
                                  shown == kAbsent ? std::string("no quantity") : absl::StrCat("quantity ", shown),
                                  ", less than was last acknowledged; the product says ", row.product_quantity,
                                  ", which was stated before that was seen"));
}

Problem CurrencyMismatch(const SyncRow& row, const SyncPolicy& policy) {
  const bool has_price = policy.fields.Has(SyncField::kPrice) && row.product_price != kAbsent;
  const int64_t value = has_price ? row.product_price : row.product_compare_at_price;
  const std::string price = FormatMoney({value, row.product_currency});
  const std::string currency(row.product_currency.code());
  const std::string channel_currency(policy.currency.code());
  return MakeProblem(problem_code::kCurrencyMismatch,
                     {{"price", price}, {"currency", currency}, {"channel_currency", channel_currency}},
                     absl::StrCat("the product's price is ", price, " ", currency, "; the channel's prices are in ",
                                  channel_currency));
}

Problem ZeroPrice(const SyncFields& fields) {
  const std::string names = absl::StrJoin(fields.Names(), ",");
  return MakeProblem(problem_code::kZeroPrice, {{"field", names}},
                     absl::StrCat("the product's ", absl::StrJoin(fields.Names(), " and "),
                                  " is 0, which is not sent to this channel; the channel keeps the one that it has"));
}

// The index of `attentions` among `sets`, for a settlement.
int32_t AddAttentions(std::vector<Problem> attentions, std::vector<std::vector<Problem>>* sets) {
  if (attentions.empty()) return kClearAttentions;
  sets->push_back(std::move(attentions));
  return static_cast<int32_t>(sets->size()) - 1;
}

std::string IdempotencyKey(absl::string_view channel, const PushItem& item) {
  const uint64_t digest = sync::PushDigest(channel, item);
  return absl::StrCat(item.listing_id, "-", item.dirty_version, "-", absl::Hex(digest, absl::kZeroPad16));
}

Settlement SettledWithoutPush(const SyncRow& row) {
  Settlement settlement;
  settlement.listing_id = row.listing_id;
  settlement.channel_variant_id = row.channel_variant_id;
  settlement.dirty_version = row.dirty_version;
  settlement.settled = true;
  return settlement;
}

// Plans one batch, row by row.
class Planner {
 public:
  Planner(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy,
          absl::Span<const UnlinkedItem> unlinked, const Breaker& breaker)
      : batch_(batch),
        policy_(policy),
        breaker_(breaker),
        disagreements_(sync::FindSiblingDisagreements(batch, siblings, policy, unlinked)) {}

  SyncPlan Run() {
    plan_.oversell_guard = policy_.oversell_guard;
    plan_.items.reserve(batch_.rows.size());
    plan_.item_states.reserve(batch_.rows.size());
    for (int64_t i = 0; i < batch_.size(); ++i) PlanRow(i);
    return std::move(plan_);
  }

 private:
  void PlanRow(int64_t i) {
    const SyncRow& row = batch_.rows[static_cast<size_t>(i)];
    ItemValues desired = Desired(row, policy_);
    Decision decision = Decide(i, row, &desired);
    const sync::PushStep step = NextStep(decision, row, desired);
    if (step.fields.empty()) return SettleUnsent(row, std::move(decision));
    AddItem(i, desired, step, std::move(decision));
  }

  sync::PushStep NextStep(const Decision& decision, const SyncRow& row, const ItemValues& desired) const {
    const SyncFields held = UnionOf(decision.stuck, decision.waiting);
    return sync::NextStep(decision.send, held, desired, row.acknowledged, policy_);
  }

  Decision Decide(int64_t i, const SyncRow& row, ItemValues* wanted) {
    Decision decision;
    if (sync::IsClosed(row, policy_)) {
      decision.held = row.held;
      decision.attentions = sync::HeldProblems(row.held);
      return decision;
    }
    const ItemValues& desired = *wanted;
    decision.send = sync::DifferingFields(desired, row.acknowledged);
    SendAnyway(DifferenceOf(row.in_doubt, row.confirmed), desired, &decision);
    decision.differs = decision.send;
    decision.has_quantity = !decision.differs.Has(SyncField::kQuantity);
    SendAnyway(row.forced, desired, &decision);
    LeaveFixed(row, desired, &decision);
    LeaveZeroPrices(desired, &decision);
    HoldQuantity(row, desired, &decision);
    HoldStatus(i, &decision);
    LeaveAwaited(row, desired, &decision);
    LeaveRefused(row, desired, &decision);
    HoldChanges(row, wanted, &decision);
    if (sync::HasCurrencyMismatch(row, policy_)) decision.attentions.push_back(CurrencyMismatch(row, policy_));
    if (sync::OnlyQuantityHides(row, policy_)) decision.attentions.push_back(sync::HiddenByQuantity());
    return decision;
  }

  // What is acknowledged, too.
  static void SendAnyway(const SyncFields& fields, const ItemValues& desired, Decision* decision) {
    if (fields.empty()) return;
    decision->send = UnionOf(decision->send, IntersectionOf(fields, PresentFields(desired)));
  }

  static void LeaveFixed(const SyncRow& row, const ItemValues& desired, Decision* decision) {
    if (row.fixed.empty()) return;
    decision->send = DifferenceOf(decision->send, sync::FixedFields(row));
    decision->attentions = sync::FixedProblems(row, desired);
  }

  // Of those that are only forced the channel has 0 already.
  void LeaveZeroPrices(const ItemValues& desired, Decision* decision) const {
    if (policy_.zero_prices) return;
    const SyncFields zero = IntersectionOf(decision->send, sync::ZeroPrices(desired));
    if (zero.empty()) return;
    decision->send = DifferenceOf(decision->send, zero);
    const SyncFields differing = IntersectionOf(zero, decision->differs);
    if (!differing.empty()) decision->attentions.push_back(ZeroPrice(differing));
  }

  void LeaveAwaited(const SyncRow& row, const ItemValues& desired, Decision* decision) const {
    if (row.awaited.empty()) return;
    decision->waiting = IntersectionOf(decision->send, sync::WaitingFields(row, desired, policy_));
    decision->send = DifferenceOf(decision->send, decision->waiting);
  }

  // A field in doubt is sent all the same: only that says what the channel has of it. Nothing waits for what is forced
  // and the channel has.
  static void LeaveRefused(const SyncRow& row, const ItemValues& desired, Decision* decision) {
    if (row.refused.empty()) return;
    const SyncFields wanted = DifferenceOf(IntersectionOf(decision->send, decision->differs), row.in_doubt);
    decision->refused = sync::StandingRefusals(row.refused, wanted, desired);
    decision->stuck = sync::FieldsOf(decision->refused);
    decision->send = DifferenceOf(decision->send, decision->stuck);
  }

  void HoldStatus(int64_t i, Decision* decision) const {
    const int32_t disagreement = disagreements_.of_row[static_cast<size_t>(i)];
    if (!decision->send.Has(SyncField::kStatus) || disagreement < 0) return;
    decision->send.Remove(SyncField::kStatus);
    decision->attentions.push_back(MakeProblem(problem_code::kSiblingsDisagree,
                                               {{"parent_id", std::string(batch_.parent_id[i])}},
                                               disagreements_.details[static_cast<size_t>(disagreement)]));
  }

  void HoldQuantity(const SyncRow& row, const ItemValues& desired, Decision* decision) const {
    if (!decision->send.Has(SyncField::kQuantity) || !sync::IsQuantityHeld(row, desired, policy_)) return;
    decision->send.Remove(SyncField::kQuantity);
    decision->attentions.push_back(HeldQuantity(row));
  }

  void HoldChanges(const SyncRow& row, ItemValues* desired, Decision* decision) {
    sync::BreakerDecision judged = sync::JudgeChanges(row, decision->send, *desired, policy_, breaker_);
    plan_.changes += judged.changes;
    plan_.newly_held += judged.newly_held;
    decision->counted = judged.counted;
    decision->held = std::move(judged.held);
    decision->send = DifferenceOf(decision->send, judged.stays);
    for (Problem& problem : judged.attentions) decision->attentions.push_back(std::move(problem));
    if (judged.stays.Has(SyncField::kQuantity)) SendLowerQuantity(row, desired, decision);
  }

  // Where a hide by quantity is held, what was sold meanwhile still goes out.
  void SendLowerQuantity(const SyncRow& row, ItemValues* desired, Decision* decision) const {
    const int64_t stock = sync::StockQuantity(row, policy_);
    const int64_t known = row.acknowledged.quantity;
    if (!sync::IsHiddenByQuantity(row, policy_) || stock == kAbsent || known == kAbsent || stock >= known) return;
    desired->quantity = stock;
    decision->send.Add(SyncField::kQuantity);
  }

  // What stays refused stays attention; of two with one code the first says enough.
  static int32_t AttentionsFor(Decision decision, std::vector<std::vector<Problem>>* sets) {
    for (const RefusedValue& refused : decision.refused) {
      const auto says_so = [&](const Problem& problem) { return problem.code == refused.problem.code; };
      if (std::any_of(decision.attentions.begin(), decision.attentions.end(), says_so)) continue;
      decision.attentions.push_back(refused.problem);
    }
    return AddAttentions(std::move(decision.attentions), sets);
  }

  void SettleUnsent(const SyncRow& row, Decision decision) {
    Settlement settlement = SettledWithoutPush(row);
    // Nothing is sent that would put the doubt right, so it ends by forgetting.
    settlement.mask = DoubtfulFields(row);
    settlement.in_doubt = sync::AwaitedFields(row);
    settlement.quantities_in_doubt = row.quantities_in_doubt;
    settlement.confirmed = IntersectionOf(row.confirmed, settlement.in_doubt);
    settlement.refused = decision.refused;
    settlement.held = std::move(decision.held);
    if (decision.has_quantity) settlement.by_quantity = sync::StatusByQuantity(row, policy_);
    if (settlement.by_quantity == ChannelStatus::kHidden) decision.attentions.push_back(sync::HiddenByQuantity());
    settlement.attentions = AttentionsFor(std::move(decision), &plan_.settled.attentions);
    plan_.settled.rows.push_back(std::move(settlement));
  }

  void AddItem(int64_t i, const ItemValues& desired, const sync::PushStep& step, Decision decision) {
    const SyncRow& row = batch_.rows[static_cast<size_t>(i)];
    PushItem item;
    item.listing_id = row.listing_id;
    item.channel_variant_id = row.channel_variant_id;
    item.dirty_version = row.dirty_version;
    item.external_id = std::string(batch_.external_id[i]);
    item.parent_id = std::string(batch_.parent_id[i]);
    item.handle = std::string(batch_.handle[i]);
    item.mask = step.fields;
    CopyFields(step.fields, desired, &item.values);
    CopyFields(step.fields, row.acknowledged, &item.known);
    item.idempotency_key = IdempotencyKey(policy_.channel, item);
    plan_.items.push_back(std::move(item));
    AddItemState(i, desired, step, std::move(decision));
  }

  void AddItemState(int64_t i, const ItemValues& desired, const sync::PushStep& step, Decision decision) {
    const SyncRow& row = batch_.rows[static_cast<size_t>(i)];
    decision.send = DifferenceOf(decision.send, step.fields);
    SyncPlan::ItemState state;
    state.row = i;
    state.kind = step.kind;
    state.last = decision.send.empty() || NextStep(decision, row, desired).fields.empty();
    state.forced = DifferenceOf(step.fields, decision.differs);
    state.in_doubt = row.in_doubt;
    state.awaited = sync::AwaitedFields(row);
    state.quantities_in_doubt = row.quantities_in_doubt;
    state.confirmed = row.confirmed;
    if (state.last) state.forgotten = DifferenceOf(DoubtfulFields(row), step.fields);
    state.refused = decision.refused;
    state.held_once_applied = sync::HeldOnceApplied(decision.held, step.fields, row.acknowledged);
    state.held = std::move(decision.held);
    state.changes = CountChanges(IntersectionOf(decision.counted, step.fields), row, desired);
    if (decision.has_quantity || step.fields.Has(SyncField::kQuantity)) {
      state.by_quantity = sync::StatusByQuantity(row, policy_);
    }
    state.attentions = AttentionsFor(std::move(decision), &plan_.item_attentions);
    plan_.item_states.push_back(std::move(state));
  }

  // By kind, as many as count.
  ChangeCounts CountChanges(const SyncFields& fields, const SyncRow& row, const ItemValues& desired) const {
    ChangeCounts changes;
    for (const SyncField field : kSyncFields) {
      if (fields.Has(field)) changes[*sync::KindOfChange(field, row, desired, policy_)] += 1;
    }
    return changes;
  }

  const SyncBatch& batch_;
  const SyncPolicy& policy_;
  const Breaker& breaker_;
  const sync::SiblingDisagreements disagreements_;
  SyncPlan plan_;
};

}  // namespace

SyncPlan PlanSync(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy,
                  absl::Span<const UnlinkedItem> unlinked, const Breaker& breaker) {
  return Planner(batch, siblings, policy, unlinked, breaker).Run();
}

}  // namespace flxlink
