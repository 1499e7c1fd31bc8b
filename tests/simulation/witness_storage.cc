#include "tests/simulation/witness_storage.h"

#include <map>
#include <utility>

namespace flxlink::simulation {

absl::StatusOr<ProductWriteResult> WitnessStorage::WriteProducts(const ProductBatch& batch, absl::Time now) {
  absl::StatusOr<ProductWriteResult> result = ForwardingStorage::WriteProducts(batch, now);
  if (result.ok()) oracles_.ProductsWritten(batch);
  return result;
}

absl::StatusOr<ProductRemovalResult> WitnessStorage::RemoveProducts(absl::Span<const std::string> skus,
                                                                    absl::Time now) {
  absl::StatusOr<ProductRemovalResult> result = ForwardingStorage::RemoveProducts(skus, now);
  if (result.ok()) oracles_.ProductsRemoved(skus);
  return result;
}

absl::Status WitnessStorage::WriteQueue(const QueueChange& change) {
  const absl::Status status = ForwardingStorage::WriteQueue(change);
  if (status.ok()) oracles_.QueueWritten(change);
  return status;
}

absl::StatusOr<uint64_t> WitnessStorage::ReadWorkNumber() {
  const absl::StatusOr<uint64_t> number = ForwardingStorage::ReadWorkNumber();
  if (!number.ok()) return number;
  if (*number == work_number_) return work_;
  work_number_ = *number;
  work_ = 0;
  const auto mix = [this](int64_t value) { work_ = (work_ ^ static_cast<uint64_t>(value)) * 1099511628211u; };
  const absl::StatusOr<std::vector<Channel>> channels = store_.ReadChannels();
  for (size_t i = 0; channels.ok() && i < channels->size(); ++i) {
    const absl::StatusOr<QueueSnapshot> queue = store_.ReadQueue((*channels)[i].channel_id);
    if (!queue.ok()) continue;
    mix(queue->slot.revision);
    mix(!queue->slot.paused && queue->owner_alive ? 1 : 2);
  }
  const absl::StatusOr<std::vector<Schedule>> schedules = store_.ReadSchedules();
  for (size_t i = 0; schedules.ok() && i < schedules->size(); ++i) mix(absl::ToUnixMicros((*schedules)[i].next_fire));
  return work_;
}

absl::StatusOr<std::vector<int64_t>> WitnessStorage::BeginPush(const Fence& fence, const PushRecord& record) {
  absl::StatusOr<std::vector<int64_t>> left_out = Tell(fence, "BeginPush", ForwardingStorage::BeginPush(fence, record));
  if (!left_out.ok()) return left_out;
  const absl::StatusOr<SyncBatch> links = store_.ReadLinks(fence.channel_id, 0, kMaxRows);
  if (links.ok()) oracles_.PushBegun(fence.channel_id, record, *left_out, *links);
  return left_out;
}

absl::StatusOr<int64_t> WitnessStorage::DecideHeldChanges(int64_t channel_id, const HeldSelection& selection,
                                                          HeldChange::State decision, int64_t limit, absl::Time now) {
  const absl::StatusOr<int64_t> decided =
      ForwardingStorage::DecideHeldChanges(channel_id, selection, decision, limit, now);
  const absl::StatusOr<SyncBatch> links = store_.ReadLinks(channel_id, 0, kMaxRows);
  std::set<std::string> approved;
  for (int64_t i = 0; decided.ok() && links.ok() && i < links->size(); ++i) {
    for (const HeldChange& change : links->rows[static_cast<size_t>(i)].held) {
      const bool is_approved = change.state == HeldChange::State::kApproved;
      if (is_approved && change.kind == ChangeKind::kBreak) approved.insert(std::string(links->external_id[i]));
    }
  }
  oracles_.BreaksApproved(channel_id, approved);
  return decided;
}

absl::StatusOr<PullState> WitnessStorage::BeginPull(const Fence& fence, absl::string_view since) {
  absl::StatusOr<PullState> pull = Tell(fence, "BeginPull", ForwardingStorage::BeginPull(fence, since));
  if (pull.ok()) oracles_.PullBegun(fence.channel_id, pull->pull_number);
  return pull;
}

std::set<std::string> WitnessStorage::NewlyBroken(int64_t channel_id) {
  ListingFilter filter;
  filter.link_states = {LinkState::kBroken};
  const absl::StatusOr<std::vector<ListingRow>> rows = store_.ReadListings(channel_id, filter, 0, kMaxRows);
  std::set<std::string> now;
  std::set<std::string> newly;
  if (!rows.ok()) return newly;
  for (const ListingRow& row : *rows) {
    now.insert(row.external_id);
    if (broken_[channel_id].count(row.external_id) == 0) newly.insert(row.external_id);
  }
  broken_[channel_id] = std::move(now);
  return newly;
}

}  // namespace flxlink::simulation
