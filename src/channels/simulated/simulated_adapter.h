// The adapter for the simulated platform.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ADAPTER_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ADAPTER_H_

#include <memory>

#include "flxlink/channel_adapter.h"
#include "flxlink/simulated_channel.h"

namespace flxlink::simulated {

// One for a channel at that place. Thread-safe.
std::unique_ptr<ChannelAdapter> NewSimulatedAdapter(std::shared_ptr<SimulatedPlatform> platform, SimulatedPlace place);

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ADAPTER_H_
