#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "flxlink/memory_storage.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/memory/memory_storage.h"

namespace flxlink::memory {

absl::StatusOr<int64_t> MemoryStorage::ReserveIds(int64_t count) {
  if (count < 1) return absl::InvalidArgumentError(absl::StrCat("asked for ", count, " ids; ask for at least one"));
  absl::MutexLock lock(&mutex_);
  const int64_t first = next_id_;
  next_id_ += count;
  return first;
}

absl::StatusOr<MemoryChannel*> MemoryStorage::FindChannel(int64_t channel_id) {
  const auto found = channels_.find(channel_id);
  if (found == channels_.end()) return storage::NoSuchChannel(channel_id);
  return &found->second;
}

absl::StatusOr<MemoryChannel*> MemoryStorage::FindFenced(const Fence& fence) {
  const auto found = channels_.find(fence.channel_id);
  if (found == channels_.end()) return storage::StaleFence(fence);
  const Slot& slot = found->second.slot;
  if (slot.holder_job == 0 || slot.holder_job != fence.job_id || slot.epoch != fence.epoch ||
      slot.claim != fence.claim) {
    return storage::StaleFence(fence);
  }
  return &found->second;
}

absl::StatusOr<Channel> MemoryStorage::CreateChannel(const ChannelConfig& config) {
  absl::MutexLock lock(&mutex_);
  const auto found = channel_by_name_.find(config.name);
  if (found != channel_by_name_.end()) {
    const Channel& channel = channels_.at(found->second).channel;
    if (!storage::SameConfig(channel.config, config)) return storage::NameTaken(config.name);
    return channel;
  }
  const int64_t channel_id = NextId();
  MemoryChannel& created = channels_[channel_id];
  created.channel.channel_id = channel_id;
  created.channel.config = config;
  created.slot.channel_id = channel_id;
  channel_by_name_[config.name] = channel_id;
  return created.channel;
}

absl::StatusOr<Channel> MemoryStorage::ReadChannel(absl::string_view name) {
  absl::MutexLock lock(&mutex_);
  const auto found = channel_by_name_.find(name);
  if (found == channel_by_name_.end()) return storage::NoSuchChannel(name);
  return channels_.at(found->second).channel;
}

absl::StatusOr<Channel> MemoryStorage::ReadChannel(int64_t channel_id) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(channel_id);
  if (!found.ok()) return found.status();
  return (*found)->channel;
}

absl::StatusOr<std::vector<Channel>> MemoryStorage::ReadChannels() {
  absl::MutexLock lock(&mutex_);
  std::vector<Channel> channels;
  channels.reserve(channel_by_name_.size());
  for (const auto& [name, channel_id] : channel_by_name_) channels.push_back(channels_.at(channel_id).channel);
  return channels;
}

absl::Status MemoryStorage::WriteChannel(int64_t channel_id, int64_t expected_revision, const ChannelConfig& config,
                                         const absl::optional<ChannelConfig>& draft, bool moves_policy) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(channel_id);
  if (!found.ok()) return found.status();
  Channel& channel = (*found)->channel;
  if (storage::IsWritten(channel, expected_revision, config, draft)) return absl::OkStatus();
  if (channel.revision != expected_revision) return storage::ChannelMoved(channel, expected_revision);
  if (config.name != channel.config.name) {
    if (!channel_by_name_.emplace(config.name, channel_id).second) return storage::NameTaken(config.name);
    channel_by_name_.erase(channel.config.name);
  }
  if (!storage::SameMarks(channel.config, config)) channel.pull = storage::AfterOtherSettings(channel.pull);
  channel.config = config;
  channel.draft = draft;
  ++channel.revision;
  if (moves_policy) ++channel.policy_version;
  return absl::OkStatus();
}

absl::Status MemoryStorage::RemoveChannel(int64_t channel_id) {
  absl::MutexLock lock(&mutex_);
  const auto found = channels_.find(channel_id);
  if (found == channels_.end()) return absl::OkStatus();
  const MemoryChannel& channel = found->second;
  if (channel.slot.holder_job != 0 && living_owners_.contains(channel.slot.owner)) {
    return storage::ChannelBusy(channel.channel, channel.slot);
  }
  agenda_.Remove(channel.slot);
  for (const auto& [name, schedule] : channel.schedules) agenda_.Remove(schedule);
  for (const auto& [listing_id, listing] : channel.listings) {
    products_.at(listing.product_id).listings.erase({channel_id, listing_id});
  }
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    const bool goes = job->second.channel_id == channel_id;
    if (goes) problems_.erase(job->first);
    job = goes ? jobs_.erase(job) : std::next(job);
  }
  channel_by_name_.erase(channel.channel.config.name);
  channels_.erase(channel_id);
  return absl::OkStatus();
}

}  // namespace flxlink::memory

namespace flxlink {

std::unique_ptr<Storage> NewMemoryStorage(const Clock& clock) {
  return absl::make_unique<memory::MemoryStorage>(clock);
}

}  // namespace flxlink
