#include "src/storage/sqlite/sqlite_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/model/record_codec.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_queries.h"

namespace flxlink::sqlite {
namespace {

#define FLXLINK_SELECT_CHANNEL                                                                    \
  "SELECT channel_id, config, draft, revision, policy_version, evaluated_version, edit_version, " \
  "pull_number, pull_cursor, pull_running, complete_pulls, completed_at, pull_cursor_at, "        \
  "pull_job, pull_saw_unnamed, pull_since, pull_mark, pull_needed FROM channel "

ChannelConfig DecodeConfig(Connection& db, absl::string_view bytes) {
  absl::StatusOr<ChannelConfig> config = model::DecodeChannelConfig(bytes);
  if (!config.ok()) db.Fail(config.status());
  return config.ok() ? *std::move(config) : ChannelConfig();
}

Channel ReadChannelRow(Connection& db, const Query& query) {
  Channel channel;
  channel.channel_id = query.Int(0);
  channel.config = DecodeConfig(db, query.Text(1));
  if (!query.IsNull(2)) channel.draft = DecodeConfig(db, query.Text(2));
  channel.revision = query.Int(3);
  channel.policy_version = query.Int(4);
  channel.evaluated_version = query.Int(5);
  channel.edit_version = query.Int(6);
  channel.pull.pull_number = query.Int(7);
  channel.pull.cursor = query.String(8);
  channel.pull.running = query.Bool(9);
  channel.pull.complete_pulls = query.Int(10);
  channel.pull.completed_at = query.OptionalTime(11);
  channel.pull.cursor_at = query.OptionalTime(12);
  channel.pull.job_id = query.Int(13);
  channel.pull.saw_unnamed = query.Bool(14);
  channel.pull.since = query.String(15);
  channel.pull.mark = query.String(16);
  channel.pull.needed = query.Bool(17);
  return channel;
}

#define FLXLINK_SELECT_LINK                                                                                       \
  "SELECT listing_id, state, channel_variant_id, rule, reason, health, pending, paused, linked_version, "         \
  "dirty_version, forced, guarded_at, status_author, status_before, kept_hidden, doubtful, held FROM link WHERE " \
  "channel_id = ?1 AND "

absl::optional<StoredLink> ReadLink(Query& query) {
  if (!query.Next()) return absl::nullopt;
  StoredLink link;
  link.listing_id = query.Int(0);
  link.state = query.EnumValue(1, LinkState::kBroken);
  link.channel_variant_id = query.Int(2);
  link.rule = query.Int32(3);
  link.reason = query.EnumValue(4, LinkReason::kNoKey);
  link.status = ReadStatus(query, 5, 12);
  link.doubtful = query.Bool(15);
  link.linked_version = query.Int(8);
  link.dirty_version = query.Int(9);
  link.forced = query.String(10);
  link.guarded_at = query.Time(11);
  link.held = query.String(16);
  return link;
}

absl::optional<StoredItem> ReadItem(Connection& db, Query& query) {
  if (!query.Next()) return absl::nullopt;
  StoredItem item;
  item.channel_variant_id = query.Int(0);
  item.external_id = query.String(1);
  item.gone = query.Bool(2);
  item.seen = ReadItemValues(query, 3);
  item.seen_at = query.Time(7);
  item.gone_at = query.Time(8);
  item.identity = query.String(9);
  item.doubt = ReadDoubt(db, query, 10);
  return item;
}

std::vector<RefusedValue> FindRefused(Connection& db, int64_t channel_id, int64_t listing_id) {
  Query query(db, "SELECT refused FROM link WHERE channel_id = ?1 AND listing_id = ?2 AND refused IS NOT NULL");
  if (!query.Bind(channel_id, listing_id).Next()) return {};
  return ReadRefused(db, query.Text(0));
}

}  // namespace

int64_t NextInSequence(Connection& db, absl::string_view name, int64_t count) {
  Query query(db, "UPDATE sequence SET next_id = next_id + ?2 WHERE name = ?1 RETURNING next_id - ?2");
  if (!query.Bind(name, count).Next()) return 0;
  const int64_t first = query.Int(0);
  query.Next();
  return first;
}

bool ChannelExists(Connection& db, int64_t channel_id) {
  return Query(db, "SELECT 1 FROM channel WHERE channel_id = ?1").Bind(channel_id).Next();
}

absl::optional<Channel> FindChannel(Connection& db, int64_t channel_id) {
  Query query(db, FLXLINK_SELECT_CHANNEL "WHERE channel_id = ?1");
  if (!query.Bind(channel_id).Next()) return absl::nullopt;
  return ReadChannelRow(db, query);
}

absl::optional<Channel> FindChannel(Connection& db, absl::string_view name) {
  Query query(db, FLXLINK_SELECT_CHANNEL "WHERE name = ?1");
  if (!query.Bind(name).Next()) return absl::nullopt;
  return ReadChannelRow(db, query);
}

std::vector<Channel> FindChannels(Connection& db) {
  std::vector<Channel> channels;
  Query query(db, FLXLINK_SELECT_CHANNEL "ORDER BY name");
  query.Bind();
  while (query.Next()) channels.push_back(ReadChannelRow(db, query));
  return channels;
}

void StorePull(Connection& db, int64_t channel_id, const PullState& pull) {
  Query(db,
        "UPDATE channel SET pull_swept_id = CASE WHEN pull_number = ?2 THEN pull_swept_id ELSE 0 END, "
        "pull_number = ?2, pull_cursor = ?3, pull_running = ?4, complete_pulls = ?5, completed_at = ?6, "
        "pull_cursor_at = ?7, pull_job = ?8, pull_saw_unnamed = ?9, pull_since = ?10, pull_mark = ?11, "
        "pull_needed = ?12 "
        "WHERE channel_id = ?1")
      .Run(channel_id, pull.pull_number, pull.cursor, pull.running, pull.complete_pulls, pull.completed_at,
           pull.cursor_at, NullIfZero{pull.job_id}, pull.saw_unnamed, pull.since, pull.mark, pull.needed);
}

Slot ReadSlot(const Query& query) {
  Slot slot;
  slot.channel_id = query.Int(0);
  slot.revision = query.Int(1);
  slot.holder_job = query.Int(2);
  slot.epoch = query.Int(3);
  slot.owner = query.Int(4);
  slot.paused = query.Bool(5);
  slot.cancel_requested = query.Bool(6);
  slot.head_job = query.Int(7);
  slot.head_prioritized_at = query.Time(8);
  slot.head_priority = query.Int(9);
  slot.head_created_at = query.Time(10);
  slot.claim = static_cast<uint64_t>(query.Int(11));
  slot.change = static_cast<uint64_t>(query.Int(12));
  slot.next_due = query.OptionalTime(13).value_or(absl::InfiniteFuture());
  slot.head_lane = query.Int(14) == 0 ? Lane::kUrgent : Lane::kBulk;
  slot.owes_bulk = query.Bool(15);
  slot.head_sync_priority = query.OptionalInt(16);
  return slot;
}

absl::optional<Slot> FindSlot(Connection& db, int64_t channel_id) {
  Query query(db, FLXLINK_SELECT_SLOT "WHERE channel_id = ?1");
  if (!query.Bind(channel_id).Next()) return absl::nullopt;
  return ReadSlot(query);
}

std::vector<int64_t> FindListings(Connection& db, int64_t channel_id, absl::Span<const std::string> skus) {
  Query query(db, "SELECT listing_id FROM listing_variant WHERE channel_id = ?1 AND sku = ?2");
  std::vector<int64_t> listing_ids;
  for (const std::string& sku : skus) {
    if (query.Bind(channel_id, sku).Next()) listing_ids.push_back(query.Int(0));
  }
  std::sort(listing_ids.begin(), listing_ids.end());
  listing_ids.erase(std::unique(listing_ids.begin(), listing_ids.end()), listing_ids.end());
  return listing_ids;
}

std::string FindSku(Connection& db, int64_t channel_id, int64_t listing_id) {
  Query query(db, "SELECT sku FROM listing_variant WHERE channel_id = ?1 AND listing_id = ?2");
  return query.Bind(channel_id, listing_id).Next() ? query.String(0) : "";
}

bool ListingExists(Connection& db, int64_t channel_id, int64_t listing_id) {
  return Query(db, "SELECT 1 FROM link WHERE channel_id = ?1 AND listing_id = ?2").Bind(channel_id, listing_id).Next();
}

absl::optional<StoredLink> FindLink(Connection& db, int64_t channel_id, int64_t listing_id) {
  Query query(db, FLXLINK_SELECT_LINK "listing_id = ?2");
  return ReadLink(query.Bind(channel_id, listing_id));
}

absl::optional<StoredLink> FindLink(Connection& db, int64_t channel_id, absl::string_view sku) {
  const std::vector<int64_t> listing_ids = FindListings(db, channel_id, {std::string(sku)});
  if (listing_ids.empty()) return absl::nullopt;
  return FindLink(db, channel_id, listing_ids.front());
}

absl::optional<StoredLink> FindHolder(Connection& db, int64_t channel_id, int64_t channel_variant_id) {
  Query query(db, FLXLINK_SELECT_LINK "channel_variant_id = ?2");
  return ReadLink(query.Bind(channel_id, channel_variant_id));
}

absl::optional<StoredItem> FindItem(Connection& db, int64_t channel_id, int64_t channel_variant_id) {
  Query query(db,
              "SELECT channel_variant_id, external_id, gone, price, quantity, status, compare_at_price, seen_at, "
              "gone_at, identity, in_doubt, quantities_in_doubt "
              "FROM channel_variant "
              "WHERE channel_id = ?1 AND channel_variant_id = ?2");
  return ReadItem(db, query.Bind(channel_id, channel_variant_id));
}

absl::optional<StoredItem> FindItem(Connection& db, int64_t channel_id, absl::string_view external_id) {
  Query query(db,
              "SELECT channel_variant_id, external_id, gone, price, quantity, status, compare_at_price, seen_at, "
              "gone_at, identity, in_doubt, quantities_in_doubt "
              "FROM channel_variant "
              "WHERE channel_id = ?1 AND external_id = ?2");
  return ReadItem(db, query.Bind(channel_id, external_id));
}

absl::Status CheckFree(Connection& db, int64_t channel_id, const StoredLink& link, const StoredItem& item) {
  if (link.channel_variant_id != 0) {
    const absl::optional<StoredItem> held = FindItem(db, channel_id, link.channel_variant_id);
    return storage::AlreadyLinked(FindSku(db, channel_id, link.listing_id), held.has_value() ? held->external_id : "");
  }
  const absl::optional<StoredLink> holder = FindHolder(db, channel_id, item.channel_variant_id);
  if (!holder.has_value()) return absl::OkStatus();
  return storage::AlreadyLinked(FindSku(db, channel_id, holder->listing_id), item.external_id);
}

bool MarkDirty(Connection& db, int64_t channel_id, int64_t listing_id, absl::Time now, DirtyRank rank) {
  return Query(db,
               "UPDATE link SET dirty_version = dirty_version + 1, "
               "dirty_since = iif(dirty_since IS NULL OR ?4 < dirty_rank, ?3, dirty_since), "
               "dirty_rank = iif(dirty_since IS NULL OR ?4 < dirty_rank, ?4, dirty_rank) "
               "WHERE channel_id = ?1 AND listing_id = ?2 AND state = 'linked'")
             .Run(channel_id, listing_id, now, static_cast<int64_t>(rank)) > 0;
}

bool EndRefusals(Connection& db, int64_t channel_id, int64_t listing_id) {
  const std::vector<RefusedValue> refused = FindRefused(db, channel_id, listing_id);
  if (refused.empty()) return false;
  Query(db, "UPDATE link SET refused = NULL WHERE channel_id = ?1 AND listing_id = ?2").Run(channel_id, listing_id);
  const std::vector<Problem> before = ReadAttentions(db, channel_id, listing_id);
  ReplaceAttentions(db, channel_id, listing_id, before, storage::WithoutEndedRefusals(before, refused, {}));
  return true;
}

void WriteStatus(Connection& db, int64_t channel_id, int64_t listing_id, const ListingStatus& status) {
  Query(db,
        "UPDATE link SET health = ?3, pending = ?4, paused = ?5, status_author = ?6, status_before = ?7, "
        "kept_hidden = ?8 WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id, listing_id, ToString(status.base), NullIfEmpty{ToString(status.pending)}, status.paused,
           AuthorText(status.author), StatusText(status.before), status.kept_hidden);
}

void WriteStatedStatus(Connection& db, int64_t channel_id, int64_t listing_id, const ListingStatus& status) {
  WriteStatus(db, channel_id, listing_id, status);
  const std::vector<Problem> before = ReadAttentions(db, channel_id, listing_id);
  const std::vector<Problem> after = storage::WithStatedStatus(before, status);
  if (after.size() < before.size()) ReplaceAttentions(db, channel_id, listing_id, before, after);
}

std::vector<Problem> ReadAttentions(Connection& db, int64_t channel_id, int64_t listing_id) {
  std::vector<Problem> attentions;
  Query query(db, "SELECT code, args, message FROM attention WHERE channel_id = ?1 AND listing_id = ?2 ORDER BY code");
  query.Bind(channel_id, listing_id);
  while (query.Next()) {
    attentions.push_back(MakeProblem(query.Text(0), ReadFields(db, query.Text(1)), query.String(2)));
  }
  return attentions;
}

void WriteAttentions(Connection& db, int64_t channel_id, int64_t listing_id, const std::vector<Problem>& attentions) {
  ReplaceAttentions(db, channel_id, listing_id, ReadAttentions(db, channel_id, listing_id), attentions);
}

void ReplaceAttentions(Connection& db, int64_t channel_id, int64_t listing_id, const std::vector<Problem>& before,
                       const std::vector<Problem>& after) {
  if (!before.empty()) {
    Query(db, "DELETE FROM attention WHERE channel_id = ?1 AND listing_id = ?2").Run(channel_id, listing_id);
  }
  for (const Problem& attention : after) {
    Query(db, "INSERT INTO attention (channel_id, listing_id, code, args, message) VALUES (?1, ?2, ?3, ?4, ?5)")
        .Run(channel_id, listing_id, attention.code, EncodeFields(attention.args), attention.message);
  }
}

void KeepWaiting(Connection& db, int64_t channel_id, int64_t listing_id, const std::vector<Problem>& attentions) {
  const std::vector<Problem> before = ReadAttentions(db, channel_id, listing_id);
  ReplaceAttentions(db, channel_id, listing_id, before, storage::WithWaiting(attentions, before));
}

std::vector<std::string> ReadAliases(Connection& db, int64_t channel_id, int64_t channel_variant_id) {
  Query query(db, "SELECT alias FROM item_alias WHERE channel_id = ?1 AND channel_variant_id = ?2 ORDER BY alias");
  query.Bind(channel_id, channel_variant_id);
  std::vector<std::string> aliases;
  while (query.Next()) aliases.push_back(query.String(0));
  return aliases;
}

void WriteAliases(Connection& db, int64_t channel_id, int64_t channel_variant_id,
                  const std::vector<std::string>& aliases) {
  if (ReadAliases(db, channel_id, channel_variant_id) == aliases) return;
  Query(db, "DELETE FROM item_alias WHERE channel_id = ?1 AND channel_variant_id = ?2")
      .Run(channel_id, channel_variant_id);
  for (const std::string& alias : aliases) {
    Query(db, "INSERT INTO item_alias (channel_id, alias, channel_variant_id) VALUES (?1, ?2, ?3)")
        .Run(channel_id, alias, channel_variant_id);
  }
}

void StoreJobProblems(Connection& db, int64_t channel_id, int64_t job_id, const JobReport& report) {
  Query(db, "DELETE FROM job_problem WHERE channel_id = ?1 AND job_id = ?2 AND number >= ?3")
      .Run(channel_id, job_id, report.problems_before);
  int64_t number = report.problems_before;
  for (const JobProblem& problem : report.problems) {
    Query(db,
          "INSERT INTO job_problem (channel_id, job_id, number, subject, code, args, message) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .Run(channel_id, job_id, number++, problem.subject, problem.problem.code, EncodeFields(problem.problem.args),
             problem.problem.message);
  }
}

ListingStatus ReadStatus(const Query& query, int column, int author) {
  return {query.EnumValue(column, Health::kUnknown),
          query.EnumValue(column + 1, PendingChange::kDelisting),
          query.Bool(column + 2),
          query.EnumValue(author, StatusAuthor::kPerson),
          query.EnumValue(author + 1, ChannelStatus::kNotUnderstood),
          query.Bool(author + 2)};
}

ItemValues ReadItemValues(const Query& query, int column) {
  ItemValues values;
  for (const SyncField field : kSyncFields) {
    if (field == SyncField::kStatus) {
      values.status = query.EnumValue(column++, ChannelStatus::kNotUnderstood);
    } else {
      values.Set(field, query.IntOrAbsent(column++));
    }
  }
  return values;
}

std::string EncodeContent(const std::vector<Field>& content) {
  return content.empty() ? std::string() : EncodeFields(content);
}

SyncFields ReadSyncFields(Connection& db, absl::string_view text) {
  const absl::StatusOr<SyncFields> fields = ParseSyncFields(text);
  if (!fields.ok()) db.FailCorrupt(text);
  return fields.ok() ? *fields : SyncFields();
}

RareVector<int64_t> ReadQuantities(Connection& db, absl::string_view text) {
  RareVector<int64_t> quantities;
  for (const absl::string_view quantity : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    if (!absl::SimpleAtoi(quantity, &quantities.Mutable().emplace_back())) db.FailCorrupt(text);
  }
  return quantities;
}

std::string FormatQuantities(const storage::Doubt& doubt) {
  return doubt.fields.Has(SyncField::kQuantity) ? absl::StrJoin(doubt.quantities, ",") : "";
}

storage::Doubt ReadDoubt(Connection& db, const Query& query, int column) {
  if (query.IsNull(column)) return {};
  return {ReadSyncFields(db, query.Text(column)), ReadQuantities(db, query.Text(column + 1))};
}

storage::Doubt ReadLinkDoubt(Connection& db, const Query& query, int column) {
  storage::Doubt doubt = ReadDoubt(db, query, column);
  if (!query.IsNull(column + 2)) doubt.confirmed = ReadSyncFields(db, query.Text(column + 2));
  return doubt;
}

void WriteDoubt(Connection& db, int64_t channel_id, int64_t listing_id, const storage::Doubt& doubt) {
  Query(db,
        "UPDATE link SET in_doubt = ?3, quantities_in_doubt = ?4, confirmed = ?5 WHERE channel_id = ?1 AND "
        "listing_id = ?2")
      .Run(channel_id, listing_id, NullIfEmpty{FormatSyncFields(doubt.fields)}, NullIfEmpty{FormatQuantities(doubt)},
           NullIfEmpty{FormatSyncFields(doubt.confirmed)});
}

void WriteItemDoubt(Connection& db, int64_t channel_id, int64_t channel_variant_id, const storage::Doubt& doubt) {
  Query(db,
        "UPDATE channel_variant SET in_doubt = ?3, quantities_in_doubt = ?4 "
        "WHERE channel_id = ?1 AND channel_variant_id = ?2")
      .Run(channel_id, channel_variant_id, NullIfEmpty{FormatSyncFields(doubt.fields)},
           NullIfEmpty{FormatQuantities(doubt)});
}

std::string EncodeRefused(const std::vector<RefusedValue>& refused) {
  std::vector<Field> fields;
  for (const RefusedValue& value : refused) {
    const Problem& problem = value.problem;
    fields.push_back({value.field, EncodeFields({{"digest", absl::StrCat(absl::Hex(value.digest))},
                                                 {"code", problem.code},
                                                 {"args", EncodeFields(problem.args)},
                                                 {"message", problem.message}})});
  }
  return fields.empty() ? "" : EncodeFields(fields);
}

std::vector<RefusedValue> ReadRefused(Connection& db, absl::string_view json) {
  std::vector<RefusedValue> refused;
  for (const Field& field : ReadFields(db, json)) {
    const std::vector<Field> parts = ReadFields(db, field.value);
    RefusedValue value;
    value.field = field.name;
    if (!absl::SimpleHexAtoi(FieldValue(parts, "digest"), &value.digest)) db.FailCorrupt(json);
    value.problem = MakeProblem(FieldValue(parts, "code"), ReadFields(db, FieldValue(parts, "args")),
                                std::string(FieldValue(parts, "message")));
    refused.push_back(std::move(value));
  }
  return refused;
}

// By their places, since a link may have several of one kind.
std::string EncodeHeld(const std::vector<HeldChange>& held) {
  std::vector<Field> fields;
  for (const HeldChange& change : held) {
    const Problem& problem = change.problem;
    fields.push_back({absl::StrCat(fields.size()), EncodeFields({{"kind", std::string(ToString(change.kind))},
                                                                 {"state", std::string(ToString(change.state))},
                                                                 {"field", std::string(ToString(change.field))},
                                                                 {"digest", absl::StrCat(absl::Hex(change.digest))},
                                                                 {"job", absl::StrCat(change.job_id)},
                                                                 {"code", problem.code},
                                                                 {"args", EncodeFields(problem.args)},
                                                                 {"message", problem.message}})});
  }
  return fields.empty() ? "" : EncodeFields(fields);
}

RareVector<HeldChange> ReadHeld(Connection& db, absl::string_view json) {
  RareVector<HeldChange> held;
  if (json.empty()) return held;
  for (const Field& entry : ReadFields(db, json)) {
    const std::vector<Field> parts = ReadFields(db, entry.value);
    HeldChange change;
    const absl::optional<ChangeKind> kind = ParseChangeKind(FieldValue(parts, "kind"));
    const absl::optional<HeldChange::State> state = ParseHeldState(FieldValue(parts, "state"));
    const auto* field = std::find_if(std::begin(kSyncFields), std::end(kSyncFields),
                                     [&](SyncField one) { return ToString(one) == FieldValue(parts, "field"); });
    const bool is_read = kind.has_value() && state.has_value() && field != std::end(kSyncFields) &&
                         absl::SimpleHexAtoi(FieldValue(parts, "digest"), &change.digest) &&
                         absl::SimpleAtoi(FieldValue(parts, "job"), &change.job_id);
    if (!is_read) {
      db.FailCorrupt(json);
      return held;
    }
    change.kind = *kind;
    change.state = *state;
    change.field = *field;
    change.problem = MakeProblem(FieldValue(parts, "code"), ReadFields(db, FieldValue(parts, "args")),
                                 std::string(FieldValue(parts, "message")));
    held.Mutable().push_back(std::move(change));
  }
  return held;
}

std::string EncodeFixed(const std::vector<FixedField>& fixed) {
  return absl::StrJoin(fixed, ",", [](std::string* out, const FixedField& field) {
    absl::StrAppend(out, field.field, ":", ToString(field.reason));
  });
}

std::vector<FixedField> ReadFixed(Connection& db, absl::string_view text) {
  std::vector<FixedField> fixed;
  for (const absl::string_view entry : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(entry, absl::MaxSplits(':', 1));
    const absl::optional<FixedReason> reason = ParseFixedReason(parts.second);
    if (!reason.has_value()) db.FailCorrupt(text);
    fixed.push_back({std::string(parts.first), reason.value_or(FixedReason::kNotTracked)});
  }
  return fixed;
}

std::vector<std::string> ReadSyncedContent(Connection& db, int64_t channel_id) {
  const absl::optional<Channel> channel = FindChannel(db, channel_id);
  return channel.has_value() ? channel->config.sync_fields.content() : std::vector<std::string>();
}

NullIfEmpty AuthorText(StatusAuthor author) {
  return NullIfEmpty{author == StatusAuthor::kChannel ? "" : ToString(author)};
}

NullIfEmpty StatusText(ChannelStatus status) {
  return NullIfEmpty{status == ChannelStatus::kUnknown ? "" : ToString(status)};
}

Currency ReadCurrency(Connection& db, absl::string_view code) {
  const absl::StatusOr<Currency> currency = Currency::Parse(code);
  if (!currency.ok()) db.FailCorrupt(code);
  return currency.ok() ? *currency : Currency();
}

std::vector<Field> ReadFields(Connection& db, absl::string_view json) {
  std::vector<Field> fields;
  const bool read = ForEachField(json, [&](absl::string_view name, absl::string_view value) {
    fields.push_back({std::string(name), std::string(value)});
  });
  if (!read) db.FailCorrupt(json);
  return fields;
}

}  // namespace flxlink::sqlite
