// Receipts: what became of items that the channel accepted and decides on later.

#ifndef FLXLINK_SRC_ENGINE_RECEIPTS_H_
#define FLXLINK_SRC_ENGINE_RECEIPTS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "flxlink/push.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// Polls the accepted ones of `outcomes` with growing waits until all are decided or `until`: what is undecided then
// stays accepted.
absl::Status PollReceipts(JobContext& context, absl::Time until, std::vector<PushOutcome>* outcomes);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_RECEIPTS_H_
