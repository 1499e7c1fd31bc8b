#include <utility>

#include "flxlink/storage_kit/content.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_link_changes.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

// Writes the rows of one batch of listing variants.
class ListingWriter {
 public:
  ListingWriter(Connection& db, int64_t channel_id, const ListingBatch& batch, absl::Time now)
      : db_(db),
        channel_id_(channel_id),
        batch_(batch),
        now_(now),
        fields_(batch.fields),
        changes_(db, channel_id),
        synced_(ReadSyncedContent(db, channel_id)),
        find_(db,
              "SELECT listing_id, product_id = ?3, parent IS ?4 AND fields = ?5 FROM listing_variant "
              "WHERE channel_id = ?1 AND sku = ?2") {
    Query last(db, "SELECT max(listing_id) FROM listing_variant WHERE channel_id = ?1");
    if (last.Bind(channel_id).Next()) last_id_ = last.Int(0);
  }

  BuildOutcome Write(int64_t row) {
    find_.Bind(channel_id_, batch_.sku[row], batch_.product_id[static_cast<size_t>(row)],
               NullIfEmpty{batch_.parent[row]}, fields_.Encode(row));
    if (!find_.Next()) {
      Insert(row);
      return BuildOutcome::kCreated;
    }
    if (!find_.Bool(1)) return BuildOutcome::kRepeatedSku;
    if (find_.Bool(2)) return BuildOutcome::kUnchanged;
    Refresh(find_.Int(0), row);
    return BuildOutcome::kRefreshed;
  }

 private:
  void Insert(int64_t row) {
    const size_t at = static_cast<size_t>(row);
    ++last_id_;
    changes_.RecordNew(LinkSide::kListing, last_id_);
    Query(db_,
          "INSERT INTO listing_variant (channel_id, listing_id, product_id, sku, parent, built_at, fields) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .Run(channel_id_, last_id_, batch_.product_id[at], batch_.sku[row], NullIfEmpty{batch_.parent[row]}, now_,
             fields_.Encode(row));
    Query(db_, "INSERT INTO link (channel_id, listing_id, sync_priority) VALUES (?1, ?2, ?3)")
        .Run(channel_id_, last_id_, batch_.sync_priority[at]);
  }

  void Refresh(int64_t listing_id, int64_t row) {
    changes_.RecordListing(listing_id);
    const bool is_other_content = ChangesSyncedContent(listing_id, row);
    Query(
        db_,
        "UPDATE listing_variant SET parent = ?3, built_at = ?4, fields = ?5 WHERE channel_id = ?1 AND listing_id = ?2")
        .Run(channel_id_, listing_id, NullIfEmpty{batch_.parent[row]}, now_, fields_.Encode(row));
    if (is_other_content) MarkDirty(db_, channel_id_, listing_id, now_);
  }

  // Whether the row has other content than what is stored, as far as the channel syncs it.
  bool ChangesSyncedContent(int64_t listing_id, int64_t row) {
    if (synced_.empty()) return false;
    Query query(db_, "SELECT fields FROM listing_variant WHERE channel_id = ?1 AND listing_id = ?2");
    if (!query.Bind(channel_id_, listing_id).Next()) return false;
    return storage::SyncedContent(ReadFields(db_, query.Text(0)), synced_) !=
           storage::SyncedContent(storage::RowFields(batch_.fields, row), synced_);
  }

  Connection& db_;
  const int64_t channel_id_;
  const ListingBatch& batch_;
  const absl::Time now_;
  FieldsEncoder fields_;
  LinkChangeRecorder changes_;
  const std::vector<std::string> synced_;  // The content that the channel syncs.
  Query find_;
  int64_t last_id_ = 0;
};

absl::Status CheckProductsExist(Connection& db, absl::Span<const int64_t> product_ids) {
  Query query(db, "SELECT 1 FROM product_variant WHERE product_id = ?1");
  for (const int64_t product_id : product_ids) {
    if (!query.Bind(product_id).Next()) return storage::NoSuchProduct(product_id);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<BuildOutcome>> SqliteStorage::WriteListings(const Fence& fence, const ListingBatch& batch,
                                                                       absl::Time now) {
  absl::Status status = storage::CheckListings(batch);
  if (!status.ok()) return status;
  std::vector<BuildOutcome> outcomes;
  outcomes.reserve(batch.product_id.size());
  status = WriteFenced(fence, KindOfRows(static_cast<size_t>(batch.size())), [&](Connection& db) {
    const absl::Status checked = CheckProductsExist(db, batch.product_id);
    if (!checked.ok()) return checked;
    ListingWriter writer(db, fence.channel_id, batch, now);
    for (int64_t row = 0; row < batch.size(); ++row) outcomes.push_back(writer.Write(row));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return outcomes;
}

}  // namespace flxlink::sqlite
