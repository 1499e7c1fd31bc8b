#include "src/sync/hidden_quantity.h"

namespace flxlink::sync {

bool IsHiddenByQuantity(const SyncRow& row, const SyncPolicy& policy) {
  if (!policy.hides_by_quantity) return false;
  return row.status.base == Health::kDelisted ||
         DesiredStatus(row.status, row.product_removed) == ChannelStatus::kHidden;
}

ChannelStatus StatusByQuantity(const SyncRow& row, const SyncPolicy& policy) {
  if (IsHiddenByQuantity(row, policy)) return ChannelStatus::kHidden;
  if (!policy.hides_by_quantity) return ChannelStatus::kUnknown;
  return DesiredStatus(row.status, row.product_removed).value_or(ChannelStatus::kUnknown);
}

bool OnlyQuantityHides(const SyncRow& row, const SyncPolicy& policy) {
  const bool has_other_way = policy.hides_by_quantity || policy.fields.Has(SyncField::kStatus);
  return row.product_removed && !has_other_way && policy.fields.Has(SyncField::kQuantity);
}

Problem HiddenByQuantity() {
  return MakeProblem(problem_code::kHiddenByQuantity, {},
                     "the channel cannot hide an item; it has the quantity 0 instead");
}

bool IsHiddenProblem(const Problem& problem) { return problem.code == problem_code::kHiddenByQuantity; }

}  // namespace flxlink::sync
