#include <utility>

#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_link_changes.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"
#include "src/storage/storage_errors.h"
#include "src/storage/storage_rules.h"
#include "src/storage/synced_content.h"

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

#define FLXLINK_SELECT_LISTING                                                                            \
  "SELECT v.listing_id, v.sku, v.parent, v.fields, l.state, c.external_id, l.rule, l.reason, l.by_hand, " \
  "l.health, l.pending, l.paused, p.price, p.currency, p.quantity, l.sync_priority, l.dirty_since, "      \
  "l.in_doubt "

#define FLXLINK_LISTING_TABLES                                                                  \
  "CROSS JOIN product_variant p ON p.product_id = v.product_id LEFT JOIN channel_variant c ON " \
  "c.channel_id = l.channel_id AND c.channel_variant_id = l.channel_variant_id "

#define FLXLINK_LISTINGS_BY_ID                                                                  \
  FLXLINK_SELECT_LISTING                                                                        \
  "FROM link l CROSS JOIN listing_variant v ON v.channel_id = l.channel_id AND v.listing_id = " \
  "l.listing_id " FLXLINK_LISTING_TABLES "WHERE l.channel_id = ?1 AND l.listing_id > ?2 "

#define FLXLINK_LISTINGS_WITH_ATTENTION                                                                 \
  FLXLINK_SELECT_LISTING                                                                                \
  "FROM (SELECT DISTINCT listing_id FROM attention WHERE channel_id = ?1 AND listing_id > ?2 ORDER BY " \
  "listing_id) a CROSS JOIN link l ON l.channel_id = ?1 AND l.listing_id = a.listing_id "               \
  "CROSS JOIN listing_variant v ON v.channel_id = l.channel_id AND v.listing_id = "                     \
  "l.listing_id " FLXLINK_LISTING_TABLES

#define FLXLINK_LISTING_ORDER "ORDER BY l.listing_id LIMIT ?3"

// The query for all listing variants that pass the filter's flags.
absl::string_view ListingsQuery(const ListingFilter& filter) {
  if (filter.unlinked && filter.attention) {
    return FLXLINK_LISTINGS_WITH_ATTENTION "WHERE l.state <> 'linked' ORDER BY a.listing_id LIMIT ?3";
  }
  if (filter.unlinked) return FLXLINK_LISTINGS_BY_ID "AND l.state <> 'linked' " FLXLINK_LISTING_ORDER;
  if (filter.attention) return FLXLINK_LISTINGS_WITH_ATTENTION "ORDER BY a.listing_id LIMIT ?3";
  return FLXLINK_LISTINGS_BY_ID FLXLINK_LISTING_ORDER;
}

ListingRow ReadListingRow(Connection& db, int64_t channel_id, const Query& query) {
  ListingRow row;
  row.listing_id = query.Int(0);
  row.sku = query.String(1);
  row.parent = query.String(2);
  row.fields = ReadFields(db, query.Text(3));
  row.link_state = query.EnumValue(4, LinkState::kBroken);
  row.external_id = query.String(5);
  row.rule = query.Int32(6);
  row.reason = query.EnumValue(7, LinkReason::kNoKey);
  row.by_hand = query.Bool(8);
  row.status = ReadStatus(query, 9);
  if (!query.IsNull(12)) row.price = Money{query.Int(12), ReadCurrency(db, query.Text(13))};
  if (!query.IsNull(14)) row.quantity = query.Int(14);
  row.sync_priority = query.Int(15);
  row.dirty = row.link_state == LinkState::kLinked && !query.IsNull(16);
  row.in_doubt = query.Bool(17);
  row.attentions = ReadAttentions(db, channel_id, row.listing_id);
  return row;
}

bool Passes(const ListingRow& row, const ListingFilter& filter) {
  if (filter.unlinked && row.link_state == LinkState::kLinked) return false;
  return !filter.attention || !row.attentions.empty();
}

void ReadListingsBySku(Connection& db, int64_t channel_id, const ListingFilter& filter, int64_t after_id, int64_t limit,
                       std::vector<ListingRow>* rows) {
  Query query(db, FLXLINK_SELECT_LISTING
              "FROM listing_variant v CROSS JOIN link l ON l.channel_id = v.channel_id AND l.listing_id = "
              "v.listing_id " FLXLINK_LISTING_TABLES "WHERE v.channel_id = ?1 AND v.listing_id = ?2");
  for (const int64_t listing_id : FindListings(db, channel_id, filter.skus)) {
    if (static_cast<int64_t>(rows->size()) == limit) return;
    if (listing_id <= after_id || !query.Bind(channel_id, listing_id).Next()) continue;
    ListingRow row = ReadListingRow(db, channel_id, query);
    if (Passes(row, filter)) rows->push_back(std::move(row));
  }
}

}  // namespace

absl::StatusOr<std::vector<BuildOutcome>> SqliteStorage::WriteListings(const Fence& fence, const ListingBatch& batch,
                                                                       absl::Time now) {
  absl::Status status = storage::CheckListings(batch);
  if (!status.ok()) return status;
  std::vector<BuildOutcome> outcomes;
  outcomes.reserve(batch.product_id.size());
  status = WriteFenced(fence, [&](Connection& db) {
    const absl::Status checked = CheckProductsExist(db, batch.product_id);
    if (!checked.ok()) return checked;
    ListingWriter writer(db, fence.channel_id, batch, now);
    for (int64_t row = 0; row < batch.size(); ++row) outcomes.push_back(writer.Write(row));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return outcomes;
}

absl::StatusOr<std::vector<ListingRow>> SqliteStorage::ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                                    int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckRows(filter.skus.size(), "SKUs");
  if (!status.ok()) return status;
  std::vector<ListingRow> rows;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    if (!filter.skus.empty()) {
      ReadListingsBySku(db, channel_id, filter, after_id, limit, &rows);
      return absl::OkStatus();
    }
    Query query(db, ListingsQuery(filter));
    query.Bind(channel_id, after_id, limit);
    while (query.Next()) rows.push_back(ReadListingRow(db, channel_id, query));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

}  // namespace flxlink::sqlite
