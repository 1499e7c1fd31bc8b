#include "src/storage/memory/memory_agenda.h"

#include <algorithm>
#include <limits>

namespace flxlink::memory {
namespace {

// Above every channel's.
constexpr int64_t kLastId = std::numeric_limits<int64_t>::max();

}  // namespace

void MemoryAgenda::Add(const Slot& slot) {
  if (slot.paused) return;
  if (slot.holder_job != 0) {
    held_.insert({slot.channel_id, slot});
  } else if (slot.head_job != 0) {
    free_.insert(slot);
  } else if (slot.next_due != absl::InfiniteFuture()) {
    due_.insert({{slot.next_due, slot.channel_id}, slot});
  }
}

void MemoryAgenda::Remove(const Slot& slot) {
  held_.erase(slot.channel_id);
  free_.erase(slot);
  due_.erase({slot.next_due, slot.channel_id});
}

void MemoryAgenda::Add(const Schedule& schedule) {
  if (schedule.enabled) schedules_.insert({schedule.next_fire, schedule.channel_id, schedule.name});
}

void MemoryAgenda::Remove(const Schedule& schedule) {
  schedules_.erase({schedule.next_fire, schedule.channel_id, schedule.name});
}

std::vector<int64_t> MemoryAgenda::FindClaimable(absl::Time now, int64_t limit,
                                                 absl::FunctionRef<bool(OwnerId)> is_alive) const {
  std::vector<Slot> slots;
  for (auto slot = free_.begin(); slot != free_.end() && static_cast<int64_t>(slots.size()) < limit; ++slot) {
    slots.push_back(*slot);
  }
  int64_t due = 0;
  for (auto slot = due_.begin(); slot != due_.end() && slot->first.first <= now && due < limit; ++slot, ++due) {
    slots.push_back(slot->second);
  }
  for (const auto& [channel_id, slot] : held_) {
    if (!is_alive(slot.owner)) slots.push_back(slot);
  }
  std::sort(slots.begin(), slots.end(), storage::IsMoreUrgent);
  if (static_cast<int64_t>(slots.size()) > limit) slots.resize(static_cast<size_t>(limit));
  std::vector<int64_t> channel_ids;
  for (const Slot& slot : slots) channel_ids.push_back(slot.channel_id);
  return channel_ids;
}

std::vector<std::pair<int64_t, std::string>> MemoryAgenda::FindDueSchedules(absl::Time now, int64_t limit) const {
  std::vector<std::pair<int64_t, std::string>> due;
  for (const auto& [next_fire, channel_id, name] : schedules_) {
    if (next_fire > now || static_cast<int64_t>(due.size()) == limit) break;
    due.emplace_back(channel_id, name);
  }
  return due;
}

bool MemoryAgenda::IsHolder(OwnerId owner) const {
  return std::any_of(held_.begin(), held_.end(), [&](const auto& held) { return held.second.owner == owner; });
}

absl::Time MemoryAgenda::FindNextDue(absl::Time now) const {
  const auto slot = due_.upper_bound({now, kLastId});
  const auto schedule = schedules_.upper_bound({now, kLastId, ""});
  absl::Time next = slot == due_.end() ? absl::InfiniteFuture() : slot->first.first;
  if (schedule != schedules_.end()) next = std::min(next, std::get<0>(*schedule));
  return next;
}

}  // namespace flxlink::memory
