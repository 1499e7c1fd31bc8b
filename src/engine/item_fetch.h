// Fetching named items: a look at a few, where a pull looks at all.

#ifndef FLXLINK_SRC_ENGINE_ITEM_FETCH_H_
#define FLXLINK_SRC_ENGINE_ITEM_FETCH_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// Whether the channel can be asked for single items.
bool CanLookAtItems(const JobContext& context);

// Sees to it that storage has what the channel, which can be asked for single items, now has of these. What was found,
// and which items are gone, is counted as a pull counts it, and each of the items is a part of the progress.
absl::Status LookAtItems(JobContext& context, absl::Span<const std::string> external_ids);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_ITEM_FETCH_H_
