// The two ways in which a link job finds out what to link.

#ifndef FLXLINK_SRC_LINKING_LINK_PASSES_H_
#define FLXLINK_SRC_LINKING_LINK_PASSES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"
#include "flxlink/storage.h"
#include "src/linking/link_input.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_lookup.h"

namespace flxlink::linking {

// What a pass works with.
struct LinkPass {
  LinkLookup& lookup;
  LinkStore& store;
  const Linker& linker;
  const ChannelConfig& config;
  Executor* executor = nullptr;
  int64_t memory_limit_bytes = 0;
  // Numbers that who writes the keys cannot foresee: for the hashes of the match, and of the key index.
  uint64_t match_seed = 0;
  uint64_t index_seed = 0;
  // Whether a full pass leaves a link base. Off where storage keeps no link index.
  bool leaves_base = true;
};

struct PassResult {
  MatchStats stats;
  // Rows that stay as they are because a hand edit overtook them: new links, and reasons.
  int64_t overtaken_links = 0;
  int64_t overtaken_reasons = 0;
  // Only of a full pass.
  std::vector<UnknownField> unknown_fields;
};

// Writes what a match changes, and counts in `result` what hand edits overtook.
absl::Status WriteOutcomes(LinkStore& store, absl::Span<const LinkWrite> writes, PassResult* result);

// Judges the whole channel, and leaves a link base for incremental passes where it can. What a hand edit touches
// meanwhile is on record as a link change afterwards, and its rows are not written.
absl::StatusOr<PassResult> RunFullPass(const LinkPass& pass);

// Judges what the link changes on record can affect, with the keys of the channel's link base. The outcome is a full
// pass's. nullopt: they affect so much that a full pass is faster; nothing was linked. Hand edits as above.
absl::StatusOr<absl::optional<PassResult>> RunIncrementalPass(const LinkPass& pass, const LinkKeys& keys,
                                                              const LinkBase& base);

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_PASSES_H_
