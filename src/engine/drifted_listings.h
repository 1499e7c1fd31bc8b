// Which listing variants have drifted: of their items the channel has something otherwise than flxlink left it there.

#ifndef FLXLINK_SRC_ENGINE_DRIFTED_LISTINGS_H_
#define FLXLINK_SRC_ENGINE_DRIFTED_LISTINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/channel.h"
#include "flxlink/listing.h"
#include "flxlink/storage.h"
#include "flxlink/sync.h"

namespace flxlink::engine {

// Fills in ListingRow::drifted, as the links are now. `rows`: at most Storage::kMaxRows of the channel.
absl::Status NoteDrift(Storage& storage, const Channel& channel, const SyncPolicy& policy,
                       std::vector<ListingRow>* rows);

// The SKUs of all whose links drifted, by link. Reads all of the channel's links, a page at a time.
absl::StatusOr<std::vector<std::string>> FindDrifted(Storage& storage, const Channel& channel, const SyncPolicy& policy,
                                                     int64_t page_rows);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_DRIFTED_LISTINGS_H_
