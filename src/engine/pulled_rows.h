// What a job says of items that it has read.

#ifndef FLXLINK_SRC_ENGINE_PULLED_ROWS_H_
#define FLXLINK_SRC_ENGINE_PULLED_ROWS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/catalog_storage.h"
#include "flxlink/channel_adapter.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// When what was just read, and is so old, was so; by the engine's clock, and for AgeNow only.
absl::Time AsOf(const JobContext& context, absl::Duration age);
// How old that is by now.
absl::Duration AgeNow(const JobContext& context, absl::Time as_of);

// Counts what storing items changed, and notes whether linking has to look at it.
void CountPulledRows(JobContext& context, const PullWriteResult& written);

// Counts and notes items that the adapter could not read. `unnamed` is what one without an external id is called.
void NoteItemProblems(JobContext& context, const std::vector<ItemProblem>& problems, absl::string_view unnamed);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_PULLED_ROWS_H_
