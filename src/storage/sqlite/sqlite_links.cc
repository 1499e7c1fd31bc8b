#include <algorithm>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/held.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/sqlite_held.h"
#include "src/storage/sqlite/sqlite_link_writer.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

// The channel's edit version when a job read it, and now.
struct Edits {
  int64_t read = 0;
  int64_t now = 0;
};

// Writes the rows of one operation: first links, in the order of their items, then reasons. Items lie all over their
// table and its indexes, so that order spares most of the pages to be read; the listing variants of one operation are
// close together in any order.
class LinkRowWriter {
 public:
  LinkRowWriter(Connection& db, const Fence& fence, const Edits& edits, absl::Time now)
      : db_(db),
        channel_id_(fence.channel_id),
        edits_(edits),
        links_(db, fence.channel_id, {fence.job_id, now}),
        find_(db,
              "SELECT l.channel_variant_id, l.paused, l.linked_version, c.external_id, c.price, c.quantity, c.status, "
              "c.compare_at_price, c.identity, c.in_doubt, c.quantities_in_doubt "
              "FROM link l CROSS JOIN channel_variant c WHERE l.channel_id = ?1 AND l.listing_id = ?2 AND "
              "c.channel_id = ?1 AND c.channel_variant_id = ?3"),
        reason_(db,
                "UPDATE link SET rule = ?3, reason = ?4 WHERE channel_id = ?1 AND listing_id = ?2 AND "
                "channel_variant_id IS NULL AND (rule <> ?3 OR reason IS NOT ?4)"),
        edited_(db, "SELECT 1 FROM link_change WHERE channel_id = ?1 AND side = ?2 AND id = ?3 AND edit_version > ?4") {
  }

  absl::Status Write(absl::Span<const LinkWrite> rows) {
    std::vector<const LinkWrite*> links;
    std::vector<const LinkWrite*> reasons;
    for (const LinkWrite& row : rows) {
      if (IsOvertaken(row)) {
        result_.overtaken.push_back(&row - rows.data());
      } else {
        (row.channel_variant_id != 0 ? links : reasons).push_back(&row);
      }
    }
    std::sort(links.begin(), links.end(), [](const LinkWrite* a, const LinkWrite* b) {
      return std::tie(a->channel_variant_id, a->listing_id) < std::tie(b->channel_variant_id, b->listing_id);
    });
    for (const LinkWrite* row : links) {
      const absl::Status status = WriteLink(*row);
      if (!status.ok()) return status;
    }
    for (const LinkWrite* row : reasons) {
      const absl::Status status = WriteReason(*row);
      if (!status.ok()) return status;
    }
    for (const int64_t at : result_.overtaken) RecordOvertaken(rows[static_cast<size_t>(at)]);
    return absl::OkStatus();
  }

  const LinkWriteResult& result() const { return result_; }

 private:
  bool IsOvertaken(const LinkWrite& row) {
    if (edits_.now == edits_.read) return false;
    return IsEdited(LinkSide::kListing, row.listing_id) || IsEdited(LinkSide::kChannel, row.channel_variant_id);
  }

  bool IsEdited(LinkSide side, int64_t id) {
    return edited_.Bind(channel_id_, static_cast<int>(side), id, edits_.read).Next();
  }

  // Others were judged as if the link had been made.
  void RecordOvertaken(const LinkWrite& row) {
    if (row.channel_variant_id == 0) return;
    links_.changes().RecordEdit(row.listing_id, row.channel_variant_id, edits_.now);
  }

  absl::Status WriteLink(const LinkWrite& row) {
    if (!find_.Bind(channel_id_, row.listing_id, row.channel_variant_id).Next()) return NoSuchSide(row);
    StoredLink link;
    link.listing_id = row.listing_id;
    link.channel_variant_id = find_.Int(0);
    link.status.paused = find_.Bool(1);
    link.linked_version = find_.Int(2);
    if (link.channel_variant_id == row.channel_variant_id) return absl::OkStatus();
    StoredItem item;
    item.channel_variant_id = row.channel_variant_id;
    item.external_id = find_.String(3);
    item.seen = ReadItemValues(find_, 4);
    item.identity = find_.String(8);
    item.doubt = ReadDoubt(db_, find_, 9);
    find_.Reset();
    if (link.channel_variant_id != 0 || !links_.Link(link, item, row.rule, row.reason, row.record_change)) {
      return CheckFree(db_, channel_id_, link, item);
    }
    return absl::OkStatus();
  }

  absl::Status WriteReason(const LinkWrite& row) {
    const int64_t changed = reason_.Run(channel_id_, row.listing_id, row.rule, NullIfEmpty{ToString(row.reason)});
    if (changed == 0 && !ListingExists(db_, channel_id_, row.listing_id)) return storage::NoSuchListing(row.listing_id);
    return absl::OkStatus();
  }

  absl::Status NoSuchSide(const LinkWrite& row) {
    if (!ListingExists(db_, channel_id_, row.listing_id)) return storage::NoSuchListing(row.listing_id);
    return storage::NoSuchItem(FindChannel(db_, channel_id_).value_or(Channel()),
                               absl::StrCat("with id ", row.channel_variant_id));
  }

  Connection& db_;
  const int64_t channel_id_;
  const Edits edits_;
  LinkWriter links_;
  Query find_;
  Query reason_;
  Query edited_;
  LinkWriteResult result_;
};

// A person's edit of one listing variant.
class Edit {
 public:
  Edit(Connection& db, const Channel& channel, absl::string_view sku, const StoredLink& link, absl::Time now)
      : db_(db),
        channel_(channel),
        channel_id_(channel.channel_id),
        sku_(sku),
        link_(link),
        now_(now),
        links_(db, channel.channel_id, {0, now}) {}

  bool changed_link() const { return changed_link_; }

  absl::Status Link(absl::string_view external_id) {
    const absl::optional<StoredItem> item = FindItem(db_, channel_id_, external_id);
    if (!item.has_value()) return storage::NoSuchItem(channel_, external_id);
    const bool linked_already =
        link_.state == LinkState::kLinked && link_.channel_variant_id == item->channel_variant_id;
    if (linked_already) return absl::OkStatus();
    const absl::Status free = CheckFree(db_, channel_id_, link_, *item);
    if (!free.ok()) return free;
    if (!storage::IsLiveItem(item->gone, item->seen.status)) return storage::ItemNotLive(external_id);
    CountEdit(item->channel_variant_id);
    links_.Link(link_, *item, 0, LinkReason::kNone);
    changed_link_ = true;
    Query(db_, "DELETE FROM hand_unlink WHERE channel_id = ?1 AND listing_id = ?2 AND channel_variant_id = ?3")
        .Run(channel_id_, link_.listing_id, item->channel_variant_id);
    return absl::OkStatus();
  }

  absl::Status Unlink() {
    if (link_.channel_variant_id == 0) {
      return link_.reason == LinkReason::kUnlinkedByHand ? absl::OkStatus() : storage::NotLinked(sku_);
    }
    CountEdit(link_.channel_variant_id);
    Query(db_, "INSERT OR IGNORE INTO hand_unlink (channel_id, listing_id, channel_variant_id) VALUES (?1, ?2, ?3)")
        .Run(channel_id_, link_.listing_id, link_.channel_variant_id);
    links_.Dissolve(link_, LinkEvent::Kind::kUnlinked, LinkReason::kUnlinkedByHand);
    changed_link_ = true;
    return absl::OkStatus();
  }

  void ClearUnlinks() {
    const int64_t cleared = Query(db_, "DELETE FROM hand_unlink WHERE channel_id = ?1 AND listing_id = ?2")
                                .Run(channel_id_, link_.listing_id);
    if (cleared > 0) CountEdit(0);
  }

  void SetPriority(int64_t sync_priority) {
    // Another one has a place of its own among what is dirty.
    Query(db_,
          "UPDATE link SET sync_priority = ?3, dirty_since = iif(dirty_since IS NULL, NULL, ?4) "
          "WHERE channel_id = ?1 AND listing_id = ?2 AND sync_priority <> ?3")
        .Run(channel_id_, link_.listing_id, sync_priority, now_);
  }

  void Pause() { SetPaused(true); }

  void Resume() {
    if (!link_.status.paused) return;
    SetPaused(false);
    MarkDirty(db_, channel_id_, link_.listing_id, now_);
  }

  absl::Status State(Health wanted) {
    const bool has_link = link_.channel_variant_id != 0;
    absl::StatusOr<ListingStatus> status = storage::StatusAfterEdit(link_.status, wanted, has_link, sku_);
    if (!status.ok()) return status.status();
    WriteStated(*status);
    return absl::OkStatus();
  }

  void GiveBackStatus() { WriteStated(Adopt(link_.status)); }

  absl::Status Confirm() {
    if (link_.state != LinkState::kLinked) return storage::NotLinked(sku_);
    Query(db_, "UPDATE link SET by_hand = 1, doubtful = 0 WHERE channel_id = ?1 AND listing_id = ?2")
        .Run(channel_id_, link_.listing_id);
    if (!link_.doubtful) return absl::OkStatus();
    links_.WriteSightings(link_.listing_id, nullptr);
    links_.EndHeld(link_.listing_id, link_.held, ChangeKind::kUnlink);
    MarkDirty(db_, channel_id_, link_.listing_id, now_);
    return absl::OkStatus();
  }

 private:
  // Stated by a person.
  void WriteStated(const ListingStatus& status) {
    if (IsLive(status) != IsLive(link_.status)) CountEdit(0);
    WriteStatedStatus(db_, channel_id_, link_.listing_id, status);
    if (!(status == link_.status) && IsLive(status)) MarkDirty(db_, channel_id_, link_.listing_id, now_);
  }

  void SetPaused(bool paused) {
    ListingStatus status = link_.status;
    status.paused = paused;
    WriteStatus(db_, channel_id_, link_.listing_id, status);
  }

  // A link job that read before this edit does not write what it found of the two. To be called before they change.
  void CountEdit(int64_t channel_variant_id) {
    Query(db_, "UPDATE channel SET edit_version = edit_version + 1 WHERE channel_id = ?1").Run(channel_id_);
    links_.changes().RecordEdit(link_.listing_id, channel_variant_id, channel_.edit_version + 1);
  }

  Connection& db_;
  const Channel& channel_;
  const int64_t channel_id_;
  const absl::string_view sku_;
  const StoredLink& link_;
  const absl::Time now_;
  LinkWriter links_;
  bool changed_link_ = false;
};

absl::Status ApplyEdit(const ListingEdit& edit, Edit& apply) {
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
    case ListingEdit::Kind::kSetStatus:
      return apply.State(edit.status);
    case ListingEdit::Kind::kAdoptStatus:
      apply.GiveBackStatus();
      break;
    case ListingEdit::Kind::kConfirm:
      return apply.Confirm();
  }
  return absl::OkStatus();
}

// An edit that fails has written nothing.
EditOutcome MakeEdit(Connection& db, int64_t channel_id, const ListingEdit& edit, absl::Time now) {
  const Channel channel = FindChannel(db, channel_id).value_or(Channel());
  const absl::optional<StoredLink> link = FindLink(db, channel_id, edit.sku);
  if (!link.has_value()) return {storage::NoSuchSku(channel, edit.sku), false};
  Edit apply(db, channel, edit.sku, *link, now);
  EditOutcome outcome;
  outcome.status = ApplyEdit(edit, apply);
  outcome.changed_link = apply.changed_link();
  return outcome;
}

// The link, if it is still this one.
absl::optional<StoredLink> FindPair(Connection& db, int64_t channel_id, const LinkPair& pair) {
  const absl::optional<StoredLink> link = FindLink(db, channel_id, pair.listing_id);
  if (!link.has_value() || link->channel_variant_id != pair.channel_variant_id) return absl::nullopt;
  return link;
}

}  // namespace

absl::StatusOr<std::vector<LinkPair>> SqliteStorage::ReadHandUnlinks(int64_t channel_id, LinkPair after,
                                                                     int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
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

absl::StatusOr<LinkWriteResult> SqliteStorage::WriteLinks(const Fence& fence, int64_t read_edit_version,
                                                          absl::Span<const LinkWrite> rows, absl::Time now) {
  absl::Status status = storage::CheckRows(rows.size(), "links");
  if (!status.ok()) return status;
  LinkWriteResult result;
  status = WriteFenced(fence, KindOfRows(rows.size()), [&](Connection& db) {
    const Channel channel = FindChannel(db, fence.channel_id).value_or(Channel());
    LinkRowWriter writer(db, fence, {read_edit_version, channel.edit_version}, now);
    const absl::Status written = writer.Write(rows);
    result = writer.result();
    return written;
  });
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<std::vector<LinkPair>> SqliteStorage::ReadBrokenLinks(int64_t channel_id, int64_t after_id,
                                                                     int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<LinkPair> links;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db,
                "SELECT listing_id, channel_variant_id FROM link WHERE channel_id = ?1 AND state = 'broken' AND "
                "listing_id > ?2 ORDER BY listing_id LIMIT ?3");
    query.Bind(channel_id, after_id, limit);
    while (query.Next()) links.push_back({query.Int(0), query.Int(1)});
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return links;
}

absl::StatusOr<std::vector<DoubtfulLink>> SqliteStorage::ReadDoubtfulLinks(int64_t channel_id, int64_t after_id,
                                                                           int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<DoubtfulLink> links;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db,
                "SELECT listing_id, channel_variant_id, held FROM link WHERE channel_id = ?1 AND doubtful = 1 AND "
                "state = 'linked' AND listing_id > ?2 ORDER BY listing_id LIMIT ?3");
    query.Bind(channel_id, after_id, limit);
    while (query.Next()) {
      links.push_back({{query.Int(0), query.Int(1)}, storage::UnlinkState(ReadHeld(db, query.Text(2)))});
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return links;
}

absl::StatusOr<std::vector<SightedAttention>> SqliteStorage::HoldUnlinks(const Fence& fence,
                                                                         absl::Span<const LinkPair> links,
                                                                         absl::Time now) {
  absl::Status status = storage::CheckRows(links.size(), "links");
  if (!status.ok()) return status;
  std::vector<SightedAttention> raised;
  status = WriteFenced(fence, KindOfRows(links.size()), [&](Connection& db) {
    raised.clear();
    LinkWriter writer(db, fence.channel_id, {fence.job_id, now});
    for (const LinkPair& pair : links) {
      const absl::optional<StoredLink> link = FindPair(db, fence.channel_id, pair);
      if (!link.has_value() || !storage::IsUndecidedDoubt(link->state, link->doubtful, ReadHeld(db, link->held)))
        continue;
      const absl::optional<StoredItem> item = FindItem(db, fence.channel_id, pair.channel_variant_id);
      writer.Hold(*link, ChangeKind::kUnlink, item.has_value() ? item->external_id : "", &raised);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return raised;
}

absl::StatusOr<int64_t> SqliteStorage::ReleaseLinks(const Fence& fence, absl::Span<const LinkPair> links,
                                                    const ChangeCounts& changes, absl::Time now) {
  absl::Status status = storage::CheckRows(links.size(), "links");
  if (!status.ok()) return status;
  int64_t released = 0;
  status = WriteFenced(fence, KindOfRows(links.size()), [&](Connection& db) {
    released = 0;
    LinkWriter writer(db, fence.channel_id, {fence.job_id, now});
    for (const LinkPair& pair : links) {
      const absl::optional<StoredLink> link = FindPair(db, fence.channel_id, pair);
      if (!link.has_value() || (link->state != LinkState::kBroken && !link->doubtful)) continue;
      writer.Dissolve(*link, LinkEvent::Kind::kReleased, LinkReason::kNone);
      ++released;
    }
    AddChanges(db, fence.channel_id, storage::AtMost(changes, released), now);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return released;
}

absl::StatusOr<std::vector<EditOutcome>> SqliteStorage::EditListings(int64_t channel_id,
                                                                     absl::Span<const ListingEdit> edits,
                                                                     absl::Time now) {
  absl::Status status = storage::CheckRows(edits.size(), "edits");
  if (!status.ok()) return status;
  std::vector<EditOutcome> outcomes;
  status = Write(KindOfRows(edits.size()), [&](Connection& db) {
    if (!ChannelExists(db, channel_id)) return storage::NoSuchChannel(channel_id);
    for (const ListingEdit& edit : edits) outcomes.push_back(MakeEdit(db, channel_id, edit, now));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return outcomes;
}

}  // namespace flxlink::sqlite
