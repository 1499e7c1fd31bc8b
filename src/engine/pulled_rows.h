// What a job says of items that it has read.

#ifndef FLXLINK_SRC_ENGINE_PULLED_ROWS_H_
#define FLXLINK_SRC_ENGINE_PULLED_ROWS_H_

#include <cstdint>
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

// Whether the job holds breaks, of which there are to be so many more (breaker.h).
absl::StatusOr<bool> HoldsBreaks(JobContext& context, int64_t more);
// How many links would break if these items were gone.
absl::StatusOr<int64_t> CountBreaks(JobContext& context, absl::Span<const std::string> external_ids);
// Counts links that were to break and are held.
void CountHeldBreaks(JobContext& context, int64_t held);

// Tells of attentions that what was seen gave.
void NoteRaised(JobContext& context, const std::vector<SightedAttention>& raised);

// Counts what storing items changed.
void CountPulledRows(JobContext& context, const PullWriteResult& written);

// Notes a row that could not be kept. It is named by its external id or, where that is what cannot be kept, by `place`.
void NoteRefusedRow(JobContext& context, const ChannelVariantBatch& items, const PullRefusal& refusal,
                    absl::string_view place);

// Counts and notes what the adapter says of items; a problem that several of them have is noted once. `unnamed` is what
// one without an external id is called. How many of them are not among `items`, since they could not be read.
int64_t NoteItemProblems(JobContext& context, const std::vector<ItemProblem>& problems,
                         const ChannelVariantBatch& items, absl::string_view unnamed);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_PULLED_ROWS_H_
