#include <algorithm>
#include <iterator>
#include <limits>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/key_columns.h"
#include "src/storage/sqlite/key_run.h"
#include "src/storage/sqlite/sqlite_link_changes.h"
#include "src/storage/sqlite/sqlite_queries.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

int SideNumber(LinkSide side) { return static_cast<int>(side); }

LinkBase FindLinkBase(Connection& db, int64_t channel_id) {
  Query query(db, "SELECT text, entries, added, changes FROM link_base WHERE channel_id = ?1");
  LinkBase base;
  if (!query.Bind(channel_id).Next()) return base;
  base.text = query.String(0);
  base.entries = query.Int(1);
  base.added = query.Int(2);
  base.changes = query.Int(3);
  return base;
}

// Grows the counts of the base by so many.
void CountInBase(Connection& db, int64_t channel_id, int64_t entries, int64_t added, int64_t changes) {
  Query(db,
        "UPDATE link_base SET entries = entries + ?2, added = added + ?3, changes = changes + ?4 WHERE channel_id = ?1")
      .Run(channel_id, entries, added, changes);
}

// Looks entries up in the runs and the added ones.
class KeyIndexReader {
 public:
  KeyIndexReader(Connection& db, int64_t channel_id)
      : channel_id_(channel_id), run_at_(db, kKeyRunAt), runs_after_(db, kKeyRunsAfter), added_(db, kAddedKeys) {}

  // Adds the entries that the lookup asks for from the runs, ascending, at most `limit`.
  void FindWritten(const KeyColumn& column, const KeyLookup& lookup, int64_t limit, std::vector<KeyEntry>* entries) {
    const int side = SideNumber(column.side);
    const int64_t hash = StoredHash(lookup.hash);
    if (run_at_.Bind(channel_id_, side, column.key_number, hash, lookup.after_id).Next()) {
      if (!AddFromRun(KeyRun(run_at_.Text(0)), lookup, &limit, entries)) return;
    }
    runs_after_.Bind(channel_id_, side, column.key_number, hash, lookup.after_id);
    while (runs_after_.Next() && AddFromRun(KeyRun(runs_after_.Text(0)), lookup, &limit, entries)) {
    }
  }

  // The same from the added ones.
  void FindAdded(const KeyColumn& column, const KeyLookup& lookup, int64_t limit, std::vector<KeyEntry>* entries) {
    added_.Bind(channel_id_, SideNumber(column.side), column.key_number, StoredHash(lookup.hash), lookup.after_id,
                limit);
    while (added_.Next()) entries->push_back({lookup.hash, added_.Int(0)});
  }

 private:
  // Adds what the lookup asks for from one run. Returns whether the next run may have more.
  static bool AddFromRun(const KeyRun& run, const KeyLookup& lookup, int64_t* limit, std::vector<KeyEntry>* entries) {
    for (int64_t i = run.UpperBound({lookup.hash, lookup.after_id}); i < run.size(); ++i) {
      const KeyEntry entry = run[i];
      if (*limit == 0 || entry.hash != lookup.hash) return false;
      entries->push_back(entry);
      --*limit;
    }
    return *limit > 0;
  }

  const int64_t channel_id_;
  Query run_at_;
  Query runs_after_;
  Query added_;
};

// The last entry of the column's runs; nullopt where there is none.
absl::optional<KeyEntry> FindLastEntry(Connection& db, int64_t channel_id, const KeyColumn& column) {
  Query query(db,
              "SELECT entries FROM key_run WHERE channel_id = ?1 AND side = ?2 AND key_number = ?3 "
              "ORDER BY first_hash DESC, first_id DESC LIMIT 1");
  if (!query.Bind(channel_id, SideNumber(column.side), column.key_number).Next()) return absl::nullopt;
  const KeyRun run(query.Text(0));
  if (run.size() == 0) return absl::nullopt;
  return run[run.size() - 1];
}

void WriteRuns(Connection& db, int64_t channel_id, const KeyColumn& column, absl::Span<const KeyEntry> entries) {
  Query insert(db,
               "INSERT INTO key_run (channel_id, side, key_number, first_hash, first_id, entries) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  for (; !entries.empty(); entries.remove_prefix(std::min(entries.size(), kMostRunEntries))) {
    const std::string bytes = EncodeKeyRun(entries.subspan(0, kMostRunEntries));
    insert.Run(channel_id, SideNumber(column.side), column.key_number, StoredHash(entries.front().hash),
               entries.front().id, Blob{bytes});
  }
}

// The entries that the column does not have yet, each once. It has all up to its last: entries ascend over all calls.
std::vector<KeyEntry> NewEntries(Connection& db, int64_t channel_id, const KeyColumn& column,
                                 absl::Span<const KeyEntry> entries) {
  const absl::optional<KeyEntry> last = FindLastEntry(db, channel_id, column);
  const auto first = last.has_value() ? std::upper_bound(entries.begin(), entries.end(), *last) : entries.begin();
  std::vector<KeyEntry> fresh;
  fresh.reserve(static_cast<size_t>(entries.end() - first));
  std::unique_copy(first, entries.end(), std::back_inserter(fresh));
  return fresh;
}

// Adds entries, whether the runs have them or not: looking costs more than passing over them later. Returns how many.
int64_t AddEntries(Connection& db, int64_t channel_id, absl::Span<const KeyAddition> additions) {
  Query insert(db,
               "INSERT OR IGNORE INTO key_added (channel_id, side, key_number, hash, id) VALUES (?1, ?2, ?3, ?4, ?5)");
  int64_t added = 0;
  for (const KeyAddition& addition : additions) {
    added += insert.Run(channel_id, SideNumber(addition.column.side), addition.column.key_number,
                        StoredHash(addition.entry.hash), addition.entry.id);
  }
  return added;
}

// Deletes rows of the index or of the changes, at most `limit`, and counts them out of the base. Returns how many.
int64_t DeleteRuns(Connection& db, int64_t channel_id, int64_t limit) {
  int64_t rows = 0;
  int64_t entries = 0;
  {
    Query query(db,
                "DELETE FROM key_run WHERE rowid IN (SELECT rowid FROM key_run WHERE channel_id = ?1 LIMIT ?2) "
                "RETURNING length(entries)");
    query.Bind(channel_id, limit);
    for (; query.Next(); ++rows) entries += query.Int(0) / kKeyEntryBytes;
  }
  CountInBase(db, channel_id, -entries, 0, 0);
  return rows;
}

int64_t DeleteAdded(Connection& db, int64_t channel_id, int64_t limit) {
  const int64_t rows = Query(db,
                             "DELETE FROM key_added WHERE (channel_id, side, key_number, hash, id) IN (SELECT "
                             "channel_id, side, key_number, hash, id FROM key_added WHERE channel_id = ?1 LIMIT ?2)")
                           .Run(channel_id, limit);
  CountInBase(db, channel_id, 0, -rows, 0);
  return rows;
}

// Of the changes, those that no hand edit after `edit_version` touched.
int64_t DeleteChanges(Connection& db, int64_t channel_id, int64_t edit_version, int64_t limit) {
  const int64_t rows = Query(db,
                             "DELETE FROM link_change WHERE (channel_id, side, id) IN (SELECT channel_id, side, id "
                             "FROM link_change WHERE channel_id = ?1 AND edit_version <= ?3 LIMIT ?2)")
                           .Run(channel_id, limit, edit_version);
  CountInBase(db, channel_id, 0, 0, -rows);
  return rows;
}

}  // namespace

absl::StatusOr<LinkBase> SqliteStorage::ReadLinkBase(int64_t channel_id) {
  LinkBase base;
  absl::Status status = ReadBetweenWrites(channel_id, [&](Connection& db) {
    base = FindLinkBase(db, channel_id);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return base;
}

absl::StatusOr<bool> SqliteStorage::DropLinkBase(const Fence& fence, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  bool more = false;
  status = WriteFenced(fence, WriteKind::kBulk, [&](Connection& db) {
    Query(db, "INSERT INTO link_base (channel_id) VALUES (?1) ON CONFLICT DO UPDATE SET text = ''")
        .Run(fence.channel_id);
    limit -= DeleteRuns(db, fence.channel_id, limit);
    limit -= DeleteAdded(db, fence.channel_id, limit);
    DeleteChanges(db, fence.channel_id, std::numeric_limits<int64_t>::max(), limit);
    const LinkBase left = FindLinkBase(db, fence.channel_id);
    more = left.entries > 0 || left.added > 0 || left.changes > 0;
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return more;
}

absl::Status SqliteStorage::WriteKeyEntries(const Fence& fence, KeyColumn column, absl::Span<const KeyEntry> entries) {
  absl::Status status = storage::CheckKeyEntries(entries);
  if (!status.ok()) return status;
  return WriteFenced(fence, WriteKind::kBulk, [&](Connection& db) {
    if (HasLinkBase(db, fence.channel_id)) {
      return storage::LinkBaseIsSet(FindChannel(db, fence.channel_id).value_or(Channel()));
    }
    const std::vector<KeyEntry> fresh = NewEntries(db, fence.channel_id, column, entries);
    WriteRuns(db, fence.channel_id, column, fresh);
    Query(db, "INSERT OR IGNORE INTO link_base (channel_id) VALUES (?1)").Run(fence.channel_id);
    CountInBase(db, fence.channel_id, static_cast<int64_t>(fresh.size()), 0, 0);
    return absl::OkStatus();
  });
}

absl::Status SqliteStorage::SetLinkBase(const Fence& fence, absl::string_view text) {
  absl::Status status = storage::CheckLinkBaseText(text);
  if (!status.ok()) return status;
  return WriteFenced(fence, [&](Connection& db) {
    Query(db, "INSERT INTO link_base (channel_id, text) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET text = ?2")
        .Run(fence.channel_id, text);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<KeyEntry>> SqliteStorage::FindKeyEntries(int64_t channel_id, KeyColumn column,
                                                                    absl::Span<const KeyLookup> lookups,
                                                                    int64_t limit) {
  absl::Status status = storage::CheckLookups(lookups.size(), limit);
  if (!status.ok()) return status;
  std::vector<KeyEntry> entries;
  status = ReadBetweenWrites(channel_id, [&](Connection& db) {
    const LinkBase base = FindLinkBase(db, channel_id);
    KeyIndexReader index(db, channel_id);
    for (const KeyLookup& lookup : lookups) {
      const size_t first = entries.size();
      if (base.entries > 0) index.FindWritten(column, lookup, limit, &entries);
      if (base.added == 0) continue;
      index.FindAdded(column, lookup, limit, &entries);
      const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(first);
      std::sort(begin, entries.end());
      entries.erase(std::unique(begin, entries.end()), entries.end());
      entries.resize(std::min(entries.size(), first + static_cast<size_t>(limit)));
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return entries;
}

absl::StatusOr<LinkChangePage> SqliteStorage::ReadLinkChanges(int64_t channel_id, LinkSide side,
                                                              absl::Span<const std::string> fields, int64_t after_id,
                                                              int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  LinkChangePage page;
  status = ReadBetweenWrites(channel_id, [&](Connection& db) {
    const bool listings = side == LinkSide::kListing;
    KeyColumns columns(fields, {listings ? "sku" : "id", "parent"}, &page.columns);
    Query query(
        db,
        listings
            ? "SELECT c.id, c.known, c.live, c.parent, coalesce(c.fields, '{}'), v.sku, c.edit_version FROM "
              "link_change c CROSS JOIN listing_variant v ON v.channel_id = c.channel_id AND "
              "v.listing_id = c.id WHERE c.channel_id = ?1 AND c.side = 0 AND c.id > ?2 "
              "ORDER BY c.id LIMIT ?3"
            : "SELECT c.id, c.known, c.live, c.parent, coalesce(c.fields, '{}'), v.external_id, c.edit_version FROM "
              "link_change c CROSS JOIN channel_variant v ON v.channel_id = c.channel_id AND "
              "v.channel_variant_id = c.id WHERE c.channel_id = ?1 AND c.side = 1 AND c.id > ?2 "
              "ORDER BY c.id LIMIT ?3");
    query.Bind(channel_id, after_id, limit);
    while (query.Next()) {
      const bool known = query.Bool(1);
      page.id.push_back(query.Int(0));
      page.known.push_back(known ? 1 : 0);
      page.live.push_back(query.Bool(2) ? 1 : 0);
      page.edited.push_back(query.Int(6) > 0 ? 1 : 0);
      columns.Add(db, query.Text(4), {known ? query.Text(5) : "", query.Text(3)});
      page.parent.Add(query.Text(3));
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::Status SqliteStorage::AddKeyEntries(const Fence& fence, absl::Span<const KeyAddition> additions) {
  absl::Status status = storage::CheckRows(additions.size(), "key entries");
  if (!status.ok()) return status;
  return WriteFenced(fence, KindOfRows(additions.size()), [&](Connection& db) {
    if (!HasLinkBase(db, fence.channel_id))
      return storage::NoLinkBase(FindChannel(db, fence.channel_id).value_or(Channel()));
    CountInBase(db, fence.channel_id, 0, AddEntries(db, fence.channel_id, additions), 0);
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> SqliteStorage::ForgetLinkChanges(const Fence& fence, int64_t read_edit_version, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  bool more = false;
  status = WriteFenced(fence, WriteKind::kBulk, [&](Connection& db) {
    DeleteChanges(db, fence.channel_id, read_edit_version, limit);
    Query left(db, "SELECT 1 FROM link_change WHERE channel_id = ?1 AND edit_version <= ?2 LIMIT 1");
    more = left.Bind(fence.channel_id, read_edit_version).Next();
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return more;
}

}  // namespace flxlink::sqlite
