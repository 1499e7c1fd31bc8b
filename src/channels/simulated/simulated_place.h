// What a channel means on the simulated platform: which of an item's stocks and prices are its quantity and price, and
// what hides the item there. This is the adapter's part of the work: the platform has items as SimulatedItem says.
//
// Functions of plain data: any thread.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_PLACE_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_PLACE_H_

#include "absl/status/statusor.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/channel_variant.h"
#include "flxlink/item_values.h"
#include "flxlink/rare_vector.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/sync_fields.h"

namespace flxlink::simulated {

// The place that a channel's settings name. INVALID_ARGUMENT names the setting that is missing or wrong, and the ids
// that there are. Other settings are not looked at.
absl::StatusOr<SimulatedPlace> PlaceOf(const ChannelConfig& config, const SimulatedOptions& options);

// What of the platform's capabilities a channel has that hides like this.
AdapterCapabilities CapabilitiesAt(const SimulatedPlace& place, AdapterCapabilities capabilities);

// The values that an item has for the channel, content aside; and the fields that are fixed for it.
ItemValues ValuesAt(const SimulatedPlace& place, const SimulatedItem& item);
RareVector<FixedField> FixedAt(const SimulatedPlace& place, const SimulatedItem& item);

// Sets the masked ones of those values. Of what the platform keeps larger than a value, all else stays: the prices of
// other markets, the stock of other locations, what is reserved.
void SetAt(const SimulatedPlace& place, const SyncFields& mask, const ItemValues& values, SimulatedItem* item);

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_PLACE_H_
