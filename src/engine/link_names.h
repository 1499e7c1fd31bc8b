// Names of rows that linking knows by their ids.

#ifndef FLXLINK_SRC_ENGINE_LINK_NAMES_H_
#define FLXLINK_SRC_ENGINE_LINK_NAMES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/link_index.h"
#include "src/linking/link_lookup.h"

namespace flxlink::engine {

// The SKUs or external ids of some rows, whose ids ascend, in their order. ABORTED: one of them is gone.
absl::StatusOr<std::vector<std::string>> ReadNames(linking::LinkLookup& lookup, LinkSide side,
                                                   absl::Span<const int64_t> ids);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_NAMES_H_
