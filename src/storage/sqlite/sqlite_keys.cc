#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/key_columns.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

#define FLXLINK_SELECT_LISTING_KEYS                                                                            \
  "SELECT l.listing_id, v.sku, v.parent, v.fields, l.health, l.channel_variant_id, l.state, l.reason, l.rule " \
  "FROM link l CROSS JOIN listing_variant v ON v.channel_id = l.channel_id AND v.listing_id = l.listing_id "   \
  "WHERE l.channel_id = ?1 "

#define FLXLINK_SELECT_CHANNEL_KEYS                                                               \
  "SELECT channel_variant_id, external_id, parent_id, fields, gone, status FROM channel_variant " \
  "WHERE channel_id = ?1 "

// Fills a page with rows of FLXLINK_SELECT_LISTING_KEYS.
class ListingKeyReader {
 public:
  ListingKeyReader(Connection& db, absl::Span<const std::string> fields, ListingKeyPage* page)
      : db_(db), columns_(fields, {"sku", "parent"}, &page->columns), page_(*page) {}

  void AddRows(Query& query) {
    while (query.Next()) AddRow(query);
  }

 private:
  void AddRow(const Query& query) {
    const absl::string_view parent = query.Text(2);
    columns_.Add(db_, query.Text(3), {query.Text(1), parent});
    page_.listing_id.push_back(query.Int(0));
    page_.parent.Add(parent);
    page_.live.push_back(IsLive({query.EnumValue(4, Health::kUnknown), PendingChange::kNone, false}) ? 1 : 0);
    page_.linked_to.push_back(query.Int(5));
    page_.broken.push_back(query.EnumValue(6, LinkState::kBroken) == LinkState::kBroken ? 1 : 0);
    page_.reason.push_back(query.EnumValue(7, LinkReason::kNoKey));
    page_.rule.push_back(query.Int32(8));
  }

  Connection& db_;
  KeyColumns columns_;
  ListingKeyPage& page_;
};

// Fills a page with rows of FLXLINK_SELECT_CHANNEL_KEYS.
class ChannelKeyReader {
 public:
  ChannelKeyReader(Connection& db, absl::Span<const std::string> fields, ChannelKeyPage* page)
      : db_(db), columns_(fields, {"id", "parent"}, &page->columns), page_(*page) {}

  void AddRows(Query& query) {
    while (query.Next()) AddRow(query);
  }

 private:
  void AddRow(const Query& query) {
    const absl::string_view external_id = query.Text(1);
    const absl::string_view parent = query.Text(2);
    const ChannelStatus seen = query.EnumValue(5, ChannelStatus::kNotUnderstood);
    columns_.Add(db_, query.Text(3), {external_id, parent});
    page_.channel_variant_id.push_back(query.Int(0));
    page_.external_id.Add(external_id);
    page_.parent.Add(parent);
    page_.live.push_back(storage::IsLiveItem(query.Bool(4), seen) ? 1 : 0);
  }

  Connection& db_;
  KeyColumns columns_;
  ChannelKeyPage& page_;
};

}  // namespace

absl::StatusOr<ListingKeyPage> SqliteStorage::ReadListingKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                              int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  ListingKeyPage page;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    ListingKeyReader reader(db, fields, &page);
    Query query(db, FLXLINK_SELECT_LISTING_KEYS "AND l.listing_id > ?2 ORDER BY l.listing_id LIMIT ?3");
    reader.AddRows(query.Bind(channel_id, after_id, limit));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<ChannelKeyPage> SqliteStorage::ReadChannelKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                              int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  ChannelKeyPage page;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    ChannelKeyReader reader(db, fields, &page);
    Query query(db, FLXLINK_SELECT_CHANNEL_KEYS "AND channel_variant_id > ?2 ORDER BY channel_variant_id LIMIT ?3");
    reader.AddRows(query.Bind(channel_id, after_id, limit));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<ListingKeyPage> SqliteStorage::ReadListingKeysById(int64_t channel_id,
                                                                  absl::Span<const std::string> fields,
                                                                  absl::Span<const int64_t> ids) {
  absl::Status status = storage::CheckRows(ids.size(), "ids");
  if (!status.ok()) return status;
  ListingKeyPage page;
  status = ReadBetweenWrites(channel_id, [&](Connection& db) {
    ListingKeyReader reader(db, fields, &page);
    Query query(db, FLXLINK_SELECT_LISTING_KEYS "AND l.listing_id = ?2");
    for (const int64_t id : ids) reader.AddRows(query.Bind(channel_id, id));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<ChannelKeyPage> SqliteStorage::ReadChannelKeysById(int64_t channel_id,
                                                                  absl::Span<const std::string> fields,
                                                                  absl::Span<const int64_t> ids) {
  absl::Status status = storage::CheckRows(ids.size(), "ids");
  if (!status.ok()) return status;
  ChannelKeyPage page;
  status = ReadBetweenWrites(channel_id, [&](Connection& db) {
    ChannelKeyReader reader(db, fields, &page);
    Query query(db, FLXLINK_SELECT_CHANNEL_KEYS "AND channel_variant_id = ?2");
    for (const int64_t id : ids) reader.AddRows(query.Bind(channel_id, id));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<std::vector<LinkHolder>> SqliteStorage::ReadHolders(int64_t channel_id,
                                                                   absl::Span<const int64_t> channel_variant_ids) {
  absl::Status status = storage::CheckRows(channel_variant_ids.size(), "ids");
  if (!status.ok()) return status;
  std::vector<LinkHolder> holders;
  status = ReadBetweenWrites(channel_id, [&](Connection& db) {
    Query query(db, "SELECT listing_id, state FROM link WHERE channel_id = ?1 AND channel_variant_id = ?2");
    for (const int64_t id : channel_variant_ids) {
      if (!query.Bind(channel_id, id).Next()) continue;
      holders.push_back({id, query.Int(0), query.EnumValue(1, LinkState::kBroken) == LinkState::kBroken});
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return holders;
}

}  // namespace flxlink::sqlite
