#include "src/storage/sqlite/sqlite_held.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/held.h"
#include "src/storage/sqlite/sqlite_queries.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

// A link of which something is held or was decided.
struct HoldingLink {
  int64_t listing_id = 0;
  std::string sku;
  RareVector<HeldChange> held;
};

// Visits those above `after_id`, ascending, until `visit` says no.
void ForEachHolding(Connection& db, int64_t channel_id, int64_t after_id,
                    absl::FunctionRef<bool(HoldingLink link)> visit) {
  Query query(db, kHolding);
  query.Bind(channel_id, after_id);
  while (query.Next()) {
    if (!visit({query.Int(0), query.String(1), ReadHeld(db, query.Text(2))})) return;
  }
}

std::vector<HoldingLink> FindSelected(Connection& db, int64_t channel_id, const HeldSelection& selection,
                                      int64_t limit) {
  std::vector<HoldingLink> links;
  const std::set<std::string> skus(selection.skus.begin(), selection.skus.end());
  ForEachHolding(db, channel_id, 0, [&](HoldingLink link) {
    const bool is_named = skus.empty() || skus.count(link.sku) > 0;
    const bool is_selected = is_named && std::any_of(link.held.begin(), link.held.end(), [&](const HeldChange& change) {
                               return storage::IsSelected(selection, change);
                             });
    if (is_selected) links.push_back(std::move(link));
    return static_cast<int64_t>(links.size()) < limit;
  });
  return links;
}

int64_t Decide(Connection& db, int64_t channel_id, const HeldSelection& selection, HeldChange::State decision,
               HoldingLink link, absl::Time now) {
  const std::vector<Problem> before = ReadAttentions(db, channel_id, link.listing_id);
  std::vector<Problem> after = before;
  const int64_t decided = storage::DecideHeld(selection, decision, &link.held, &after);
  WriteHeld(db, channel_id, link.listing_id, link.held);
  ReplaceAttentions(db, channel_id, link.listing_id, before, after);
  MarkDirty(db, channel_id, link.listing_id, now);
  return decided;
}

}  // namespace

void WriteHeld(Connection& db, int64_t channel_id, int64_t listing_id, const std::vector<HeldChange>& held) {
  Query(db, "UPDATE link SET held = ?3 WHERE channel_id = ?1 AND listing_id = ?2")
      .Run(channel_id, listing_id, NullIfEmpty{EncodeHeld(held)});
}

void AddChanges(Connection& db, int64_t channel_id, const ChangeCounts& changes, absl::Time now) {
  if (changes.empty()) return;
  Query(db, "DELETE FROM change_count WHERE channel_id = ?1 AND hour < ?2").Run(channel_id, storage::OldestHour(now));
  Query add(db,
            "INSERT INTO change_count (channel_id, hour, kind, number) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT DO UPDATE SET number = number + ?4");
  for (const ChangeKind kind : kChangeKinds) {
    if (changes[kind] > 0) add.Run(channel_id, storage::HourOf(now), ToString(kind), changes[kind]);
  }
}

std::set<int64_t> FindHoldingJobs(Connection& db, int64_t channel_id) {
  std::set<int64_t> jobs;
  ForEachHolding(db, channel_id, 0, [&](const HoldingLink& link) {
    for (const HeldChange& change : link.held) {
      if (change.state == HeldChange::State::kHeld) jobs.insert(change.job_id);
    }
    return true;
  });
  return jobs;
}

absl::StatusOr<int64_t> SqliteStorage::CountLinks(int64_t channel_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  int64_t count = 0;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db, "SELECT count(*) FROM (SELECT 1 FROM link WHERE channel_id = ?1 AND state = 'linked' LIMIT ?2)");
    if (query.Bind(channel_id, limit).Next()) count = query.Int(0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return count;
}

absl::StatusOr<ChangeCounts> SqliteStorage::ReadChangeCounts(int64_t channel_id, absl::Time since) {
  ChangeCounts counts;
  absl::Status status = ReadOfChannel(channel_id, [&](Connection& db) {
    Query query(db, "SELECT kind, sum(number) FROM change_count WHERE channel_id = ?1 AND hour >= ?2 GROUP BY kind");
    query.Bind(channel_id, storage::HourOf(since));
    while (query.Next()) {
      const absl::optional<ChangeKind> kind = ParseChangeKind(query.Text(0));
      if (!kind.has_value()) {
        db.FailCorrupt(query.Text(0));
        break;
      }
      counts[*kind] = query.Int(1);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return counts;
}

absl::StatusOr<std::vector<HeldRow>> SqliteStorage::ReadHeldChanges(int64_t channel_id, int64_t job_id,
                                                                    int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<HeldRow> rows;
  HeldSelection selection;
  selection.job_id = job_id;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    ForEachHolding(db, channel_id, after_id, [&](const HoldingLink& link) {
      for (const HeldChange& change : link.held) {
        if (storage::IsSelected(selection, change)) rows.push_back({link.listing_id, link.sku, change});
      }
      return static_cast<int64_t>(rows.size()) < limit;
    });
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<int64_t> SqliteStorage::DecideHeldChanges(int64_t channel_id, const HeldSelection& selection,
                                                         HeldChange::State decision, int64_t limit, absl::Time now) {
  absl::Status status = storage::CheckRows(selection.skus.size(), "SKUs");
  if (status.ok()) status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  int64_t decided = 0;
  status = Write([&](Connection& db) {
    if (!ChannelExists(db, channel_id)) return storage::NoSuchChannel(channel_id);
    for (HoldingLink& link : FindSelected(db, channel_id, selection, limit)) {
      decided += Decide(db, channel_id, selection, decision, std::move(link), now);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return decided;
}

}  // namespace flxlink::sqlite
