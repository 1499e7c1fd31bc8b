// Why one listing variant is as it is, from what its keys lead to.

#ifndef FLXLINK_SRC_LINKING_LINK_EXPLAIN_H_
#define FLXLINK_SRC_LINKING_LINK_EXPLAIN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/channel.h"
#include "flxlink/linker.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_lookup.h"

namespace flxlink::linking {

// What a rule says of a listing variant, whose rows are named by their ids.
struct IdExplanation {
  RuleExplanation rule;
  // Items that have the key and are not live, the first LinkDetail::kMaxNamed of those that were read.
  std::vector<int64_t> not_live;
  // Where a normalizer refused what the listing variant has: items that have the same, live or not, likewise.
  std::vector<int64_t> refused;
};

// What each rule says of the listing variant in a match of the whole channel: the variants that have its keys are
// counted up to `max_counted`. One whose link is broken is looked at as if that were dissolved. `lookup` has an index
// that is up to date.
absl::StatusOr<std::vector<IdExplanation>> ExplainById(LinkLookup& lookup, const LinkKeys& keys, const Linker& linker,
                                                       const ChannelConfig& config, int64_t listing_id,
                                                       int64_t max_counted);

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_EXPLAIN_H_
