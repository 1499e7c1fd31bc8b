#include "src/sync/hidden_quantity.h"

namespace flxlink::sync {

bool IsHiddenByQuantity(const SyncRow& row, const SyncPolicy& policy) {
  if (!policy.hides_by_quantity) return false;
  return row.status.base == Health::kDelisted || DesiredStatus(row.status) == ChannelStatus::kHidden;
}

ChannelStatus StatusByQuantity(const SyncRow& row, const SyncPolicy& policy) {
  if (IsHiddenByQuantity(row, policy)) return ChannelStatus::kHidden;
  if (!policy.hides_by_quantity) return ChannelStatus::kUnknown;
  return DesiredStatus(row.status).value_or(ChannelStatus::kUnknown);
}

Problem HiddenByQuantity() {
  return MakeProblem(problem_code::kHiddenByQuantity, {},
                     "the channel cannot hide an item; it has the quantity 0 instead");
}

bool IsHiddenProblem(const Problem& problem) { return problem.code == problem_code::kHiddenByQuantity; }

}  // namespace flxlink::sync
