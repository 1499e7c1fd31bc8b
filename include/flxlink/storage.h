// Storage: where flxlink keeps everything, behind one interface that a host can implement over its own database.
//
// One atomic domain. Every operation is one transaction: it happens wholly, durably, or not at all. Operations are
// coarse (a page of rows, never one row of many) and *repeatable*: after an error that leaves open whether the commit
// happened, the caller repeats the operation, and doing it twice is as doing it once. For that callers choose ids and
// give absolute numbers.
//
// The four roles of a storage are the sections of this header: channels, catalog, links and sync, jobs and schedules.
//
// Fences. Operations of a running job take a Fence. They change nothing and return FAILED_PRECONDITION unless the
// channel's slot is held by that job in that epoch: whoever lost the slot must stop.
//
// Limits. No operation takes or returns more than kMaxRows rows; larger is INVALID_ARGUMENT. No operation keeps
// anything open in the database after it returned, so a page's reader never holds up others.
//
// Errors, beyond those named at an operation:
//   NOT_FOUND            there is no such channel, listing variant, job …
//   FAILED_PRECONDITION  the fence is stale, or the rows are not in a state that allows it; trying again does not help
//   ABORTED              a compare-and-set lost: read again, decide again, write again
//   UNAVAILABLE          the database is busy or away, and nothing was changed; try again
//   UNKNOWN              it is not known whether the change was made; repeat it
//   DATA_LOSS            the database is damaged
//   RESOURCE_EXHAUSTED   the disk is full; nothing was changed
//
// Time. Storage has no clock: every operation that writes a time is given it.
//
// An implementation passes flxlink/conformance/storage.h.

#ifndef FLXLINK_STORAGE_H_
#define FLXLINK_STORAGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/channel_variant.h"
#include "flxlink/field.h"
#include "flxlink/job.h"
#include "flxlink/link_state.h"
#include "flxlink/listing.h"
#include "flxlink/product.h"
#include "flxlink/push.h"
#include "flxlink/schedule.h"
#include "flxlink/string_column.h"
#include "flxlink/sync.h"

namespace flxlink {

// What storing a pulled page changed.
struct PullWriteResult {
  int64_t inserted = 0;
  int64_t changed = 0;    // Rows where something that linking reads changed (parent, fields, liveness).
  int64_t unchanged = 0;  // All others, a new price or quantity included.
  int64_t healed = 0;     // Broken links whose item returned; they are linked and dirty again.
  int64_t repeated = 0;   // Rows whose external id is on the page once more, further down; the last one counts.
};

// What sweeping after a complete pull did.
struct SweepResult {
  int64_t gone = 0;    // Channel variants that the pull did not see; they are no longer live.
  int64_t broken = 0;  // Links among them.
  bool more = false;   // Call again.
};

// Listing variants of a channel, as linking reads them. Ascending by listing_id.
struct ListingKeyPage {
  std::vector<int64_t> listing_id;
  std::vector<StringColumn> columns;  // One a requested field, one string a row.
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
  std::vector<ChannelStatus> status;

  int64_t size() const { return static_cast<int64_t>(channel_variant_id.size()); }
};

// A listing variant and a channel variant, by their ids.
struct LinkPair {
  int64_t listing_id = 0;
  int64_t channel_variant_id = 0;
};

// ---------------------------------------------------------------------------------------------------------------------
// The link base
// ---------------------------------------------------------------------------------------------------------------------
//
// A link job that has judged a whole channel leaves a *link base*: a key index of both sides, from hashes of keys to
// ids, and the text of the rules that it was made by. From then on storage records, in the transaction of each change,
// how every row that linking must look at again was before its first change: a *link change*. The next link job reads
// those, judges only what they can affect, adds the new keys to the index and forgets the changes. Without a base a
// link job judges the whole channel.
//
// Hand edits do not wait for a link job, so each of them grows the channel's edit version, and a link change that it
// makes or touches is stamped with the new one: what has a later stamp than the version that a job read is what the job
// may not have seen. From the moment when DropLinkBase has forgotten all of the old base, hand edits are recorded, so
// that those which are made while a new base comes to be are on record when it is set. Nothing else is recorded while
// there is no base.
//
// What is recorded, once a row until it is forgotten:
//   a listing variant    that was made; whose parent or fields a build changed; whose liveness changed; whose link was
//                        made, dissolved, broken, healed or released; whose hand-unlinks were cleared
//   a channel variant    that was first seen; whose parent, fields or liveness a pull, sweep or sync changed; whose
//                        link was made, dissolved, broken, healed or released
//
// The key index may name rows that do not have the key any more, or not yet: who looks something up reads the rows and
// compares.

enum class LinkSide : uint8_t { kListing, kChannel };

// A row that has a key of this hash. Which keys `key_number` counts is the engine's to say.
struct KeyEntry {
  uint64_t hash = 0;
  int64_t id = 0;  // A listing_id or channel_variant_id.

  friend bool operator==(const KeyEntry& a, const KeyEntry& b) { return a.hash == b.hash && a.id == b.id; }
  friend bool operator<(const KeyEntry& a, const KeyEntry& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.id < b.id;
  }
};

// The entries of one kind of key.
struct KeyColumn {
  LinkSide side = LinkSide::kListing;
  int32_t key_number = 0;
};

// An entry that is added to an index that is in use.
struct KeyAddition {
  KeyColumn column;
  KeyEntry entry;
};

// Which entries to look up: those of a hash, with ids above `after_id`.
struct KeyLookup {
  uint64_t hash = 0;
  int64_t after_id = 0;
};

struct LinkBase {
  // As given to SetLinkBase. Empty: there is no base.
  std::string text;
  // In the key index, as WriteKeyEntries wrote them.
  int64_t entries = 0;
  // In the key index, added since; it may have had some of them.
  int64_t added = 0;
  // Link changes on record, both sides.
  int64_t changes = 0;
};

// How rows of one side were when the base was last up to date. Ascending by id.
struct LinkChangePage {
  std::vector<int64_t> id;
  // 0: the row was not there, and has no keys and no parent here.
  std::vector<uint8_t> known;
  std::vector<uint8_t> live;
  // 1: stamped by a hand edit (see above). A job that ran meanwhile may have seen the row in a state between.
  std::vector<uint8_t> edited;
  // One a requested field, one string a row.
  std::vector<StringColumn> columns;
  StringColumn parent;

  int64_t size() const { return static_cast<int64_t>(id.size()); }
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
  // With a new link: its initial status.
  ListingStatus status;
  // With a new link: false where whoever writes it has looked at all that it affects, so that no link change is
  // recorded of it.
  bool record_change = true;
};

struct LinkWriteResult {
  int64_t linked = 0;
  int64_t reasons_changed = 0;
  // Rows that were not written, since a hand edit had touched one of their two sides: their places in the call,
  // ascending.
  std::vector<int64_t> overtaken;
};

// An entry of a listing variant's link history, oldest first.
struct LinkEvent {
  enum class Kind : uint8_t { kLinked, kUnlinked, kBroken, kHealed, kReleased };
  Kind kind = Kind::kLinked;
  std::string external_id;
  int32_t rule = 0;    // kLinked: the rule; 0: by hand.
  int64_t job_id = 0;  // Who did it; 0: a person.
  absl::Time at;
};

// "linked", "unlinked", "broken", "healed", "released".
absl::string_view ToString(LinkEvent::Kind kind);

// A listing variant's new status, from a rules job.
struct StatusWrite {
  int64_t listing_id = 0;
  ListingStatus expected;  // As read; rows that a person changed since are left alone.
  ListingStatus status;
};

// Which listing variants to read.
struct ListingFilter {
  bool unlinked = false;          // Only unlinked and broken ones.
  bool attention = false;         // Only with attention.
  std::vector<std::string> skus;  // Only these. Empty: all.
};

// Which jobs to read.
struct JobFilter {
  absl::optional<int64_t> channel_id;
  absl::optional<JobState> state;
};

// Thread-safe.
class Storage {
 public:
  // The most rows that one operation takes or returns.
  static constexpr int64_t kMaxRows = 10000;
  // The most key entries that WriteKeyEntries takes: they are small and are stored many to a row.
  static constexpr int64_t kMaxKeyEntries = 250000;

  virtual ~Storage() = default;

  // Numbers that this store never gave out before: the first of `count` consecutive ones, from 1. A lost answer wastes
  // them.
  virtual absl::StatusOr<int64_t> ReserveIds(int64_t count) = 0;

  // -------------------------------------------------------------------------------------------------------------------
  // Channels
  // -------------------------------------------------------------------------------------------------------------------

  // ALREADY_EXISTS: there is one of that name with another configuration.
  virtual absl::StatusOr<Channel> CreateChannel(const ChannelConfig& config) = 0;

  virtual absl::StatusOr<Channel> ReadChannel(absl::string_view name) = 0;
  virtual absl::StatusOr<Channel> ReadChannel(int64_t channel_id) = 0;

  // Ordered by name.
  virtual absl::StatusOr<std::vector<Channel>> ReadChannels() = 0;

  // Writes config and draft if the channel's revision is `expected_revision`, else ABORTED. `moves_policy`: the change
  // touches what links should send, so the policy version grows.
  virtual absl::Status WriteChannel(int64_t channel_id, int64_t expected_revision, const ChannelConfig& config,
                                    const absl::optional<ChannelConfig>& draft, bool moves_policy) = 0;

  // Removes the channel and all that belongs to it. FAILED_PRECONDITION while its slot is held by a living owner.
  virtual absl::Status RemoveChannel(int64_t channel_id) = 0;

  // -------------------------------------------------------------------------------------------------------------------
  // Catalog
  // -------------------------------------------------------------------------------------------------------------------

  // Inserts or replaces product variants by key, and marks dirty the links whose price or quantity they change. Every
  // row states its quantity anew as of `now`, also an unchanged one (which marks a link dirty only where the oversell
  // guard waits for it).
  virtual absl::StatusOr<ProductWriteResult> WriteProducts(const ProductBatch& batch, absl::Time now) = 0;

  // Product variants with ids above `after_id`, ascending; `skus`, if not empty, restricts them. A page ends where the
  // currency changes, so only an empty one is the last.
  virtual absl::StatusOr<ProductBatch> ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                    int64_t limit) = 0;

  // Writes listing variants built from product variants, one outcome a row. A SKU that another product variant holds on
  // this channel, in storage or earlier in the batch, is kRepeatedSku. Links, statuses and sync priorities of listing
  // variants that are there stay.
  virtual absl::StatusOr<std::vector<BuildOutcome>> WriteListings(const Fence& fence, const ListingBatch& batch,
                                                                  absl::Time now) = 0;

  // Listing variants with ids above `after_id`, ascending.
  virtual absl::StatusOr<std::vector<ListingRow>> ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                               int64_t after_id, int64_t limit) = 0;

  // Begins a pull: a new pull number, no cursor.
  virtual absl::StatusOr<PullState> BeginPull(const Fence& fence) = 0;

  // Stores one page of the running pull with the cursor that follows it. FAILED_PRECONDITION unless `pull_number` is
  // running.
  virtual absl::StatusOr<PullWriteResult> WritePulledPage(const Fence& fence, int64_t pull_number, const PullPage& page,
                                                          absl::Time now) = 0;

  // How many links a sweep of this pull would break.
  virtual absl::StatusOr<int64_t> CountAbsentLinks(int64_t channel_id, int64_t pull_number) = 0;

  // After the last page of a complete pull: what it did not see is gone, its links are broken. In steps of `limit`
  // rows.
  virtual absl::StatusOr<SweepResult> SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                  absl::Time now) = 0;

  // Ends the running pull and remembers the channel's revision. `complete`: it saw every item.
  virtual absl::Status EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view revision,
                               absl::Time now) = 0;

  // -------------------------------------------------------------------------------------------------------------------
  // Links and sync
  // -------------------------------------------------------------------------------------------------------------------

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
  // where its listing variant or the channel variant that it would link to has a link change with a later stamp than
  // `read_edit_version`; of a link that is overtaken both sides are recorded, with the channel's edit version as their
  // stamp, since others were judged as if it had been made. A row whose listing variant is linked already to that
  // channel variant is as good as written; one that would make a link not 1:1 is FAILED_PRECONDITION. What the last
  // pull saw of the item is taken for acknowledged; where an earlier link of the item was dissolved after it had
  // acknowledged other values, or in doubt, price and quantity count as unknown until the next pull.
  virtual absl::StatusOr<LinkWriteResult> WriteLinks(const Fence& fence, int64_t read_edit_version,
                                                     absl::Span<const LinkWrite> rows, absl::Time now) = 0;

  virtual absl::StatusOr<LinkBase> ReadLinkBase(int64_t channel_id) = 0;

  // Forgets the base at once, and its index and link changes in steps of at most `limit` stored rows. Returns whether
  // there is more to forget: call again. From then on hand edits are recorded.
  virtual absl::StatusOr<bool> DropLinkBase(const Fence& fence, int64_t limit) = 0;

  // Adds entries to the index of a base that is being made. Those of one column ascend, over all calls; entries that
  // are there already are as good as written, so that a call can be said twice. FAILED_PRECONDITION where a base is
  // set; INVALID_ARGUMENT where entries of a call descend.
  virtual absl::Status WriteKeyEntries(const Fence& fence, KeyColumn column, absl::Span<const KeyEntry> entries) = 0;

  // Sets the base that WriteKeyEntries has made: from now on all link changes are recorded. `text` is not empty.
  virtual absl::Status SetLinkBase(const Fence& fence, absl::string_view text) = 0;

  // The index's entries for each lookup, in the lookups' order, then by id, at most `limit` a lookup. There are at most
  // kMaxRows lookups, and limit times lookups is not above it either.
  virtual absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(int64_t channel_id, KeyColumn column,
                                                               absl::Span<const KeyLookup> lookups, int64_t limit) = 0;

  // Link changes of one side, from above `after_id`.
  virtual absl::StatusOr<LinkChangePage> ReadLinkChanges(int64_t channel_id, LinkSide side,
                                                         absl::Span<const std::string> fields, int64_t after_id,
                                                         int64_t limit) = 0;

  // Adds entries to the base's index; ones that are there already are as good as added. FAILED_PRECONDITION where no
  // base is set.
  virtual absl::Status AddKeyEntries(const Fence& fence, absl::Span<const KeyAddition> additions) = 0;

  // Forgets link changes, at most `limit`; those with a later stamp than `read_edit_version` stay. Returns whether
  // there are more to forget: call again.
  virtual absl::StatusOr<bool> ForgetLinkChanges(const Fence& fence, int64_t read_edit_version, int64_t limit) = 0;

  // Dissolves broken links, keeping their history and leaving no hand-unlink. Returns how many; fewer than `limit`
  // means all.
  virtual absl::StatusOr<int64_t> ReleaseBroken(const Fence& fence, int64_t limit, absl::Time now) = 0;

  // A person's edit, without a fence. NOT_FOUND names the SKU or item; FAILED_PRECONDITION: kLink where either side has
  // another link (the message names it) or the item is not live, kUnlink where there is none.
  virtual absl::Status EditListing(int64_t channel_id, absl::string_view sku, const ListingEdit& edit,
                                   absl::Time now) = 0;

  // A listing variant's history, oldest first.
  virtual absl::StatusOr<std::vector<LinkEvent>> ReadLinkHistory(int64_t channel_id, int64_t listing_id) = 0;

  // Where a page of dirty links ended: the order is sync priority descending, then mark time, then listing_id.
  struct DirtyCursor {
    bool started = false;
    int64_t sync_priority = 0;
    absl::Time dirty_since;
    int64_t listing_id = 0;
  };

  // Dirty links that can be pushed (linked, not paused), in that order after `*cursor`, which is moved to the last row
  // returned.
  virtual absl::StatusOr<SyncBatch> ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) = 0;

  // Linked rows, dirty or not, paused or not: those with ids above `after_id`, ascending.
  virtual absl::StatusOr<SyncBatch> ReadLinks(int64_t channel_id, int64_t after_id, int64_t limit) = 0;

  // Linked rows by SKU; SKUs that have no link are left out.
  virtual absl::StatusOr<SyncBatch> ReadLinksBySku(int64_t channel_id, absl::Span<const std::string> skus) = 0;

  // Linked rows whose channel variant has one of these parents: those with ids above `after_id`, ascending.
  virtual absl::StatusOr<SyncBatch> ReadLinksByParent(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                                      int64_t after_id, int64_t limit) = 0;

  // Sets acknowledged values and guards as found, and marks those links dirty.
  virtual absl::Status WriteReconciliations(const Fence& fence, absl::Span<const Reconciliation> rows,
                                            absl::Time now) = 0;

  // Marks links dirty and forgets what was acknowledged and refused, so that all their fields are sent.
  virtual absl::Status ForceLinks(const Fence& fence, absl::Span<const int64_t> listing_ids, absl::Time now) = 0;

  // Every link was looked at again under this policy version.
  virtual absl::Status WriteEvaluatedVersion(const Fence& fence, int64_t policy_version) = 0;

  // Keeps the record of a push that is about to begin and puts its links in doubt.
  virtual absl::Status BeginPush(const Fence& fence, const PushRecord& record) = 0;

  // Records that were never settled, by push_id.
  virtual absl::StatusOr<std::vector<OpenPush>> ReadOpenPushes(int64_t channel_id) = 0;

  // Writes settlements. The push's record is removed if the batch closes it. A settlement of a version that is older
  // than the link's acknowledges its values and leaves the link dirty.
  virtual absl::Status WriteSettlements(const Fence& fence, const SettlementBatch& batch, absl::Time now) = 0;

  // Removes the record of a push whose deadline has passed and whose outcome nobody can tell any more: its links stay
  // in doubt, and dirty, until they are settled.
  virtual absl::Status AbandonPush(const Fence& fence, int64_t push_id) = 0;

  // Writes statuses and marks their links dirty. Returns how many rows were as expected.
  virtual absl::StatusOr<int64_t> WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                                absl::Time now) = 0;

  // -------------------------------------------------------------------------------------------------------------------
  // Jobs, slots, owners
  // -------------------------------------------------------------------------------------------------------------------

  // A new owner, alive until CloseOwner or, as far as storage can tell, its process's end: storage must notice death by
  // itself (a kernel lock, a lease) and must never take a slow owner for a dead one without a lease that ran out.
  virtual absl::StatusOr<OwnerId> OpenOwner() = 0;
  virtual absl::Status CloseOwner(OwnerId owner) = 0;

  // How often a living owner must call KeepAlive. InfiniteDuration: never.
  virtual absl::Duration keep_alive_interval() const = 0;
  virtual absl::Status KeepAlive(OwnerId owner) = 0;

  virtual absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) = 0;

  // ABORTED where the slot's revision is not change.expected_revision any more, or the schedule that fires is not
  // there, not enabled, or its next fire not change.fire->expected. The progress of a running job is not touched unless
  // the update ends it.
  virtual absl::Status WriteQueue(const QueueChange& change) = 0;

  // Channels whose slot can be claimed: not paused, and either free with a pending job or held by an owner that died.
  // The most urgent head first: latest prioritized, then highest priority, then oldest.
  virtual absl::StatusOr<std::vector<int64_t>> ReadClaimable(int64_t limit) = 0;

  struct ProgressReply {
    bool cancel_requested = false;
  };
  // Absolute numbers; also a sign of life.
  virtual absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobProgress& progress) = 0;

  virtual absl::StatusOr<Job> ReadJob(int64_t job_id) = 0;

  // Jobs with ids below `before_id`, newest first.
  virtual absl::StatusOr<std::vector<Job>> ReadJobs(const JobFilter& filter, int64_t before_id, int64_t limit) = 0;

  // -------------------------------------------------------------------------------------------------------------------
  // Schedules
  // -------------------------------------------------------------------------------------------------------------------

  // Sets the channel's schedule of this name, in place of the one that is there. Returns whether one was.
  virtual absl::StatusOr<bool> WriteSchedule(const Schedule& schedule) = 0;
  // OK also where the channel has no schedule of this name.
  virtual absl::Status ClearSchedule(int64_t channel_id, absl::string_view name) = 0;

  // All schedules, by channel_id and name.
  virtual absl::StatusOr<std::vector<Schedule>> ReadSchedules() = 0;

  // The enabled schedules whose next fire is not after `now`, the longest due first; then by channel_id and name. Costs
  // nothing for those that are not due. Fires are recorded with WriteQueue.
  virtual absl::StatusOr<std::vector<Schedule>> ReadDueSchedules(absl::Time now, int64_t limit) = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_STORAGE_H_
