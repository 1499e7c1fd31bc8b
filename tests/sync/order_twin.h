// A broken twin of PlanSync, for tests of the order inside an item.

#ifndef FLXLINK_TESTS_SYNC_ORDER_TWIN_H_
#define FLXLINK_TESTS_SYNC_ORDER_TWIN_H_

#include <cstddef>
#include <cstdint>

#include "flxlink/sync.h"

namespace flxlink::sync {

// Plans as if one kind set all fields, and then sends of each item what the last kind sets that has a part of it.
inline SyncPlan PlanWithoutOrder(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy) {
  SyncPolicy whole = policy;
  whole.kinds = {policy.fields};
  SyncPlan plan = PlanSync(batch, siblings, whole);
  for (size_t i = 0; i < plan.items.size(); ++i) {
    PushItem& item = plan.items[i];
    const SyncFields all = item.mask;
    for (size_t kind = 0; kind < policy.kinds.size(); ++kind) {
      const SyncFields part = IntersectionOf(all, policy.kinds[kind]);
      if (part.empty()) continue;
      item.mask = part;
      plan.item_states[i].kind = static_cast<int32_t>(kind);
    }
    plan.item_states[i].last = plan.item_states[i].last && item.mask == all;
  }
  return plan;
}

}  // namespace flxlink::sync

#endif  // FLXLINK_TESTS_SYNC_ORDER_TWIN_H_
