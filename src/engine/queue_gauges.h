// How full the queues of a store are, as gauges.

#ifndef FLXLINK_SRC_ENGINE_QUEUE_GAUGES_H_
#define FLXLINK_SRC_ENGINE_QUEUE_GAUGES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flxlink/metrics.h"
#include "flxlink/storage.h"

namespace flxlink::engine {

// By name and channel. Reads each channel's queue.
absl::StatusOr<std::vector<Metric>> ReadQueueGauges(Storage& storage, absl::Time now);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_QUEUE_GAUGES_H_
