// Lists that people and programs look at, and the counts of a channel.

#include <utility>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"
#include "src/storage/sqlite/text_list.h"

namespace flxlink::sqlite {
namespace {

// 1, 0, or NULL where it is not stated.
NullIfAbsent Stated(absl::optional<bool> value) { return NullIfAbsent{value.has_value() ? int64_t{*value} : kAbsent}; }

// -- Listing variants

#define FLXLINK_SELECT_LISTING                                                                            \
  "SELECT v.listing_id, v.sku, v.parent, v.fields, l.state, c.external_id, l.rule, l.reason, l.by_hand, " \
  "l.health, l.pending, l.paused, p.price, p.currency, p.quantity, l.sync_priority, l.dirty_since, "      \
  "l.in_doubt IS NOT NULL, l.status_author, l.status_before, l.kept_hidden, l.doubtful, p.removed "

#define FLXLINK_LISTING_TABLES                                                                   \
  "CROSS JOIN listing_variant v ON v.channel_id = l.channel_id AND v.listing_id = l.listing_id " \
  "CROSS JOIN product_variant p ON p.product_id = v.product_id LEFT JOIN channel_variant c ON "  \
  "c.channel_id = l.channel_id AND c.channel_variant_id = l.channel_variant_id "

// What Matches says of a listing variant, but for its SKU and attentions.
#define FLXLINK_LISTING_MATCHES                                                                 \
  "AND (?4 IS NULL OR l.state IN (SELECT value FROM json_each(?4))) "                           \
  "AND (?5 IS NULL OR coalesce(l.reason, '') IN (SELECT value FROM json_each(?5))) "            \
  "AND (?6 IS NULL OR iif(l.paused, 'paused', l.health) IN (SELECT value FROM json_each(?6))) " \
  "AND (?7 IS NULL OR coalesce(v.parent, '') IN (SELECT value FROM json_each(?7))) "            \
  "AND (?8 IS NULL OR (l.state = 'linked' AND l.dirty_since IS NOT NULL) = ?8) "                \
  "AND (?9 IS NULL OR (l.in_doubt IS NOT NULL) = ?9) "

constexpr absl::string_view kListings = FLXLINK_SELECT_LISTING
    "FROM link l " FLXLINK_LISTING_TABLES "WHERE l.channel_id = ?1 AND l.listing_id > ?2 " FLXLINK_LISTING_MATCHES
    "ORDER BY l.listing_id LIMIT ?3";

constexpr absl::string_view kListingsWithAttention = FLXLINK_SELECT_LISTING
    "FROM (SELECT DISTINCT listing_id FROM attention WHERE channel_id = ?1 AND listing_id > ?2 AND "
    "(?10 IS NULL OR code IN (SELECT value FROM json_each(?10))) ORDER BY listing_id) a "
    "CROSS JOIN link l ON l.channel_id = ?1 AND l.listing_id = a.listing_id " FLXLINK_LISTING_TABLES
    "WHERE TRUE " FLXLINK_LISTING_MATCHES "ORDER BY a.listing_id LIMIT ?3";

constexpr absl::string_view kListing =
    FLXLINK_SELECT_LISTING "FROM link l " FLXLINK_LISTING_TABLES "WHERE l.channel_id = ?1 AND l.listing_id = ?2";

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
  row.status = ReadStatus(query, 9, 18);
  row.doubtful = query.Bool(21);
  row.product_removed = query.Bool(22);
  if (!query.IsNull(12)) row.price = Money{query.Int(12), ReadCurrency(db, query.Text(13))};
  if (!query.IsNull(14)) row.quantity = query.Int(14);
  row.sync_priority = query.Int(15);
  row.dirty = row.link_state == LinkState::kLinked && !query.IsNull(16);
  row.in_doubt = query.Bool(17);
  row.attentions = ReadAttentions(db, channel_id, row.listing_id);
  return row;
}

// From above `after_id`, at most `limit`.
std::vector<ListingRow> ReadListingsBySku(Connection& db, int64_t channel_id, const ListingFilter& filter,
                                          int64_t after_id, int64_t limit) {
  std::vector<ListingRow> rows;
  ListingFilter rest = filter;
  rest.skus.clear();
  Query query(db, kListing);
  for (const int64_t listing_id : FindListings(db, channel_id, filter.skus)) {
    if (static_cast<int64_t>(rows.size()) == limit) break;
    if (listing_id <= after_id || !query.Bind(channel_id, listing_id).Next()) continue;
    ListingRow row = ReadListingRow(db, channel_id, query);
    if (Matches(row, rest)) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<ListingRow> ReadMatchingListings(Connection& db, int64_t channel_id, const ListingFilter& filter,
                                             int64_t after_id, int64_t limit) {
  std::vector<ListingRow> rows;
  const TextList states(filter.link_states);
  const TextList reasons(filter.reasons);
  const TextList healths(filter.healths);
  const TextList parents(filter.parents);
  const TextList codes(filter.attention_codes);
  const bool attention = filter.attention || !filter.attention_codes.empty();
  Query query(db, attention ? kListingsWithAttention : kListings);
  query.Bind(channel_id, after_id, limit, states.parameter(), reasons.parameter(), healths.parameter(),
             parents.parameter(), Stated(filter.dirty), Stated(filter.in_doubt), codes.parameter());
  while (query.Next()) rows.push_back(ReadListingRow(db, channel_id, query));
  return rows;
}

// -- Items

#define FLXLINK_SELECT_ITEM                                                                                    \
  "SELECT c.channel_variant_id, c.external_id, c.parent_id, c.fields, c.price, c.quantity, c.status, c.gone, " \
  "c.seen_at, v.sku, l.state, h.currency, c.fixed, c.identity FROM channel h CROSS JOIN channel_variant c ON " \
  "c.channel_id = "                                                                                            \
  "h.channel_id "                                                                                              \
  "LEFT JOIN link l ON l.channel_id = c.channel_id AND l.channel_variant_id = c.channel_variant_id "           \
  "LEFT JOIN listing_variant v ON v.channel_id = l.channel_id AND v.listing_id = l.listing_id "                \
  "WHERE h.channel_id = ?1 "

// What Matches says of an item, but for its external id.
#define FLXLINK_ITEM_MATCHES                                            \
  "AND c.channel_variant_id > ?2 AND (?4 = 0 OR l.listing_id IS NULL) " \
  "AND (?5 IS NULL OR (c.gone = 0 AND c.status IS NOT 'dead') = ?5) "

#define FLXLINK_ITEM_ORDER "ORDER BY c.channel_variant_id LIMIT ?3"

constexpr absl::string_view kItems = FLXLINK_SELECT_ITEM FLXLINK_ITEM_MATCHES FLXLINK_ITEM_ORDER;
constexpr absl::string_view kItemsById = FLXLINK_SELECT_ITEM
    "AND c.external_id IN (SELECT value FROM json_each(?6)) "
    "AND (?7 IS NULL OR coalesce(c.parent_id, '') IN (SELECT value FROM json_each(?7))) " FLXLINK_ITEM_MATCHES
        FLXLINK_ITEM_ORDER;
constexpr absl::string_view kItemsByParent = FLXLINK_SELECT_ITEM
    "AND c.channel_variant_id IN (SELECT i.channel_variant_id FROM json_each(?7) wanted CROSS JOIN channel_variant i "
    "ON i.channel_id = ?1 AND i.parent_id IS nullif(wanted.value, '')) " FLXLINK_ITEM_MATCHES FLXLINK_ITEM_ORDER;

absl::string_view ItemsQuery(const ItemFilter& filter) {
  if (!filter.external_ids.empty()) return kItemsById;
  return filter.parents.empty() ? kItems : kItemsByParent;
}

ItemRow ReadItemRow(Connection& db, int64_t channel_id, const Query& query) {
  ItemRow row;
  row.channel_variant_id = query.Int(0);
  row.external_id = query.String(1);
  row.parent_id = query.String(2);
  row.fields = ReadFields(db, query.Text(3));
  if (!query.IsNull(4)) row.price = Money{query.Int(4), ReadCurrency(db, query.Text(11))};
  if (!query.IsNull(5)) row.quantity = query.Int(5);
  row.status = query.EnumValue(6, ChannelStatus::kNotUnderstood);
  if (!query.IsNull(12)) row.fixed = ReadFixed(db, query.Text(12));
  row.aliases = ReadAliases(db, channel_id, row.channel_variant_id);
  row.identity = query.String(13);
  row.live = storage::IsLiveItem(query.Bool(7), row.status);
  row.seen_at = query.Time(8);
  row.sku = query.String(9);
  row.link_state = query.EnumValue(10, LinkState::kBroken);
  return row;
}

constexpr absl::string_view kNamedItems =
    "SELECT c.channel_variant_id, c.external_id FROM channel_variant c WHERE c.channel_id = ?1 AND "
    "c.channel_variant_id > ?2 AND c.channel_variant_id IN ("
    "SELECT i.channel_variant_id FROM json_each(?4) wanted CROSS JOIN channel_variant i ON i.channel_id = ?1 AND "
    "i.parent_id = wanted.value UNION "
    "SELECT a.channel_variant_id FROM json_each(?5) wanted CROSS JOIN item_alias a ON a.channel_id = ?1 AND "
    "a.alias = wanted.value) ORDER BY c.channel_variant_id LIMIT ?3";

// -- History

#define FLXLINK_SELECT_HISTORY \
  "SELECT e.listing_id, e.event_number, v.sku, e.kind, e.external_id, e.rule, e.job_id, e.at FROM "

#define FLXLINK_HISTORY_MATCHES                                                               \
  "(e.listing_id, e.event_number) > (?2, ?3) AND (?5 IS NULL OR coalesce(e.job_id, 0) = ?5) " \
  "ORDER BY e.listing_id, e.event_number LIMIT ?4"

constexpr absl::string_view kHistory = FLXLINK_SELECT_HISTORY
    "link_event e CROSS JOIN listing_variant v ON v.channel_id = e.channel_id AND v.listing_id = e.listing_id "
    "WHERE e.channel_id = ?1 AND " FLXLINK_HISTORY_MATCHES;
constexpr absl::string_view kHistoryOfSku = FLXLINK_SELECT_HISTORY
    "listing_variant v CROSS JOIN link_event e ON e.channel_id = v.channel_id AND e.listing_id = v.listing_id "
    "WHERE v.channel_id = ?1 AND v.sku = ?6 AND " FLXLINK_HISTORY_MATCHES;

// -- Counts

// Calls `add` with the first column and the number beside it, for each row.
template <typename Add>
void ForEachCount(Connection& db, absl::string_view sql, int64_t channel_id, Add add) {
  Query query(db, sql);
  query.Bind(channel_id);
  while (query.Next()) add(query, query.Int(1));
}

void CountListings(Connection& db, int64_t channel_id, ChannelCounts* counts) {
  Query query(db,
              "SELECT state, count(*), reason, health, paused, state = 'linked' AND dirty_since IS NOT NULL AS dirty, "
              "in_doubt IS NOT NULL AS any_in_doubt FROM link WHERE channel_id = ?1 "
              "GROUP BY state, reason, health, paused, dirty, any_in_doubt");
  query.Bind(channel_id);
  while (query.Next()) {
    const int64_t count = query.Int(1);
    ListingStatus status;
    status.base = query.EnumValue(3, Health::kUnknown);
    status.paused = query.Bool(4);
    const LinkState state = query.EnumValue(0, LinkState::kBroken);
    counts->listings += count;
    counts->by_link_state[state] += count;
    if (state == LinkState::kUnlinked) counts->unlinked_by_reason[query.EnumValue(2, LinkReason::kNoKey)] += count;
    counts->by_health[HealthOf(status)] += count;
    if (query.Bool(5)) counts->dirty += count;
    if (query.Bool(6)) counts->in_doubt += count;
  }
}

void CountAttentions(Connection& db, int64_t channel_id, ChannelCounts* counts) {
  ForEachCount(db, "SELECT code, count(*) FROM attention WHERE channel_id = ?1 GROUP BY code", channel_id,
               [&](const Query& row, int64_t count) { counts->by_attention[row.String(0)] = count; });
  ForEachCount(db, "SELECT NULL, count(DISTINCT listing_id) FROM attention WHERE channel_id = ?1", channel_id,
               [&](const Query&, int64_t count) { counts->with_attention = count; });
}

void CountItems(Connection& db, int64_t channel_id, ChannelCounts* counts) {
  int64_t linked = 0;
  int64_t live_linked = 0;
  ForEachCount(db,
               "SELECT gone = 0 AND status IS NOT 'dead' AS live, count(*) FROM channel_variant WHERE channel_id = ?1 "
               "GROUP BY live",
               channel_id, [&](const Query& row, int64_t count) {
                 counts->items += count;
                 if (row.Bool(0)) counts->live_items = count;
               });
  ForEachCount(
      db,
      "SELECT c.gone = 0 AND c.status IS NOT 'dead' AS live, count(*) FROM link l CROSS JOIN channel_variant c "
      "ON c.channel_id = l.channel_id AND c.channel_variant_id = l.channel_variant_id WHERE l.channel_id = ?1 "
      "GROUP BY live",
      channel_id, [&](const Query& row, int64_t count) {
        linked += count;
        if (row.Bool(0)) live_linked = count;
      });
  counts->unlinked_items = counts->items - linked;
  counts->live_unlinked_items = counts->live_items - live_linked;
}

void CountOpenJobs(Connection& db, int64_t channel_id, ChannelCounts* counts) {
  ForEachCount(db,
               "SELECT state, count(*) FROM job WHERE channel_id = ?1 AND state IN ('pending', 'running') "
               "GROUP BY state",
               channel_id, [&](const Query& row, int64_t count) {
                 counts->open_jobs[row.EnumValue(0, JobState::kCancelled)] = count;
               });
}

}  // namespace

absl::StatusOr<std::vector<ListingRow>> SqliteStorage::ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                                    int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckFilter(filter);
  if (!status.ok()) return status;
  std::vector<ListingRow> rows;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    rows = filter.skus.empty() ? ReadMatchingListings(db, channel_id, filter, after_id, limit)
                               : ReadListingsBySku(db, channel_id, filter, after_id, limit);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<std::vector<ItemRow>> SqliteStorage::ReadItems(int64_t channel_id, const ItemFilter& filter,
                                                              int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckFilter(filter);
  if (!status.ok()) return status;
  std::vector<ItemRow> rows;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    const TextList external_ids(filter.external_ids);
    const TextList parents(filter.parents);
    Query query(db, ItemsQuery(filter));
    query.Bind(channel_id, after_id, limit, filter.unlinked, Stated(filter.live), external_ids.parameter(),
               parents.parameter());
    while (query.Next()) rows.push_back(ReadItemRow(db, channel_id, query));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<std::vector<NamedItem>> SqliteStorage::FindItems(int64_t channel_id,
                                                                absl::Span<const std::string> parent_ids,
                                                                absl::Span<const std::string> aliases, int64_t after_id,
                                                                int64_t limit) {
  absl::Status status = storage::CheckNames(parent_ids, aliases, limit);
  if (!status.ok()) return status;
  std::vector<NamedItem> items;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    const TextList parents(parent_ids);
    const TextList names(aliases);
    Query query(db, kNamedItems);
    query.Bind(channel_id, after_id, limit, parents.parameter(), names.parameter());
    while (query.Next()) items.push_back({query.Int(0), query.String(1)});
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return items;
}

absl::StatusOr<std::vector<LinkHistoryRow>> SqliteStorage::ReadLinkHistory(int64_t channel_id,
                                                                           const HistoryFilter& filter,
                                                                           LinkEventPlace after, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<LinkHistoryRow> rows;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    // One SKU is a few rows; a job's are looked for among all, from `after` on: an index would cost every link more
    // than it saves here.
    Query query(db, filter.sku.empty() ? kHistory : kHistoryOfSku);
    query.Bind(channel_id, after.listing_id, after.number, limit, NullIfAbsent{filter.job_id.value_or(kAbsent)},
               filter.sku);
    while (query.Next()) {
      LinkHistoryRow row;
      row.place = {query.Int(0), query.Int(1)};
      row.sku = query.String(2);
      row.event = {query.EnumValue(3, LinkEvent::Kind::kReleased), query.String(4), query.Int32(5), query.Int(6),
                   query.Time(7)};
      rows.push_back(std::move(row));
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<ChannelCounts> SqliteStorage::CountChannel(int64_t channel_id) {
  ChannelCounts counts;
  const absl::Status status = ReadOfChannel(channel_id, [&](Connection& db) {
    CountListings(db, channel_id, &counts);
    CountAttentions(db, channel_id, &counts);
    CountItems(db, channel_id, &counts);
    CountOpenJobs(db, channel_id, &counts);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return counts;
}

}  // namespace flxlink::sqlite
