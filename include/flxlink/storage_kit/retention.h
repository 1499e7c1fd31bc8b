// Which finished jobs are removed: by the age and the number that their channel keeps (ChannelConfig::keep_days and
// keep_jobs).
//
// A storage reads of a channel's finished jobs what FinishedJob has, from an index, and removes what ChoosePruned
// chooses. It need not read all: what is chosen is the same by a part of them, so that a step costs the same however
// many there are (see ChoosePruned).
//
// Pure functions, thread-safe.

#ifndef FLXLINK_STORAGE_KIT_RETENTION_H_
#define FLXLINK_STORAGE_KIT_RETENTION_H_

#include <cstdint>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "flxlink/channel.h"
#include "flxlink/job.h"

namespace flxlink::storage {

// What ended so short a time ago stays, however many there are: somebody may wait for it, and look what became of it.
constexpr absl::Duration kStaysAtLeast = absl::Hours(1);

// What the choice looks at of a job that has ended.
struct FinishedJob {
  int64_t job_id = 0;
  JobKind kind = JobKind::kSync;
  // Completed, failed or cancelled.
  JobState state = JobState::kCompleted;
  // ChangedSomething().
  bool changed = true;
  // InfinitePast where the job does not say.
  absl::Time finished_at = absl::InfinitePast();
};

// Whether a job changed anything, of what it counts: no count but those of what it looked at and left as it was is
// above 0. A count that is not known here is one of changes.
bool ChangedSomething(const Job& job);

// Of a channel that has `count` finished jobs, only those that finished before this can be chosen.
absl::Time ChosenBefore(const ChannelConfig& config, int64_t count, absl::Time now);

// The jobs to remove, at most `limit`, in the order in which they go: those that are too old, then as many as there are
// too many; of both, those that changed nothing first, and the oldest first. Neither the last job of a kind (that with
// the latest end, and of those with the highest id), nor the last of a kind that failed, nor what kStaysAtLeast keeps,
// nor what still holds changes: one of `holding`.
//
// `jobs` are, in any order and also twice, all that the channel has or, of the jobs of each kind, state and `changed`
// for themselves, the `limit` oldest and as many more as there are in `holding`, as far as they ended before
// ChosenBefore, and the newest. `count` is how many it has in all; beyond keep_jobs + `limit` none needs to be counted.
std::vector<int64_t> ChoosePruned(std::vector<FinishedJob> jobs, int64_t count, const ChannelConfig& config,
                                  absl::Time now, int64_t limit, const std::set<int64_t>& holding);

}  // namespace flxlink::storage

#endif  // FLXLINK_STORAGE_KIT_RETENTION_H_
