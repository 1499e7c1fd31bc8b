// The order in which the fields of one item go out. See PlanSync in flxlink/sync.h.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_PUSH_STEP_H_
#define FLXLINK_SRC_SYNC_PUSH_STEP_H_

#include <cstdint>

#include "flxlink/sync.h"

namespace flxlink::sync {

// The fields of one item that go out together, by one kind.
struct PushStep {
  // An index into SyncPolicy::kinds.
  int32_t kind = 0;
  // Empty: nothing may go out.
  SyncFields fields;
};

// The next step of an item that wants `send`, of which `desired` are the new values and `known` what the channel is
// known to have. `refused`: fields that it wants too, and that the channel refused for good.
PushStep NextStep(const SyncFields& send, const SyncFields& refused, const ItemValues& desired, const ItemValues& known,
                  const SyncPolicy& policy);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_PUSH_STEP_H_
