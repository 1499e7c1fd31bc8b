// Who has the key of one listing row, under one rule.

#ifndef FLXLINK_LINKER_EXPLANATION_H_
#define FLXLINK_LINKER_EXPLANATION_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/link_rule.h"
#include "flxlink/linker.h"

namespace flxlink::linker {

// Fills in the key, L and C of a RuleExplanation by comparing the key with every row's.
absl::StatusOr<RuleExplanation> ExplainKey(const MatchInput& input, const MatchInput::RuleColumns& columns,
                                           const std::vector<Normalizer>& normalizers, int64_t listing_row);

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_EXPLANATION_H_
