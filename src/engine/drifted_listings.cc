#include "src/engine/drifted_listings.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace flxlink::engine {

absl::Status NoteDrift(Storage& storage, const Channel& channel, const SyncPolicy& policy,
                       std::vector<ListingRow>* rows) {
  std::vector<std::string> skus;
  for (const ListingRow& row : *rows) {
    if (row.link_state == LinkState::kLinked) skus.push_back(row.sku);
  }
  if (skus.empty()) return absl::OkStatus();
  const absl::StatusOr<SyncBatch> links = storage.ReadLinksBySku(channel.channel_id, skus);
  if (!links.ok()) return links.status();
  absl::flat_hash_map<int64_t, SyncFields> drifted;
  for (const SyncRow& link : links->rows) drifted.emplace(link.listing_id, DriftedFields(link, policy));
  for (ListingRow& row : *rows) {
    const auto found = drifted.find(row.listing_id);
    if (found != drifted.end()) row.drifted = std::move(found->second);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> FindDrifted(Storage& storage, const Channel& channel, const SyncPolicy& policy,
                                                     int64_t page_rows) {
  std::vector<std::string> skus;
  for (int64_t after_id = 0;;) {
    const absl::StatusOr<SyncBatch> links = storage.ReadLinks(channel.channel_id, after_id, page_rows);
    if (!links.ok()) return links.status();
    if (links->size() == 0) return skus;
    for (int64_t i = 0; i < links->size(); ++i) {
      const SyncRow& link = links->rows[static_cast<size_t>(i)];
      if (!DriftedFields(link, policy).empty()) skus.emplace_back(links->sku[i]);
    }
    after_id = links->rows.back().listing_id;
  }
}

}  // namespace flxlink::engine
