// Pushes: what a sync sends to a channel, what comes back, and the record that is kept in between.
//
// A push is never just a call. First one PushRecord names everything that is about to be sent; then the adapter is
// called; then the outcomes are settled and what is settled leaves the record, in one transaction; an empty record is
// gone. A process that dies in between leaves the record behind, and its fields are *in doubt*: the push may have
// landed. They are pushed again, with the same idempotency keys, once the call deadline of the record has passed.
//
// What a channel accepts and decides later stays in the record with its *receipt*: its fields are awaited, which is a
// doubt that the receipt ends. Meanwhile they are not sent again, but for a lower quantity, which waits for nothing.
//
// Every doubt ends: a link in doubt is named by an open record, or is dirty and so about to be pushed. Where a field in
// doubt is not going to be sent (its siblings disagree, the channel refuses it), what was acknowledged of it is
// forgotten: an unknown value is equal to none, so the field is sent when it can be.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_PUSH_H_
#define FLXLINK_PUSH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/breaker.h"
#include "flxlink/item_values.h"
#include "flxlink/problem.h"
#include "flxlink/rare_vector.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

// One item of a push: which item, which fields, and their values. Values outside the mask mean nothing.
struct PushItem {
  // The link that it is for.
  int64_t listing_id = 0;
  int64_t channel_variant_id = 0;
  // The link's version that the values were computed from, read before they were.
  int64_t dirty_version = 0;
  std::string external_id;
  std::string parent_id;
  // What the adapter's last pull gave for the item (ChannelVariantBatch::handle), which lasts over pushes. Where it is
  // of another item than stands there now, the outcome is kConflict, never kNotFound. Empty: nothing.
  std::string handle;
  // The fields to set. None of them is absent in `values`.
  SyncFields mask;
  ItemValues values;
  // What the channel is last known to have of those fields. Absent where nothing is known: whatever it has may be
  // replaced. See PushKind::compares.
  ItemValues known;
  // The same for every retry of the same content, whoever sends it, and unlike that of every other channel or item of
  // the account: made of the channel's name, the item, the link, its version and the fields' known and new values.
  std::string idempotency_key;
};

// What became of one item.
enum class PushResult : uint8_t {
  kApplied,      // The channel has the values now.
  kAccepted,     // The channel will say later; ask with the receipt.
  kRejected,     // The channel refuses these values and would refuse them again.
  kNotFound,     // The item does not exist on the channel any more: the link breaks.
  kConflict,     // The channel's side is not what it was when flxlink last looked: look again, then retry.
  kNotTried,     // Known not to have been applied, for no fault of its own: it goes with the next call. Where it was
                 // alone in its call, that counts as a try that failed.
  kThrottled,    // Not tried either; try again after `retry_after`.
  kUnavailable,  // Not known to have been applied, and worth another try.
};

struct PushOutcome {
  PushResult result = PushResult::kUnavailable;
  // kRejected: a problem's code, of flxlink/problem.h or the platform's own.
  std::string code;
  // What the platform said, for people.
  std::string message;
  // kRejected: a name of SyncFields::Names(), where the platform names one.
  std::string field;
  // kThrottled: how long to wait.
  absl::Duration retry_after = absl::ZeroDuration();
  // kAccepted, as the answer to a push: what to ask with. One for each item, never the same for two; never a secret.
  std::string receipt;
  // kConflict: what the channel has now of the item's fields (PushItem::mask), as far as it says so. Where one of them
  // is not what was known, the conflict is explained, and the next try is judged by what was seen. Absent of all that,
  // the engine looks at the item itself, which may show it as it was some time ago
  // (AdapterCapabilities::fetch_lag).
  ItemValues seen{};
};

// "applied", "accepted", "rejected", "not_found", "conflict", "not_tried", "throttled", "unavailable".
absl::string_view ToString(PushResult result);

// The record of one call, kept from before it until its outcomes are settled.
struct PushRecord {
  // Chosen by the caller, unique within a channel, so that writing the record again changes nothing.
  int64_t push_id = 0;
  // PushKind::name.
  std::string kind;
  // Nothing of the call can land after this, what is accepted aside. A later worker waits for it before it pushes these
  // fields again.
  absl::Time call_deadline;
  // When what is accepted is given up.
  absl::Time receipt_deadline;
  // The channel's (Channel::policy_version) by which the items were planned.
  int64_t policy_version = 0;
  std::vector<PushItem> items;
};

// An item of a record that is not settled.
struct OpenItem {
  // Without its key, its handle and what was known.
  PushItem item;
  std::string sku;
  // Empty: what became of it is not known.
  std::string receipt;
  // Nor will anybody hear of it; but the channel may have accepted it, so that it can land until the receipt deadline
  // (Storage::LetPushLinger).
  bool lingers = false;
};

// A record with what is not settled of it.
struct OpenPush {
  int64_t push_id = 0;
  std::string kind;
  absl::Time call_deadline;
  absl::Time receipt_deadline;
  // When the record is to be looked at: its receipts asked about, what lingers given up. nullopt: whenever something is
  // to be sent, since something of it is unheard of, neither accepted nor lingering.
  absl::optional<absl::Time> look_at{};
  // By listing_id, at least one.
  std::vector<OpenItem> items{};
};

// Whether what became of the item is not known, and may still be heard of.
bool IsUnheardOf(const OpenItem& open);

// When a record is looked at next.
struct PushLook {
  int64_t push_id = 0;
  absl::Time at;
};

// What the channel has accepted of a listing variant and not decided.
struct AwaitedItem {
  int64_t push_id = 0;
  int64_t listing_id = 0;
  SyncFields fields;
};

// A value that the channel refused for good: it is not sent again until another one is desired, a pull or a fetch sees
// the item with another value of that field than before (or with the field fixed for another reason), since the cause
// of the refusal may be gone with that, or the link is forced. Values that were refused together, without saying which
// of them it was, have one digest: as soon as that happens to any of them, all are sent again.
struct RefusedValue {
  // A name of SyncFields::Names().
  std::string field;
  // RefusalDigest (sync.h) of all that was refused with it, itself included.
  uint64_t digest = 0;
  // Why: an attention of the link for as long as the refusal stands.
  Problem problem{};

  friend bool operator==(const RefusedValue& a, const RefusedValue& b) {
    return a.field == b.field && a.digest == b.digest && a.problem == b.problem;
  }
};

// Settlement::attentions where it is not an index.
constexpr int32_t kClearAttentions = -1;  // Whatever attentions are stored with the link are removed.
constexpr int32_t kKeepAttentions = -2;   // Whatever attentions are stored with the link stay as they are, also none.

// What one link's evaluation or push came to, for storage to write down.
struct Settlement {
  // The link that was evaluated or pushed.
  int64_t listing_id = 0;
  int64_t channel_variant_id = 0;
  // The version that was read before desired was computed. A change that came later keeps the link dirty.
  int64_t dirty_version = 0;
  // Nothing is left to do for that version: sent, equal, or refused. Off: the link stays dirty.
  bool settled = false;
  // The fields that are in doubt from now on, settled or not: an earlier push of them may still have landed, and this
  // one did not put that right.
  SyncFields in_doubt;
  // SyncRow::quantities_in_doubt from now on; means something while the quantity is in doubt.
  RareVector<int64_t> quantities_in_doubt{};
  // SyncRow::confirmed from now on, a part of `in_doubt`.
  SyncFields confirmed{};
  // What the channel is now known to have: the masked fields of `acknowledged` become the link's acknowledged values,
  // and an acknowledged status the listing variant's. A masked field that is absent there is not known any more.
  SyncFields mask;
  ItemValues acknowledged;
  // What a conflict saw the channel to have, of fields that are not in `mask`: it becomes the link's acknowledged
  // values as that of a Reconciliation does (sync.h), so that the listing variant's status stays as it is. Absent:
  // nothing was seen.
  ItemValues seen{};
  // That is less than was acknowledged: set the guard, observed at SettlementBatch::seen_at.
  bool guard_quantity = false;
  // What the channel shows of the listing variant by its quantity, where it hides by that
  // (AdapterCapabilities::hides_by_quantity): the listing variant's status is as if it had acknowledged this one, and
  // the link's acknowledged status stays as it is. kUnknown: nothing is said.
  ChannelStatus by_quantity = ChannelStatus::kUnknown;
  // The channel accepted the item and decides on it later: it stays in the push's record, with this, and the link is
  // not dirty until that is decided. Nothing is acknowledged. Empty: it leaves the record.
  std::string receipt;
  // A receipt was decided or given up: the link becomes dirty, since what waited for that can go on.
  bool decided = false;
  // The item is gone: the link becomes broken and its channel variant is no longer live.
  bool gone = false;
  // What the channel refused for good. Takes the place of what is stored, whether settled or not.
  RareVector<RefusedValue> refused;
  // What the circuit breaker holds of the link. Takes the place of what is stored, except what a person has decided of
  // since that version (storage_kit/rules.h).
  RareVector<HeldChange> held;
  // An index into SettlementBatch::attentions, whose entry takes the place of what is stored, or kClearAttentions or
  // kKeepAttentions. Written whether settled or not.
  int32_t attentions = kClearAttentions;
};

struct SettlementBatch {
  // The push that the rows belong to. 0: nothing was pushed. Items of it that are not among the rows stay in its
  // record: what became of them is not known.
  int64_t push_id = 0;
  std::vector<Settlement> rows;
  // Sets of attentions: not empty, each with at most one problem a code.
  std::vector<std::vector<Problem>> attentions;
  // The changes that count and that the channel took: added to those of the hour.
  ChangeCounts changes;
  // As of when what conflicts saw was so: storage's time before the call.
  absl::Time seen_at = absl::InfinitePast();
};

// An attention that was stored with a link and that a settlement ended.
struct ClearedAttention {
  // Of the settlement: its place among SettlementBatch::rows.
  int64_t row = 0;
  Problem attention;
};

// An attention that a settlement gave to a link that had it before, with the same arguments.
struct RepeatedAttention {
  // Of the settlement: its place among SettlementBatch::rows.
  int64_t row = 0;
  std::string code;

  friend bool operator==(const RepeatedAttention& a, const RepeatedAttention& b) {
    return a.row == b.row && a.code == b.code;
  }
};

struct SettlementResult {
  // Both ascending by row, then by code.
  std::vector<ClearedAttention> cleared;
  std::vector<RepeatedAttention> repeated;
};

}  // namespace flxlink

#endif  // FLXLINK_PUSH_H_
