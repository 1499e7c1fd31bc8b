// What becomes of doubtful links where the channel dissolves them (OnDoubt::kDissolve), or where a person asks for it.

#ifndef FLXLINK_SRC_ENGINE_DOUBTFUL_LINKS_H_
#define FLXLINK_SRC_ENGINE_DOUBTFUL_LINKS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flxlink/breaker.h"
#include "flxlink/link_storage.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// Where the channel dissolves doubtful links: dissolves them, or holds that where they are too many (breaker.h). What a
// person approved is dissolved, and what one refused stays.
absl::Status DissolveDoubtful(JobContext& context);

// Dissolves all doubtful links, as a person ordered.
absl::Status ReleaseDoubtful(JobContext& context);

// Dissolves these links, broken or doubtful ones, and counts them as `count` and the `changes` among them.
absl::Status ReleaseLinks(JobContext& context, const std::vector<LinkPair>& links, const ChangeCounts& changes,
                          absl::string_view count);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_DOUBTFUL_LINKS_H_
