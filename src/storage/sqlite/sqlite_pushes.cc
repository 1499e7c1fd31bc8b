#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/held.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/sqlite_held.h"
#include "src/storage/sqlite/sqlite_link_writer.h"
#include "src/storage/sqlite/sqlite_queries.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

// What is in doubt of the link that the item was planned for, if nothing has overtaken it since.
absl::optional<storage::Doubt> FindPlanned(Connection& db, int64_t channel_id, const PushItem& item) {
  Query query(db, kLinkAsPlanned);
  if (!query.Bind(channel_id, item.listing_id, item.channel_variant_id, item.dirty_version).Next()) {
    return absl::nullopt;
  }
  return ReadLinkDoubt(db, query, 0);
}

void AddPushItem(Connection& db, int64_t channel_id, int64_t push_id, const PushItem& item) {
  ItemValues sent;
  CopyFields(item.mask, item.values, &sent);
  Query(db,
        "INSERT OR REPLACE INTO push_item (channel_id, push_id, listing_id, dirty_version, price, quantity, status, "
        "compare_at_price, content, idempotency_key, channel_variant_id, fields) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
      .Run(channel_id, push_id, item.listing_id, item.dirty_version, NullIfAbsent{sent.price},
           NullIfAbsent{sent.quantity}, StatusText(sent.status), NullIfAbsent{sent.compare_at_price},
           NullIfEmpty{EncodeContent(sent.content)}, item.idempotency_key, item.channel_variant_id,
           FormatSyncFields(item.mask));
}

// Without its items.
OpenPush ReadPush(const Query& query) {
  OpenPush push;
  push.push_id = query.Int(0);
  push.kind = query.String(1);
  push.call_deadline = query.Time(2);
  push.receipt_deadline = query.Time(3);
  push.look_at = query.OptionalTime(4);
  return push;
}

void RemoveEmptyPush(Connection& db, int64_t channel_id, int64_t push_id) {
  Query(db,
        "DELETE FROM push_record WHERE channel_id = ?1 AND push_id = ?2 AND NOT EXISTS "
        "(SELECT 1 FROM push_item i WHERE i.channel_id = ?1 AND i.push_id = ?2)")
      .Run(channel_id, push_id);
}

void WriteStatusOnPush(Connection& db, int64_t channel_id, const PushItem& item) {
  if (!item.mask.Has(SyncField::kStatus)) return;
  const absl::optional<StoredLink> link = FindLink(db, channel_id, item.listing_id);
  const ListingStatus status = storage::StatusOnPush(link->status, item);
  if (!(status == link->status)) WriteStatus(db, channel_id, item.listing_id, status);
}

// Keeps what can be sent of the record, if anything.
void KeepRecord(Connection& db, int64_t channel_id, const PushRecord& record) {
  const int64_t added =
      Query(db,
            "INSERT INTO push_record (channel_id, push_id, kind, call_deadline, receipt_deadline) "
            "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (channel_id, push_id) DO NOTHING")
          .Run(channel_id, record.push_id, record.kind, record.call_deadline, record.receipt_deadline);
  if (added == 0) return;
  const absl::optional<Channel> channel = FindChannel(db, channel_id);
  if (channel.has_value() && channel->policy_version == record.policy_version) {
    for (const PushItem& item : record.items) {
      const absl::optional<storage::Doubt> before = FindPlanned(db, channel_id, item);
      if (!before.has_value()) continue;
      WriteDoubt(db, channel_id, item.listing_id, storage::DoubtWith(*before, item));
      WriteStatusOnPush(db, channel_id, item);
      AddPushItem(db, channel_id, record.push_id, item);
    }
  }
  RemoveEmptyPush(db, channel_id, record.push_id);
}

// What the record that is kept does not have.
std::vector<int64_t> LeftOut(Connection& db, int64_t channel_id, const PushRecord& record) {
  std::vector<int64_t> kept;
  Query query(db, "SELECT listing_id FROM push_item WHERE channel_id = ?1 AND push_id = ?2 ORDER BY listing_id");
  query.Bind(channel_id, record.push_id);
  while (query.Next()) kept.push_back(query.Int(0));
  std::vector<int64_t> left_out;
  for (const PushItem& item : record.items) {
    if (!std::binary_search(kept.begin(), kept.end(), item.listing_id)) left_out.push_back(item.listing_id);
  }
  return left_out;
}

// Removes the record if it is empty, and else says when it is to be looked at, see storage::LookAfter. `receipts_at`
// nullopt: from the call's deadline on.
void EndChange(Connection& db, int64_t channel_id, int64_t push_id, absl::optional<absl::Time> receipts_at) {
  RemoveEmptyPush(db, channel_id, push_id);
  OpenPush push;
  {
    Query query(db, FLXLINK_SELECT_PUSH "WHERE channel_id = ?1 AND push_id = ?2");
    if (!query.Bind(channel_id, push_id).Next()) return;
    push = ReadPush(query);
  }
  {
    Query query(db,
                "SELECT DISTINCT receipt, lingers FROM (SELECT receipt IS NOT NULL AS receipt, lingers FROM "
                "push_item WHERE channel_id = ?1 AND push_id = ?2)");
    query.Bind(channel_id, push_id);
    while (query.Next()) {
      push.items.emplace_back();
      if (query.Bool(0)) push.items.back().receipt = "some";
      push.items.back().lingers = query.Bool(1);
    }
  }
  Query(db, "UPDATE push_record SET look_at = ?3 WHERE channel_id = ?1 AND push_id = ?2")
      .Run(channel_id, push_id,
           storage::LookAfter(push.look_at, push.items, receipts_at.value_or(push.call_deadline),
                              push.receipt_deadline));
}

// What an item has by now nobody knows, whatever was sent to it since. Its link is told, or the one that it gets.
void DoubtAnew(Connection& db, int64_t channel_id, const PushItem& sent, absl::Time now) {
  const absl::optional<StoredLink> link = FindHolder(db, channel_id, sent.channel_variant_id);
  if (!link.has_value()) {
    const absl::optional<StoredItem> item = FindItem(db, channel_id, sent.channel_variant_id);
    if (!item.has_value()) return;
    WriteItemDoubt(db, channel_id, sent.channel_variant_id, storage::DoubtWith(item->doubt, sent));
    return;
  }
  if (link->state != LinkState::kLinked) return;
  storage::Doubt before;
  {
    Query query(db,
                "SELECT in_doubt, quantities_in_doubt, confirmed FROM link WHERE channel_id = ?1 AND listing_id = ?2");
    if (query.Bind(channel_id, link->listing_id).Next()) before = ReadLinkDoubt(db, query, 0);
  }
  WriteDoubt(db, channel_id, link->listing_id, storage::DoubtWith(before, sent));
  MarkDirty(db, channel_id, link->listing_id, now);
}

// What was sent and is in the rows of `query`: channel variant, fields, quantity.
std::vector<PushItem> ReadSent(Connection& db, Query& query) {
  std::vector<PushItem> items;
  while (query.Next()) {
    PushItem& sent = items.emplace_back();
    sent.channel_variant_id = query.Int(0);
    sent.mask = ReadSyncFields(db, query.Text(1));
    sent.values.quantity = query.IntOrAbsent(2);
  }
  return items;
}

// What of a push may have landed unheard of.
void DoubtLingering(Connection& db, int64_t channel_id, int64_t push_id, absl::Time now) {
  std::vector<PushItem> items;
  {
    Query query(db,
                "SELECT channel_variant_id, fields, quantity FROM push_item "
                "WHERE channel_id = ?1 AND push_id = ?2 AND lingers = 1");
    items = ReadSent(db, query.Bind(channel_id, push_id));
  }
  for (const PushItem& sent : items) DoubtAnew(db, channel_id, sent, now);
}

// What was sent for a link that has been dissolved since, whatever links its sides have now.
void DoubtIfOfEarlierLink(Connection& db, int64_t channel_id, int64_t push_id, int64_t listing_id, absl::Time now) {
  std::vector<PushItem> items;
  {
    Query query(db,
                "SELECT i.channel_variant_id, i.fields, i.quantity FROM push_item i CROSS JOIN link l ON "
                "l.channel_id = i.channel_id AND l.listing_id = i.listing_id "
                "WHERE i.channel_id = ?1 AND i.push_id = ?2 AND i.listing_id = ?3 AND "
                "(l.channel_variant_id IS NOT i.channel_variant_id OR i.dirty_version < l.linked_version)");
    items = ReadSent(db, query.Bind(channel_id, push_id, listing_id));
  }
  for (const PushItem& sent : items) DoubtAnew(db, channel_id, sent, now);
}

// What has a row leaves the record or, accepted, stays with its receipt. Where a receipt is decided after its link,
// what the item got late lies over what a link has sent since.
void SettleRecord(Connection& db, int64_t channel_id, const SettlementBatch& batch, absl::Time now) {
  if (batch.push_id == 0) return;
  for (const Settlement& row : batch.rows) {
    if (row.decided) DoubtIfOfEarlierLink(db, channel_id, batch.push_id, row.listing_id, now);
    if (row.receipt.empty()) {
      Query(db, "DELETE FROM push_item WHERE channel_id = ?1 AND push_id = ?2 AND listing_id = ?3")
          .Run(channel_id, batch.push_id, row.listing_id);
    } else {
      Query(db,
            "UPDATE push_item SET receipt = ?4, lingers = 0 WHERE channel_id = ?1 AND push_id = ?2 AND listing_id = ?3")
          .Run(channel_id, batch.push_id, row.listing_id, row.receipt);
    }
  }
  EndChange(db, channel_id, batch.push_id, now);
}

OpenItem ReadOpenItem(Connection& db, const Query& query) {
  OpenItem open;
  open.item.listing_id = query.Int(0);
  open.item.channel_variant_id = query.Int(1);
  open.item.dirty_version = query.Int(2);
  open.item.mask = ReadSyncFields(db, query.Text(3));
  open.item.values = ReadItemValues(query, 4);
  if (!query.IsNull(8)) open.item.values.content = ReadFields(db, query.Text(8));
  open.receipt = std::string(query.Text(9));
  open.sku = std::string(query.Text(10));
  open.item.external_id = std::string(query.Text(11));
  open.item.parent_id = std::string(query.Text(12));
  open.lingers = query.Bool(13);
  return open;
}

void AddItems(Connection& db, int64_t channel_id, OpenPush* push) {
  Query query(db,
              "SELECT i.listing_id, i.channel_variant_id, i.dirty_version, i.fields, i.price, i.quantity, i.status, "
              "i.compare_at_price, i.content, i.receipt, v.sku, c.external_id, c.parent_id, i.lingers FROM push_item i "
              "CROSS JOIN listing_variant v ON v.channel_id = i.channel_id AND v.listing_id = i.listing_id "
              "LEFT JOIN channel_variant c ON c.channel_id = i.channel_id AND "
              "c.channel_variant_id = i.channel_variant_id "
              "WHERE i.channel_id = ?1 AND i.push_id = ?2 ORDER BY i.listing_id");
  query.Bind(channel_id, push->push_id);
  while (query.Next()) push->items.push_back(ReadOpenItem(db, query));
}

// In a query an infinite time is NULL, which is before nothing and after nothing.
absl::Time Earliest() { return absl::FromUnixMicros(std::numeric_limits<int64_t>::min()); }
absl::Time Latest() { return absl::FromUnixMicros(std::numeric_limits<int64_t>::max()); }

// Open pushes after a cursor that together have so many items, or more by those of the last.
class PushPage {
 public:
  PushPage(int64_t limit, const LinkStorage::PushCursor& cursor) : left_(limit), cursor_(cursor) {}

  void AddUnheard(Connection& db, int64_t channel_id) {
    if (cursor_.look_at.has_value()) return;
    Query query(db, kUnheardPushes);
    query.Bind(channel_id, cursor_.started ? cursor_.push_id : std::numeric_limits<int64_t>::min());
    AddPushes(db, channel_id, query);
  }

  void AddDue(Connection& db, int64_t channel_id, absl::Time due) {
    if (left_ <= 0 || due == absl::InfinitePast()) return;
    Query query(db, kDuePushes);
    query.Bind(channel_id, std::min(due, Latest()), cursor_.look_at.value_or(Earliest()),
               cursor_.look_at.has_value() ? cursor_.push_id : std::numeric_limits<int64_t>::min());
    AddPushes(db, channel_id, query);
  }

  const LinkStorage::PushCursor& cursor() const { return cursor_; }
  std::vector<OpenPush> TakePushes() { return std::move(pushes_); }

 private:
  void AddPushes(Connection& db, int64_t channel_id, Query& query) {
    while (left_ > 0 && query.Next()) {
      pushes_.push_back(ReadPush(query));
      OpenPush& push = pushes_.back();
      AddItems(db, channel_id, &push);
      left_ -= static_cast<int64_t>(push.items.size());
      cursor_ = {true, push.look_at, push.push_id};
    }
  }

  int64_t left_;
  LinkStorage::PushCursor cursor_;
  std::vector<OpenPush> pushes_;
};

void SettleGone(Connection& db, int64_t channel_id, const StoredLink& link, int64_t row, absl::Time now,
                LinkWriter& links, SettlementResult* result) {
  const std::vector<Problem> before = ReadAttentions(db, channel_id, link.listing_id);
  const absl::optional<StoredItem> item = FindItem(db, channel_id, link.channel_variant_id);
  std::vector<SightedAttention> raised;  // The settlement's to tell.
  if (item.has_value())
    links.LoseItem(item->channel_variant_id, item->external_id, now, storage::GoneBy::kPush, &raised);
  WriteDoubt(db, channel_id, link.listing_id, {});
  storage::AddAttentionChanges(row, before, ReadAttentions(db, channel_id, link.listing_id), result);
}

// What the channel is known to have from now on.
struct Known {
  explicit Known(const Settlement& row) : mask(row.mask), values(row.acknowledged) {
    const SyncFields seen = PresentFields(row.seen);
    CopyFields(seen, row.seen, &values);
    mask = UnionOf(mask, seen);
  }

  SyncFields mask;
  ItemValues values;
};

void AcknowledgeContent(Connection& db, int64_t channel_id, int64_t listing_id, const Known& known) {
  if (known.mask.content().empty()) return;
  ItemValues acknowledged;
  {
    Query query(db, "SELECT acked_content FROM link WHERE channel_id = ?1 AND listing_id = ?2");
    if (query.Bind(channel_id, listing_id).Next() && !query.IsNull(0)) {
      acknowledged.content = ReadFields(db, query.Text(0));
    }
  }
  CopyFields(known.mask, known.values, &acknowledged);
  Query(db, "UPDATE link SET acked_content = ?3 WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id, listing_id, NullIfEmpty{EncodeContent(acknowledged.content)});
}

// What stays forced, as its column has it.
std::string ForcedAfter(Connection& db, const StoredLink& link, const Settlement& row) {
  if (link.forced.empty()) return "";
  const SyncFields forced = ReadSyncFields(db, link.forced);
  return FormatSyncFields(storage::ForcedAfterSettlement(forced, link.dirty_version, row));
}

// What stays held, as its column has it.
std::string HeldAfter(Connection& db, const StoredLink& link, const Settlement& row) {
  if (link.held.empty() && row.held.empty()) return "";
  const RareVector<HeldChange> stored = ReadHeld(db, link.held);
  return EncodeHeld(storage::HeldAfterSettlement(stored, link.dirty_version, row));
}

// When its product's quantity was last stated.
absl::Time FindQuantityTime(Connection& db, int64_t channel_id, int64_t listing_id) {
  Query query(db,
              "SELECT p.quantity_at FROM listing_variant v CROSS JOIN product_variant p ON p.product_id = v.product_id "
              "WHERE v.channel_id = ?1 AND v.listing_id = ?2");
  return query.Bind(channel_id, listing_id).Next() ? query.Time(0) : absl::InfinitePast();
}

bool IsProductRemoved(Connection& db, int64_t channel_id, int64_t listing_id) {
  Query query(db,
              "SELECT p.removed FROM listing_variant v CROSS JOIN product_variant p ON p.product_id = v.product_id "
              "WHERE v.channel_id = ?1 AND v.listing_id = ?2");
  return query.Bind(channel_id, listing_id).Next() && query.Bool(0);
}

absl::Time GuardAfter(Connection& db, int64_t channel_id, const StoredLink& link, const Settlement& row,
                      const SettlementBatch& batch) {
  const bool is_guarded = link.guarded_at != absl::InfinitePast();
  const absl::Time quantity_at = is_guarded ? FindQuantityTime(db, channel_id, link.listing_id) : absl::InfinitePast();
  return storage::GuardAfterSettlement(link.guarded_at, quantity_at, row, batch);
}

void SettleLink(Connection& db, int64_t channel_id, const StoredLink& link, const SettlementBatch& batch, int64_t at,
                absl::Time now, LinkWriter& links, SettlementResult* result) {
  const Settlement& row = batch.rows[static_cast<size_t>(at)];
  const Known known(row);
  AcknowledgeContent(db, channel_id, row.listing_id, known);
  const ListingStatus status = storage::StatusAfterSettlement(
      link.status, row, [&] { return IsProductRemoved(db, channel_id, row.listing_id); });
  links.changes().RecordStatus(row.listing_id, link.status, status);
  if (!(status == link.status)) WriteStatus(db, channel_id, row.listing_id, status);
  Query(db,
        "UPDATE link SET acked_price = CASE WHEN ?3 THEN ?4 ELSE acked_price END, "
        "acked_quantity = CASE WHEN ?5 THEN ?6 ELSE acked_quantity END, "
        "acked_status = CASE WHEN ?7 THEN ?8 ELSE acked_status END, "
        "acked_compare_at_price = CASE WHEN ?9 THEN ?10 ELSE acked_compare_at_price END, "
        "guarded_at = ?11, "
        "synced_version = CASE WHEN ?12 THEN max(synced_version, ?13) ELSE synced_version END, "
        "dirty_since = CASE WHEN ?12 AND dirty_version <= ?13 THEN NULL ELSE dirty_since END, "
        "refused = ?14, in_doubt = ?15, acked_at = CASE WHEN ?16 THEN ?17 ELSE acked_at END, forced = ?18, "
        "quantities_in_doubt = ?19, confirmed = ?20, held = ?21 "
        "WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id, row.listing_id, known.mask.Has(SyncField::kPrice), NullIfAbsent{known.values.price},
           known.mask.Has(SyncField::kQuantity), NullIfAbsent{known.values.quantity},
           known.mask.Has(SyncField::kStatus), StatusText(known.values.status),
           known.mask.Has(SyncField::kCompareAtPrice), NullIfAbsent{known.values.compare_at_price},
           GuardAfter(db, channel_id, link, row, batch), row.settled, row.dirty_version,
           NullIfEmpty{EncodeRefused(row.refused)}, NullIfEmpty{FormatSyncFields(row.in_doubt)}, !known.mask.empty(),
           now, NullIfEmpty{ForcedAfter(db, link, row)}, NullIfEmpty{FormatQuantities(storage::DoubtAfter(row))},
           NullIfEmpty{FormatSyncFields(row.confirmed)}, NullIfEmpty{HeldAfter(db, link, row)});
  if (row.attentions == kKeepAttentions) return;
  const std::vector<Problem> before = ReadAttentions(db, channel_id, row.listing_id);
  const std::vector<Problem> after = storage::AttentionsOf(row, batch, before);
  ReplaceAttentions(db, channel_id, row.listing_id, before, after);
  storage::AddAttentionChanges(at, before, after, result);
}

void CountChanges(Connection& db, int64_t channel_id, const SettlementBatch& batch, absl::Time now) {
  if (batch.changes.empty()) return;
  Query record(db, "SELECT 1 FROM push_record WHERE channel_id = ?1 AND push_id = ?2");
  if (!record.Bind(channel_id, batch.push_id).Next()) return;
  AddChanges(db, channel_id, batch.changes, now);
}

// Row number `at` of the batch.
absl::Status WriteSettlement(Connection& db, int64_t channel_id, const SettlementBatch& batch, int64_t at,
                             absl::Time now, LinkWriter& links, SettlementResult* result) {
  const Settlement& row = batch.rows[static_cast<size_t>(at)];
  const absl::optional<StoredLink> link = FindLink(db, channel_id, row.listing_id);
  if (!link.has_value()) return storage::NoSuchListing(row.listing_id);
  if (link->channel_variant_id != row.channel_variant_id) return absl::OkStatus();
  if (link->state != LinkState::kLinked) {
    WriteDoubt(db, channel_id, row.listing_id, storage::DoubtAfter(row));
    return absl::OkStatus();
  }
  // It was sent for an earlier link, which may have been to another item: it tells nothing about this one.
  if (row.dirty_version < link->linked_version) return absl::OkStatus();
  if (row.gone) {
    SettleGone(db, channel_id, *link, at, now, links, result);
    return absl::OkStatus();
  }
  SettleLink(db, channel_id, *link, batch, at, now, links, result);
  if (row.decided) MarkDirty(db, channel_id, row.listing_id, now);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> SqliteStorage::BeginPush(const Fence& fence, const PushRecord& record) {
  absl::Status status = storage::CheckRows(record.items.size(), "push items");
  if (!status.ok()) return status;
  std::vector<int64_t> left_out;
  status = WriteFenced(fence, KindOfRows(record.items.size()), [&](Connection& db) {
    for (const PushItem& item : record.items) {
      if (!ListingExists(db, fence.channel_id, item.listing_id)) return storage::NoSuchListing(item.listing_id);
    }
    KeepRecord(db, fence.channel_id, record);
    left_out = LeftOut(db, fence.channel_id, record);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return left_out;
}

absl::StatusOr<std::vector<OpenPush>> SqliteStorage::ReadOpenPushes(int64_t channel_id, absl::Time due,
                                                                    PushCursor* cursor, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  PushPage page(limit, *cursor);
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    page.AddUnheard(db, channel_id);
    page.AddDue(db, channel_id, due);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  *cursor = page.cursor();
  return page.TakePushes();
}

absl::StatusOr<absl::Time> SqliteStorage::ReadNextLook(int64_t channel_id) {
  absl::Time next = absl::InfiniteFuture();
  absl::Status status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db, kNextLook);
    if (query.Bind(channel_id).Next()) next = query.Time(0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return next;
}

absl::StatusOr<std::vector<AwaitedItem>> SqliteStorage::ReadAwaited(int64_t channel_id,
                                                                    absl::Span<const int64_t> listing_ids) {
  absl::Status status = storage::CheckRows(listing_ids.size(), "listing variants");
  if (!status.ok()) return status;
  std::vector<AwaitedItem> awaited;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db, kAwaited);
    for (const int64_t listing_id : std::set<int64_t>(listing_ids.begin(), listing_ids.end())) {
      query.Bind(channel_id, listing_id);
      while (query.Next()) awaited.push_back({query.Int(0), listing_id, ReadSyncFields(db, query.Text(1))});
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return awaited;
}

absl::Status SqliteStorage::WritePushLooks(const Fence& fence, absl::Span<const PushLook> looks) {
  absl::Status status = storage::CheckRows(looks.size(), "pushes");
  if (!status.ok()) return status;
  return WriteFenced(fence, [&](Connection& db) {
    for (const PushLook& look : looks) {
      Query(db, "UPDATE push_record SET look_at = ?3 WHERE channel_id = ?1 AND push_id = ?2 AND look_at IS NOT NULL")
          .Run(fence.channel_id, look.push_id, look.at);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<SettlementResult> SqliteStorage::WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                                 absl::Time now) {
  absl::Status status = storage::CheckSettlements(batch);
  if (!status.ok()) return status;
  SettlementResult result;
  // One that is lost with the power leaves the record of its push, as one that was never written does.
  status = WriteFenced(fence, StepOfRows(batch.rows.size()), [&](Connection& db) {
    LinkWriter links(db, fence.channel_id, {fence.job_id, now});
    for (size_t i = 0; i < batch.rows.size(); ++i) {
      const absl::Status written =
          WriteSettlement(db, fence.channel_id, batch, static_cast<int64_t>(i), now, links, &result);
      if (!written.ok()) return written;
    }
    CountChanges(db, fence.channel_id, batch, now);
    SettleRecord(db, fence.channel_id, batch, now);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

absl::Status SqliteStorage::LetPushLinger(const Fence& fence, int64_t push_id) {
  return WriteFenced(fence, [&](Connection& db) {
    Query(db, "UPDATE push_item SET lingers = 1 WHERE channel_id = ?1 AND push_id = ?2 AND receipt IS NULL")
        .Run(fence.channel_id, push_id);
    EndChange(db, fence.channel_id, push_id, absl::nullopt);
    return absl::OkStatus();
  });
}

absl::Status SqliteStorage::AbandonPush(const Fence& fence, int64_t push_id, absl::Time now) {
  return WriteFenced(fence, [&](Connection& db) {
    DoubtLingering(db, fence.channel_id, push_id, now);
    Query(db, "DELETE FROM push_item WHERE channel_id = ?1 AND push_id = ?2 AND receipt IS NULL")
        .Run(fence.channel_id, push_id);
    EndChange(db, fence.channel_id, push_id, now);
    return absl::OkStatus();
  });
}

}  // namespace flxlink::sqlite
