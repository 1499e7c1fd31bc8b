#include "src/storage/sqlite/sqlite_link_writer.h"

#include <algorithm>

#include "absl/types/optional.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/sqlite_held.h"

namespace flxlink::sqlite {

LinkWriter::LinkWriter(Connection& db, int64_t channel_id, const LinkAuthor& author)
    : db_(db),
      channel_id_(channel_id),
      author_(author),
      changes_(db, channel_id),
      // Whatever an earlier link left to send is not this one's. An item that is taken violates the unique index.
      link_(db,
            "UPDATE OR IGNORE link SET state = 'linked', channel_variant_id = ?3, rule = ?4, reason = ?5, "
            "by_hand = ?6, doubtful = 0, health = ?7, pending = NULL, paused = ?8, status_author = NULL, "
            "status_before = NULL, kept_hidden = 0, acked_price = ?9, acked_quantity = ?10, "
            "acked_status = ?11, acked_compare_at_price = ?12, acked_content = NULL, guarded_at = NULL, "
            "refused = NULL, held = NULL, forced = NULL, synced_version = dirty_version, "
            "dirty_version = dirty_version + 1, linked_version = dirty_version + 1, dirty_since = ?13, identity = ?14, "
            "dirty_rank = ?15, in_doubt = ?16, quantities_in_doubt = ?17, confirmed = NULL "
            "WHERE channel_id = ?1 AND listing_id = ?2") {}

LinkWriter::~LinkWriter() {
  std::sort(made_.begin(), made_.end(),
            [](const MadeLink& a, const MadeLink& b) { return a.listing_id < b.listing_id; });
  for (const MadeLink& made : made_) WriteHistory(made);
}

bool LinkWriter::Link(const StoredLink& link, const StoredItem& item, int32_t rule, LinkReason reason, bool recorded) {
  if (recorded) RecordBoth(link.listing_id, item.channel_variant_id);
  const ListingStatus status = storage::StatusAfterLink(link.status, item.seen.status);
  const int64_t linked =
      link_.Run(channel_id_, link.listing_id, item.channel_variant_id, rule, NullIfEmpty{ToString(reason)}, rule == 0,
                ToString(status.base), status.paused, NullIfAbsent{item.seen.price}, NullIfAbsent{item.seen.quantity},
                StatusText(item.seen.status), NullIfAbsent{item.seen.compare_at_price}, author_.at,
                NullIfEmpty{item.identity}, static_cast<int64_t>(DirtyRank::kChanged),
                NullIfEmpty{FormatSyncFields(item.doubt.fields)}, NullIfEmpty{FormatQuantities(item.doubt)});
  if (linked == 0) return false;
  if (!item.doubt.fields.empty()) WriteItemDoubt(db_, channel_id_, item.channel_variant_id, {});
  WriteAttentions(db_, channel_id_, link.listing_id, {});
  if (item.seen.status == ChannelStatus::kNotUnderstood) WriteSightings(link.listing_id, nullptr);
  made_.push_back({link.listing_id, link.linked_version, rule, item.external_id});
  return true;
}

void LinkWriter::Dissolve(const StoredLink& link, LinkEvent::Kind kind, LinkReason reason) {
  RecordBoth(link.listing_id, link.channel_variant_id);
  const absl::optional<StoredItem> item = FindItem(db_, channel_id_, link.channel_variant_id);
  if (item.has_value()) LeaveItem(link.listing_id, *item);
  Query(db_,
        "UPDATE link SET state = 'unlinked', channel_variant_id = NULL, rule = 0, reason = ?3, by_hand = 0, "
        "doubtful = 0, guarded_at = NULL, held = NULL, "
        "synced_version = dirty_version, dirty_since = NULL, identity = NULL, in_doubt = NULL, "
        "quantities_in_doubt = NULL, confirmed = NULL "
        "WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id_, link.listing_id, NullIfEmpty{ToString(reason)});
  WriteStatus(db_, channel_id_, link.listing_id, storage::StatusAfterUnlink(link.status));
  WriteAttentions(db_, channel_id_, link.listing_id, {});
  AddEvent(link.listing_id, kind, item.has_value() ? item->external_id : "", 0);
}

storage::ItemLoss LinkWriter::LoseItem(int64_t channel_variant_id, absl::string_view external_id, absl::Time gone_at,
                                       storage::GoneBy by, std::vector<SightedAttention>* raised) {
  using storage::BreakVerdict;
  const absl::optional<StoredLink> link = FindHolder(db_, channel_id_, channel_variant_id);
  const bool has_link = link.has_value() && link->state == LinkState::kLinked;
  const BreakVerdict verdict = has_link ? storage::JudgeBreak(ReadHeld(db_, link->held), by) : BreakVerdict::kApproved;
  if (verdict == BreakVerdict::kStays) return storage::ItemLoss::kStays;
  if (verdict == BreakVerdict::kHolds) {
    Hold(*link, ChangeKind::kBreak, external_id, raised);
    return storage::ItemLoss::kHeld;
  }
  const bool breaks = link.has_value() && Break(*link, external_id, storage::ItemGone(external_id), raised);
  if (!breaks) changes_.RecordLiveItem(channel_variant_id);
  Query(db_, "UPDATE channel_variant SET gone = 1, gone_at = ?3 WHERE channel_id = ?1 AND channel_variant_id = ?2")
      .Run(channel_id_, channel_variant_id, gone_at);
  if (!breaks) return storage::ItemLoss::kGone;
  if (verdict != BreakVerdict::kBreaks) return storage::ItemLoss::kBrokenAsApproved;
  ChangeCounts counted;
  counted[ChangeKind::kBreak] = 1;
  AddChanges(db_, channel_id_, counted, author_.at);
  return storage::ItemLoss::kBroken;
}

void LinkWriter::Hold(const StoredLink& link, ChangeKind kind, absl::string_view external_id,
                      std::vector<SightedAttention>* raised) {
  RareVector<HeldChange> held = ReadHeld(db_, link.held);
  HeldChange change = storage::HeldOfLink(kind, author_.job_id, external_id);
  const Problem attention = change.problem;
  held.Mutable().push_back(std::move(change));
  WriteHeld(db_, channel_id_, link.listing_id, held);
  const std::vector<Problem> before = ReadAttentions(db_, channel_id_, link.listing_id);
  ReplaceAttentions(db_, channel_id_, link.listing_id, before, storage::WithHeld(before, attention));
  raised->push_back({FindSku(db_, channel_id_, link.listing_id), std::string(external_id), attention});
  MarkDirty(db_, channel_id_, link.listing_id, author_.at);
}

void LinkWriter::EndHeld(int64_t listing_id, const std::string& held, ChangeKind kind) {
  if (held.empty()) return;
  const RareVector<HeldChange> before = ReadHeld(db_, held);
  const RareVector<HeldChange> left = storage::WithoutKind(before, kind);
  if (left == before) return;
  WriteHeld(db_, channel_id_, listing_id, left);
  const std::vector<Problem> attentions = ReadAttentions(db_, channel_id_, listing_id);
  ReplaceAttentions(db_, channel_id_, listing_id, attentions, storage::WithoutHeld(attentions, kind));
  MarkDirty(db_, channel_id_, listing_id, author_.at);
}

bool LinkWriter::Break(const StoredLink& link, absl::string_view external_id, const Problem& attention,
                       std::vector<SightedAttention>* raised) {
  KeepWaiting(db_, channel_id_, link.listing_id, {attention});
  if (link.state != LinkState::kLinked) return false;
  raised->push_back({FindSku(db_, channel_id_, link.listing_id), std::string(external_id), attention});
  RecordBoth(link.listing_id, link.channel_variant_id);
  Query(db_, "UPDATE link SET state = 'broken' WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id_, link.listing_id);
  if (!link.held.empty()) {
    WriteHeld(db_, channel_id_, link.listing_id, storage::HeldOnceBroken(ReadHeld(db_, link.held)));
  }
  AddEvent(link.listing_id, LinkEvent::Kind::kBroken, external_id, 0);
  return true;
}

void LinkWriter::Heal(int64_t listing_id, int64_t channel_variant_id, absl::string_view external_id) {
  RecordBoth(listing_id, channel_variant_id);
  Query(db_,
        "UPDATE link SET state = 'linked', dirty_version = dirty_version + 1, dirty_since = ?3, dirty_rank = ?4 "
        "WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id_, listing_id, author_.at, static_cast<int64_t>(DirtyRank::kChanged));
  KeepWaiting(db_, channel_id_, listing_id, {});
  AddEvent(listing_id, LinkEvent::Kind::kHealed, external_id, 0);
}

void LinkWriter::WriteSightings(int64_t listing_id, PullWriteResult* result) {
  Query query(db_,
              "SELECT v.sku, v.parent, v.fields, c.external_id, c.status, c.fields, l.doubtful, l.health, l.pending, "
              "l.paused, l.status_author, l.status_before, l.kept_hidden FROM link l CROSS JOIN listing_variant v ON "
              "v.channel_id = l.channel_id AND v.listing_id = l.listing_id CROSS JOIN channel_variant c ON "
              "c.channel_id = l.channel_id AND c.channel_variant_id = l.channel_variant_id "
              "WHERE l.channel_id = ?1 AND l.listing_id = ?2");
  if (!query.Bind(channel_id_, listing_id).Next()) return;
  const std::string sku = query.String(0);
  const std::string external_id = query.String(3);
  const std::vector<Field> item_fields = ReadFields(db_, query.Text(5));
  absl::optional<storage::PairVerdict> doubt;
  if (query.Bool(6)) {
    const ChannelConfig config = FindChannel(db_, channel_id_).value_or(Channel()).config;
    doubt = storage::JudgePair(config.link_priority,
                               storage::ListingKeys(sku, query.Text(1), ReadFields(db_, query.Text(2))),
                               storage::ItemKeys(external_id, item_fields));
  }
  const std::vector<Problem> before = ReadAttentions(db_, channel_id_, listing_id);
  const std::vector<Problem> after = storage::WithSightings(
      before, storage::SightingAttentions(external_id, query.EnumValue(4, ChannelStatus::kNotUnderstood), item_fields,
                                          ReadStatus(query, 7, 10), doubt));
  if (after == before) return;
  ReplaceAttentions(db_, channel_id_, listing_id, before, after);
  if (result != nullptr) storage::AddSightedChanges(sku, external_id, before, after, result);
}

void LinkWriter::WriteHistory(const MadeLink& made) {
  if (made.earlier_version != 0) {
    AddEvent(made.listing_id, LinkEvent::Kind::kLinked, made.external_id, made.rule);
    return;
  }
  // A listing variant that never had a link has no history to be looked at.
  Query(db_,
        "INSERT INTO link_event (channel_id, listing_id, event_number, kind, external_id, rule, job_id, at) "
        "VALUES (?1, ?2, 1, 'linked', ?3, ?4, ?5, ?6)")
      .Run(channel_id_, made.listing_id, made.external_id, made.rule, NullIfZero{author_.job_id}, author_.at);
}

void LinkWriter::AddEvent(int64_t listing_id, LinkEvent::Kind kind, absl::string_view external_id, int32_t rule) {
  Query(db_,
        "INSERT INTO link_event (channel_id, listing_id, event_number, kind, external_id, rule, job_id, at) "
        "SELECT ?1, ?2, coalesce(max(event_number), 0) + 1, ?3, ?4, ?5, ?6, ?7 FROM link_event "
        "WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id_, listing_id, ToString(kind), external_id, rule, NullIfZero{author_.job_id}, author_.at);
}

// The part of dissolving a link that is about its item; see SeenAfterUnlink. Its doubt stays with the item.
void LinkWriter::LeaveItem(int64_t listing_id, const StoredItem& item) {
  ItemValues acknowledged;
  storage::Doubt doubt;
  {
    Query link(db_,
               "SELECT acked_price, acked_quantity, acked_status, acked_compare_at_price, in_doubt, "
               "quantities_in_doubt FROM link WHERE channel_id = ?1 AND listing_id = ?2");
    link.Bind(channel_id_, listing_id);
    if (!link.Next()) return;
    acknowledged = ReadItemValues(link, 0);
    doubt = ReadDoubt(db_, link, 4);
  }
  if (!doubt.fields.empty()) WriteItemDoubt(db_, channel_id_, item.channel_variant_id, doubt);
  const ItemValues known = storage::SeenAfterUnlink(item.seen, acknowledged, doubt.fields);
  if (known == item.seen) return;
  Query(db_,
        "UPDATE channel_variant SET price = ?3, quantity = ?4, status = ?5, compare_at_price = ?6 "
        "WHERE channel_id = ?1 AND channel_variant_id = ?2")
      .Run(channel_id_, item.channel_variant_id, NullIfAbsent{known.price}, NullIfAbsent{known.quantity},
           StatusText(known.status), NullIfAbsent{known.compare_at_price});
}

void LinkWriter::RecordBoth(int64_t listing_id, int64_t channel_variant_id) {
  changes_.RecordListing(listing_id);
  changes_.RecordItem(channel_variant_id);
}

}  // namespace flxlink::sqlite
