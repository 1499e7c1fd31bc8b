// LinkStorage: the role of a storage that keeps links and what sync knows of them: what was acknowledged, what is
// dirty, which pushes are open. See storage.h for what holds of every operation.

#ifndef FLXLINK_LINK_STORAGE_H_
#define FLXLINK_LINK_STORAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/breaker.h"
#include "flxlink/field.h"
#include "flxlink/filter.h"
#include "flxlink/job.h"
#include "flxlink/link_state.h"
#include "flxlink/listing.h"
#include "flxlink/listing_status.h"
#include "flxlink/push.h"
#include "flxlink/string_column.h"
#include "flxlink/sync.h"

namespace flxlink {

// Listing variants of a channel, as linking reads them. Ascending by listing_id.
struct ListingKeyPage {
  std::vector<int64_t> listing_id;
  // One a requested field, one string a row.
  std::vector<StringColumn> columns;
  StringColumn parent;
  std::vector<uint8_t> live;
  // Channel variant ids; 0: unlinked.
  std::vector<int64_t> linked_to;
  // 1: the link is broken.
  std::vector<uint8_t> broken;
  // Of an unlinked one, as last written.
  std::vector<LinkReason> reason;
  std::vector<int32_t> rule;

  int64_t size() const { return static_cast<int64_t>(listing_id.size()); }
};

// Channel variants of a channel, as linking reads them. Ascending by channel_variant_id.
struct ChannelKeyPage {
  std::vector<int64_t> channel_variant_id;
  StringColumn external_id;
  std::vector<StringColumn> columns;
  StringColumn parent;
  std::vector<uint8_t> live;

  int64_t size() const { return static_cast<int64_t>(channel_variant_id.size()); }
};

// A listing variant and a channel variant, by their ids.
struct LinkPair {
  int64_t listing_id = 0;
  int64_t channel_variant_id = 0;
};

// A doubtful link, and what was decided of dissolving it. nullopt: nothing.
struct DoubtfulLink {
  LinkPair link;
  absl::optional<HeldChange::State> unlink;
};

// Who holds a channel variant.
struct LinkHolder {
  int64_t channel_variant_id = 0;
  int64_t listing_id = 0;
  bool broken = false;
};

// The result of linking for one listing variant.
struct LinkWrite {
  int64_t listing_id = 0;
  // 0: it stays unlinked, for the reason.
  int64_t channel_variant_id = 0;
  int32_t rule = 0;
  LinkReason reason = LinkReason::kNone;
  // With a new link: false where whoever writes it has looked at all that it affects, so that no link change is
  // recorded of it.
  bool record_change = true;
};

struct LinkWriteResult {
  // Rows that were not written, since a hand edit had touched one of their two sides: their places in the call,
  // ascending.
  std::vector<int64_t> overtaken;
};

// What became of a person's edit of a listing variant.
struct EditOutcome {
  absl::Status status;
  // It made or dissolved a link. Off where it failed, where it is no such edit, and where it found that done.
  bool changed_link = false;
};

// An entry of a listing variant's link history.
struct LinkEvent {
  enum class Kind : uint8_t { kLinked, kUnlinked, kBroken, kHealed, kReleased };
  Kind kind = Kind::kLinked;
  std::string external_id;
  // kLinked: the rule; 0: by hand.
  int32_t rule = 0;
  // Who did it; 0: a person.
  int64_t job_id = 0;
  absl::Time at;
};

// The place of an entry in a channel's link history: of its listing variant's entries the oldest has number 1.
struct LinkEventPlace {
  int64_t listing_id = 0;
  int64_t number = 0;
};

// An entry of a channel's link history.
struct LinkHistoryRow {
  LinkEventPlace place;
  std::string sku;
  LinkEvent event;
};

// "linked", "unlinked", "broken", "healed", "released".
absl::string_view ToString(LinkEvent::Kind kind);

// A listing variant's new status, from a rules job.
struct StatusWrite {
  int64_t listing_id = 0;
  // As read; rows that a person changed since are left alone.
  ListingStatus expected;
  ListingStatus status;
};

// Words. A link is *made*, *broken* when its item is gone, *healed* when that comes back, and *dissolved*: *unlinked*
// by a person, who leaves a hand-unlink, or *released* by a job, which leaves none. A listing variant or item that
// still takes part in linking is *live*; owners are *alive*. A slot is *held* by a job; a job that waits for approval
// has the state held.
//
// What a link's dirty version counts: its making, its healing, each change of what its product sends (price, compare-at
// price, currency, quantity), a quantity that is stated anew or removed while the guard waits for it, a build's change
// of content that the channel syncs, a change of what is fixed of its item, the end of a refusal by what a pull or a
// fetch saw, each change of its status but by a settlement or a pause, a resume, a reconciliation, a force. A listing
// variant's never falls, also over several links.
//
// Thread-safe.
class LinkStorage {
 public:
  virtual ~LinkStorage() = default;

  // Pages of keys, in the order of ids from above `after_id`. A field that no variant has is a column of empty strings.
  // "sku", "parent" and, on the channel's side, "id" are fields like any other.
  virtual absl::StatusOr<ListingKeyPage> ReadListingKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                         int64_t after_id, int64_t limit) = 0;
  virtual absl::StatusOr<ChannelKeyPage> ReadChannelKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                         int64_t after_id, int64_t limit) = 0;

  // The same of the given rows, ascending; ids that are not there are left out. `ids` ascend.
  virtual absl::StatusOr<ListingKeyPage> ReadListingKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                             absl::Span<const int64_t> ids) = 0;
  virtual absl::StatusOr<ChannelKeyPage> ReadChannelKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                             absl::Span<const int64_t> ids) = 0;

  // The links, broken ones included, of the given channel variants, in their order; free ones are left out.
  virtual absl::StatusOr<std::vector<LinkHolder>> ReadHolders(int64_t channel_id,
                                                              absl::Span<const int64_t> channel_variant_ids) = 0;

  // Pairs that a person unlinked and has not cleared, ordered by both ids, from above `after`.
  virtual absl::StatusOr<std::vector<LinkPair>> ReadHandUnlinks(int64_t channel_id, LinkPair after, int64_t limit) = 0;

  // Writes links with history, initial status and a first dirty mark, and reasons. A row is overtaken, and not written,
  // where a person's edit after `read_edit_version` (of Channel::edit_version; see EditListings) touched its listing
  // variant or the channel variant that it would link to: linked or unlinked them, cleared the listing variant's
  // hand-unlinks, or changed whether it is live. A link that is overtaken counts as such an edit of both its sides,
  // with the channel's edit version as it is, since others were judged as if it had been made. A row whose listing
  // variant is linked already to that channel variant is as good as written; one that would make a link not 1:1 is
  // FAILED_PRECONDITION. What the last pull saw of the item is taken for acknowledged; where an earlier link of the
  // item was dissolved after it had acknowledged other values, or in doubt, price and quantity count as unknown until
  // the next pull.
  virtual absl::StatusOr<LinkWriteResult> WriteLinks(const Fence& fence, int64_t read_edit_version,
                                                     absl::Span<const LinkWrite> rows, absl::Time now) = 0;

  // Broken links, by listing_id from above `after_id`, in time that does not grow with the others.
  virtual absl::StatusOr<std::vector<LinkPair>> ReadBrokenLinks(int64_t channel_id, int64_t after_id,
                                                                int64_t limit) = 0;
  // The same of linked ones that are doubtful.
  virtual absl::StatusOr<std::vector<DoubtfulLink>> ReadDoubtfulLinks(int64_t channel_id, int64_t after_id,
                                                                      int64_t limit) = 0;
  // That these links are to be dissolved is held (HeldOfLink in storage_kit/held.h), of those that are still there and
  // doubtful, and of which that is neither held nor decided. Returns their attentions. Repeat: none.
  virtual absl::StatusOr<std::vector<SightedAttention>> HoldUnlinks(const Fence& fence,
                                                                    absl::Span<const LinkPair> links,
                                                                    absl::Time now) = 0;
  // Releases those of these links that are broken or doubtful, keeping their history; others, and such as are not there
  // any more, are passed over. Returns how many. `changes` are counted (ReadChangeCounts), of each kind no more than
  // are released. Repeat: none.
  virtual absl::StatusOr<int64_t> ReleaseLinks(const Fence& fence, absl::Span<const LinkPair> links,
                                               const ChangeCounts& changes, absl::Time now) = 0;

  // A person's edits, without a fence, in their order and in one transaction. What became of each: NOT_FOUND names the
  // SKU or item; FAILED_PRECONDITION: kLink where either side has another link (the message names it) or the item is
  // not live, kUnlink and kConfirm where there is none, kSetStatus as StatusAfterEdit says (storage_kit/rules.h), which
  // also gives INVALID_ARGUMENT for a status that nobody states. One that fails changes nothing and does not keep
  // others from being made. Repeat: OK; kUnlink of a listing variant that has no link because a person unlinked it is
  // done.
  virtual absl::StatusOr<std::vector<EditOutcome>> EditListings(int64_t channel_id, absl::Span<const ListingEdit> edits,
                                                                absl::Time now) = 0;

  // Entries of the channel's link history that the filter asks for, after `after`, by listing variant and, of each,
  // oldest first. Fewer than `limit`: there are no more. None where there is no listing variant with the filter's SKU.
  virtual absl::StatusOr<std::vector<LinkHistoryRow>> ReadLinkHistory(int64_t channel_id, const HistoryFilter& filter,
                                                                      LinkEventPlace after, int64_t limit) = 0;

  // Where a page of dirty links ended. The order is sync priority descending, then rank, then since when the link has
  // that rank and priority, then listing_id: what takes another place, for whatever cause, takes one behind all of that
  // rank and priority that stood there before, as far as the times that writers give ascend. Only what was dirty while
  // it could not be pushed comes back to its old place.
  struct DirtyCursor {
    bool started = false;
    int64_t sync_priority = 0;
    DirtyRank dirty_rank = DirtyRank::kQuantityFell;
    absl::Time dirty_since;
    int64_t listing_id = 0;
  };

  // Dirty links that can be pushed (linked, not paused, listing variant and item both live), in that order after
  // `*cursor`, which is moved to the last row returned.
  virtual absl::StatusOr<SyncBatch> ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) = 0;

  // How many links ReadDirty gives from the beginning on; `limit` where they are that many or more.
  virtual absl::StatusOr<int64_t> CountDirty(int64_t channel_id, int64_t limit) = 0;

  // How many working links the channel has; `limit` where they are that many or more.
  virtual absl::StatusOr<int64_t> CountLinks(int64_t channel_id, int64_t limit) = 0;

  // How many changes that count to the circuit breaker were made from the hour of `since` on.
  virtual absl::StatusOr<ChangeCounts> ReadChangeCounts(int64_t channel_id, absl::Time since) = 0;

  // What is held of the channel's links by this job, ascending by listing_id, of those above `after_id`: all of a link,
  // as many links as have `limit` rows together or more; none where there are no more.
  virtual absl::StatusOr<std::vector<HeldRow>> ReadHeldChanges(int64_t channel_id, int64_t job_id, int64_t after_id,
                                                               int64_t limit) = 0;

  // A person decides on held changes, kApproved or kRefused: their attentions end, and their links become dirty. At
  // most `limit` links, in the order of ReadHeldChanges. Returns how many changes were decided on; none: there are no
  // more. Repeat: goes on. At most Storage::kMaxRows SKUs.
  virtual absl::StatusOr<int64_t> DecideHeldChanges(int64_t channel_id, const HeldSelection& selection,
                                                    HeldChange::State decision, int64_t limit, absl::Time now) = 0;

  // Linked rows, dirty or not, paused or not: those with ids above `after_id`, ascending.
  virtual absl::StatusOr<SyncBatch> ReadLinks(int64_t channel_id, int64_t after_id, int64_t limit) = 0;

  // Linked rows by SKU; SKUs that have no link are left out.
  virtual absl::StatusOr<SyncBatch> ReadLinksBySku(int64_t channel_id, absl::Span<const std::string> skus) = 0;

  // Linked rows whose channel variant has one of these parents: those with ids above `after_id`, ascending.
  virtual absl::StatusOr<SyncBatch> ReadLinksByParent(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                                      int64_t after_id, int64_t limit) = 0;

  // Sets acknowledged values and guards and ends refusals as found, and marks those links dirty. Repeat: their versions
  // grow once more. Rows whose listing variant is by now linked to another channel variant, or has no working link, are
  // passed over.
  virtual absl::Status WriteReconciliations(const Fence& fence, absl::Span<const Reconciliation> rows,
                                            absl::Time now) = 0;

  // Marks links dirty and their fields forced (SyncRow::forced), all those that the channel syncs, and forgets what was
  // refused with its attentions. What was acknowledged stays, and so do the guard, the doubt and every other attention.
  // Repeat: their versions grow once more. Links that are not there any more, as with WriteReconciliations, are passed
  // over.
  virtual absl::Status ForceLinks(const Fence& fence, absl::Span<const LinkPair> links, absl::Time now) = 0;

  // Every link was looked at again under this policy version.
  virtual absl::Status WriteEvaluatedVersion(const Fence& fence, int64_t policy_version) = 0;

  // Keeps the record of a push that is about to begin, and adds the fields of each item to those of its link that are
  // in doubt (QuantitiesInDoubt of sync.h has the quantities among them), none of them confirmed any more. What is in
  // doubt when a link is dissolved stays with its item, and is in doubt of the next link to it. Left out of both is
  // what was overtaken since it was planned: an item whose link is not the one that it names, has another dirty version
  // by now or is not among those that ReadDirty gives; and every item where the channel's policy_version is not the
  // record's. Returns the listing ids of what is left out, in the order of the record; where that is everything, no
  // record is kept. Of a link that the record names twice the last item counts. Repeat: the record that is there stays,
  // and what it does not have is left out.
  virtual absl::StatusOr<std::vector<int64_t>> BeginPush(const Fence& fence, const PushRecord& record) = 0;

  // Where a page of open pushes ended. First come those of which something is unheard of, by push_id, then the others,
  // by look_at and push_id.
  struct PushCursor {
    bool started = false;
    absl::optional<absl::Time> look_at;
    int64_t push_id = 0;
  };

  // Records, with what is not settled of them, of which something is unheard of, or that are to be looked at by `due`
  // (OpenPush::look_at), in that order after `*cursor`, which is moved to the last one returned: as many as have
  // `limit` items together or more, none where there are no more. What is due later costs nothing.
  virtual absl::StatusOr<std::vector<OpenPush>> ReadOpenPushes(int64_t channel_id, absl::Time due, PushCursor* cursor,
                                                               int64_t limit) = 0;

  // The first OpenPush::look_at of the channel's records. InfiniteFuture: none has one.
  virtual absl::StatusOr<absl::Time> ReadNextLook(int64_t channel_id) = 0;

  // What has a receipt of these listing variants, by listing_id and push_id.
  virtual absl::StatusOr<std::vector<AwaitedItem>> ReadAwaited(int64_t channel_id,
                                                               absl::Span<const int64_t> listing_ids) = 0;

  // Sets when records are to be looked at. Those of which something is unheard of, and those that are not there, are
  // passed over. Repeat: as once.
  virtual absl::Status WritePushLooks(const Fence& fence, absl::Span<const PushLook> looks) = 0;

  // Writes settlements; where one acknowledges something (Settlement::mask), it does so at `now`
  // (SyncRow::acknowledged_at). Its changes are added to those of the hour of `now`, unless there is no record of its
  // push. What has a row leaves the push's record or, accepted, stays there with its receipt; an empty record is
  // removed, and one of which nothing is unheard of any more is to be looked at from `now` on. A settlement of a
  // version that is older than the link's acknowledges its values and leaves the link dirty. One of a link that is not
  // there any more changes nothing: neither where the listing variant is linked to another channel variant by now or to
  // none, nor where it was linked anew to the same one since that version; of one with a broken link only the doubt is
  // written. A receipt that is decided after its link puts the item in doubt anew. Returns which attentions ended:
  // those whose code is not stored any more. Repeat: none; a decided link is dirty once more.
  virtual absl::StatusOr<SettlementResult> WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                            absl::Time now) = 0;

  // What has no receipt in the record of a push may have been accepted unheard of (OpenItem::lingers): its fields may
  // be sent again, and are in doubt once more when the push is abandoned. The record is to be looked at at its receipt
  // deadline or, where something of it has a receipt, from its call deadline on.
  virtual absl::Status LetPushLinger(const Fence& fence, int64_t push_id) = 0;

  // Takes what has no receipt out of the record of a push that can land no more, since nobody can tell what became of
  // it: its fields stay in doubt, and its links dirty, until they are settled. Of what has lingered the fields are in
  // doubt anew, and the item's link by now is marked dirty, or its next one gets the doubt.
  virtual absl::Status AbandonPush(const Fence& fence, int64_t push_id, absl::Time now) = 0;

  // Writes statuses and marks their links dirty. Returns how many rows were as expected.
  virtual absl::StatusOr<int64_t> WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                                absl::Time now) = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_LINK_STORAGE_H_
