#include <chrono>
#include <utility>

#include "absl/functional/function_ref.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/held.h"
#include "flxlink/storage_kit/limits.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_link_writer.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

// OK where `pull_number` is the channel's last pull and still runs.
absl::Status CheckPulling(Connection& db, int64_t channel_id, int64_t pull_number) {
  Query query(db, "SELECT 1 FROM channel WHERE channel_id = ?1 AND pull_number = ?2 AND pull_running = 1");
  if (query.Bind(channel_id, pull_number).Next()) return absl::OkStatus();
  return storage::PullNotRunning(FindChannel(db, channel_id).value_or(Channel()), pull_number);
}

bool HasAliases(Connection& db, int64_t channel_id) {
  return Query(db, "SELECT 1 FROM item_alias WHERE channel_id = ?1 LIMIT 1").Bind(channel_id).Next();
}

// Writes the rows of one sighting, which counts for pull `pull_number`.
class ItemWriter {
 public:
  // Adds to `result` what the rows change.
  ItemWriter(Connection& db, const Channel& channel, const storage::Sighting& sighting, const LinkAuthor& author,
             PullWriteResult* result)
      : db_(db),
        channel_id_(channel.channel_id),
        config_(channel.config),
        pull_number_(channel.pull.pull_number),
        seen_at_(storage::SeenAt(sighting, author.at)),
        now_(author.at),
        items_(sighting.items),
        links_(db, channel.channel_id, author),
        fields_(sighting.items.fields),
        has_aliases_(!sighting.items.aliases.empty() || HasAliases(db, channel.channel_id)),
        find_(
            db,
            "SELECT channel_variant_id, parent_id IS ?3 AND fields = ?4, gone, status, fixed IS ?5, seen_at, gone_at, "
            "identity, price, quantity, status, compare_at_price FROM channel_variant "
            "WHERE channel_id = ?1 AND external_id = ?2"),
        link_(db,
              "SELECT listing_id, state, identity, refused, by_hand, doubtful, health, pending, paused, status_author, "
              "status_before, kept_hidden, acked_at, synced_version >= linked_version, acked_price, acked_quantity, "
              "acked_status, acked_compare_at_price, in_doubt, held FROM link WHERE channel_id = ?1 AND "
              "channel_variant_id = ?2"),
        result_(*result) {
    Query last(db, "SELECT max(channel_variant_id) FROM channel_variant WHERE channel_id = ?1");
    if (last.Bind(channel_id_).Next()) last_id_ = last.Int(0);
  }

  void Write(int64_t row) {
    const std::string fixed = EncodeFixed(storage::FixedAt(items_, row));
    find_.Bind(channel_id_, items_.external_id[row], NullIfEmpty{items_.parent_id[row]}, fields_.Encode(row),
               NullIfEmpty{fixed});
    if (!find_.Next()) {
      Insert(row, fixed);
      ++result_.inserted;
      return;
    }
    if (storage::IsOvertaken(seen_at_, find_.Time(5), find_.Time(6))) {
      See(items_.external_id[row]);
      ++result_.unchanged;
      return;
    }
    const int64_t item_id = find_.Int(0);
    const bool same_content = find_.Bool(1);
    const bool was_gone = find_.Bool(2);
    const bool was_live = storage::IsLiveItem(was_gone, find_.EnumValue(3, ChannelStatus::kNotUnderstood));
    const bool is_live = storage::IsLiveItem(false, items_.status[static_cast<size_t>(row)]);
    const bool same_fixed = find_.Bool(4);
    const std::string known = find_.String(7);
    const std::string identity(storage::IdentityAt(items_, row, known));
    const bool changed = !same_content || was_live != is_live;
    if (changed) links_.changes().RecordItem(item_id);
    ++(changed ? result_.changed : result_.unchanged);
    const absl::optional<ItemLink> link = FindItemLink(item_id);
    const bool has_refusals = link.has_value() && !link->refused.empty();
    const bool same_values = has_refusals && ReadItemValues(find_, 8) == ValuesAt(items_, row);
    const bool may_end = has_refusals && !(same_content && same_fixed && same_values);
    const Refusals refusals = may_end ? FindRefusals(*link, item_id, row) : Refusals();
    const bool may_doubt = link.has_value() && !same_content && storage::CanBeDoubted(link->by_hand, items_.own_ids);
    const bool other_keys = may_doubt && HasOtherKeys(item_id, row);
    const bool same_status =
        find_.EnumValue(3, ChannelStatus::kNotUnderstood) == items_.status[static_cast<size_t>(row)];
    Update(item_id, row, fixed, identity);
    NameItem(item_id, row);
    if (!link.has_value()) return;
    const Seen seen = {identity, was_gone || identity != known, other_keys, same_content, same_status};
    FollowItem(*link, item_id, row, seen);
    const bool ended = EndRefusals(link->listing_id, refusals);
    // Another set of fields can be sent of the item than before.
    if (!same_fixed || ended) MarkDirty(db_, channel_id_, link->listing_id, now_);
  }

  // The item was seen, and is otherwise as before.
  void See(absl::string_view external_id) {
    Query(db_, "UPDATE channel_variant SET seen_pull = ?3 WHERE channel_id = ?1 AND external_id = ?2")
        .Run(channel_id_, external_id, pull_number_);
  }

  // The item is there and could not be read: it may be another than what the channel refused to change.
  void SeeUnread(absl::string_view external_id) {
    See(external_id);
    const absl::optional<StoredItem> item = FindItem(db_, channel_id_, external_id);
    if (!item.has_value()) return;
    const absl::optional<StoredLink> link = FindHolder(db_, channel_id_, item->channel_variant_id);
    if (!link.has_value()) return;
    links_.EndHeld(link->listing_id, link->held, ChangeKind::kBreak);
    if (!flxlink::sqlite::EndRefusals(db_, channel_id_, link->listing_id)) return;
    MarkDirty(db_, channel_id_, link->listing_id, now_);
  }

 private:
  void Insert(int64_t row, const std::string& fixed) {
    const ItemValues values = ValuesAt(items_, row);
    links_.changes().RecordNew(LinkSide::kChannel, ++last_id_);
    Query(db_,
          "INSERT INTO channel_variant (channel_id, channel_variant_id, external_id, parent_id, price, quantity, "
          "status, compare_at_price, seen_at, seen_pull, handle, fields, fixed, identity) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")
        .Run(channel_id_, last_id_, items_.external_id[row], NullIfEmpty{items_.parent_id[row]},
             NullIfAbsent{values.price}, NullIfAbsent{values.quantity}, StatusText(values.status),
             NullIfAbsent{values.compare_at_price}, seen_at_, pull_number_, NullIfEmpty{storage::HandleAt(items_, row)},
             fields_.Encode(row), NullIfEmpty{fixed}, NullIfEmpty{storage::IdentityAt(items_, row, "")});
    NameItem(last_id_, row);
  }

  // Nothing is looked up on the many channels whose items have no other names.
  void NameItem(int64_t item_id, int64_t row) {
    if (has_aliases_) WriteAliases(db_, channel_id_, item_id, storage::AliasesAt(items_, row));
  }

  void Update(int64_t item_id, int64_t row, const std::string& fixed, const std::string& identity) {
    const ItemValues values = ValuesAt(items_, row);
    Query(db_,
          "UPDATE channel_variant SET parent_id = ?3, price = ?4, quantity = ?5, status = ?6, compare_at_price = ?7, "
          "gone = 0, gone_at = NULL, seen_at = ?8, seen_pull = ?9, handle = ?10, fields = ?11, fixed = ?12, "
          "identity = ?13 "
          "WHERE channel_id = ?1 AND channel_variant_id = ?2")
        .Run(channel_id_, item_id, NullIfEmpty{items_.parent_id[row]}, NullIfAbsent{values.price},
             NullIfAbsent{values.quantity}, StatusText(values.status), NullIfAbsent{values.compare_at_price}, seen_at_,
             pull_number_, NullIfEmpty{storage::HandleAt(items_, row)}, fields_.Encode(row), NullIfEmpty{fixed},
             NullIfEmpty{identity});
  }

  // The link of an item, broken or not.
  struct ItemLink {
    int64_t listing_id = 0;
    LinkState state = LinkState::kLinked;
    std::string identity;
    std::string refused;  // As its column has it.
    bool by_hand = false;
    bool doubtful = false;
    ListingStatus status;
    absl::Time acknowledged_at;
    bool is_settled = false;
    ItemValues acknowledged;
    std::string in_doubt;  // As its column has it.
    std::string held;      // The same.
  };

  absl::optional<ItemLink> FindItemLink(int64_t item_id) {
    if (!link_.Bind(channel_id_, item_id).Next()) return absl::nullopt;
    ItemLink link{link_.Int(0),
                  link_.EnumValue(1, LinkState::kBroken),
                  link_.String(2),
                  link_.String(3),
                  link_.Bool(4),
                  link_.Bool(5),
                  ReadStatus(link_, 6, 9),
                  link_.Time(12),
                  link_.Bool(13),
                  ReadItemValues(link_, 14),
                  link_.String(18),
                  link_.String(19)};
    link_.Reset();
    return link;
  }

  // What a sighting of a link's item says, next to the row itself.
  struct Seen {
    std::string identity;
    bool is_news;     // It was gone, or has another identity than before.
    bool other_keys;  // HasOtherKeys, where the link can be doubted.
    bool same_content;
    bool same_status;
  };

  // To be called before the item is written.
  bool HasOtherKeys(int64_t item_id, int64_t row) {
    Query query(db_, "SELECT fields FROM channel_variant WHERE channel_id = ?1 AND channel_variant_id = ?2");
    if (!query.Bind(channel_id_, item_id).Next()) return false;
    return storage::HasOtherKeys(config_.link_priority, ReadFields(db_, query.Text(0)),
                                 storage::RowFields(items_.fields, row));
  }

  // What the channel refused of a link, and what of it a sighting leaves.
  struct Refusals {
    RareVector<RefusedValue> before;
    RareVector<RefusedValue> standing;
  };

  // To be called before the item is written.
  Refusals FindRefusals(const ItemLink& link, int64_t item_id, int64_t row) {
    Query query(db_, "SELECT fields, fixed FROM channel_variant WHERE channel_id = ?1 AND channel_variant_id = ?2");
    if (!query.Bind(channel_id_, item_id).Next()) return {};
    const ItemValues values = ReadItemValues(find_, 8);
    const std::vector<Field> fields = ReadFields(db_, query.Text(0));
    const std::vector<FixedField> fixed = ReadFixed(db_, query.Text(1));
    const ItemValues values_now = ValuesAt(items_, row);
    const std::vector<Field> fields_now = storage::RowFields(items_.fields, row);
    const RareVector<FixedField> fixed_now = storage::FixedAt(items_, row);
    Refusals refusals;
    refusals.before = ReadRefused(db_, link.refused);
    refusals.standing =
        storage::RefusedAfterSighting(refusals.before, {values, fields, fixed}, {values_now, fields_now, fixed_now});
    return refusals;
  }

  // Returns whether anything has ended.
  bool EndRefusals(int64_t listing_id, const Refusals& refusals) {
    if (refusals.standing == refusals.before) return false;
    Query(db_, "UPDATE link SET refused = ?3 WHERE channel_id = ?1 AND listing_id = ?2")
        .Run(channel_id_, listing_id, NullIfEmpty{EncodeRefused(refusals.standing)});
    const std::vector<Problem> attentions = ReadAttentions(db_, channel_id_, listing_id);
    ReplaceAttentions(db_, channel_id_, listing_id, attentions,
                      storage::WithoutEndedRefusals(attentions, refusals.before, refusals.standing));
    return true;
  }

  // The item was seen there: does with its link what follows.
  void FollowItem(const ItemLink& known, int64_t item_id, int64_t row, const Seen& seen) {
    const storage::LinkAfterSighting after = storage::AfterSighting(known.identity, seen.identity);
    if (after.identity != known.identity) SetLinkIdentity(known.listing_id, after.identity);
    const absl::string_view external_id = items_.external_id[row];
    if (after.state == LinkState::kBroken) {
      StoredLink link;
      link.listing_id = known.listing_id;
      link.state = known.state;
      link.channel_variant_id = item_id;
      link.held = known.held;
      const bool breaks =
          seen.is_news &&
          links_.Break(link, external_id, storage::ItemReplaced(external_id, known.identity, seen.identity),
                       &result_.raised);
      if (breaks) ++result_.broken;
      return;
    }
    links_.EndHeld(known.listing_id, known.held, ChangeKind::kBreak);
    const bool heals = known.state == LinkState::kBroken;
    if (heals) {
      links_.Heal(known.listing_id, item_id, external_id);
      ++result_.healed;
    }
    const ListingStatus status = FollowValues(known, row);
    const bool doubtful = seen.other_keys ? Judge(known, row) : known.doubtful;
    // Of the item's content these tell where the link is doubtful, or the status is not understood.
    const bool tells_content = doubtful || items_.status[static_cast<size_t>(row)] == ChannelStatus::kNotUnderstood;
    const bool is_as_before = seen.same_status && doubtful == known.doubtful && status == known.status;
    if (heals || !is_as_before || (tells_content && !seen.same_content)) {
      links_.WriteSightings(known.listing_id, &result_);
    }
    const bool can_send = !DesiredStatus(known.status).has_value() && DesiredStatus(status).has_value();
    if (can_send || doubtful != known.doubtful) MarkDirty(db_, channel_id_, known.listing_id, now_);
    // With other keys it is another doubt. As it is by now: that it was to break may be over as well.
    if ((!doubtful || seen.other_keys) && !known.held.empty()) EndHeldUnlink(known.listing_id);
  }

  void EndHeldUnlink(int64_t listing_id) {
    const absl::optional<StoredLink> link = FindLink(db_, channel_id_, listing_id);
    if (link.has_value()) links_.EndHeld(listing_id, link->held, ChangeKind::kUnlink);
  }

  // The status and the values of the link follow what is seen. Returns the status.
  ListingStatus FollowValues(const ItemLink& link, int64_t row) {
    if (seen_at_ <= link.acknowledged_at) return link.status;
    const ItemValues seen = ValuesAt(items_, row);
    const ListingStatus status = FollowChannel(link.status, seen.status, config_.on_status_drift);
    if (!(status == link.status)) WriteStatus(db_, channel_id_, link.listing_id, status);
    const SyncFields in_doubt = link.in_doubt.empty() ? SyncFields() : ReadSyncFields(db_, link.in_doubt);
    const ItemValues known = storage::KnownAfterSighting(link.acknowledged, seen, status, link.is_settled, in_doubt);
    if (known == link.acknowledged) return status;
    Query(db_,
          "UPDATE link SET acked_price = ?3, acked_quantity = ?4, acked_status = ?5, acked_compare_at_price = ?6 "
          "WHERE channel_id = ?1 AND listing_id = ?2")
        .Run(channel_id_, link.listing_id, NullIfAbsent{known.price}, NullIfAbsent{known.quantity},
             StatusText(known.status), NullIfAbsent{known.compare_at_price});
    return status;
  }

  // Whether a link whose item's keys have changed is doubtful by now.
  bool Judge(const ItemLink& link, int64_t row) {
    Query query(db_, "SELECT sku, parent, fields FROM listing_variant WHERE channel_id = ?1 AND listing_id = ?2");
    if (!query.Bind(channel_id_, link.listing_id).Next()) return link.doubtful;
    const storage::PairVerdict verdict = storage::JudgePair(
        config_.link_priority, storage::ListingKeys(query.Text(0), query.Text(1), ReadFields(db_, query.Text(2))),
        storage::ItemKeys(items_.external_id[row], storage::RowFields(items_.fields, row)));
    const bool doubtful = storage::IsDoubtfulAfter(link.doubtful, link.state == LinkState::kBroken, verdict);
    if (doubtful == link.doubtful) return doubtful;
    ++(doubtful ? result_.doubtful : result_.agreed);
    Query(db_, "UPDATE link SET doubtful = ?3 WHERE channel_id = ?1 AND listing_id = ?2")
        .Run(channel_id_, link.listing_id, doubtful);
    return doubtful;
  }

  void SetLinkIdentity(int64_t listing_id, const std::string& identity) {
    Query(db_, "UPDATE link SET identity = ?3 WHERE channel_id = ?1 AND listing_id = ?2")
        .Run(channel_id_, listing_id, identity);
  }

  Connection& db_;
  const int64_t channel_id_;
  const ChannelConfig& config_;
  const int64_t pull_number_;
  const absl::Time seen_at_;
  const absl::Time now_;
  const ChannelVariantBatch& items_;
  LinkWriter links_;
  FieldsEncoder fields_;
  const bool has_aliases_;
  Query find_;
  Query link_;
  int64_t last_id_ = 0;
  PullWriteResult& result_;
};

void LoseItems(Connection& db, int64_t channel_id, const storage::Sighting& sighting, const LinkAuthor& author,
               PullWriteResult* result) {
  const std::vector<absl::string_view> external_ids = storage::MissingItems(sighting);
  if (external_ids.empty()) return;
  const absl::Time as_of = storage::SeenAt(sighting, author.at);
  LinkWriter links(db, channel_id, author);
  for (const absl::string_view external_id : external_ids) {
    const absl::optional<StoredItem> item = FindItem(db, channel_id, external_id);
    if (!item.has_value() || item->gone || storage::IsOvertaken(as_of, item->seen_at, item->gone_at)) continue;
    storage::CountLoss(links.LoseItem(item->channel_variant_id, external_id, as_of,
                                      storage::LookOf(sighting.holds_breaks), &result->raised),
                       result);
  }
}

void WriteSighting(Connection& db, const Channel& channel, const storage::Sighting& sighting, const LinkAuthor& author,
                   PullWriteResult* result) {
  {
    storage::PulledRowChoice rows = storage::ChoosePulledRows(sighting.items, sighting.problems);
    ItemWriter writer(db, channel, sighting, author, result);
    for (const int64_t row : rows.kept) writer.Write(row);
    for (const absl::string_view external_id : rows.seen) writer.SeeUnread(external_id);
    storage::AddPage(std::move(rows), result);
  }
  LoseItems(db, channel.channel_id, sighting, author, result);
}

// Tells while several pages are written whether one more, as long as they were, ends in time; whatever is done to the
// machine's clock.
class BulkWriteTime {
 public:
  explicit BulkWriteTime(absl::Duration most) : most_(most), begun_(std::chrono::steady_clock::now()) {}

  bool HasRoom(int64_t pages_written) const {
    if (pages_written == 0) return true;
    const absl::Duration taken = absl::FromChrono(std::chrono::steady_clock::now() - begun_);
    return taken + taken / pages_written <= most_;
  }

 private:
  const absl::Duration most_;
  const std::chrono::steady_clock::time_point begun_;
};

struct AbsentItem {
  int64_t channel_variant_id = 0;
  std::string external_id;
};

// Channel variants that pull `pull_number` did not see, in the order of ids from above where the last step of its sweep
// ended.
std::vector<AbsentItem> FindAbsent(Connection& db, int64_t channel_id, int64_t pull_number, int64_t limit) {
  Query query(db,
              "SELECT i.channel_variant_id, i.external_id FROM channel c CROSS JOIN channel_variant i "
              "ON i.channel_id = c.channel_id AND i.channel_variant_id > c.pull_swept_id "
              "WHERE c.channel_id = ?1 AND i.seen_pull <> ?2 AND i.gone = 0 ORDER BY i.channel_variant_id LIMIT ?3");
  query.Bind(channel_id, pull_number, limit);
  std::vector<AbsentItem> absent;
  while (query.Next()) absent.push_back({query.Int(0), query.String(1)});
  return absent;
}

struct AbsentLink {
  int64_t listing_id = 0;
  std::string external_id;
};

// Visits the links that a sweep of the pull would break, and that counts, by their items, until `visit` says no.
void ForEachAbsentLink(Connection& db, int64_t channel_id, int64_t pull_number,
                       absl::FunctionRef<bool(int64_t listing_id, absl::string_view external_id)> visit) {
  Query query(db,
              "SELECT l.listing_id, i.external_id, l.held FROM channel_variant i CROSS JOIN link l ON "
              "l.channel_id = i.channel_id AND l.channel_variant_id = i.channel_variant_id "
              "WHERE i.channel_id = ?1 AND i.seen_pull <> ?2 AND i.gone = 0 AND l.state = 'linked'");
  query.Bind(channel_id, pull_number);
  while (query.Next()) {
    const bool breaks = query.IsNull(2) || storage::JudgeBreak(ReadHeld(db, query.Text(2)), storage::GoneBy::kLook) ==
                                               storage::BreakVerdict::kBreaks;
    if (breaks && !visit(query.Int(0), query.Text(1))) return;
  }
}

}  // namespace

absl::StatusOr<PullState> SqliteStorage::BeginPull(const Fence& fence, absl::string_view since) {
  PullState pull;
  absl::Status status = WriteFenced(fence, [&](Connection& db) {
    pull = FindChannel(db, fence.channel_id).value_or(Channel()).pull;
    if (storage::HasJustBegun(pull, fence, since)) return absl::OkStatus();
    pull = storage::Begun(pull, fence, since);
    StorePull(db, fence.channel_id, pull);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return pull;
}

absl::StatusOr<PullWriteResult> SqliteStorage::WritePulledPages(const Fence& fence, int64_t pull_number,
                                                                absl::Span<const PullPage> pages, absl::Time now) {
  absl::Status status = storage::CheckPulledPages(pages);
  if (!status.ok()) return status;
  PullWriteResult result;
  status = WriteFenced(fence, WriteKind::kBulk, [&](Connection& db) {
    const absl::Status pulling = CheckPulling(db, fence.channel_id, pull_number);
    if (!pulling.ok()) return pulling;
    const Channel channel = FindChannel(db, fence.channel_id).value_or(Channel());
    const BulkWriteTime time(options_.bulk_write_time);
    for (const PullPage& page : pages) {
      if (!time.HasRoom(result.pages)) break;
      WriteSighting(db, channel, storage::SightingOf(page), {fence.job_id, now}, &result);
    }
    const PullPage& last = pages[static_cast<size_t>(result.pages - 1)];
    Query(db,
          "UPDATE channel SET pull_cursor = ?2, pull_cursor_at = ?3, pull_job = ?4, "
          "pull_saw_unnamed = pull_saw_unnamed OR ?5 WHERE channel_id = ?1")
        .Run(fence.channel_id, last.next_cursor, now, fence.job_id, result.unnamed > 0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<int64_t> SqliteStorage::CountAbsentLinks(int64_t channel_id, int64_t pull_number) {
  int64_t count = 0;
  absl::Status status = ReadOfChannel(channel_id, [&](Connection& db) {
    ForEachAbsentLink(db, channel_id, pull_number, [&](int64_t /*listing_id*/, absl::string_view /*external_id*/) {
      ++count;
      return true;
    });
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return count;
}

absl::StatusOr<SweepResult> SqliteStorage::HoldAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                      absl::Time now) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  SweepResult result;
  status = WriteFenced(fence, WriteKind::kBulk, [&](Connection& db) {
    const Channel channel = FindChannel(db, fence.channel_id).value_or(Channel());
    const absl::Status sweep = storage::CheckSweep(channel, pull_number);
    if (!sweep.ok()) return sweep;
    std::vector<AbsentLink> absent;
    ForEachAbsentLink(db, fence.channel_id, pull_number, [&](int64_t listing_id, absl::string_view external_id) {
      result.more = static_cast<int64_t>(absent.size()) == limit;
      if (!result.more) absent.push_back({listing_id, std::string(external_id)});
      return !result.more;
    });
    LinkWriter links(db, fence.channel_id, {fence.job_id, now});
    for (const AbsentLink& link : absent) {
      const absl::optional<StoredLink> stored = FindLink(db, fence.channel_id, link.listing_id);
      if (stored.has_value()) links.Hold(*stored, ChangeKind::kBreak, link.external_id, &result.raised);
    }
    result.held = static_cast<int64_t>(absent.size());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<SweepResult> SqliteStorage::SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                       absl::Time now) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  SweepResult result;
  status = WriteFenced(fence, WriteKind::kBulk, [&](Connection& db) {
    const Channel channel = FindChannel(db, fence.channel_id).value_or(Channel());
    const absl::Status sweep = storage::CheckSweep(channel, pull_number);
    if (!sweep.ok()) return sweep;
    std::vector<AbsentItem> absent = FindAbsent(db, fence.channel_id, pull_number, limit + 1);
    result.more = static_cast<int64_t>(absent.size()) > limit;
    if (result.more) absent.pop_back();
    LinkWriter links(db, fence.channel_id, {fence.job_id, now});
    for (const AbsentItem& item : absent) {
      storage::CountLoss(
          links.LoseItem(item.channel_variant_id, item.external_id, now, storage::GoneBy::kLook, &result.raised),
          &result);
    }
    if (absent.empty()) return absl::OkStatus();
    Query(db, "UPDATE channel SET pull_swept_id = ?2 WHERE channel_id = ?1")
        .Run(fence.channel_id, absent.back().channel_variant_id);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

absl::Status SqliteStorage::EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view mark,
                                    absl::Time now) {
  return WriteFenced(fence, [&](Connection& db) {
    const Channel channel = FindChannel(db, fence.channel_id).value_or(Channel());
    if (channel.pull.pull_number != pull_number || pull_number == 0)
      return storage::PullNotRunning(channel, pull_number);
    if (channel.pull.running) {
      StorePull(db, fence.channel_id, storage::Ended(channel.pull, complete, mark, now));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<PullWriteResult> SqliteStorage::WriteFetched(const Fence& fence, const FetchReply& reply,
                                                            absl::Time now) {
  absl::Status status = storage::CheckFetched(reply);
  if (!status.ok()) return status;
  PullWriteResult result;
  status = WriteFenced(fence, WriteKind::kBulk, [&](Connection& db) {
    const Channel channel = FindChannel(db, fence.channel_id).value_or(Channel());
    WriteSighting(db, channel, storage::SightingOf(reply), {fence.job_id, now}, &result);
    if (!channel.pull.running || result.unnamed == 0) return absl::OkStatus();
    Query(db, "UPDATE channel SET pull_saw_unnamed = 1 WHERE channel_id = ?1").Run(fence.channel_id);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

}  // namespace flxlink::sqlite
