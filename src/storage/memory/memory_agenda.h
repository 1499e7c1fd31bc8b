// Which slots and schedules have something to do, and when, each kind in its order: so that whoever looks for work pays
// for what there is of it, whatever the number of channels.

#ifndef FLXLINK_SRC_STORAGE_MEMORY_MEMORY_AGENDA_H_
#define FLXLINK_SRC_STORAGE_MEMORY_MEMORY_AGENDA_H_

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "flxlink/job.h"
#include "flxlink/schedule.h"
#include "flxlink/storage_kit/rules.h"

namespace flxlink::memory {

// Not thread-safe.
class MemoryAgenda {
 public:
  // A slot or schedule as it is now; and what it was is to be removed before that.
  void Add(const Slot& slot);
  void Remove(const Slot& slot);
  void Add(const Schedule& schedule);
  void Remove(const Schedule& schedule);

  // See JobStorage::ReadClaimable.
  std::vector<int64_t> FindClaimable(absl::Time now, int64_t limit, absl::FunctionRef<bool(OwnerId)> is_alive) const;
  // The channel and name of each schedule that is due, the longest due first; then by channel and name.
  std::vector<std::pair<int64_t, std::string>> FindDueSchedules(absl::Time now, int64_t limit) const;
  // Whether it holds a slot.
  bool IsHolder(OwnerId owner) const;
  // See JobStorage::ReadNextDue.
  absl::Time FindNextDue(absl::Time now) const;

 private:
  struct MoreUrgent {
    bool operator()(const Slot& a, const Slot& b) const { return storage::IsMoreUrgent(a, b); }
  };

  // Slots that are not paused: free with a head; free without one, by when they have; held, as many as jobs run.
  absl::btree_set<Slot, MoreUrgent> free_;
  absl::btree_map<std::pair<absl::Time, int64_t>, Slot> due_;
  absl::btree_map<int64_t, Slot> held_;
  // The enabled ones: next fire, channel, name.
  absl::btree_set<std::tuple<absl::Time, int64_t, std::string>> schedules_;
};

}  // namespace flxlink::memory

#endif  // FLXLINK_SRC_STORAGE_MEMORY_MEMORY_AGENDA_H_
