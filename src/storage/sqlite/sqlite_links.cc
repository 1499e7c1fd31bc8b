#include "absl/strings/str_cat.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"
#include "src/storage/storage_errors.h"
#include "src/storage/storage_rules.h"

namespace flxlink {
namespace {

// A value that has a column of its own and is a field by this name too.
struct NamedValue {
  absl::string_view name;
  absl::string_view value;
};

// Fills a page's columns with the fields that were asked for.
class KeyColumns {
 public:
  KeyColumns(absl::Span<const std::string> fields, std::vector<StringColumn>* columns)
      : fields_(fields), columns_(columns), values_(fields.size()) {
    columns->resize(fields.size());
  }

  void Add(Connection& db, absl::string_view json, std::initializer_list<NamedValue> named) {
    for (std::string& value : values_) value.clear();
    // Parsing is most of the cost of a row, and often only named values are asked for.
    if (AsksForMore(named) &&
        !ForEachField(json, [&](absl::string_view name, absl::string_view value) { Set(name, value); })) {
      db.FailCorrupt(json);
    }
    for (const NamedValue& value : named) Set(value.name, value.value);
    for (size_t i = 0; i < fields_.size(); ++i) (*columns_)[i].Add(values_[i]);
  }

 private:
  bool AsksForMore(std::initializer_list<NamedValue> named) const {
    for (const std::string& field : fields_) {
      bool is_named = false;
      for (const NamedValue& value : named) is_named = is_named || value.name == field;
      if (!is_named) return true;
    }
    return false;
  }

  void Set(absl::string_view name, absl::string_view value) {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i] == name) values_[i].assign(value.data(), value.size());
    }
  }

  absl::Span<const std::string> fields_;
  std::vector<StringColumn>* columns_;
  std::vector<std::string> values_;
};

void WriteReason(Connection& db, int64_t channel_id, const StoredLink& link, const LinkWrite& row,
                 LinkWriteResult* result) {
  if (link.channel_variant_id != 0 || (link.rule == row.rule && link.reason == row.reason)) return;
  Query(db, "UPDATE link SET rule = ?3, reason = ?4 WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id, row.listing_id, row.rule, NullIfEmpty{ToString(row.reason)});
  ++result->reasons_changed;
}

absl::Status WriteLink(Connection& db, int64_t channel_id, const LinkWrite& row, const LinkAuthor& author,
                       LinkWriteResult* result) {
  const absl::optional<StoredLink> link = FindLink(db, channel_id, row.listing_id);
  if (!link.has_value()) return NoSuchListing(row.listing_id);
  if (row.channel_variant_id == 0) {
    WriteReason(db, channel_id, *link, row, result);
    return absl::OkStatus();
  }
  const absl::optional<StoredItem> item = FindItem(db, channel_id, row.channel_variant_id);
  if (!item.has_value()) {
    return NoSuchItem(FindChannel(db, channel_id).value_or(Channel()),
                      absl::StrCat("with id ", row.channel_variant_id));
  }
  if (link->channel_variant_id == row.channel_variant_id) return absl::OkStatus();
  const absl::Status free = CheckFree(db, channel_id, *link, *item);
  if (!free.ok()) return free;
  MakeLink(db, channel_id, *link, *item, row.rule, row.reason, StatusAfterLink(link->status, row.status), author);
  ++result->linked;
  return absl::OkStatus();
}

// A person's edit of one listing variant.
class Edit {
 public:
  Edit(Connection& db, const Channel& channel, absl::string_view sku, const StoredLink& link, absl::Time now)
      : db_(db), channel_(channel), channel_id_(channel.channel_id), sku_(sku), link_(link), now_(now) {}

  absl::Status Link(absl::string_view external_id) {
    const absl::optional<StoredItem> item = FindItem(db_, channel_id_, external_id);
    if (!item.has_value()) return NoSuchItem(channel_, external_id);
    const bool linked_already =
        link_.state == LinkState::kLinked && link_.channel_variant_id == item->channel_variant_id;
    if (linked_already) return absl::OkStatus();
    const absl::Status free = CheckFree(db_, channel_id_, link_, *item);
    if (!free.ok()) return free;
    if (!IsLiveItem(item->gone, item->seen.status)) return ItemNotLive(external_id);
    MakeLink(db_, channel_id_, link_, *item, 0, LinkReason::kNone,
             StatusAfterLinkByHand(link_.status, item->seen.status), {0, now_});
    Query(db_, "DELETE FROM hand_unlink WHERE channel_id = ?1 AND listing_id = ?2 AND channel_variant_id = ?3")
        .Run(channel_id_, link_.listing_id, item->channel_variant_id);
    CountEdit();
    return absl::OkStatus();
  }

  absl::Status Unlink() {
    if (link_.channel_variant_id == 0) return NotLinked(sku_);
    Query(db_, "INSERT OR IGNORE INTO hand_unlink (channel_id, listing_id, channel_variant_id) VALUES (?1, ?2, ?3)")
        .Run(channel_id_, link_.listing_id, link_.channel_variant_id);
    DissolveLink(db_, channel_id_, link_, LinkEvent::Kind::kUnlinked, LinkReason::kUnlinkedByHand, {0, now_});
    CountEdit();
    return absl::OkStatus();
  }

  void ClearUnlinks() {
    const int64_t cleared = Query(db_, "DELETE FROM hand_unlink WHERE channel_id = ?1 AND listing_id = ?2")
                                .Run(channel_id_, link_.listing_id);
    if (cleared > 0) CountEdit();
  }

  void SetPriority(int64_t sync_priority) {
    Query(db_, "UPDATE link SET sync_priority = ?3 WHERE channel_id = ?1 AND listing_id = ?2")
        .Run(channel_id_, link_.listing_id, sync_priority);
  }

  void Pause() { SetPaused(true); }

  void Resume() {
    if (!link_.status.paused) return;
    SetPaused(false);
    MarkDirty(db_, channel_id_, link_.listing_id, now_);
  }

 private:
  void SetPaused(bool paused) {
    ListingStatus status = link_.status;
    status.paused = paused;
    WriteStatus(db_, channel_id_, link_.listing_id, status);
  }

  // A link job that read before this edit finds the version moved and matches again.
  void CountEdit() {
    Query(db_, "UPDATE channel SET edit_version = edit_version + 1 WHERE channel_id = ?1").Run(channel_id_);
  }

  Connection& db_;
  const Channel& channel_;
  const int64_t channel_id_;
  const absl::string_view sku_;
  const StoredLink& link_;
  const absl::Time now_;
};

absl::Status ApplyEdit(const ListingEdit& edit, Edit apply) {
  switch (edit.kind) {
    case ListingEdit::Kind::kLink:
      return apply.Link(edit.external_id);
    case ListingEdit::Kind::kUnlink:
      return apply.Unlink();
    case ListingEdit::Kind::kClearUnlink:
      apply.ClearUnlinks();
      break;
    case ListingEdit::Kind::kSetPriority:
      apply.SetPriority(edit.sync_priority);
      break;
    case ListingEdit::Kind::kPause:
      apply.Pause();
      break;
    case ListingEdit::Kind::kResume:
      apply.Resume();
      break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ListingKeyPage> SqliteStorage::ReadListingKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                              int64_t after_id, int64_t limit) {
  absl::Status status = CheckLimit(limit);
  if (!status.ok()) return status;
  ListingKeyPage page;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    KeyColumns columns(fields, &page.columns);
    Query query(db,
                "SELECT l.listing_id, v.sku, v.parent, v.fields, l.health, l.pending, l.paused, l.channel_variant_id, "
                "l.state, l.reason, l.rule FROM link l CROSS JOIN listing_variant v ON v.channel_id = l.channel_id AND "
                "v.listing_id = l.listing_id WHERE l.channel_id = ?1 AND l.listing_id > ?2 "
                "ORDER BY l.listing_id LIMIT ?3");
    query.Bind(channel_id, after_id, limit);
    while (query.Next()) {
      page.listing_id.push_back(query.Int(0));
      columns.Add(db, query.Text(3), {{"sku", query.Text(1)}, {"parent", query.Text(2)}});
      page.parent.Add(query.Text(2));
      page.live.push_back(IsLive(ReadStatus(query, 4)) ? 1 : 0);
      page.linked_to.push_back(query.Int(7));
      page.broken.push_back(query.EnumValue(8, LinkState::kBroken) == LinkState::kBroken ? 1 : 0);
      page.reason.push_back(query.EnumValue(9, LinkReason::kNoKey));
      page.rule.push_back(query.Int32(10));
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<ChannelKeyPage> SqliteStorage::ReadChannelKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                              int64_t after_id, int64_t limit) {
  absl::Status status = CheckLimit(limit);
  if (!status.ok()) return status;
  ChannelKeyPage page;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    KeyColumns columns(fields, &page.columns);
    Query query(db,
                "SELECT channel_variant_id, external_id, parent_id, fields, gone, status FROM channel_variant "
                "WHERE channel_id = ?1 AND channel_variant_id > ?2 ORDER BY channel_variant_id LIMIT ?3");
    query.Bind(channel_id, after_id, limit);
    while (query.Next()) {
      const ChannelStatus seen = query.EnumValue(5, ChannelStatus::kDead);
      page.channel_variant_id.push_back(query.Int(0));
      columns.Add(db, query.Text(3), {{"id", query.Text(1)}, {"parent", query.Text(2)}});
      page.external_id.Add(query.Text(1));
      page.parent.Add(query.Text(2));
      page.live.push_back(IsLiveItem(query.Bool(4), seen) ? 1 : 0);
      page.status.push_back(seen);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<std::vector<LinkPair>> SqliteStorage::ReadHandUnlinks(int64_t channel_id, LinkPair after,
                                                                     int64_t limit) {
  absl::Status status = CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<LinkPair> pairs;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db,
                "SELECT listing_id, channel_variant_id FROM hand_unlink WHERE channel_id = ?1 AND "
                "(listing_id, channel_variant_id) > (?2, ?3) ORDER BY listing_id, channel_variant_id LIMIT ?4");
    query.Bind(channel_id, after.listing_id, after.channel_variant_id, limit);
    while (query.Next()) pairs.push_back({query.Int(0), query.Int(1)});
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return pairs;
}

absl::StatusOr<LinkWriteResult> SqliteStorage::WriteLinks(const Fence& fence, int64_t expected_edit_version,
                                                          absl::Span<const LinkWrite> rows, absl::Time now) {
  absl::Status status = CheckRows(rows.size(), "links");
  if (!status.ok()) return status;
  LinkWriteResult result;
  status = WriteFenced(fence, [&](Connection& db) {
    const Channel channel = FindChannel(db, fence.channel_id).value_or(Channel());
    if (channel.edit_version != expected_edit_version) return EditedMeanwhile(channel);
    for (const LinkWrite& row : rows) {
      const absl::Status written = WriteLink(db, fence.channel_id, row, {fence.job_id, now}, &result);
      if (!written.ok()) return written;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<int64_t> SqliteStorage::ReleaseBroken(const Fence& fence, int64_t limit, absl::Time now) {
  absl::Status status = CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<int64_t> broken;
  status = WriteFenced(fence, [&](Connection& db) {
    Query query(db,
                "SELECT listing_id FROM link WHERE channel_id = ?1 AND state = 'broken' ORDER BY listing_id LIMIT ?2");
    query.Bind(fence.channel_id, limit);
    while (query.Next()) broken.push_back(query.Int(0));
    for (const int64_t listing_id : broken) {
      const absl::optional<StoredLink> link = FindLink(db, fence.channel_id, listing_id);
      if (!link.has_value()) return NoSuchListing(listing_id);
      DissolveLink(db, fence.channel_id, *link, LinkEvent::Kind::kReleased, LinkReason::kNone, {fence.job_id, now});
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return static_cast<int64_t>(broken.size());
}

absl::Status SqliteStorage::EditListing(int64_t channel_id, absl::string_view sku, const ListingEdit& edit,
                                        absl::Time now) {
  return Write([&](Connection& db) {
    const absl::optional<Channel> channel = FindChannel(db, channel_id);
    if (!channel.has_value()) return NoSuchChannel(channel_id);
    const absl::optional<StoredLink> link = FindLink(db, channel_id, sku);
    if (!link.has_value()) return NoSuchSku(*channel, sku);
    return ApplyEdit(edit, Edit(db, *channel, sku, *link, now));
  });
}

absl::StatusOr<std::vector<LinkEvent>> SqliteStorage::ReadLinkHistory(int64_t channel_id, int64_t listing_id) {
  std::vector<LinkEvent> events;
  absl::Status status = ReadOfChannel(channel_id, [&](Connection& db) {
    if (!FindLink(db, channel_id, listing_id).has_value()) return NoSuchListing(listing_id);
    Query query(db,
                "SELECT kind, external_id, rule, job_id, at FROM link_event WHERE channel_id = ?1 AND listing_id = ?2 "
                "ORDER BY event_number");
    query.Bind(channel_id, listing_id);
    while (query.Next()) {
      events.push_back({query.EnumValue(0, LinkEvent::Kind::kReleased), query.String(1), query.Int32(2), query.Int(3),
                        query.Time(4)});
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return events;
}

}  // namespace flxlink
