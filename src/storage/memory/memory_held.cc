#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/held.h"
#include "src/storage/memory/memory_storage.h"

namespace flxlink::memory {

absl::StatusOr<int64_t> MemoryStorage::CountLinks(int64_t channel_id, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  int64_t count = 0;
  for (const auto& [listing_id, listing] : (*channel)->listings) {
    if (count == limit) break;
    if (listing.linked()) ++count;
  }
  return count;
}

absl::StatusOr<ChangeCounts> MemoryStorage::ReadChangeCounts(int64_t channel_id, absl::Time since) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  ChangeCounts counts;
  for (const auto& [key, number] : (*channel)->change_counts) {
    if (key.first >= storage::HourOf(since)) counts[key.second] += number;
  }
  return counts;
}

absl::StatusOr<std::vector<HeldRow>> MemoryStorage::ReadHeldChanges(int64_t channel_id, int64_t job_id,
                                                                    int64_t after_id, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  HeldSelection selection;
  selection.job_id = job_id;
  std::vector<HeldRow> rows;
  const auto& holding = (*channel)->holding;
  for (auto id = holding.upper_bound(after_id); id != holding.end(); ++id) {
    if (static_cast<int64_t>(rows.size()) >= limit) break;
    const MemoryListing& listing = (*channel)->listings.at(*id);
    for (const HeldChange& change : listing.held) {
      if (storage::IsSelected(selection, change)) rows.push_back({listing.listing_id, listing.sku, change});
    }
  }
  return rows;
}

absl::StatusOr<int64_t> MemoryStorage::DecideHeldChanges(int64_t channel_id, const HeldSelection& selection,
                                                         HeldChange::State decision, int64_t limit, absl::Time now) {
  absl::Status status = storage::CheckRows(selection.skus.size(), "SKUs");
  if (status.ok()) status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const std::set<std::string> skus(selection.skus.begin(), selection.skus.end());
  int64_t decided = 0;
  int64_t links = 0;
  for (const int64_t listing_id : (*channel)->holding) {
    if (links == limit) break;
    MemoryListing& listing = (*channel)->listings.at(listing_id);
    if (!skus.empty() && skus.count(listing.sku) == 0) continue;
    const int64_t of_link = storage::DecideHeld(selection, decision, &listing.held, &listing.attentions);
    if (of_link == 0) continue;
    (*channel)->MarkDirty(listing, now);
    decided += of_link;
    ++links;
  }
  return decided;
}

}  // namespace flxlink::memory
