#include <cassert>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/sync.h"
#include "src/sync/field_difference.h"

namespace flxlink {
namespace {

Attention RejectionAttention(const PushOutcome& outcome) {
  const absl::string_view code = outcome.code.empty() ? attention_code::kRejected : absl::string_view(outcome.code);
  const absl::string_view message =
      outcome.message.empty() ? absl::string_view("the channel refused it without a message") : outcome.message;
  return MakeAttention(code, outcome.field.empty() ? std::string(message) : absl::StrCat(outcome.field, ": ", message));
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
      case PushResult::kNotTried:
      case PushResult::kThrottled:
        AddRow(i);
        return;
      case PushResult::kAccepted:
      case PushResult::kUnavailable:
        batch_.close_push = false;
        return;
    }
  }

  SettlementBatch Finish() { return std::move(batch_); }

 private:
  // A row that says: nothing of the item reached the channel.
  Settlement& AddRow(size_t i) {
    Settlement settlement;
    settlement.listing_id = plan_.items[i].listing_id;
    settlement.dirty_version = plan_.items[i].dirty_version;
    settlement.in_doubt = plan_.item_states[i].in_doubt;
    settlement.attention = kKeepAttention;
    batch_.rows.push_back(settlement);
    return batch_.rows.back();
  }

  int32_t AddAttention(Attention attention) {
    batch_.attentions.push_back(std::move(attention));
    return static_cast<int32_t>(batch_.attentions.size()) - 1;
  }

  void TakeApplied(size_t i) {
    const SyncPlan::ItemState& state = plan_.item_states[i];
    Settlement& row = AddRow(i);
    row.settled = true;
    row.in_doubt = false;
    row.mask = sync::UnionOf(plan_.items[i].mask, state.doubtful);
    row.acknowledged = plan_.items[i].values;
    row.attention = state.attention < 0 ? kClearAttention
                                        : AddAttention(plan_.item_attentions[static_cast<size_t>(state.attention)]);
  }

  void TakeRejected(size_t i, const PushOutcome& outcome) {
    Settlement& row = AddRow(i);
    row.settled = true;
    row.in_doubt = false;
    row.mask = plan_.item_states[i].doubtful;
    row.refused_digest = ContentDigest(plan_.items[i].mask, plan_.items[i].values);
    row.attention = AddAttention(RejectionAttention(outcome));
  }

  void TakeNotFound(size_t i) {
    Settlement& row = AddRow(i);
    row.settled = true;
    row.in_doubt = false;
    row.gone = true;
    row.attention =
        AddAttention(MakeAttention(attention_code::kItemGone, absl::StrCat("the channel does not have item ",
                                                                           plan_.items[i].external_id, " any more")));
  }

  const SyncPlan& plan_;
  SettlementBatch batch_;
};

}  // namespace

SettlementBatch Settle(const SyncPlan& plan, int64_t first_item, absl::Span<const PushOutcome> outcomes,
                       int64_t push_id) {
  const size_t first = static_cast<size_t>(first_item);
  assert(first_item >= 0 && first + outcomes.size() <= plan.items.size());
  Settler settler(plan, outcomes.size(), push_id);
  for (size_t i = 0; i < outcomes.size(); ++i) settler.Take(first + i, outcomes[i]);
  return settler.Finish();
}

}  // namespace flxlink
