// The settings that make a simulated platform, for programs whose users have settings and no code.
//
// Functions of plain data: any thread.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_SETTINGS_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_SETTINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/channel.h"
#include "flxlink/simulated_channel.h"

namespace flxlink::simulated {

struct SimulatedSettings {
  SimulatedOptions options;
  int64_t items = 20;
  double fixed = 0;  // The rate of those of which a field cannot be set.
  std::string path;  // Empty: it is kept in memory.
  std::string text;  // The same for channels that are on the same platform.
};

// See RegisterSimulatedChannel(). INVALID_ARGUMENT names the setting that is wrong, or that there is not.
absl::StatusOr<SimulatedSettings> SettingsOf(const ChannelConfig& config);

// The items that a new platform has. Item number i, from 1, has the external id "item-i" and the SKU "SKU-i"; three
// each share a parent. All else is from the seed.
std::vector<SimulatedItem> FirstItems(const SimulatedSettings& settings);

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_SETTINGS_H_
