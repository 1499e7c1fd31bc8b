// Rows, policies and short words for tests of sync planning.

#ifndef FLXLINK_TESTS_SYNC_SYNC_ROWS_H_
#define FLXLINK_TESTS_SYNC_SYNC_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::sync {

// Sets of fields -----------------------------------------------------------------------------------------------------

inline const SyncFields kNothing = {};
inline const SyncFields kPrice = {SyncField::kPrice};
inline const SyncFields kQuantity = {SyncField::kQuantity};
inline const SyncFields kStatus = {SyncField::kStatus};
inline const SyncFields kPriceAndQuantity = {SyncField::kPrice, SyncField::kQuantity};
inline const SyncFields kPriceAndStatus = {SyncField::kPrice, SyncField::kStatus};
inline const SyncFields kAll = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};

// Policies -----------------------------------------------------------------------------------------------------------

// A policy that syncs `fields` in USD, by one kind that sets them all.
inline SyncPolicy PolicyOf(const SyncFields& fields) {
  SyncPolicy policy;
  policy.fields = fields;
  policy.kinds = {fields};
  return policy;
}

// Price, quantity and status.
inline SyncPolicy FullPolicy() { return PolicyOf(kAll); }

inline Currency Euro() { return *Currency::Parse("EUR"); }

// Rows ---------------------------------------------------------------------------------------------------------------

inline const ListingStatus kListedStatus = {Health::kListed, PendingChange::kNone, false, StatusAuthor::kPerson};
inline const ListingStatus kHidingStatus = {Health::kListed, PendingChange::kHiding, false, StatusAuthor::kPerson};

// The channel has accepted `values` of the fields after what it accepted before, and has decided on none.
inline void Await(const SyncFields& fields, const ItemValues& values, SyncRow* row) {
  row->in_doubt = UnionOf(row->in_doubt, fields);
  row->awaited.Mutable().push_back({fields, {}});
  CopyFields(fields, values, &row->awaited.Mutable().back().values);
}

// A link whose channel has what it should have: 19.90 USD, 5 pieces, listed.
inline SyncRow EqualRow(int64_t listing_id = 7) {
  SyncRow row;
  row.listing_id = listing_id;
  row.dirty_version = 3;
  row.product_price = 1990;
  row.product_quantity = 5;
  row.quantity_at = absl::FromUnixSeconds(100);
  row.status = kListedStatus;
  row.acknowledged = {1990, 5, ChannelStatus::kListed};
  row.seen = row.acknowledged;
  row.seen_at = absl::FromUnixSeconds(50);
  return row;
}

// The same with everything different.
inline SyncRow ChangedRow(int64_t listing_id = 7) {
  SyncRow row = EqualRow(listing_id);
  row.acknowledged = {1000, 1, ChannelStatus::kHidden};
  row.seen = row.acknowledged;
  return row;
}

// The guard was set after the product's quantity was stated: the channel shows 2, the product says 5.
inline SyncRow GuardedRow() {
  SyncRow row = EqualRow();
  row.acknowledged.quantity = row.seen.quantity = 2;
  row.guarded_at = absl::FromUnixSeconds(200);
  return row;
}

// Adds a link to the batch; its SKU, external id and handle are made of its listing id.
inline void AddSyncRow(SyncRow row, absl::string_view parent_id, SyncBatch* batch) {
  batch->sku.Add(absl::StrCat("SKU", row.listing_id));
  batch->external_id.Add(absl::StrCat("item/", row.listing_id));
  batch->parent_id.Add(parent_id);
  batch->handle.Add(absl::StrCat("handle/", row.listing_id));
  batch->rows.push_back(std::move(row));
}

inline SyncBatch OneRow(const SyncRow& row) {
  SyncBatch batch;
  AddSyncRow(row, "", &batch);
  return batch;
}

inline const Problem kTooLow = {"price_too_low", {}, "must be at least 1.00"};

// `fields`, refused together with the values that `values` has of them.
inline std::vector<RefusedValue> RefusedTogether(const SyncFields& fields, const ItemValues& values,
                                                 const Problem& problem = kTooLow) {
  std::vector<RefusedValue> refused;
  for (const std::string& name : fields.Names()) refused.push_back({name, RefusalDigest(fields, values), problem});
  return refused;
}

// Plans and what comes of them ---------------------------------------------------------------------------------------

inline SyncPlan PlanOf(const SyncRow& row, const SyncPolicy& policy = FullPolicy()) {
  return PlanSync(OneRow(row), SyncBatch(), policy);
}

// The one item of a plan that settles nothing without a push.
inline PushItem OnlyItem(const SyncPlan& plan) {
  EXPECT_THAT(plan.settled.rows, testing::IsEmpty());
  EXPECT_THAT(plan.items, testing::SizeIs(1));
  return plan.items.empty() ? PushItem() : plan.items.front();
}

// What the one row of a plan that pushes nothing comes to.
inline Settlement OnlySettled(const SyncPlan& plan) {
  EXPECT_THAT(plan.items, testing::IsEmpty());
  EXPECT_THAT(plan.settled.rows, testing::SizeIs(1));
  return plan.settled.rows.empty() ? Settlement() : plan.settled.rows.front();
}

// The attentions of that row.
inline std::vector<Problem> OnlyAttentions(const SyncPlan& plan) {
  const int32_t attentions = OnlySettled(plan).attentions;
  EXPECT_GE(attentions, 0);
  return attentions < 0 ? std::vector<Problem>() : plan.settled.attentions.at(static_cast<size_t>(attentions));
}

inline std::string SettledCode(const SyncPlan& plan) {
  const Settlement row = OnlySettled(plan);
  return row.attentions < 0 ? "" : plan.settled.attentions.at(static_cast<size_t>(row.attentions)).at(0).code;
}

inline Problem ItemAttention(const SyncPlan& plan, size_t item = 0) {
  const int32_t set = plan.item_states.at(item).attentions;
  return set < 0 ? Problem() : plan.item_attentions.at(static_cast<size_t>(set)).at(0);
}

inline PushOutcome OutcomeOf(PushResult result) {
  PushOutcome outcome;
  outcome.result = result;
  return outcome;
}

// Pushes the one item of the row's plan, with this outcome.
inline SettlementBatch SettleOne(const SyncRow& row, const PushOutcome& outcome,
                                 const SyncPolicy& policy = FullPolicy()) {
  return Settle(PlanOf(row, policy), {0}, {outcome}, 11);
}

}  // namespace flxlink::sync

#endif  // FLXLINK_TESTS_SYNC_SYNC_ROWS_H_
