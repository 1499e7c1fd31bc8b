// Sync planning: what has to be sent, decided by pure functions over rows that storage read.
//
// *Desired* is computed afresh each time: prices and quantity from the product, status from the listing variant's
// stored status, content from what was built into it. *Acknowledged* is what the channel last confirmed to have. A
// field is sent when the two differ. Whether a link is dirty is only a hint where to look.
//
// On a channel that hides by quantity, what is hidden or delisted wants the quantity 0, and that is attention
// (hidden_by_quantity) for as long as it is so; once the channel has that quantity, it is hidden or delisted. What is
// listed again wants the product's quantity again; a product without one leaves the 0.
//
// A removed product has the quantity 0, and its listing variants are to be hidden, whatever is stated of them; where
// the channel cannot, that is attention, too (hidden_by_quantity).
//
// What nobody stated is not sent: a product without a compare-at price leaves the channel's as it is. Nor is a price of
// 0, unless the channel's policy allows that: where the channel has another one, it keeps that, and the price is
// attention (zero_price). A quantity below zero is 0 to a channel that knows none below.
//
// A *forced* field is sent though it is what was acknowledged. That is all that forcing skips: what is fixed, guarded,
// awaited or at odds with its siblings is left out all the same, and a push still says what the channel is known to
// have.
//
// *Oversell guard*: when a full sync, or a conflict, finds less stock on the channel than was acknowledged, or than a
// push in doubt may have left there, and nothing that was sent, the channel has probably sold some. Unless the
// channel's policy says overwrite, the quantity is then not raised until the product's quantity has been stated again
// after that observation; meanwhile it is attention. A lower one is sent all the same. Nothing else ends the guard:
// when an item that was hidden by the quantity 0 is shown again its quantity is held as before.
//
// *Fixed* fields of an item (channel_variant.h) are never sent, in doubt or not: the channel would not take them. Where
// a fixed field has another value than the one desired, as the last pull saw it, that is attention and the link is
// settled with it; nothing waits for the field, no guard is set for it, and what only the channel changes of it is no
// drift.
//
// Everything here is pure and thread-safe.

#ifndef FLXLINK_SYNC_H_
#define FLXLINK_SYNC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/breaker.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/channel_variant.h"
#include "flxlink/item_values.h"
#include "flxlink/listing_status.h"
#include "flxlink/money.h"
#include "flxlink/problem.h"
#include "flxlink/push.h"
#include "flxlink/rare_vector.h"
#include "flxlink/string_column.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

// Values of a link that the channel has accepted and decides on later.
struct AwaitedValues {
  SyncFields fields;
  ItemValues values;

  friend bool operator==(const AwaitedValues& a, const AwaitedValues& b) {
    return a.fields == b.fields && a.values == b.values;
  }
};

// What made a link dirty, the more urgent first; of several marks since it was clean the most urgent one counts.
enum class DirtyRank {
  kQuantityFell = 0,  // The product's quantity: the channel may sell what is not there.
  kChanged = 1,       // Anything else that was stated, seen or asked for.
  kFound = 2,         // Nothing of that: looking at links again found it, after a change of policy or in a full sync.
};

// How many quantities of a link are remembered while its quantity is in doubt.
constexpr size_t kMaxQuantitiesInDoubt = 16;

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
  // The product is removed.
  bool product_removed = false;
  // It is removed, or its quantity is 0, since it was absent from its feed: nobody stated that.
  bool product_absent = false;
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
  // What the channel refused for good.
  RareVector<RefusedValue> refused{};
  // The fields that somebody has asked to be sent whatever was acknowledged, as far as they have not been: each until
  // it is acknowledged or refused, all until the link is settled. What could not be sent by then waits like any other
  // field for what ends its block. Of an older version than the link's no settlement counts.
  SyncFields forced{};
  // What the circuit breaker holds of it, and what people decided of that.
  RareVector<HeldChange> held{};
  // The fields of which a push may still land, or has landed unheard of.
  SyncFields in_doubt{};
  // Those of them of which the channel has acknowledged what was sent last: only what was sent before may still land.
  // What is acknowledged of these is not sent again for the doubt.
  SyncFields confirmed{};
  // What of those in doubt the channel has accepted and decides on later, in the order in which it was sent.
  RareVector<AwaitedValues> awaited{};
  // The quantities that may have been set since the quantity is in doubt, in the order in which they were sent, the
  // last kMaxQuantitiesInDoubt of them: one of these is flxlink's own, and no sign that the channel sold something.
  RareVector<int64_t> quantities_in_doubt{};
  // Of the item, by the last pull; ascending by name, each once.
  RareVector<FixedField> fixed{};
  // The link's item may have become another product.
  bool doubtful = false;
  bool dirty = false;
  // Where the link stands among those that are dirty (Storage::ReadDirty); means nothing of one that is not.
  int64_t sync_priority = 0;
  DirtyRank dirty_rank = DirtyRank::kChanged;
  absl::Time dirty_since;
  // When the channel last acknowledged something of the listing variant's links, or a conflict saw something of them.
  // InfinitePast: never.
  absl::Time acknowledged_at = absl::InfinitePast();
};

// Links of one channel: row i of the batch is entry i of every column.
struct SyncBatch {
  std::vector<SyncRow> rows;
  StringColumn sku;
  StringColumn external_id;
  StringColumn parent_id;
  // As in ChannelVariantBatch, with an entry a row.
  StringColumn handle;

  int64_t size() const { return static_cast<int64_t>(rows.size()); }
};

// A live item that no link has, where items of a parent share one status.
struct UnlinkedItem {
  std::string parent_id;
  std::string external_id;
  // As the last pull saw it.
  ChannelStatus status = ChannelStatus::kUnknown;
};

// What planning must know about the channel.
struct SyncPolicy {
  // The channel's name, a part of idempotency keys: a platform keeps those of an account together, and two channels of
  // it, in one store or in two, number their links alike.
  std::string channel;
  // What the channel syncs and its adapter can set.
  SyncFields fields;
  Currency currency;
  OversellGuard oversell_guard = OversellGuard::kHold;
  // Nothing is sent to doubtful links. By MakeSyncPolicy: ChannelConfig::on_doubt, or its default.
  bool holds_doubtful = false;
  // ChannelConfig::zero_prices and AdapterCapabilities::takes_negative_quantities.
  bool zero_prices = false;
  bool takes_negative_quantities = false;
  // The status is kept once for all items of a parent.
  bool parent_status = false;
  // What is hidden or delisted, or is to be, wants the quantity 0, which the guard does not hold back. By
  // MakeSyncPolicy: where the adapter hides by quantity and the channel syncs quantities.
  bool hides_by_quantity = false;
  // What the adapter's push kinds set, in their order.
  std::vector<SyncFields> kinds;
  // The fields of which the last submission stands (PushKind::later_wins): those that no kind with receipts sets
  // otherwise.
  SyncFields later_wins;
  // For how long after an acknowledgement what is seen of an item says nothing about its link. By MakeSyncPolicy: the
  // adapter's pull_lag.
  absl::Duration read_lag = absl::ZeroDuration();
};

// The policy of a channel whose adapter can do `capabilities`.
SyncPolicy MakeSyncPolicy(const ChannelConfig& config, const AdapterCapabilities& capabilities);

// What one link should have on the channel. A field is absent where flxlink has nothing to say: not synced, no value,
// price in another currency.
ItemValues Desired(const SyncRow& row, const SyncPolicy& policy);

// SyncRow::quantities_in_doubt of a link once a push of `item` begins: before that it was `before`, and these fields
// were in doubt.
RareVector<int64_t> QuantitiesInDoubt(const SyncFields& in_doubt, const RareVector<int64_t>& before,
                                      const PushItem& item);

// The circuit breaker, to a plan.
struct Breaker {
  // What holds changes from now on.
  int64_t job_id = 0;
  // The kinds of which all changes are held.
  ChangeKinds holds;
};

// What came of planning a batch.
struct SyncPlan {
  // What sending an item and settling it has to know.
  struct ItemState {
    // The item's row in the batch.
    int64_t row = 0;
    // An index into SyncPolicy::kinds.
    int32_t kind = 0;
    // Nothing of the link is left to send once the item is applied. Off: another step follows it.
    bool last = true;
    // The attentions that go with the item when it is applied (its quantity is held back, say; something was refused
    // before): an index into item_attentions, or kClearAttentions.
    int32_t attentions = kClearAttentions;
    // Of the item's fields those that are only forced: the channel is known to have them as they are.
    SyncFields forced;
    // The link's fields that were in doubt before, and those of them that are awaited.
    SyncFields in_doubt;
    SyncFields awaited;
    // SyncRow::quantities_in_doubt, without the item's own.
    RareVector<int64_t> quantities_in_doubt;
    // SyncRow::confirmed, before the item.
    SyncFields confirmed;
    // Those of the fields in doubt that are forgotten when the last item is applied: they were not sent, and may have
    // another value on the channel than the one acknowledged.
    SyncFields forgotten;
    // What the channel refused before and the link still wants.
    RareVector<RefusedValue> refused;
    // What the circuit breaker holds of the link, without the item and once that is applied.
    RareVector<HeldChange> held;
    RareVector<HeldChange> held_once_applied;
    // The changes of the item that count.
    ChangeCounts changes;
    // Settlement::by_quantity once the item is applied.
    ChannelStatus by_quantity = ChannelStatus::kUnknown;
  };

  // SyncPolicy::oversell_guard.
  OversellGuard oversell_guard = OversellGuard::kHold;
  // To push, in the order of the batch.
  std::vector<PushItem> items;
  // One an item.
  std::vector<ItemState> item_states;
  std::vector<std::vector<Problem>> item_attentions;
  // The changes of all links that are to be sent, in this step or a later one, and that count.
  ChangeCounts changes;
  // What is held of the batch's links by this plan and was not before.
  ChangeCounts newly_held;
  // Links for which nothing is pushed and that are done with: equal, refused before with the same values, or held back.
  SettlementBatch settled;
};

// Plans one batch of dirty links: of each link the next step, which is one item of one kind. Within a link what exposes
// less goes first: hiding, and a lower quantity; then prices; then a higher quantity; then showing; content last. A
// step waits until those before it are applied. Where the channel refused a price for good, a higher quantity and
// showing wait until another one is desired. Steps that a kind sets together, with nothing before them left out, are
// one.
//
// `siblings` are links of the same channel that share a parent with one of the batch (members of the batch may be among
// them), and `unlinked` the live items of these parents that no link has; both matter only with
// SyncPolicy::parent_status. There a product is hidden only where every live item of it is linked and to be hidden:
// those with no desired status, and unlinked ones, count as wanting what the channel shows. It is shown where one is to
// be listed and no person has stated that another is hidden. A link whose status is not sent for that gets attention.
//
// `breaker` says for which job it is planned and what of that is held. What a person approved is sent and does not
// count. What was held before stays so while the link is to be changed in that way, whatever the value; what a person
// refused is not sent while exactly that is desired. All else of a link goes out. Where a channel hides by quantity and
// a hide is held, a lower quantity of the product is sent all the same.
SyncPlan PlanSync(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy,
                  absl::Span<const UnlinkedItem> unlinked = {}, const Breaker& breaker = {});

// What looking at a link again found.
struct Reconciliation {
  // The link that was looked at.
  int64_t listing_id = 0;
  int64_t channel_variant_id = 0;
  // What the link's acknowledged values become.
  ItemValues acknowledged;
  // The channel shows less than was acknowledged: set the guard, observed at the row's seen_at. The quantity stays in
  // doubt where it is: the push may still land.
  bool guard_quantity = false;
  // What the channel refused may be sent again, and is no attention of the link any more.
  bool ends_refusals = false;
};

// For each link that has something to do, what to write before it is marked dirty. With `compare_seen` (full sync) a
// field that the last pull saw with another value than acknowledged is drift: what was seen becomes acknowledged, so
// that the next plan corrects it; a number that it saw no more was taken away. What was seen no later than the last
// acknowledgement and SyncPolicy::read_lag after it may be older than that: it is passed over, and sets no guard.
// Without `compare_seen`, only links whose desired differs from acknowledged are found (a policy changed, a mark was
// lost). Of a doubtful link that the channel holds only drift is found, so that it is sent once the doubt has ended.
// With `retry_refused` (the channel was given another policy, or other settings) what was refused is tried once more.
std::vector<Reconciliation> PlanReconciliation(const SyncBatch& batch, const SyncPolicy& policy, bool compare_seen,
                                               bool retry_refused = false);

// The fields of the link's item that only the channel changed: they were seen, since the last acknowledgement and
// SyncPolicy::read_lag after it, otherwise than acknowledged, and the link is to have them otherwise. None of a dead
// item, and none that is fixed.
SyncFields DriftedFields(const SyncRow& row, const SyncPolicy& policy);

// The settlement of some items of `plan`, one an outcome, in the order of `items`, their numbers: applied fields are
// acknowledged, and the link stays dirty where another step follows; what is rejected becomes attention and is
// remembered; what is accepted is awaited; not_found breaks the link; conflict, not_tried and throttled stay dirty. A
// field that is applied or rejected is in doubt no more. Items that are unavailable have no known outcome: they get no
// row.
//
// A conflict that is explained (PushOutcome::seen) ends doubt, too. A field in doubt that has the value that is to be
// set has it of an earlier push: it is applied, and so is the item where that is true of all its fields. What else was
// seen becomes acknowledged by the rules of PlanReconciliation, the oversell guard among them, and the next plan judges
// by it. A dead item is to be looked at, whatever was seen.
SettlementBatch Settle(const SyncPlan& plan, absl::Span<const int64_t> items, absl::Span<const PushOutcome> outcomes,
                       int64_t push_id);

// What the receipt of an item came to: its settlement, with what of it is attention. An outcome that is not known,
// kUnavailable or kAccepted, gives the receipt up: nothing is known of its fields any more, and that is attention
// (receipt_lost). `row` is the link as it is now; `still_awaited`: what other receipts of the link are open for.
Settlement SettleReceipt(const OpenItem& open, const SyncRow& row, const SyncFields& still_awaited,
                         const PushOutcome& outcome, std::vector<Problem>* attentions);

// A digest of one field, its name and its value, stable across processes and releases. XXH3, 64 bits. `field` is a name
// of SyncFields::Names().
uint64_t ValueDigest(absl::string_view field, const ItemValues& values);

// The same of several fields that were refused together; of one, it is its ValueDigest.
uint64_t RefusalDigest(const SyncFields& fields, const ItemValues& values);

// The status that the first rule that holds decides on, kUnknown where none holds. A rule about a value that the
// product does not have holds never, nor does one about a price that is not in `currency`, the channel's.
ChannelStatus EvaluateStatusRules(absl::Span<const StatusRule> rules, const SyncRow& row, Currency currency);

}  // namespace flxlink

#endif  // FLXLINK_SYNC_H_
