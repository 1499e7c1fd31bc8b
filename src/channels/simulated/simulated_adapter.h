// The adapter for the simulated platform.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ADAPTER_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ADAPTER_H_

#include <memory>

#include "flxlink/channel_adapter.h"
#include "flxlink/clock.h"
#include "flxlink/simulated_channel.h"
#include "src/channels/simulated/simulated_settings.h"

namespace flxlink::simulated {

// One for a channel at that place. Thread-safe.
std::unique_ptr<ChannelAdapter> NewSimulatedAdapter(std::shared_ptr<SimulatedPlatform> platform, SimulatedPlace place);

// One whose platform is in the file of `settings`, which every call reads, and writes with what it changed.
// Thread-safe; calls come one after another, those of other processes too.
std::unique_ptr<ChannelAdapter> NewSimulatedFileAdapter(Clock& clock, SimulatedSettings settings, SimulatedPlace place);

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ADAPTER_H_
