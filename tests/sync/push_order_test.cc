// The order inside an item, tried out whole: for every change of one item and every way to split its fields over push
// kinds, each step is applied, lands late, is refused or is lost, in all combinations. What the channel shows in
// between is compared with what was stated, and in the end nothing may be missing that was not refused.

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sync/order_twin.h"
#include "tests/sync/sync_rows.h"
#include "tests/sync/sync_world.h"

namespace flxlink::sync {
namespace {

constexpr ChannelStatus kListed = ChannelStatus::kListed;
constexpr ChannelStatus kHidden = ChannelStatus::kHidden;

// What becomes of a step. Late and lost, nobody is told; the next one waits until it has landed or cannot any more.
enum class Fate { kApplied, kLate, kLost, kRefused, kRefusedByName };
constexpr Fate kFates[] = {Fate::kApplied, Fate::kLate, Fate::kLost, Fate::kRefused, Fate::kRefusedByName};

// So many steps of one item meet all fates; those after them are applied.
constexpr int kDepth = 4;
// An item has three fields. More steps than the depth and those are a plan that does not end.
constexpr int kMostSteps = kDepth + 4;

struct Counts {
  int64_t changes = 0;
  int64_t histories = 0;
  int64_t steps = 0;
  int64_t refused = 0;
  int64_t waiting = 0;
};

struct Change {
  ItemValues before;
  ItemValues after;
};

std::string ToText(const ItemValues& values) {
  return absl::StrCat(values.price, "/", values.quantity, "/", ToString(values.status));
}

// Price same, up, down; quantity same, up, down, to 0; status same (listed, hidden), show, hide.
std::vector<Change> AllChanges() {
  std::vector<Change> changes;
  for (const int64_t price : {100, 110, 90}) {
    for (const int64_t quantity : {5, 9, 2, 0}) {
      for (const ChannelStatus before : {kListed, kHidden}) {
        for (const ChannelStatus after : {kListed, kHidden}) {
          const Change change = {{100, 5, before}, {price, quantity, after}};
          if (!(change.before == change.after)) changes.push_back(change);
        }
      }
    }
  }
  return changes;
}

// All ways to split three fields, in more than one order, and some in which two kinds set the same.
std::vector<std::vector<SyncFields>> AllKinds() {
  const SyncFields price_and_quantity = UnionOf(kPrice, kQuantity);
  const SyncFields price_and_status = UnionOf(kPrice, kStatus);
  const SyncFields quantity_and_status = UnionOf(kQuantity, kStatus);
  return {{kAll},
          {price_and_quantity, kStatus},
          {kStatus, price_and_quantity},
          {price_and_status, kQuantity},
          {kQuantity, price_and_status},
          {quantity_and_status, kPrice},
          {kPrice, quantity_and_status},
          {kPrice, kQuantity, kStatus},
          {kStatus, kQuantity, kPrice},
          {price_and_quantity, quantity_and_status},
          {price_and_status, price_and_quantity, quantity_and_status},
          {kPrice, kAll}};
}

// One item, from when its product changed. Copied where fates part.
struct History {
  SyncRow row;
  ItemValues shown;
  SyncFields refused;
  std::string text;
  int steps = 0;
};

class Explorer {
 public:
  Explorer(const SyncFunctions& functions, const Change& change, SyncPolicy policy)
      : functions_(functions), change_(change), policy_(std::move(policy)) {}

  // The first history in which something happens that must not; empty where there is none.
  std::string Run(Counts* counts) {
    counts_ = counts;
    ++counts_->changes;
    History history;
    history.shown = change_.before;
    history.row.listing_id = 1;
    history.row.dirty_version = 1;
    history.row.product_price = change_.after.price;
    history.row.product_quantity = change_.after.quantity;
    history.row.status = kListedStatus;
    history.row.status.base = change_.after.status == kListed ? Health::kListed : Health::kHidden;
    history.row.acknowledged = history.row.seen = change_.before;
    Continue(history);
    return failure_;
  }

 private:
  void Fail(const History& history, const std::string& what) {
    if (!failure_.empty()) return;
    failure_ = absl::StrCat(ToText(change_.before), " to ", ToText(change_.after), ", kinds");
    for (const SyncFields& kind : policy_.kinds) absl::StrAppend(&failure_, " {", FormatSyncFields(kind), "}");
    absl::StrAppend(&failure_, ":", history.text, ": ", what, ", the channel shows ", ToText(history.shown));
  }

  // Plans the next step and lets every fate happen to it.
  void Continue(const History& history) {
    if (!failure_.empty()) return;
    const SyncPlan plan = functions_.plan(OneRow(history.row), SyncBatch(), policy_);
    if (plan.items.empty()) return CheckEnd(history);
    if (history.steps == kMostSteps) return Fail(history, "it never ends");
    for (const Fate fate : kFates) {
      if (fate != Fate::kApplied && history.steps >= kDepth) break;
      Meet(plan, fate, history);
    }
  }

  void Meet(const SyncPlan& plan, Fate fate, History history) {
    const PushItem& item = plan.items[0];
    ++history.steps;
    ++counts_->steps;
    absl::StrAppend(&history.text, " ", FormatSyncFields(item.mask), "=", static_cast<int>(fate));
    const SyncFields certain = DifferenceOf(item.mask, history.row.in_doubt);
    if (!IntersectionOf(certain, history.refused).empty()) Fail(history, "sent again what was refused");
    history.row.in_doubt = UnionOf(history.row.in_doubt, item.mask);
    PushOutcome outcome = OutcomeOf(fate, item);
    if (fate == Fate::kApplied || fate == Fate::kLate) Land(item, &history);
    if (outcome.result == PushResult::kRejected) TakeRefusal(item, outcome, &history);
    const SettlementBatch settled = functions_.settle(plan, {0}, {outcome}, history.steps);
    Write(settled, &history);
    const bool clean = !settled.rows.empty() && settled.rows[0].settled;
    return clean ? CheckEnd(history) : Continue(history);
  }

  static PushOutcome OutcomeOf(Fate fate, const PushItem& item) {
    PushOutcome outcome;
    if (fate == Fate::kApplied) outcome.result = PushResult::kApplied;
    if (fate == Fate::kRefused || fate == Fate::kRefusedByName) outcome.result = PushResult::kRejected;
    if (fate == Fate::kRefusedByName) outcome.field = item.mask.Names().back();
    return outcome;
  }

  void TakeRefusal(const PushItem& item, const PushOutcome& outcome, History* history) {
    ++counts_->refused;
    const SyncFields named = *ParseSyncFields(outcome.field);
    history->refused = UnionOf(history->refused, named.empty() ? item.mask : named);
  }

  static void Write(const SettlementBatch& batch, History* history) {
    for (const Settlement& settlement : batch.rows) {
      CopyFields(settlement.mask, settlement.acknowledged, &history->row.acknowledged);
      if (settlement.mask.Has(SyncField::kStatus)) {
        history->row.status = Acknowledge(history->row.status, settlement.acknowledged.status);
      }
      history->row.in_doubt = settlement.in_doubt;
      history->row.refused = settlement.refused;
    }
  }

  // What the channel shows changes here and nowhere else. Fields of one call change at once.
  void Land(const PushItem& item, History* history) {
    const ItemValues old = history->shown;
    CopyFields(item.mask, item.values, &history->shown);
    CheckShown(old, *history);
  }

  void CheckShown(const ItemValues& old, const History& history) {
    const ItemValues& shown = history.shown;
    const bool has_price = shown.price == change_.after.price;
    const bool has_quantity = shown.quantity == change_.after.quantity;
    const bool is_shown_now = old.status == kHidden && shown.status == kListed;
    const bool to_hide = change_.after.status == kHidden && shown.status == kListed;
    const bool to_lower = change_.after.quantity < change_.before.quantity && !has_quantity;
    if (is_shown_now && !has_price) Fail(history, "shown with the old price");
    if (is_shown_now && !has_quantity) Fail(history, "shown with the old quantity");
    if (shown.quantity > old.quantity) {
      if (!has_price) Fail(history, "raised with the old price");
      if (to_hide) Fail(history, "raised while it is to be hidden");
    }
    if (shown.price == old.price) return;
    if (to_hide && !history.refused.Has(SyncField::kStatus)) Fail(history, "priced while it is to be hidden");
    if (to_lower && !history.refused.Has(SyncField::kQuantity)) Fail(history, "priced before the quantity is lowered");
  }

  // Everything is there that was not refused and does not wait for something that was.
  void CheckEnd(const History& history) {
    ++counts_->histories;
    const bool raises = change_.after.quantity > change_.before.quantity;
    const bool shows = change_.after.status == kListed;
    bool waits = history.refused.Has(SyncField::kPrice);
    if (!history.refused.Has(SyncField::kPrice) && history.shown.price != change_.after.price) {
      return Fail(history, "the price is lost");
    }
    const bool more_waits = waits || (!shows && history.refused.Has(SyncField::kStatus));
    if (!history.refused.Has(SyncField::kQuantity) && history.shown.quantity != change_.after.quantity) {
      if (!raises || !more_waits) return Fail(history, "the quantity is lost");
      ++counts_->waiting;
    }
    waits = waits || history.refused.Has(SyncField::kQuantity);
    if (!history.refused.Has(SyncField::kStatus) && history.shown.status != change_.after.status) {
      if (!shows || !waits) return Fail(history, "the status is lost");
      ++counts_->waiting;
    }
  }

  const SyncFunctions& functions_;
  const Change change_;
  const SyncPolicy policy_;
  Counts* counts_ = nullptr;
  std::string failure_;
};

std::string FirstFailure(const SyncFunctions& functions, Counts* counts) {
  for (const std::vector<SyncFields>& kinds : AllKinds()) {
    SyncPolicy policy = FullPolicy();
    policy.kinds = kinds;
    for (const Change& change : AllChanges()) {
      const std::string failure = Explorer(functions, change, policy).Run(counts);
      if (!failure.empty()) return failure;
    }
  }
  return "";
}

TEST(PushOrderTest, WhatExposesLessGoesFirstWhateverHappens) {
  Counts counts;
  EXPECT_EQ(FirstFailure(SyncFunctions(), &counts), "");
  EXPECT_EQ(counts.changes, static_cast<int64_t>(AllKinds().size() * AllChanges().size()));
  EXPECT_GT(counts.histories, counts.changes);
  EXPECT_GT(counts.refused, 0);
  EXPECT_GT(counts.waiting, 0);
  std::cout << counts.changes << " changes, " << counts.histories << " histories, " << counts.steps << " steps, "
            << counts.refused << " of them refused; " << counts.waiting << " fields wait for a refused one\n";
}

// Twins --------------------------------------------------------------------------------------------------------------

std::string FailureOf(const SyncFunctions& functions) {
  Counts counts;
  return FirstFailure(functions, &counts);
}

SyncFunctions WithRow(void (*change)(SyncRow*)) {
  SyncFunctions functions;
  functions.plan = [change](const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy) {
    SyncBatch changed = batch;
    for (SyncRow& row : changed.rows) change(&row);
    return PlanSync(changed, siblings, policy);
  };
  return functions;
}

SyncFunctions WithState(void (*change)(SyncPlan::ItemState*)) {
  SyncFunctions functions;
  functions.plan = [change](const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy) {
    SyncPlan plan = PlanSync(batch, siblings, policy);
    for (SyncPlan::ItemState& state : plan.item_states) change(&state);
    return plan;
  };
  return functions;
}

TEST(PushOrderTest, CatchesAPlanWithoutOrder) {
  SyncFunctions functions;
  functions.plan = PlanWithoutOrder;
  EXPECT_NE(FailureOf(functions), "");
}

TEST(PushOrderTest, CatchesRaisingAndShowingWithARefusedPrice) {
  const std::string failure = FailureOf(WithRow([](SyncRow* row) {
    for (const RefusedValue& refused : row->refused) {
      if (refused.field == "price") row->product_price = kAbsent;
    }
  }));
  EXPECT_NE(failure.find("with the old price"), std::string::npos) << failure;
}

TEST(PushOrderTest, CatchesStepsThatAreLost) {
  const std::string failure = FailureOf(WithState([](SyncPlan::ItemState* state) { state->last = true; }));
  EXPECT_NE(failure.find("is lost"), std::string::npos) << failure;
}

TEST(PushOrderTest, CatchesRefusalsThatAreForgotten) {
  const std::string failure = FailureOf(WithState([](SyncPlan::ItemState* state) { state->refused.clear(); }));
  EXPECT_NE(failure.find("sent again what was refused"), std::string::npos) << failure;
}

// What is in doubt is taken for what it was before.
TEST(PushOrderTest, CatchesDoubtThatIsIgnored) {
  SyncFunctions functions;
  functions.settle = [](const SyncPlan& plan, absl::Span<const int64_t> items, absl::Span<const PushOutcome> outcomes,
                        int64_t push_id) {
    std::vector<PushOutcome> mistaken(outcomes.begin(), outcomes.end());
    for (PushOutcome& outcome : mistaken) {
      if (outcome.result == PushResult::kUnavailable) outcome.result = PushResult::kApplied;
    }
    return Settle(plan, items, mistaken, push_id);
  };
  EXPECT_NE(FailureOf(functions), "");
}

}  // namespace
}  // namespace flxlink::sync
