// Rows that several operations of the SQLite store read and write, within the transaction of the operation. Database
// errors are the connection's (see sqlite_connection.h).

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_ROWS_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

// Takes `count` consecutive numbers from a sequence; the first.
int64_t NextInSequence(Connection& db, absl::string_view name, int64_t count);

bool ChannelExists(Connection& db, int64_t channel_id);
// The channel; nullopt where there is none.
absl::optional<Channel> FindChannel(Connection& db, int64_t channel_id);
absl::optional<Channel> FindChannel(Connection& db, absl::string_view name);
// All, by name.
std::vector<Channel> FindChannels(Connection& db);

// Keeps the state of the channel's pull; of another one than before nothing is swept.
void StorePull(Connection& db, int64_t channel_id, const PullState& pull);

// Of a query that begins with FLXLINK_SELECT_SLOT.
Slot ReadSlot(const Query& query);
// The slot; nullopt where there is no such channel.
absl::optional<Slot> FindSlot(Connection& db, int64_t channel_id);

// The listing variants with one of the SKUs, ascending, each once.
std::vector<int64_t> FindListings(Connection& db, int64_t channel_id, absl::Span<const std::string> skus);

std::string FindSku(Connection& db, int64_t channel_id, int64_t listing_id);
bool ListingExists(Connection& db, int64_t channel_id, int64_t listing_id);

// A row of `link`.
struct StoredLink {
  int64_t listing_id = 0;
  LinkState state = LinkState::kUnlinked;
  int64_t channel_variant_id = 0;  // 0: unlinked.
  int32_t rule = 0;
  LinkReason reason = LinkReason::kNone;
  ListingStatus status;
  bool doubtful = false;
  int64_t linked_version = 0;
  int64_t dirty_version = 0;
  std::string forced;  // As its column has it.
  std::string held;    // The same.
  absl::Time guarded_at = absl::InfinitePast();
};

absl::optional<StoredLink> FindLink(Connection& db, int64_t channel_id, int64_t listing_id);
absl::optional<StoredLink> FindLink(Connection& db, int64_t channel_id, absl::string_view sku);
// Whose link holds the channel variant, broken ones included.
absl::optional<StoredLink> FindHolder(Connection& db, int64_t channel_id, int64_t channel_variant_id);

// A row of `channel_variant`.
struct StoredItem {
  int64_t channel_variant_id = 0;
  std::string external_id;
  bool gone = false;
  ItemValues seen;
  absl::Time seen_at = absl::InfinitePast();
  absl::Time gone_at = absl::InfinitePast();  // InfinitePast: it is not gone.
  std::string identity;                       // Empty: none was said.
  storage::Doubt doubt;                       // Of the link that was dissolved, until there is another one.
};

absl::optional<StoredItem> FindItem(Connection& db, int64_t channel_id, int64_t channel_variant_id);
absl::optional<StoredItem> FindItem(Connection& db, int64_t channel_id, absl::string_view external_id);

// OK where the listing variant is unlinked and the item free; else FAILED_PRECONDITION naming the link that is in the
// way.
absl::Status CheckFree(Connection& db, int64_t channel_id, const StoredLink& link, const StoredItem& item);

// Grows the dirty version of a link; of an unlinked or broken one nothing. Returns whether there was one.
bool MarkDirty(Connection& db, int64_t channel_id, int64_t listing_id, absl::Time now,
               DirtyRank rank = DirtyRank::kChanged);

// Nothing that the channel refused of the link stands any more. Returns whether anything did.
bool EndRefusals(Connection& db, int64_t channel_id, int64_t listing_id);

// Writes the status of a listing variant.
void WriteStatus(Connection& db, int64_t channel_id, int64_t listing_id, const ListingStatus& status);
// The same where somebody states it.
void WriteStatedStatus(Connection& db, int64_t channel_id, int64_t listing_id, const ListingStatus& status);

// The attentions of a listing variant, ascending by code. Writing takes the place of all that were there; replacing
// does where `before` has them.
std::vector<Problem> ReadAttentions(Connection& db, int64_t channel_id, int64_t listing_id);
void WriteAttentions(Connection& db, int64_t channel_id, int64_t listing_id, const std::vector<Problem>& attentions);
void ReplaceAttentions(Connection& db, int64_t channel_id, int64_t listing_id, const std::vector<Problem>& before,
                       const std::vector<Problem>& after);
// Writes these and keeps what waits to be stated.
void KeepWaiting(Connection& db, int64_t channel_id, int64_t listing_id, const std::vector<Problem>& attentions);

// The aliases of an item, ascending. Writing takes the place of all that were there, and writes nothing where they are
// the same.
std::vector<std::string> ReadAliases(Connection& db, int64_t channel_id, int64_t channel_variant_id);
void WriteAliases(Connection& db, int64_t channel_id, int64_t channel_variant_id,
                  const std::vector<std::string>& aliases);

// Keeps the job's problems as the report has them.
void StoreJobProblems(Connection& db, int64_t channel_id, int64_t job_id, const JobReport& report);

// The status in three columns from `column`: health, pending, paused; and whose it is in three from `author`:
// status_author, status_before, kept_hidden.
ListingStatus ReadStatus(const Query& query, int column, int author);
// The fields without content in columns from `column`, in the order of kSyncFields.
ItemValues ReadItemValues(const Query& query, int column);
// How a channel status is stored: NULL where it is unknown.
NullIfEmpty StatusText(ChannelStatus status);
// The same of an author: NULL where it is the channel.
NullIfEmpty AuthorText(StatusAuthor author);
// How content is stored: as a `fields` column has it; empty, which is to be NULL, where there is none.
std::string EncodeContent(const std::vector<Field>& content);
// Fields that are in doubt, values that are refused and fields that are fixed, as their columns have them; empty, which
// is to be NULL, where there are none.
SyncFields ReadSyncFields(Connection& db, absl::string_view text);

// What is in doubt, of two columns: fields, and quantities by commas. Of the latter nothing is kept where the quantity
// is not among the fields.
RareVector<int64_t> ReadQuantities(Connection& db, absl::string_view text);
std::string FormatQuantities(const storage::Doubt& doubt);
storage::Doubt ReadDoubt(Connection& db, const Query& query, int column);
// The same of a link, which has what is confirmed after it.
storage::Doubt ReadLinkDoubt(Connection& db, const Query& query, int column);
// Of a link.
void WriteDoubt(Connection& db, int64_t channel_id, int64_t listing_id, const storage::Doubt& doubt);
// Of an item without a link.
void WriteItemDoubt(Connection& db, int64_t channel_id, int64_t channel_variant_id, const storage::Doubt& doubt);
RareVector<HeldChange> ReadHeld(Connection& db, absl::string_view json);
std::string EncodeHeld(const std::vector<HeldChange>& held);
std::string EncodeRefused(const std::vector<RefusedValue>& refused);
std::vector<RefusedValue> ReadRefused(Connection& db, absl::string_view text);
std::string EncodeFixed(const std::vector<FixedField>& fixed);
std::vector<FixedField> ReadFixed(Connection& db, absl::string_view text);
// The names of the content that the channel syncs.
std::vector<std::string> ReadSyncedContent(Connection& db, int64_t channel_id);

Currency ReadCurrency(Connection& db, absl::string_view code);
// Fields as a `fields` column has them.
std::vector<Field> ReadFields(Connection& db, absl::string_view json);

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_ROWS_H_
