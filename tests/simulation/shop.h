// A shop: a channel and its platform, as the seed chooses them.

#ifndef FLXLINK_TESTS_SIMULATION_SHOP_H_
#define FLXLINK_TESTS_SIMULATION_SHOP_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "flxlink/channel.h"
#include "flxlink/simulated_channel.h"
#include "tests/simulation/scheduler.h"

namespace flxlink::simulation {

// Each product has an item of the same number in each shop.
constexpr uint64_t kItems = 6;
inline std::string Sku(uint64_t number) { return absl::StrCat("s", number); }
inline std::string ItemId(uint64_t number) { return absl::StrCat("i", number); }

struct Shop {
  Channel channel;
  std::shared_ptr<SimulatedPlatform> platform;
  // Items that people changed there.
  std::set<std::string> edited;
};

SimulatedItem NewItem(uint64_t number, int64_t price, int64_t quantity);

// Something that goes wrong in some worlds only, two of three.
double Maybe(Scheduler& scheduler, double rate);
SimulatedFaults ChoosePlatformFaults(Scheduler& scheduler);
// What the platform declares, too.
SimulatedOptions ChoosePlatform(Scheduler& scheduler, const SimulatedFaults& faults);
ChannelConfig ChooseChannel(Scheduler& scheduler, const std::string& name);
// For the trace: how the shop takes pushes.
// One change of each kind a day.
std::vector<ChangeLimit> CautiousLimits();
void NoteShop(Scheduler& scheduler, const Shop& shop);

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_SHOP_H_
