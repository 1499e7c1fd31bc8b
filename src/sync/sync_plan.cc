#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/field.h"
#include "flxlink/sync.h"
#include "src/sync/field_difference.h"
#include "src/sync/oversell_guard.h"
#include "src/sync/sibling_statuses.h"
#include "src/sync/sync_policy.h"

namespace flxlink {
namespace {

// What is to become of one link.
struct Decision {
  SyncFields send;
  // Of several the one with the worst consequences: stock first, then status, then price.
  Attention attention;
};

// The fields of a link in doubt that might have another value on the channel than the one acknowledged, and would later
// be taken for equal. Not so a guarded quantity: the guard was set by looking at the channel, and no push since then
// had another one than was seen.
SyncFields DoubtfulFields(const SyncRow& row, const SyncPolicy& policy) {
  if (!row.in_doubt) return SyncFields();
  SyncFields doubtful = sync::PresentFields(row.acknowledged);
  if (sync::GuardStands(row, policy)) doubtful.quantity = false;
  return doubtful;
}

std::string HeldQuantityDetail(const SyncRow& row) {
  const int64_t shown = sync::ShownQuantity(row);
  return absl::StrCat("the channel shows ",
                      shown == kAbsent ? std::string("no quantity") : absl::StrCat("quantity ", shown),
                      ", less than was last acknowledged; the product says ", row.product_quantity,
                      ", which was stated before that was seen");
}

std::string CurrencyDetail(const SyncRow& row, const SyncPolicy& policy) {
  const Money price{row.product_price, row.product_currency};
  return absl::StrCat("the product's price is ", FormatMoney(price), " ", row.product_currency.code(),
                      "; the channel's prices are in ", policy.currency.code());
}

int32_t AddAttention(Attention attention, std::vector<Attention>* attentions) {
  if (attention.empty()) return kClearAttention;
  attentions->push_back(std::move(attention));
  return static_cast<int32_t>(attentions->size()) - 1;
}

std::string IdempotencyKey(const SyncRow& row, uint64_t digest) {
  return absl::StrCat(row.listing_id, "-", row.dirty_version, "-", absl::Hex(digest, absl::kZeroPad16));
}

Settlement SettledWithoutPush(const SyncRow& row) {
  Settlement settlement;
  settlement.listing_id = row.listing_id;
  settlement.dirty_version = row.dirty_version;
  settlement.settled = true;
  return settlement;
}

// Plans one batch, row by row.
class Planner {
 public:
  Planner(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy)
      : batch_(batch), policy_(policy), disagreements_(sync::FindSiblingDisagreements(batch, siblings, policy)) {}

  SyncPlan Run() {
    plan_.items.reserve(batch_.rows.size());
    plan_.item_states.reserve(batch_.rows.size());
    for (int64_t i = 0; i < batch_.size(); ++i) PlanRow(i);
    return std::move(plan_);
  }

 private:
  void PlanRow(int64_t i) {
    const SyncRow& row = batch_.rows[static_cast<size_t>(i)];
    const Pqs desired = Desired(row, policy_);
    Decision decision = Decide(i, row, desired);
    if (!decision.send.any()) return SettleUnsent(row, std::move(decision));
    const uint64_t digest = ContentDigest(decision.send, desired);
    if (digest == row.refused_digest && !row.in_doubt) return SettleRefused(row);
    AddItem(i, desired, digest, std::move(decision));
  }

  Decision Decide(int64_t i, const SyncRow& row, const Pqs& desired) const {
    Decision decision;
    if (row.seen.status == ChannelStatus::kDead) {
      decision.attention = MakeAttention(attention_code::kItemDead,
                                         absl::StrCat("the channel has item ", batch_.external_id[i], " as dead"));
      return decision;
    }
    decision.send = row.in_doubt ? sync::PresentFields(desired) : sync::DifferingFields(desired, row.acknowledged);
    if (sync::HasCurrencyMismatch(row, policy_)) {
      decision.attention = MakeAttention(attention_code::kCurrencyMismatch, CurrencyDetail(row, policy_));
    }
    HoldStatus(i, &decision);
    HoldQuantity(row, desired, &decision);
    return decision;
  }

  void HoldStatus(int64_t i, Decision* decision) const {
    const int32_t disagreement = disagreements_.of_row[static_cast<size_t>(i)];
    if (!decision->send.status || disagreement < 0) return;
    decision->send.status = false;
    decision->attention =
        MakeAttention(attention_code::kSiblingsDisagree, disagreements_.details[static_cast<size_t>(disagreement)]);
  }

  void HoldQuantity(const SyncRow& row, const Pqs& desired, Decision* decision) const {
    if (!decision->send.quantity || !sync::IsQuantityHeld(row, desired, policy_)) return;
    decision->send.quantity = false;
    decision->attention = MakeAttention(attention_code::kQuantityBelowAcknowledged, HeldQuantityDetail(row));
  }

  void SettleUnsent(const SyncRow& row, Decision decision) {
    Settlement settlement = SettledWithoutPush(row);
    // Nothing is sent that would put the doubt right, so it ends by forgetting.
    settlement.mask = DoubtfulFields(row, policy_);
    settlement.attention = AddAttention(std::move(decision.attention), &plan_.settled.attentions);
    plan_.settled.rows.push_back(settlement);
  }

  void SettleRefused(const SyncRow& row) {
    Settlement settlement = SettledWithoutPush(row);
    settlement.refused_digest = row.refused_digest;
    settlement.attention = kKeepAttention;
    plan_.settled.rows.push_back(settlement);
  }

  void AddItem(int64_t i, const Pqs& desired, uint64_t digest, Decision decision) {
    const SyncRow& row = batch_.rows[static_cast<size_t>(i)];
    PushItem item;
    item.listing_id = row.listing_id;
    item.dirty_version = row.dirty_version;
    item.external_id = std::string(batch_.external_id[i]);
    item.parent_id = std::string(batch_.parent_id[i]);
    item.mask = decision.send;
    item.values = sync::Masked(decision.send, desired);
    if (policy_.compare_and_set && decision.send.quantity) item.expected_quantity = row.acknowledged.quantity;
    item.idempotency_key = IdempotencyKey(row, digest);
    plan_.items.push_back(std::move(item));

    SyncPlan::ItemState state;
    state.in_doubt = row.in_doubt;
    state.doubtful = DoubtfulFields(row, policy_);
    state.attention = AddAttention(std::move(decision.attention), &plan_.item_attentions);
    plan_.item_states.push_back(state);
  }

  const SyncBatch& batch_;
  const SyncPolicy& policy_;
  const sync::SiblingDisagreements disagreements_;
  SyncPlan plan_;
};

}  // namespace

SyncPlan PlanSync(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy) {
  return Planner(batch, siblings, policy).Run();
}

}  // namespace flxlink
