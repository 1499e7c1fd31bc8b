// Everything that a memory store keeps of one channel, and the changes of a link's life as steps that keep the indexes
// right.

#ifndef FLXLINK_SRC_STORAGE_MEMORY_MEMORY_CHANNEL_H_
#define FLXLINK_SRC_STORAGE_MEMORY_MEMORY_CHANNEL_H_

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"
#include "flxlink/storage_kit/held.h"
#include "flxlink/storage_kit/rules.h"

namespace flxlink::memory {

// How a row was before the first of its link changes on record.
struct MemoryLinkChange {
  bool known = false;
  bool live = false;
  std::string parent;
  std::vector<Field> fields;
  // The channel's edit version after the last hand edit that touched the row. 0: none did.
  int64_t edit_version = 0;
};

// Side, key number, entry.
using MemoryKey = std::tuple<LinkSide, int32_t, KeyEntry>;

struct MemoryLinkBase {
  std::string text;  // Empty: there is no base, and no changes but hand edits are recorded.
  absl::btree_set<MemoryKey> written;
  absl::btree_set<MemoryKey> added;
  absl::btree_map<std::pair<LinkSide, int64_t>, MemoryLinkChange> changes;  // By id of either side.
};

// A channel variant.
struct MemoryItem {
  int64_t channel_variant_id = 0;
  std::string external_id;
  std::string parent;
  std::vector<Field> fields;
  ItemValues seen;
  absl::Time seen_at;
  int64_t seen_pull = 0;
  bool gone = false;
  absl::Time gone_at = absl::InfinitePast();  // As of when it was found gone. InfinitePast: it is not.
  int64_t listing_id = 0;                     // Whose link it holds, broken ones included. 0: none.
  storage::Doubt doubt;                       // Of the link that was dissolved, until there is another one.

  bool live() const;
};

// Where a link stands among those that are dirty and can be pushed: sync priority descending, rank, since when,
// listing_id.
using DirtyKey = std::tuple<int64_t, DirtyRank, absl::Time, int64_t>;

// A listing variant and its link.
struct MemoryListing {
  int64_t listing_id = 0;
  int64_t product_id = 0;
  std::string sku;
  std::string parent;
  std::vector<Field> fields;
  ListingStatus status;
  int64_t sync_priority = 0;

  LinkState state = LinkState::kUnlinked;
  int64_t channel_variant_id = 0;  // 0: unlinked.
  int32_t rule = 0;
  LinkReason reason = LinkReason::kNone;
  bool by_hand = false;
  bool doubtful = false;

  // Never goes back over the listing variant's life, so that a settlement of an earlier link is known by its version.
  int64_t dirty_version = 0;
  int64_t linked_version = 0;  // The link's first.
  int64_t synced_version = 0;
  // Mean something while it is dirty.
  DirtyRank dirty_rank = DirtyRank::kChanged;
  absl::Time dirty_since;
  ItemValues acknowledged;
  absl::Time acknowledged_at = absl::InfinitePast();
  absl::Time guarded_at = absl::InfinitePast();
  RareVector<RefusedValue> refused;
  RareVector<HeldChange> held;
  SyncFields forced;
  storage::Doubt doubt;
  std::vector<Problem> attentions;  // Ascending by code.
  std::vector<LinkEvent> history;

  absl::optional<DirtyKey> dirty_key;  // As it is in MemoryChannel::dirty.

  bool linked() const { return state == LinkState::kLinked; }
  bool linked_to(int64_t item_id) const { return linked() && channel_variant_id == item_id; }
  bool dirty() const { return linked() && dirty_version > synced_version; }
  // What was refused and does not stand any more. Returns whether there was any.
  bool EndRefusals(RareVector<RefusedValue> standing) {
    if (standing == refused) return false;
    attentions = storage::WithoutEndedRefusals(attentions, refused, standing);
    refused = std::move(standing);
    return true;
  }
  // Something was settled of its link.
  bool is_settled() const { return synced_version >= linked_version; }
};

// Who makes a change: a person (0) or a job, and when.
struct Author {
  int64_t job_id = 0;
  absl::Time at;
};

// How an item was before a sighting of it was stored, and what else its link is judged by.
struct ItemSighting {
  storage::SeenItem before;
  bool is_news = false;  // It was gone, or has another identity than before.
  bool own_ids = false;
};

// Not thread-safe.
struct MemoryChannel {
  Channel channel;
  Slot slot;
  absl::btree_map<std::string, Schedule> schedules;  // By name.
  absl::btree_set<int64_t> open_jobs;
  absl::btree_set<std::pair<absl::Time, int64_t>> finished_jobs;  // In the order in which they ended.

  absl::btree_map<int64_t, MemoryListing> listings;
  absl::btree_map<std::string, int64_t> listing_by_sku;
  absl::btree_map<int64_t, MemoryItem> items;
  absl::btree_map<std::string, int64_t> item_by_external_id;
  absl::btree_set<std::pair<std::string, int64_t>> items_by_parent;
  absl::btree_map<int64_t, std::string> handles;              // By channel variant; of those that have one.
  absl::btree_map<int64_t, RareVector<FixedField>> fixed;     // The same.
  absl::btree_map<int64_t, RareVector<std::string>> aliases;  // The same.
  absl::btree_set<std::pair<std::string, int64_t>> items_by_alias;
  absl::btree_map<int64_t, std::string> identities;           // By channel variant; of those that have one.
  absl::btree_map<int64_t, std::string> link_identities;      // By listing variant; of those whose link has one.
  absl::btree_set<std::pair<int64_t, int64_t>> hand_unlinks;  // Listing variant, channel variant.
  absl::btree_set<DirtyKey> dirty;
  absl::btree_set<int64_t> holding;  // Listing variants of which something is held.
  absl::btree_map<std::pair<int64_t, ChangeKind>, int64_t> change_counts;  // By hour.
  absl::btree_map<int64_t, OpenPush> pushes;
  absl::btree_set<std::pair<absl::Time, int64_t>> push_looks;  // OpenPush::look_at, without one InfinitePast; push_id.
  absl::btree_set<std::pair<int64_t, int64_t>> awaited;  // Listing variant and push, of items that have a receipt.
  MemoryLinkBase link_base;

  // NOT_FOUND where there is none.
  absl::StatusOr<MemoryListing*> FindListing(int64_t listing_id);
  absl::StatusOr<MemoryListing*> FindListingBySku(absl::string_view sku);
  absl::StatusOr<MemoryItem*> FindItem(int64_t channel_variant_id);
  absl::StatusOr<MemoryItem*> FindItemByExternalId(absl::string_view external_id);

  // Those that are there, ascending by id.
  std::vector<const MemoryListing*> ListingsBySku(absl::Span<const std::string> skus) const;
  // Those that are linked to an item of one of these parents, ascending by id.
  std::vector<const MemoryListing*> LinkedByParent(absl::Span<const std::string> parents) const;

  // Record how a row is, where the channel has a link base and the row no change on record. To be called before what
  // storage.h counts as a link change.
  void RecordChange(const MemoryListing& listing);
  void RecordChange(const MemoryItem& item);
  // Record that a person's edit, which has made the channel's edit version what it is, touches the row.
  void RecordEdit(const MemoryListing& listing);
  void RecordEdit(const MemoryItem& item);
  // Records that a row of this id was not there.
  void RecordNew(LinkSide side, int64_t id);

  // The highest sync priority among what is dirty and can be pushed. nullopt: nothing is.
  absl::optional<int64_t> DirtyPriority() const;

  // OK where `listing` is unlinked and `item` free; else FAILED_PRECONDITION naming the link that is in the way.
  absl::Status CheckFree(const MemoryListing& listing, const MemoryItem& item);

  // Makes a link between two that are free. `rule` 0: by hand.
  void Link(MemoryListing& listing, MemoryItem& item, int32_t rule, LinkReason reason, const Author& author,
            bool recorded = true);
  // Dissolves a link, also a broken one; kind is kUnlinked or kReleased.
  void Unlink(MemoryListing& listing, LinkEvent::Kind kind, LinkReason reason, const Author& author);
  // Keeps what the circuit breaker holds of a link.
  void SetHeld(MemoryListing& listing, RareVector<HeldChange> held);
  // The jobs by which something is held.
  std::set<int64_t> HoldingJobs() const;
  // Keeps the handle of an item; an empty one is none.
  void SetHandle(int64_t channel_variant_id, absl::string_view handle);
  // Keeps what is fixed of an item. Returns whether it is another than before.
  bool SetFixed(int64_t channel_variant_id, RareVector<FixedField> fields);
  RareVector<FixedField> FixedOf(int64_t channel_variant_id) const;
  // Ends what the channel refused of the item's link, where that follows from how the item was `before` it was seen.
  // Returns whether anything has ended.
  bool EndRefusals(const MemoryItem& item, const storage::SeenItem& before);
  // Keeps the aliases of an item.
  void SetAliases(int64_t channel_variant_id, RareVector<std::string> names);
  RareVector<std::string> AliasesOf(int64_t channel_variant_id) const;
  // Keeps the identity of an item; an empty one is none. Returns whether it is another than before.
  bool SetIdentity(int64_t channel_variant_id, absl::string_view identity);
  std::string IdentityOf(int64_t channel_variant_id) const;
  // Breaks the link; one that is broken only gets the attention. Returns whether it was linked; then the attention is
  // added to `raised`.
  bool Break(MemoryListing& listing, Problem attention, const Author& author, std::vector<SightedAttention>* raised);
  // Takes an item that was there for gone as of `gone_at` and breaks its link, unless that is held. The attention of
  // the link, if it gets one, is added to `raised`.
  storage::ItemLoss LoseItem(MemoryItem& item, absl::Time gone_at, storage::GoneBy by, const Author& author,
                             std::vector<SightedAttention>* raised);
  // The link is not to break, though its item is gone, or not to be dissolved, though it is doubtful.
  void Hold(MemoryListing& listing, ChangeKind kind, const Author& author, std::vector<SightedAttention>* raised);
  // That it was to is over.
  void EndHeld(MemoryListing& listing, ChangeKind kind, absl::Time now);
  // Adds to the changes of the hour.
  void CountChanges(const ChangeCounts& changes, absl::Time now);
  // Makes a broken link whole again.
  void Heal(MemoryListing& listing, const Author& author);
  // The item was seen there: does with its link what follows (see rules.h), and adds that to `result`.
  void FollowItem(const MemoryItem& item, const ItemSighting& sighting, const Author& author, PullWriteResult* result);
  // The status and the values of the link follow what is seen. Returns whether something can be sent by now that could
  // not be before.
  bool FollowValues(MemoryListing& listing, const MemoryItem& item);
  // Whether the item of a link that can be doubted was seen with other keys.
  bool HasOtherKeys(const MemoryListing& listing, const MemoryItem& item, const ItemSighting& sighting) const;
  // Judges the link then; `heals`: it was broken. Returns whether it became doubtful, or is so no more.
  bool Judge(MemoryListing& listing, const MemoryItem& item, bool heals, PullWriteResult* result);
  // The attentions that sightings give the link, as it is.
  std::vector<Problem> SightingAttentions(const MemoryListing& listing, const MemoryItem& item) const;

  // Sets the status of a listing variant whose link stays as it is.
  void SetStatus(MemoryListing& listing, const ListingStatus& status);
  // The same where somebody states it.
  void SetStatedStatus(MemoryListing& listing, const ListingStatus& status);

  // Grows the dirty version of a link; of an unlinked or broken one nothing.
  void MarkDirty(MemoryListing& listing, absl::Time now, DirtyRank rank = DirtyRank::kChanged);

  // Sets the sync priority; another one has a place of its own among what is dirty.
  void SetPriority(MemoryListing& listing, int64_t sync_priority, absl::Time now);

  // Puts the listing variant where it belongs in `dirty`. To be called after any change that the order or the filter of
  // ReadDirty looks at.
  void Reindex(MemoryListing& listing);

 private:
  // The change on record of a row, made of how it is now where there is none.
  MemoryLinkChange& ChangeOf(const MemoryListing& listing);
  MemoryLinkChange& ChangeOf(const MemoryItem& item);
};

}  // namespace flxlink::memory

#endif  // FLXLINK_SRC_STORAGE_MEMORY_MEMORY_CHANNEL_H_
