// A tiny world around sync planning: a store, a channel with faults, products that change, all from one seed. It keeps
// what storage would keep and, beside it, what really happened, and says where the two part.

#ifndef FLXLINK_TESTS_SYNC_SYNC_WORLD_H_
#define FLXLINK_TESTS_SYNC_SYNC_WORLD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "flxlink/sync.h"

namespace flxlink::sync {

// The functions of sync.h, so that broken twins can take their place.
struct SyncFunctions {
  std::function<SyncPlan(const SyncBatch&, const SyncBatch&, const SyncPolicy&)> plan =
      [](const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy) {
        return PlanSync(batch, siblings, policy);
      };
  std::function<SettlementBatch(const SyncPlan&, absl::Span<const int64_t>, absl::Span<const PushOutcome>, int64_t)>
      settle = Settle;
  std::function<std::vector<Reconciliation>(const SyncBatch&, const SyncPolicy&, bool)> reconcile =
      [](const SyncBatch& batch, const SyncPolicy& policy, bool compare_seen) {
        return PlanReconciliation(batch, policy, compare_seen);
      };
};

// Lets one random history happen, then ends all faults and lets the world come to rest. Returns the first thing that
// should not have happened, empty where there is none.
std::string RunSyncWorld(const SyncFunctions& functions, uint64_t seed);

}  // namespace flxlink::sync

#endif  // FLXLINK_TESTS_SYNC_SYNC_WORLD_H_
