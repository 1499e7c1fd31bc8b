// What every storage does alike: the checks of what it is given, and the pure decisions within its operations. They are
// here and not in each implementation so that implementations cannot drift apart. Which rows can be kept is in
// limits.h, how errors are worded in errors.h.
//
// Pure functions, thread-safe.
//
// What somebody who writes a storage has to know beyond storage.h:
//
// A product variant is merged, not replaced: what a batch does not state stays (MergeProduct). What links send is
// looked up in the product variant whenever it is read, and never copied to the link; a write that changes it marks the
// links dirty (CompareProducts), and so does one that states the quantity anew where the oversell guard waits for that.
//
// A link's life. Linked: rule, reason and status as given; acknowledged is what the item was last seen as; guard,
// force, refusals and attentions of an earlier link are gone; synced_version becomes dirty_version, then the link is
// marked dirty, and the version that it has by then is its first: settlements of older versions are of an earlier link.
// Broken, when a sweep, a fetch or a push finds the item gone: it keeps item, rule and status, holds the item against
// others, is not dirty, and has the one attention ItemGone. Broken, too, when a pull or a fetch sees another item under
// the external id (IsOther): then the attention is ItemReplaced. Healed, when a pull or a fetch sees the link's item
// again: linked and dirty as a new link is, without attentions, with what was acknowledged before. Dissolved, by hand
// or released: status (StatusAfterUnlink), attentions and rule go, and what is known of the item is SeenAfterUnlink; a
// person's also leaves a hand-unlink of the pair. The listing variant and its dirty_version stay in every case, and the
// latter never falls.
//
// Marking dirty. Only what is linked is marked. The version grows by one. The link's rank is the most urgent one of its
// marks since it was clean: for a product's write ProductChange::rank, for a reconciliation kFound, else kChanged. It
// is dirty since the first mark of that rank, or since its sync priority became another, whichever is later. What a
// pull or a fetch finds fixed of an item that is linked marks the link where it is not what was fixed before: what
// could not be sent may be sent now. So does the end of a refusal, below. A link is clean when a settlement of its
// present version that says `settled` is written.
//
// Refusals. What the channel refused may have had its cause in how the item was. Where a pull or a fetch sees a field
// of an item with another value than the sighting before, or fixed for another reason, the link's refusals of that
// field end, and those of what was refused with it (RefusedAfterSighting); the link is marked, so that the next sync
// tries them once more. A value that goes to and fro is tried once a change.
//
// Reasons of unlinked ones are the link job's to choose and are stored as given; which comes before which is the order
// of LinkReason (link_state.h). A storage sets one by itself only where a person unlinks: kUnlinkedByHand.
//
// Attentions are a set, at most one a code, ascending by code. A settlement replaces the set or keeps it
// (AttentionsOf); linking, healing and dissolving empty it; breaking makes it ItemGone or ItemReplaced alone, and so
// does what befalls the item of a broken link: it goes, or comes back as another. What waits to be stated
// (WaitsToBeStated) stays through all of these but linking and dissolving, and ends when a status is stated, by hand or
// by rule (WithWaiting, WithStatedStatus). A refusal that ends by a sighting or a force takes its own along
// (WithoutEndedRefusals). What is of sightings (IsOfSightings) is set when a link is made or healed, whenever a
// sighting changes what it is made of (WithSightings), and no settlement touches it. Nothing else touches the set.
//
// Doubtful links. A sighting that shows an item with other keys under the channel's rules than before (HasOtherKeys)
// judges its link, broken or not, where it can be doubted (CanBeDoubted), by the listing variant as it is (JudgePair):
// where the pair disagrees it is doubtful from then on, where it agrees it is not any more; one that was broken is
// doubtful unless it agrees (IsDoubtfulAfter). A change marks the link, so that no push that was planned before goes
// out. A person who confirms the link ends the doubt.
//
// Sighted values. A sighting that is later than the link's last acknowledgement is followed by the listing variant's
// status (FollowChannel). While nothing was settled of the link, what it has for acknowledged is what was seen: it
// follows, too, but for what is in doubt; and so does the acknowledged status while that is adopted.
//
// Identities. An item's is what was last said of it: where a pull or a fetch says none, it stays. A link's is its
// item's when it was made, or else the first that its item gets while the link lasts, broken or not (AfterSighting).
//
// Link changes (link_index.h) are recorded of a row before the first change that linking reads: parent, fields,
// liveness, and whether it is free.

#ifndef FLXLINK_STORAGE_KIT_RULES_H_
#define FLXLINK_STORAGE_KIT_RULES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"
#include "flxlink/storage_kit/limits.h"

namespace flxlink::storage {

// -- Checks. Each is OK, or INVALID_ARGUMENT with what is wrong.

// `rows` rows (named by `what`) are not more than one operation takes.
absl::Status CheckRows(size_t rows, absl::string_view what);
// A page can be asked for with this limit: 1 to Storage::kMaxRows.
absl::Status CheckLimit(int64_t limit);
// Stated columns of one length, and names of fields within the limits. Which rows can be kept is ChooseProducts' to say
// (limits.h).
absl::Status CheckProducts(const ProductBatch& batch);
// Its quantities are not said to be true later than `now`.
absl::Status CheckQuantityTime(const ProductBatch& batch, absl::Time now);
// A source can have this name.
absl::Status CheckSource(absl::string_view source);
// What is absent after an import is to be changed.
absl::Status CheckAbsent(AbsentProducts absent);
// OK where `import` is the last that its source, of `begun` imports, has begun.
absl::Status CheckImport(const ProductImport& import, int64_t begun);
// Columns of one length, SKUs that are not empty.
absl::Status CheckListings(const ListingBatch& batch);
// Columns of one length, names of fields within the limits, and fixed fields that are names of SyncFields. Which rows
// can be kept is ChoosePulledRows' to say (limits.h).
absl::Status CheckChannelVariants(const ChannelVariantBatch& batch);
// There is a page, and each passes CheckChannelVariants, has no more problems and deleted items than one operation
// takes, and an age that is finite and not negative.
absl::Status CheckPulledPages(absl::Span<const PullPage> pages);
// The same of a fetch.
absl::Status CheckFetched(const FetchReply& reply);
// Every set of attentions that a row names is there.
absl::Status CheckSettlements(const SettlementBatch& batch);
// Every job belongs to the slot's channel, and will be due some time; what is reported is of one that is updated.
absl::Status CheckQueueChange(const QueueChange& change);
// A job of which `stored` problems are stored has those that are to stay, and gets no more than Job::kMaxProblems.
absl::Status CheckReport(const JobReport& report, int64_t stored);
// No more than LinkIndex::kMaxKeyEntries, none below the one before it.
absl::Status CheckKeyEntries(absl::Span<const KeyEntry> entries);
// `limit` is one, and so many entries for each of `lookups` fit into a page.
absl::Status CheckLookups(size_t lookups, int64_t limit);
// No more parents, and no more aliases, than one operation takes, and a limit that is one (FindItems).
absl::Status CheckNames(absl::Span<const std::string> parent_ids, absl::Span<const std::string> aliases, int64_t limit);
// A link base's text is not empty.
absl::Status CheckLinkBaseText(absl::string_view text);

// No list in the filter is longer than one operation takes.
absl::Status CheckFilter(const ListingFilter& filter);
absl::Status CheckFilter(const ItemFilter& filter);

// -- Decisions.

// The order of Storage::ReadClaimable among slots that may be claimed: prioritized last, then urgent before bulk, then
// by priority, then by sync priority, none last, then what has waited longest, a slot without a head from when it was
// due. Looks at channel_id, holder_job, the head and next_due.
bool IsMoreUrgent(const Slot& a, const Slot& b);

// When a record with these items is to be looked at (OpenPush::look_at), after it was to be at `before`. `receipts_at`:
// from when on, where that was whenever something is sent and something has a receipt by now.
absl::optional<absl::Time> LookAfter(absl::optional<absl::Time> before, absl::Span<const OpenItem> items,
                                     absl::Time receipts_at, absl::Time receipt_deadline);

// Whether the change was written before, and is the last that was.
bool IsLastChange(const QueueChange& change, const Slot& slot);

// Whether the channel is as WriteChannel with these arguments has left it.
bool IsWritten(const Channel& channel, int64_t expected_revision, const ChannelConfig& config,
               const absl::optional<ChannelConfig>& draft);

// Whether the job has begun a pull since that mark, or a whole one where it is empty, of which no page is stored.
bool HasJustBegun(const PullState& pull, const Fence& fence, absl::string_view since);

// The channel's pull after another has begun (BeginPull) …
PullState Begun(const PullState& last, const Fence& fence, absl::string_view since);
// … after it, running, has ended (EndPull) …
PullState Ended(const PullState& running, bool complete, absl::string_view mark, absl::Time now);
// … and after the channel's adapter or settings have become others (WriteChannel, where not SameMarks): without a mark,
// and where it ran ended under another number, so that what its job still writes is refused.
PullState AfterOtherSettings(const PullState& pull);

// OK where pull `pull_number` may sweep: it is the channel's last, runs, and is whole.
absl::Status CheckSweep(const Channel& channel, int64_t pull_number);

// Whether PullState::mark, made under one of the configurations, means the same under the other.
bool SameMarks(const ChannelConfig& a, const ChannelConfig& b);

// What storages keep of a product variant besides its key.
struct ProductState {
  std::string sku;
  std::string parent;
  int64_t price = kAbsent;
  int64_t compare_at_price = kAbsent;
  Currency currency;  // Of both.
  int64_t quantity = kAbsent;
  absl::Time quantity_at = absl::UnixEpoch();  // As of when the quantity was last stated; the epoch: never.
  int64_t sync_priority = 0;
  bool removed = false;
  // It is removed, or has the quantity 0, since it was absent from its feed, and nobody stated its quantity since.
  bool absent = false;
  std::vector<Field> fields;
};

// Whether the batch states quantities that are older than the one that is known, which stays then.
bool IsOutdated(const ProductState& known, const ProductBatch& batch);

// The product variant after row `row` of a batch was written over it at `now`: only what the batch states is another.
// Fields keep their order, new ones follow. One that was removed is there again, and the quantity 0 that it had for
// being removed is not its own.
ProductState MergeProduct(const ProductState& known, const ProductBatch& batch, int64_t row, absl::Time now);

// The product variant, which is there, after its quantity was stated to be 0 at `now`.
ProductState ZeroedProduct(const ProductState& known, absl::Time now);

// The product variant after an import that did not state it; it is as it was where there is nothing to change.
ProductState AbsentProduct(const ProductState& known, AbsentProducts absent, absl::Time now);

// The product variant, which is there, after it was removed at `now`.
ProductState RemovedProduct(const ProductState& known, absl::Time now);

// What a merge changed.
struct ProductChange {
  bool any = false;     // Anything but the time of the quantity.
  bool values = false;  // What links send: a price, the currency, the quantity, and whether it is removed.
  // Of the marks that it makes. The quantity fell also where none was stated before: the channel may show any.
  DirtyRank rank = DirtyRank::kChanged;
  // ProductState::quantity_at before and after it.
  absl::Time quantity_was_at;
  absl::Time quantity_is_at;
};
ProductChange CompareProducts(const ProductState& before, const ProductState& after);

// Whether such a change marks a link of the product variant whose guard is `guarded_at`: what is sent is another, or
// the guard has waited for the statement.
bool MarksLink(const ProductChange& change, absl::Time guarded_at);

// Everything in two configurations is the same.
bool SameConfig(const ChannelConfig& a, const ChannelConfig& b);

// Whether link rules consider the channel variant, and pushes go to it.
bool IsLiveItem(bool gone, ChannelStatus status);

// The status of a listing variant that is linked to an item that was last seen as `seen`. A person's pause stays.
ListingStatus StatusAfterLink(const ListingStatus& stored, ChannelStatus seen);

// The status of the listing variant `sku` after a person's kSetStatus, or why it cannot be.
absl::StatusOr<ListingStatus> StatusAfterEdit(const ListingStatus& stored, Health wanted, bool linked,
                                              absl::string_view sku);

// The status of a listing variant whose link was dissolved.
ListingStatus StatusAfterUnlink(const ListingStatus& stored);

// What is in doubt of an item: of its link, or, where that was dissolved, kept with the item for the next one.
struct Doubt {
  SyncFields fields;
  RareVector<int64_t> quantities;  // Means something while the quantity is among the fields.
  SyncFields confirmed{};          // SyncRow::confirmed; ends with the link.
};

// What is in doubt once the item is sent.
Doubt DoubtWith(const Doubt& before, const PushItem& item);

// What is in doubt once an outcome is settled.
Doubt DoubtAfter(const Settlement& row);

// What is known of an item once a link to it is dissolved. Where the link's acknowledged price or quantity is not what
// the last pull saw, or is in doubt, nobody knows it any more, and a later link must send it; the status is taken to be
// the acknowledged one.
ItemValues SeenAfterUnlink(const ItemValues& seen, const ItemValues& acknowledged, const SyncFields& in_doubt);

// ChannelVariantBatch::handle of row `row`; empty where the adapter gives none.
absl::string_view HandleAt(const ChannelVariantBatch& batch, int64_t row);

// ChannelVariantBatch::fixed of row `row`, ascending by name and each once.
RareVector<FixedField> FixedAt(const ChannelVariantBatch& batch, int64_t row);

// ChannelVariantBatch::aliases of row `row` that are not empty, ascending and each once.
RareVector<std::string> AliasesAt(const ChannelVariantBatch& batch, int64_t row);

// The identity of row `row`, of an item that had the identity `known`: that, where the row says none.
absl::string_view IdentityAt(const ChannelVariantBatch& batch, int64_t row, absl::string_view known);

// Whether an item of identity `seen` is another one than that of a link of identity `linked`. Empty: not said.
bool IsOther(absl::string_view linked, absl::string_view seen);

// What linking reads of either side of a pair, as fields by their names in rules (`sku`, `parent`, `id` among them).
std::vector<Field> ListingKeys(absl::string_view sku, absl::string_view parent, std::vector<Field> fields);
std::vector<Field> ItemKeys(absl::string_view external_id, std::vector<Field> fields);

// Whether an item's keys under any of the rules are others in `after` than in `before`.
bool HasOtherKeys(const LinkPriority& rules, const std::vector<Field>& before, const std::vector<Field>& after);

// What link rules say of a pair. It agrees where a rule has equal keys on both sides, and disagrees where none has and
// some rule has other ones there.
struct PairVerdict {
  bool agrees = false;
  // The first rule by which the pair disagrees, from 1, and its keys. 0: it does not.
  int32_t rule = 0;
  std::string listing_key;
  std::string channel_key;
};
PairVerdict JudgePair(const LinkPriority& rules, const std::vector<Field>& listing, const std::vector<Field>& item);

// Whether a link can become doubtful: not what a person made or confirmed, where ids are never used again.
bool CanBeDoubted(bool by_hand, bool own_ids);

// Whether a link, doubtful or not, is doubtful once its item was seen with other keys. One that was broken has to
// agree.
bool IsDoubtfulAfter(bool doubtful, bool was_broken, const PairVerdict& verdict);

// Whether an attention is of sightings: one gives and ends it, and nothing else does while the link is linked.
bool IsOfSightings(const Problem& attention);
// All of these, ascending by code, of a link of this status to an item that was seen as `seen` with these fields.
// `doubt`: the verdict on a link that is doubtful.
std::vector<Problem> SightingAttentions(absl::string_view external_id, ChannelStatus seen,
                                        const std::vector<Field>& item_fields, const ListingStatus& status,
                                        const absl::optional<PairVerdict>& doubt);
// `stored` with these in the place of those that are of sightings.
std::vector<Problem> WithSightings(const std::vector<Problem>& stored, std::vector<Problem> sighted);
// Tells in `result` what that changed.
void AddSightedChanges(absl::string_view sku, absl::string_view external_id, const std::vector<Problem>& before,
                       const std::vector<Problem>& after, PullWriteResult* result);

// What is known of a link's values, which were `acknowledged`, once its item was seen as `seen`, later than what it
// last acknowledged: see "Sighted values" above.
ItemValues KnownAfterSighting(const ItemValues& acknowledged, const ItemValues& seen, const ListingStatus& status,
                              bool is_settled, const SyncFields& in_doubt);

// What becomes of an item's link, which is linked or broken, once a sighting has found the item there.
struct LinkAfterSighting {
  // kLinked or kBroken; another than before, it breaks or heals.
  LinkState state = LinkState::kLinked;
  std::string identity;
};
// `linked` is the link's identity before, `seen` the item's from now on.
LinkAfterSighting AfterSighting(absl::string_view linked, absl::string_view seen);

// What a sighting says of an item that a sync can set. It looks at what it is made of.
struct SeenItem {
  const ItemValues& values;          // Without content, which is among the fields.
  const std::vector<Field>& fields;  // All of them; what is not there is empty.
  const std::vector<FixedField>& fixed;
};

// What of a link's refusals stands once its item, which was `before`, was seen as `after`.
RareVector<RefusedValue> RefusedAfterSighting(const std::vector<RefusedValue>& refused, const SeenItem& before,
                                              const SeenItem& after);

// The attentions of a link that had these, after all of `refused` but `standing` has ended: of what has ended, nothing
// unless something else that stands has the same code, which then takes its place.
std::vector<Problem> WithoutEndedRefusals(const std::vector<Problem>& attentions,
                                          const std::vector<RefusedValue>& refused,
                                          const std::vector<RefusedValue>& standing);

// SyncRow::forced of a link of version `dirty_version`, which was `forced`, after a settlement.
SyncFields ForcedAfterSettlement(const SyncFields& forced, int64_t dirty_version, const Settlement& row);

// What a page of a pull, or a fetch, says of a channel's items. It looks at the page.
struct Sighting {
  const ChannelVariantBatch& items;
  absl::Span<const ItemProblem> problems;
  absl::Span<const std::string> missing;
  absl::Duration age;
  bool holds_breaks;
};
Sighting SightingOf(const PullPage& page);
Sighting SightingOf(const FetchReply& reply);

// The missing items that the sighting does not name as seen, too: an item that somebody saw is not gone. They look at
// the page.
std::vector<absl::string_view> MissingItems(const Sighting& sighting);

// As of when a sighting that is stored at `now` tells of its items.
absl::Time SeenAt(const Sighting& sighting, absl::Time now);

// Whether storage knows of an item something later than what a sighting as of `at` tells: it was seen since, at
// `seen_at`, or found gone, at `gone_at` (InfinitePast: it is not gone). Then the sighting only proves that the item
// was there (its seen_pull), and what it says is missing is not.
bool IsOvertaken(absl::Time at, absl::Time seen_at, absl::Time gone_at);

// Adds to the result of a write of pages what became of the rows of the next one; what the kept ones changed is
// storage's to count.
void AddPage(PulledRowChoice rows, PullWriteResult* result);

// The status that the channel acknowledged for the listing variant, by itself or by a quantity. kUnknown: none.
ChannelStatus AcknowledgedStatus(const Settlement& row);

// The link's status once a push of the item is begun.
ListingStatus StatusOnPush(const ListingStatus& stored, const PushItem& item);

// The link's status after a settlement. `product_removed` says whether its product is removed; it is asked only where
// that matters.
ListingStatus StatusAfterSettlement(const ListingStatus& stored, const Settlement& row,
                                    absl::FunctionRef<bool()> product_removed);

// What `row` of `batch` makes the link's attentions, ascending by code; not for one that keeps them. What of `stored`
// waits to be stated, or is of sightings, stays.
std::vector<Problem> AttentionsOf(const Settlement& row, const SettlementBatch& batch,
                                  const std::vector<Problem>& stored);

// `attentions`, and what of `stored` waits to be stated; ascending by code.
std::vector<Problem> WithWaiting(std::vector<Problem> attentions, const std::vector<Problem>& stored);
// An attention that ends when somebody states the listing variant's status, whatever that is, and not before.
bool WaitsToBeStated(const Problem& attention);
// What is left of a listing variant's attentions once somebody has stated this status.
std::vector<Problem> WithStatedStatus(const std::vector<Problem>& stored, const ListingStatus& status);

// Adds to `result` what the settlement that is number `row` of its batch did to a link's attentions, which were
// `before` and are `after` it; not for one that keeps them. Cleared are those whose code is there no more. Both ascend
// by code.
void AddAttentionChanges(int64_t row, const std::vector<Problem>& before, const std::vector<Problem>& after,
                         SettlementResult* result);

// The attention of a link whose item is gone.
Problem ItemGone(absl::string_view external_id);
// The attention of a link under whose external id another item stands.
Problem ItemReplaced(absl::string_view external_id, absl::string_view linked, absl::string_view seen);

// SyncRow::guarded_at of a link: the guard's observation until the product's quantity was stated again after it.
absl::Time EffectiveGuard(absl::Time guarded_at, absl::Time quantity_at);

// What is stored of a link's guard, `guarded_at` before, after settlement `row` of `batch`: an observation that has
// been overtaken goes with the next quantity that is acknowledged, any other stays. `quantity_at` is the product's.
absl::Time GuardAfterSettlement(absl::Time guarded_at, absl::Time quantity_at, const Settlement& row,
                                const SettlementBatch& batch);

// What `*job` has come to with the report, but for its problems.
void TakeReport(const JobReport& report, Job* job);

// The same of `*update` with a queue change, by `stored`, the job as it is, and the change's report.
void TakeReport(const Job& stored, const QueueChange& change, Job* update);

// -- Fields of a row and columns of fields.

// The fields of row `row`: name and value in the order of the columns, empty values left out.
std::vector<Field> RowFields(const FieldColumns& columns, int64_t row);

// Adds a row's fields to columns that hold `rows` rows so far; a name that is new becomes a column.
void AddRowFields(const std::vector<Field>& fields, int64_t rows, FieldColumns* columns);

}  // namespace flxlink::storage

#endif  // FLXLINK_STORAGE_KIT_RULES_H_
