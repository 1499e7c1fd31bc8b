// CatalogStorage: the role of a storage that keeps products, listings, and the mirror of each channel's items. See
// storage.h for what holds of every operation.

#ifndef FLXLINK_CATALOG_STORAGE_H_
#define FLXLINK_CATALOG_STORAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/channel_counts.h"
#include "flxlink/channel_variant.h"
#include "flxlink/filter.h"
#include "flxlink/job.h"
#include "flxlink/listing.h"
#include "flxlink/product.h"

namespace flxlink {

// A row of a pulled page that was not kept, and why.
struct PullRefusal {
  // The page among those that were given, from 0, and the row on it, from 0.
  int64_t page = 0;
  int64_t row = 0;
  Problem problem;
};

// What storing pulled pages changed.
struct PullWriteResult {
  // How many of the pages were stored, from the first; at least one.
  int64_t pages = 0;
  int64_t inserted = 0;
  int64_t changed = 0;    // Rows where something that linking reads changed (parent, fields, liveness).
  int64_t unchanged = 0;  // All others, a new price or quantity included, and those that storage knows later ones of.
  int64_t healed = 0;     // Broken links whose item returned, as itself; they are linked and dirty again.
  int64_t repeated = 0;   // Rows whose external id is on the page once more, further down; the last one counts.
  // Rows that were not kept, in the order of the pages: value_too_long, invalid_text, missing_key.
  std::vector<PullRefusal> refused;
  // Those of them, and of the item problems, whose external id cannot be kept; see PullState::saw_unnamed.
  int64_t unnamed = 0;
  // What became of the attentions that what is seen gives and ends (SightingAttentions in storage_kit/rules.h); those
  // of the links that broke are among the raised.
  std::vector<SightedAttention> raised;
  std::vector<SightedAttention> cleared;
  // Links that became doubtful, and those whose doubt has ended.
  int64_t doubtful = 0;
  int64_t agreed = 0;
  // Items that were said to be gone and were there (PullPage::deleted, FetchReply::missing).
  int64_t gone = 0;
  // Links among them, and links under whose external id another item was seen.
  int64_t broken = 0;
  // Links among the first of these that count to the circuit breaker: nobody approved it. What the platform says to be
  // another item is no mistake of an export, and does not count.
  int64_t counted = 0;
  // Links that would have been among them, and are held (PullPage::holds_breaks); their attentions are among the
  // raised.
  int64_t held = 0;
};

// An item by its names.
struct NamedItem {
  int64_t channel_variant_id = 0;
  std::string external_id;
};

// What sweeping after a complete pull did.
struct SweepResult {
  int64_t gone = 0;                      // Channel variants that the pull did not see; they are no longer live.
  int64_t broken = 0;                    // Links among them.
  int64_t counted = 0;                   // Links among these that count to the circuit breaker: nobody approved it.
  int64_t held = 0;                      // Links that would have been, and are held.
  std::vector<SightedAttention> raised;  // The attention of each of these.
  bool more = false;                     // Call again.
};

// Thread-safe.
class CatalogStorage {
 public:
  virtual ~CatalogStorage() = default;

  // Inserts product variants, or merges what the batch states into those that are there, by key (MergeProduct in
  // storage_kit/rules.h), and marks dirty the links whose price, compare-at price, currency or quantity that changes.
  // Where the batch has the quantity column, every row states its quantity anew, also an unchanged one (which marks a
  // link dirty only where the oversell guard waits for it), as of its time (product.h), unless it is outdated. A row
  // that cannot be kept (storage_kit/limits.h) is refused, and the others are written. INVALID_ARGUMENT, and nothing is
  // written: columns of different lengths, too many rows, a field's name beyond the limits, a quantity_as_of later than
  // `now`. A row of a product variant that was removed brings it back.
  //
  // With an import, the keys of all rows that can be kept as keys are stated by it, whatever becomes of their rows, and
  // other rows leave it unproved. FAILED_PRECONDITION, and nothing is written: it is not the last import that the
  // source has begun.
  virtual absl::StatusOr<ProductWriteResult> WriteProducts(const ProductBatch& batch, absl::Time now) = 0;

  // Product variants that are not removed, with ids above `after_id`, ascending; `skus`, if not empty, restricts them.
  // A page ends where the currency changes, so only an empty one is the last.
  virtual absl::StatusOr<ProductBatch> ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                    int64_t limit) = 0;

  // How many product variants are not removed and have ids above `after_id`.
  virtual absl::StatusOr<int64_t> CountProducts(int64_t after_id) = 0;

  // Writes listing variants built from product variants, one outcome a row. A SKU that another product variant holds on
  // this channel, in storage or earlier in the batch, is kRepeatedSku. Links, statuses and sync priorities of listing
  // variants that are there stay; a link becomes dirty where its listing variant gets other content that the channel
  // syncs (ChannelConfig::sync_fields).
  virtual absl::StatusOr<std::vector<BuildOutcome>> WriteListings(const Fence& fence, const ListingBatch& batch,
                                                                  absl::Time now) = 0;

  // Listing variants that match the filter, with ids above `after_id`, ascending. Fewer than `limit`: there are no
  // more. No list in the filter has more than Storage::kMaxRows entries.
  virtual absl::StatusOr<std::vector<ListingRow>> ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                               int64_t after_id, int64_t limit) = 0;

  // Begins a pull, since the mark `since` or, if that is empty, a whole one: a new pull number, no cursor. Repeat: the
  // pull that this job has begun so, while no page of it is stored.
  virtual absl::StatusOr<PullState> BeginPull(const Fence& fence, absl::string_view since) = 0;

  // Stores pages of the running pull that follow each other, in one transaction, with the cursor that follows the last
  // of them: all that are given or, so that no other writer waits longer than half a second for it, the first ones; see
  // PullWriteResult::pages. At least one page must be given, each of at most Storage::kMaxRows rows.
  //
  // A row that cannot be kept (storage_kit/limits.h) is refused, and the others are stored. Its item counts as seen by
  // the pull, and is otherwise as before; where its external id cannot be kept, the pull's `saw_unnamed` is set until
  // another begins. The same holds of a page's problems. What is stored was seen at `now` less PullPage::age, which is
  // finite and not negative. Items of a page's `deleted` are then gone, and their links broken, as after a sweep; ids
  // that nobody knows are passed over, and so are those that the page names as seen, too. FAILED_PRECONDITION unless
  // `pull_number` is running.
  //
  // What was seen at an earlier time than storage has of an item does not replace it: a row that is older than the
  // item's last sighting, or than when it was found gone (by a sweep or a push, as of the write's `now`; by `deleted`,
  // as of its page), counts as seen by the pull, as unchanged, and is otherwise passed over, so that it heals no link;
  // an id of `deleted` on such a page is passed over, too.
  //
  // Aliases are as last seen, also where none are given. An identity that a row does not say stays. Where a row shows
  // another item than the link's (IsOther in storage_kit/rules.h) the link breaks, as by a sweep, though the item is
  // there; it heals when a row shows its own again.
  virtual absl::StatusOr<PullWriteResult> WritePulledPages(const Fence& fence, int64_t pull_number,
                                                           absl::Span<const PullPage> pages, absl::Time now) = 0;

  // How many links a sweep of this pull would break, without those of which that is held, approved or refused.
  virtual absl::StatusOr<int64_t> CountAbsentLinks(int64_t channel_id, int64_t pull_number) = 0;

  // Before such a sweep: the links that it would break are held instead (HeldOfLink in storage_kit/held.h), and their
  // items stay. In steps of `limit` links, whose attentions are told. Repeat: goes on.
  virtual absl::StatusOr<SweepResult> HoldAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                 absl::Time now) = 0;

  // After the last page of a complete pull: what it did not see is gone, its links are broken. In steps of `limit`
  // rows. Not for a pull that saw unnamed items, which proves no absence. FAILED_PRECONDITION for a pull since a mark,
  // which proves none either.
  virtual absl::StatusOr<SweepResult> SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                  absl::Time now) = 0;

  // Ends the running pull. `complete`: the adapter's pulls see every item; a pull since a mark is never complete.
  // `mark` is where the next pull since begins. FAILED_PRECONDITION: another pull has begun since. Repeat: OK, until
  // another pull begins.
  virtual absl::Status EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view mark,
                               absl::Time now) = 0;

  // Stores what a fetch found, in one transaction, as one page of a pull is stored, `missing` as its `deleted`, and
  // what is older than what storage knows alike; what it found counts as seen by the pull that runs, too, if one does.
  // At most Storage::kMaxRows of each. Repeat: the same, again.
  virtual absl::StatusOr<PullWriteResult> WriteFetched(const Fence& fence, const FetchReply& reply, absl::Time now) = 0;

  // Removes the product variants of each SKU (see product.h) and marks dirty the links whose quantity that changes, and
  // those that the oversell guard waits for. At most Storage::kMaxRows SKUs. An empty SKU is nobody's.
  virtual absl::StatusOr<ProductRemovalResult> RemoveProducts(absl::Span<const std::string> skus, absl::Time now) = 0;

  // Begins an import of a source: a number above those of its imports before. INVALID_ARGUMENT: a name that cannot be
  // kept as a key. Repeat: begins another, of which the first is no part.
  virtual absl::StatusOr<ProductImport> BeginImport(absl::string_view source) = 0;

  // After the last row of an import, what is absent becomes what `absent` says (kZero or kRemove), and is the source's
  // no more; of absent keys that another source states only that. In steps of `limit` keys. An import that is unproved
  // changes nothing. FAILED_PRECONDITION: it is not the last import that the source has begun. Repeat: goes on.
  virtual absl::StatusOr<AbsentResult> SweepImport(const ProductImport& import, AbsentProducts absent, int64_t limit,
                                                   absl::Time now) = 0;

  // The same as ReadProducts, of the product variants that are removed.
  virtual absl::StatusOr<ProductBatch> ReadRemovedProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                           int64_t limit) = 0;

  // Items that match the filter, with ids above `after_id`, ascending. Fewer than `limit`: there are no more. No list
  // in the filter has more than Storage::kMaxRows entries.
  virtual absl::StatusOr<std::vector<ItemRow>> ReadItems(int64_t channel_id, const ItemFilter& filter, int64_t after_id,
                                                         int64_t limit) = 0;

  // The items with one of these parents or of these aliases, each once, with ids above `after_id`, ascending; those
  // that are gone, too, which may be back. Fewer than `limit`: there are no more. At most Storage::kMaxRows of either;
  // an empty one names nothing.
  virtual absl::StatusOr<std::vector<NamedItem>> FindItems(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                                           absl::Span<const std::string> aliases, int64_t after_id,
                                                           int64_t limit) = 0;

  // What reading everything of the channel would count.
  virtual absl::StatusOr<ChannelCounts> CountChannel(int64_t channel_id) = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_CATALOG_STORAGE_H_
