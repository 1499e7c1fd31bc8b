#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/retention.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/sqlite_held.h"
#include "src/storage/sqlite/sqlite_queries.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

using Jobs = std::vector<storage::FinishedJob>;

// What the finished jobs of a channel have in common that are next to each other in the index.
struct Group {
  std::string kind;
  std::string state;
  int64_t changed = -1;
};

std::vector<Group> FindGroups(Connection& db, int64_t channel_id) {
  std::vector<Group> groups;
  Query query(db, kNextFinishedGroup);
  Group last;
  while (query.Bind(channel_id, last.kind, last.state, last.changed).Next()) {
    last = {query.String(0), query.String(1), query.Int(2)};
    groups.push_back(last);
  }
  return groups;
}

// As far as they ended before `before`.
void AddFinished(Query& query, absl::Time before, Jobs* jobs) {
  while (query.Next() && query.Time(4) < before) {
    jobs->push_back({query.Int(0), query.EnumValue(1, JobKind::kFetch), query.EnumValue(2, JobState::kCancelled),
                     query.Bool(3), query.Time(4)});
  }
}

// Of each group the oldest that ended before `before`.
Jobs OldestJobs(Connection& db, int64_t channel_id, const std::vector<Group>& groups, absl::Time before,
                int64_t limit) {
  Jobs jobs;
  Query query(db, kOldestFinished);
  for (const Group& group : groups) {
    AddFinished(query.Bind(channel_id, group.kind, group.state, group.changed, limit), before, &jobs);
  }
  return jobs;
}

void AddNewestJobs(Connection& db, int64_t channel_id, const std::vector<Group>& groups, Jobs* jobs) {
  Query query(db, kNewestFinished);
  for (const Group& group : groups) {
    AddFinished(query.Bind(channel_id, group.kind, group.state, group.changed), absl::InfiniteFuture(), jobs);
  }
}

// Stays with what decides about a step, so that a channel at rest costs a look at one end of each group.
std::vector<int64_t> FindPruned(Connection& db, int64_t channel_id, absl::Time now, int64_t limit) {
  const ChannelConfig config = FindChannel(db, channel_id).value_or(Channel()).config;
  Query counted(db, kFinishedCount);
  const int64_t count = counted.Bind(channel_id, config.keep_jobs + limit).Next() ? counted.Int(0) : 0;
  const std::vector<Group> groups = FindGroups(db, channel_id);
  const std::set<int64_t> holding = FindHoldingJobs(db, channel_id);
  Jobs jobs = OldestJobs(db, channel_id, groups, storage::ChosenBefore(config, count, now),
                         limit + static_cast<int64_t>(holding.size()));
  if (jobs.empty()) return {};
  AddNewestJobs(db, channel_id, groups, &jobs);
  return storage::ChoosePruned(std::move(jobs), count, config, now, limit, holding);
}

}  // namespace

// Looks before it writes: no writer waits where there is nothing to remove.
absl::StatusOr<int64_t> SqliteStorage::PruneJobs(int64_t channel_id, absl::Time now, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  std::vector<int64_t> pruned;
  status = ReadOfChannel(channel_id, [&](Connection& db) {
    pruned = FindPruned(db, channel_id, now, limit);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (pruned.empty()) return 0;
  status = Write(WriteKind::kSmallStep, [&](Connection& db) {
    if (!ChannelExists(db, channel_id)) return storage::NoSuchChannel(channel_id);
    pruned = FindPruned(db, channel_id, now, limit);
    Query remove(db, "DELETE FROM job WHERE channel_id = ?1 AND job_id = ?2");
    Query remove_problems(db, "DELETE FROM job_problem WHERE channel_id = ?1 AND job_id = ?2");
    for (const int64_t job_id : pruned) {
      remove.Run(channel_id, job_id);
      remove_problems.Run(channel_id, job_id);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return static_cast<int64_t>(pruned.size());
}

}  // namespace flxlink::sqlite
