// Sync planning: what has to be sent, decided by pure functions over rows that storage read.
//
// *Desired* is computed afresh each time: prices and quantity from the product, status from the listing variant's
// stored status, content from what was built into it. *Acknowledged* is what the channel last confirmed to have. A
// field is sent when the two differ. Whether a link is dirty is only a hint where to look.
//
// What nobody stated is not sent: a product without a compare-at price leaves the channel's as it is.
//
// *Oversell guard*: when a full sync finds less stock on the channel than was acknowledged, the channel has probably
// sold some. Unless the channel's policy says overwrite, the quantity is then not sent until the product's quantity has
// been stated again after that observation; meanwhile it is attention.
//
// Everything here is pure and thread-safe.

#ifndef FLXLINK_SYNC_H_
#define FLXLINK_SYNC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/item_values.h"
#include "flxlink/listing_status.h"
#include "flxlink/money.h"
#include "flxlink/problem.h"
#include "flxlink/push.h"
#include "flxlink/rare_vector.h"
#include "flxlink/string_column.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

// What planning needs to know of one link.
struct SyncRow {
  // The link: whose it is, and to which channel variant.
  int64_t listing_id = 0;
  int64_t channel_variant_id = 0;
  int64_t dirty_version = 0;
  // Both in minor units of product_currency.
  int64_t product_price = kAbsent;
  int64_t product_compare_at_price = kAbsent;
  Currency product_currency;
  int64_t product_quantity = kAbsent;
  // When the product's quantity was last stated.
  absl::Time quantity_at;
  ListingStatus status;
  // What the listing variant has of the content that the channel syncs (ChannelConfig::sync_fields), as in ItemValues.
  // Storage reads no other content, here and below.
  RareVector<Field> content{};
  ItemValues acknowledged;
  // By the last pull; content that the item does not have was seen empty.
  ItemValues seen;
  // When that was.
  absl::Time seen_at;
  // The guard's observation, not yet overtaken by a newer product quantity. InfinitePast: none.
  absl::Time guarded_at = absl::InfinitePast();
  uint64_t refused_digest = 0;
  bool in_doubt = false;
  bool dirty = false;
};

// Links of one channel: row i of the batch is entry i of every column.
struct SyncBatch {
  std::vector<SyncRow> rows;
  StringColumn sku;
  StringColumn external_id;
  StringColumn parent_id;

  int64_t size() const { return static_cast<int64_t>(rows.size()); }
};

// What planning must know about the channel.
struct SyncPolicy {
  // What the channel syncs and its adapter can set.
  SyncFields fields;
  Currency currency;
  OversellGuard oversell_guard = OversellGuard::kHold;
  PushGrouping status_grouping = PushGrouping::kNone;
  bool compare_and_set = false;
};

// The policy of a channel whose adapter can do `capabilities`.
SyncPolicy MakeSyncPolicy(const ChannelConfig& config, const AdapterCapabilities& capabilities);

// What one link should have on the channel. A field is absent where flxlink has nothing to say: not synced, no value,
// price in another currency.
ItemValues Desired(const SyncRow& row, const SyncPolicy& policy);

// What came of planning a batch.
struct SyncPlan {
  // What settling an item has to know of its link.
  struct ItemState {
    // The attentions that go with the item when it is applied (its quantity is held back, say): an index into
    // item_attentions.
    int32_t attentions = kClearAttentions;
    // It was in doubt before.
    bool in_doubt = false;
    // The acknowledged fields that the channel may not have any more, because of that.
    SyncFields doubtful;
  };

  // To push, in the order of the batch.
  std::vector<PushItem> items;
  // One an item.
  std::vector<ItemState> item_states;
  std::vector<std::vector<Problem>> item_attentions;
  // Links for which nothing is pushed and that are done with: equal, refused before with the same content, or held
  // back.
  SettlementBatch settled;
};

// Plans one batch of dirty links. `siblings` are links of the same channel that share a parent with one of the batch
// (members of the batch may be among them); it matters only with PushGrouping::kProduct, where links that disagree
// about the status of their product get attention and keep their status.
SyncPlan PlanSync(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy);

// What looking at a link again found.
struct Reconciliation {
  // The link that was looked at.
  int64_t listing_id = 0;
  int64_t channel_variant_id = 0;
  // What the link's acknowledged values become.
  ItemValues acknowledged;
  // The channel shows less than was acknowledged: set the guard, observed at the row's seen_at.
  bool guard_quantity = false;
};

// For each link that has something to do, what to write before it is marked dirty. With `compare_seen` (full sync) a
// field that the last pull saw with another value than acknowledged is drift: what was seen becomes acknowledged, so
// that the next plan corrects it. Without, only links whose desired differs from acknowledged are found (a policy
// changed, a mark was lost).
std::vector<Reconciliation> PlanReconciliation(const SyncBatch& batch, const SyncPolicy& policy, bool compare_seen);

// The settlement of the items of `plan` from number `first_item` on, one an outcome, in order: applied fields are
// acknowledged, a rejection becomes attention and is remembered by its digest, not_found breaks the link, conflict,
// not_tried and throttled stay dirty. An item that is applied or rejected ends its link's doubt: doubtful fields that
// it did not set are forgotten. Items that are unavailable or accepted have no known outcome: they get no row, and the
// push is not closed.
SettlementBatch Settle(const SyncPlan& plan, int64_t first_item, absl::Span<const PushOutcome> outcomes,
                       int64_t push_id);

// A digest of the masked fields, stable across processes and releases; never 0. XXH3, 64 bits.
uint64_t ContentDigest(const SyncFields& mask, const ItemValues& values);

// The status that the first rule that holds decides on, kUnknown where none holds. A rule about a value that the
// product does not have holds never, nor does one about a price that is not in `currency`, the channel's.
ChannelStatus EvaluateStatusRules(absl::Span<const StatusRule> rules, const SyncRow& row, Currency currency);

}  // namespace flxlink

#endif  // FLXLINK_SYNC_H_
