#include <algorithm>
#include <limits>
#include <utility>

#include "flxlink/storage_kit/content.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/sqlite_link_changes.h"
#include "src/storage/sqlite/sqlite_queries.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

// Fills in what the channel has accepted of the link and not decided. Pushes have ascending ids.
void ReadAwaited(Connection& db, int64_t channel_id, int64_t linked_version, SyncRow* row) {
  Query query(db, kAwaitedValues);
  query.Bind(channel_id, row->listing_id, row->channel_variant_id, linked_version);
  while (query.Next()) {
    AwaitedValues awaited = {ReadSyncFields(db, query.Text(0)), ReadItemValues(query, 1)};
    if (!query.IsNull(5)) awaited.values.content = ReadFields(db, query.Text(5));
    row->awaited.Mutable().push_back(std::move(awaited));
  }
}

SyncRow ReadSyncRow(Connection& db, int64_t channel_id, const Query& query) {
  SyncRow row;
  row.listing_id = query.Int(0);
  row.dirty_version = query.Int(1);
  row.product_price = query.IntOrAbsent(2);
  row.product_compare_at_price = query.IntOrAbsent(3);
  row.product_currency = ReadCurrency(db, query.Text(4));
  row.product_quantity = query.IntOrAbsent(5);
  row.quantity_at = query.Time(6);
  row.status = ReadStatus(query, 7, 36);
  row.doubtful = query.Bool(39);
  row.product_removed = query.Bool(40);
  row.acknowledged = ReadItemValues(query, 10);
  row.seen = ReadItemValues(query, 14);
  row.seen_at = query.Time(18);
  row.guarded_at = storage::EffectiveGuard(query.Time(19), row.quantity_at);
  if (!query.IsNull(20)) row.refused = ReadRefused(db, query.Text(20));
  if (!query.IsNull(41)) row.held = ReadHeld(db, query.Text(41));
  row.product_absent = query.Bool(42);
  if (!query.IsNull(33)) row.forced = ReadSyncFields(db, query.Text(33));
  if (!query.IsNull(21)) row.in_doubt = ReadSyncFields(db, query.Text(21));
  if (!query.IsNull(35)) row.confirmed = ReadSyncFields(db, query.Text(35));
  if (row.in_doubt.Has(SyncField::kQuantity)) row.quantities_in_doubt = ReadQuantities(db, query.Text(32));
  if (!query.IsNull(29)) row.fixed = ReadFixed(db, query.Text(29));
  row.dirty = !query.IsNull(22);
  row.sync_priority = query.Int(26);
  row.dirty_rank = static_cast<DirtyRank>(query.Int(34));
  row.dirty_since = query.Time(22);
  row.channel_variant_id = query.Int(27);
  row.acknowledged_at = query.Time(30);
  if (!row.in_doubt.empty()) ReadAwaited(db, channel_id, query.Int(31), &row);
  return row;
}

void AddSyncRow(Connection& db, int64_t channel_id, const Query& query, SyncBatch* batch) {
  batch->rows.push_back(ReadSyncRow(db, channel_id, query));
  batch->sku.Add(query.Text(23));
  batch->external_id.Add(query.Text(24));
  batch->parent_id.Add(query.Text(25));
  batch->handle.Add(query.Text(28));
}

// Adds the content that the channel syncs. It is read by itself, so that a sync without content does not pay for it.
void ReadContent(Connection& db, int64_t channel_id, SyncBatch* batch) {
  const std::vector<std::string> names = ReadSyncedContent(db, channel_id);
  if (names.empty()) return;
  Query query(db,
              "SELECT v.fields, l.acked_content, c.fields FROM link l "
              "CROSS JOIN listing_variant v ON v.channel_id = l.channel_id AND v.listing_id = l.listing_id "
              "CROSS JOIN channel_variant c ON c.channel_id = l.channel_id AND "
              "c.channel_variant_id = l.channel_variant_id WHERE l.channel_id = ?1 AND l.listing_id = ?2");
  for (SyncRow& row : batch->rows) {
    if (!query.Bind(channel_id, row.listing_id).Next()) continue;
    row.content = storage::SyncedContent(ReadFields(db, query.Text(0)), names);
    if (!query.IsNull(1)) {
      row.acknowledged.content = storage::SyncedContent(ReadFields(db, query.Text(1)), names);
    }
    row.seen.content = storage::SeenContent(ReadFields(db, query.Text(2)), names);
  }
}

void AddSyncRows(Connection& db, int64_t channel_id, Query& query, SyncBatch* batch) {
  while (query.Next()) AddSyncRow(db, channel_id, query, batch);
}

// The same, and moves the cursor to the last row.
void AddDirtyRows(Connection& db, int64_t channel_id, Query& query, SyncBatch* batch, Storage::DirtyCursor* cursor) {
  while (query.Next()) {
    AddSyncRow(db, channel_id, query, batch);
    const SyncRow& row = batch->rows.back();
    *cursor = {true, row.sync_priority, row.dirty_rank, row.dirty_since, row.listing_id};
  }
}

void ReadDirtyPage(Connection& db, int64_t channel_id, int64_t limit, SyncBatch* batch, Storage::DirtyCursor* cursor) {
  const Storage::DirtyCursor from = *cursor;
  if (from.started) {
    Query query(db, kDirtyOfPriority);
    query.Bind(channel_id, from.sync_priority, static_cast<int64_t>(from.dirty_rank), from.dirty_since, from.listing_id,
               limit);
    AddDirtyRows(db, channel_id, query, batch, cursor);
  }
  if (batch->size() == limit || from.sync_priority == std::numeric_limits<int64_t>::min()) return;
  Query query(db, kDirtyFromPriority);
  query.Bind(channel_id, from.started ? from.sync_priority - 1 : std::numeric_limits<int64_t>::max(),
             limit - batch->size());
  AddDirtyRows(db, channel_id, query, batch, cursor);
}

// Linked rows by their ids, in that order; others are left out.
void AddLinks(Connection& db, int64_t channel_id, const std::vector<int64_t>& listing_ids, SyncBatch* batch) {
  Query query(db, FLXLINK_SELECT_SYNC_ROW "WHERE l.channel_id = ?1 AND l.listing_id = ?2 AND l.state = 'linked'");
  for (const int64_t listing_id : listing_ids) AddSyncRows(db, channel_id, query.Bind(channel_id, listing_id), batch);
}

// The listing variants linked to items with one of the parents, ascending, each once.
std::vector<int64_t> FindLinkedByParent(Connection& db, int64_t channel_id, absl::Span<const std::string> parent_ids) {
  Query query(db,
              "SELECT l.listing_id FROM channel_variant c CROSS JOIN link l ON l.channel_id = c.channel_id AND "
              "l.channel_variant_id = c.channel_variant_id "
              "WHERE c.channel_id = ?1 AND c.parent_id IS ?2 AND l.state = 'linked'");
  std::vector<int64_t> listing_ids;
  for (const std::string& parent_id : parent_ids) {
    query.Bind(channel_id, NullIfEmpty{parent_id});
    while (query.Next()) listing_ids.push_back(query.Int(0));
  }
  std::sort(listing_ids.begin(), listing_ids.end());
  listing_ids.erase(std::unique(listing_ids.begin(), listing_ids.end()), listing_ids.end());
  return listing_ids;
}

void WriteReconciliation(Connection& db, int64_t channel_id, const Reconciliation& row, absl::Time now) {
  if (!MarkDirty(db, channel_id, row.listing_id, now, DirtyRank::kFound)) return;
  Query(db,
        "UPDATE link SET acked_price = ?3, acked_quantity = ?4, acked_status = ?5, acked_compare_at_price = ?6, "
        "acked_content = ?7 WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id, row.listing_id, NullIfAbsent{row.acknowledged.price}, NullIfAbsent{row.acknowledged.quantity},
           StatusText(row.acknowledged.status), NullIfAbsent{row.acknowledged.compare_at_price},
           NullIfEmpty{EncodeContent(row.acknowledged.content)});
  if (row.ends_refusals) EndRefusals(db, channel_id, row.listing_id);
  if (!row.guard_quantity) return;
  Query(db,
        "UPDATE link SET guarded_at = (SELECT c.seen_at FROM channel_variant c WHERE c.channel_id = link.channel_id "
        "AND c.channel_variant_id = link.channel_variant_id) WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id, row.listing_id);
}

void ForceLink(Connection& db, int64_t channel_id, int64_t listing_id, const SyncFields& fields, absl::Time now) {
  if (!MarkDirty(db, channel_id, listing_id, now)) return;
  Query(db, "UPDATE link SET forced = ?3 WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id, listing_id, NullIfEmpty{FormatSyncFields(fields)});
  EndRefusals(db, channel_id, listing_id);
}

}  // namespace

absl::StatusOr<SyncBatch> SqliteStorage::ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  SyncBatch batch;
  DirtyCursor moved = *cursor;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    ReadDirtyPage(db, channel_id, limit, &batch, &moved);
    ReadContent(db, channel_id, &batch);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  *cursor = moved;
  return batch;
}

absl::StatusOr<int64_t> SqliteStorage::CountDirty(int64_t channel_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  int64_t count = 0;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db, kCountDirty);
    if (query.Bind(channel_id, limit).Next()) count = query.Int(0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return count;
}

absl::StatusOr<SyncBatch> SqliteStorage::ReadLinks(int64_t channel_id, int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  SyncBatch batch;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db, FLXLINK_SELECT_SYNC_ROW
                "WHERE l.channel_id = ?1 AND l.listing_id > ?2 AND l.state = 'linked' ORDER BY l.listing_id LIMIT ?3");
    AddSyncRows(db, channel_id, query.Bind(channel_id, after_id, limit), &batch);
    ReadContent(db, channel_id, &batch);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return batch;
}

absl::StatusOr<SyncBatch> SqliteStorage::ReadLinksBySku(int64_t channel_id, absl::Span<const std::string> skus) {
  absl::Status status = storage::CheckRows(skus.size(), "SKUs");
  if (!status.ok()) return status;
  SyncBatch batch;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    AddLinks(db, channel_id, FindListings(db, channel_id, skus), &batch);
    ReadContent(db, channel_id, &batch);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return batch;
}

absl::StatusOr<SyncBatch> SqliteStorage::ReadLinksByParent(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                                           int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckRows(parent_ids.size(), "parents");
  if (status.ok()) status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  SyncBatch batch;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    const std::vector<int64_t> ids = FindLinkedByParent(db, channel_id, parent_ids);
    const auto first = std::upper_bound(ids.begin(), ids.end(), after_id);
    AddLinks(db, channel_id, {first, first + std::min<int64_t>(limit, ids.end() - first)}, &batch);
    ReadContent(db, channel_id, &batch);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return batch;
}

absl::Status SqliteStorage::WriteReconciliations(const Fence& fence, absl::Span<const Reconciliation> rows,
                                                 absl::Time now) {
  absl::Status status = storage::CheckRows(rows.size(), "reconciliations");
  if (!status.ok()) return status;
  return WriteFenced(fence, KindOfRows(rows.size()), [&](Connection& db) {
    for (const Reconciliation& row : rows) {
      const absl::optional<StoredLink> link = FindLink(db, fence.channel_id, row.listing_id);
      if (!link.has_value()) return storage::NoSuchListing(row.listing_id);
      if (link->channel_variant_id == row.channel_variant_id) WriteReconciliation(db, fence.channel_id, row, now);
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteStorage::ForceLinks(const Fence& fence, absl::Span<const LinkPair> links, absl::Time now) {
  absl::Status status = storage::CheckRows(links.size(), "links");
  if (!status.ok()) return status;
  return WriteFenced(fence, KindOfRows(links.size()), [&](Connection& db) {
    const SyncFields fields = FindChannel(db, fence.channel_id).value_or(Channel()).config.sync_fields;
    for (const LinkPair& row : links) {
      const absl::optional<StoredLink> link = FindLink(db, fence.channel_id, row.listing_id);
      if (!link.has_value()) return storage::NoSuchListing(row.listing_id);
      if (link->channel_variant_id != row.channel_variant_id) continue;
      ForceLink(db, fence.channel_id, row.listing_id, fields, now);
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteStorage::WriteEvaluatedVersion(const Fence& fence, int64_t policy_version) {
  return WriteFenced(fence, [&](Connection& db) {
    Query(db, "UPDATE channel SET evaluated_version = max(evaluated_version, ?2) WHERE channel_id = ?1")
        .Run(fence.channel_id, policy_version);
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> SqliteStorage::WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                                     absl::Time now) {
  absl::Status status = storage::CheckRows(rows.size(), "statuses");
  if (!status.ok()) return status;
  int64_t written = 0;
  status = WriteFenced(fence, KindOfRows(rows.size()), [&](Connection& db) {
    LinkChangeRecorder changes(db, fence.channel_id);
    for (const StatusWrite& row : rows) {
      const absl::optional<StoredLink> link = FindLink(db, fence.channel_id, row.listing_id);
      if (!link.has_value()) return storage::NoSuchListing(row.listing_id);
      if (!(link->status == row.expected)) continue;
      changes.RecordStatus(row.listing_id, link->status, row.status);
      WriteStatedStatus(db, fence.channel_id, row.listing_id, row.status);
      if (DesiredStatus(row.status) != DesiredStatus(row.expected)) {
        MarkDirty(db, fence.channel_id, row.listing_id, now);
      }
      ++written;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return written;
}

}  // namespace flxlink::sqlite
