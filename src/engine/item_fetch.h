// Fetching named items: a look at a few, where a pull looks at all.

#ifndef FLXLINK_SRC_ENGINE_ITEM_FETCH_H_
#define FLXLINK_SRC_ENGINE_ITEM_FETCH_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/channel_adapter.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// Sees to it that storage has what the channel now has of these items. Where the channel cannot be asked for single
// items it is pulled whole. What was found, and which items are gone, is counted as a pull counts it, and each of the
// items is a part of the progress.
absl::Status LookAtItems(JobContext& context, absl::Span<const std::string> external_ids);

// For how long after a push a look, at single items or else at all, may still see them as they were before.
absl::Duration LagOfLook(const AdapterCapabilities& capabilities);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_ITEM_FETCH_H_
