// What every storage does alike: the checks of what it is given, and the pure decisions within its operations. They are
// here and not in each implementation so that implementations cannot drift apart.
//
// Pure functions, thread-safe.

#ifndef FLXLINK_SRC_STORAGE_STORAGE_RULES_H_
#define FLXLINK_SRC_STORAGE_STORAGE_RULES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"

namespace flxlink::storage {

// -- Checks. Each is OK, or INVALID_ARGUMENT with what is wrong.

// `rows` rows (named by `what`) are not more than one operation takes.
absl::Status CheckRows(size_t rows, absl::string_view what);
// A page can be asked for with this limit: 1 to Storage::kMaxRows.
absl::Status CheckLimit(int64_t limit);
// Stated columns of one length, keys that are neither empty nor repeated.
absl::Status CheckProducts(const ProductBatch& batch);
// Columns of one length, SKUs that are not empty.
absl::Status CheckListings(const ListingBatch& batch);
// Columns of one length, external ids that are not empty.
absl::Status CheckChannelVariants(const ChannelVariantBatch& batch);
// Every set of attentions that a row names is there.
absl::Status CheckSettlements(const SettlementBatch& batch);
// Every job belongs to the slot's channel.
absl::Status CheckQueueChange(const QueueChange& change);
// No more than LinkIndex::kMaxKeyEntries, none below the one before it.
absl::Status CheckKeyEntries(absl::Span<const KeyEntry> entries);
// `limit` is one, and so many entries for each of `lookups` fit into a page.
absl::Status CheckLookups(size_t lookups, int64_t limit);
// A link base's text is not empty.
absl::Status CheckLinkBaseText(absl::string_view text);

// -- Decisions.

// What storages keep of a product variant besides its key.
struct ProductState {
  std::string sku;
  std::string parent;
  int64_t price = kAbsent;
  int64_t compare_at_price = kAbsent;
  Currency currency;  // Of both.
  int64_t quantity = kAbsent;
  absl::Time quantity_at = absl::UnixEpoch();  // When the quantity was last stated; the epoch: never.
  int64_t sync_priority = 0;
  std::vector<Field> fields;
};

// The product variant after row `row` of a batch was written over it at `now`: only what the batch states is another.
// Fields keep their order, new ones follow.
ProductState MergeProduct(const ProductState& known, const ProductBatch& batch, int64_t row, absl::Time now);

// What a merge changed.
struct ProductChange {
  bool any = false;     // Anything but the time of the quantity.
  bool values = false;  // What links send: a price, the currency, the quantity.
};
ProductChange CompareProducts(const ProductState& before, const ProductState& after);

// Everything in two configurations is the same.
bool SameConfig(const ChannelConfig& a, const ChannelConfig& b);

// Whether link rules consider the channel variant, and pushes go to it.
bool IsLiveItem(bool gone, ChannelStatus status);

// The rows of a pulled page that are stored, ascending: of rows that repeat an external id, the last.
std::vector<int64_t> RowsToStore(const ChannelVariantBatch& items);

// The status of a listing variant that a job links with the initial status `initial`. A person's pause stays, though
// the job had not seen it.
ListingStatus StatusAfterLink(const ListingStatus& stored, const ListingStatus& initial);

// The status of a listing variant that a person links to an item that was last seen as `seen`.
ListingStatus StatusAfterLinkByHand(const ListingStatus& stored, ChannelStatus seen);

// The status of the listing variant `sku` after a person's kSetStatus, or why it cannot be.
absl::StatusOr<ListingStatus> StatusAfterEdit(const ListingStatus& stored, Health wanted, bool linked,
                                              absl::string_view sku);

// The status of a listing variant whose link was dissolved.
ListingStatus StatusAfterUnlink(const ListingStatus& stored);

// What is known of an item once a link to it is dissolved. Where the link's acknowledged value is not what the last
// pull saw, or a push of it is in doubt, nobody knows prices and quantity any more, and a later link must send them;
// the status is taken to be the acknowledged one.
ItemValues SeenAfterUnlink(const ItemValues& seen, const ItemValues& acknowledged, bool in_doubt);

// What `row` of `batch` makes the link's attentions, ascending by code; not for one that keeps them.
std::vector<Problem> AttentionsOf(const Settlement& row, const SettlementBatch& batch);

// The attention of a link whose item is gone.
Problem ItemGone(absl::string_view external_id);

// SyncRow::guarded_at of a link: the guard's observation until the product's quantity was stated again after it.
absl::Time EffectiveGuard(absl::Time guarded_at, absl::Time quantity_at);

// The progress of a job after a queue update. A running job's own reports are newer than what the update's author had
// read, so they stay, unless the update starts the job.
JobProgress ProgressAfterUpdate(const Job& stored, const Job& update);

// -- Fields of a row and columns of fields.

// The fields of row `row`: name and value in the order of the columns, empty values left out.
std::vector<Field> RowFields(const FieldColumns& columns, int64_t row);

// Adds a row's fields to columns that hold `rows` rows so far; a name that is new becomes a column.
void AddRowFields(const std::vector<Field>& fields, int64_t rows, FieldColumns* columns);

}  // namespace flxlink::storage

#endif  // FLXLINK_SRC_STORAGE_STORAGE_RULES_H_
