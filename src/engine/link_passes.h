// The two ways in which a link job finds out what to link.

#ifndef FLXLINK_SRC_ENGINE_LINK_PASSES_H_
#define FLXLINK_SRC_ENGINE_LINK_PASSES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/linker.h"
#include "src/engine/job_context.h"
#include "src/engine/link_keys.h"
#include "src/engine/link_writer.h"

namespace flxlink::engine {

// What a pass works with.
struct LinkPass {
  JobContext& context;
  const Linker& linker;
  int64_t edit_version = 0;  // The channel's, read before anything else.
  LinkWriter& writer;
};

// Judges the whole channel, and leaves a link base for incremental passes. ABORTED: somebody linked or unlinked by
// hand; start over.
absl::Status RunFullPass(const LinkPass& pass);

// Judges what the link changes on record can affect, with the keys of the channel's link base. The outcome is a full
// pass's. False: they affect so much that a full pass is faster; nothing was linked. ABORTED as above.
absl::StatusOr<bool> RunIncrementalPass(const LinkPass& pass, const LinkKeys& keys, const LinkBase& base);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_PASSES_H_
