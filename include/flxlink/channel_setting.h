// Settings that several adapters have in common, so that they are called the same everywhere. What a channel means on
// its account is said by these; an adapter takes those that its platform has a use for, and refuses the others.
//
//   location         the id of the platform's stock location that the channel's quantities are those of. An account
//   with
//                    more than one needs it said
//   market           the id of the market, price list or region that the channel's prices are those of
//   quantity_means   "available" (the default): what can still be sold. "on_hand": what lies on the shelf, what is
//                    reserved for orders included. Where the platform keeps the other one the adapter converts it, with
//                    the reserved number of the same read
//   hiding           what hides an item: its product's "status" (the default), its "publication" on the market, or
//                    "none": then what is to be hidden gets the quantity 0 (AdapterCapabilities::hides_by_quantity).
//                    Where a platform has one way only, that is its default, and the others are refused
//
// Functions of plain data: any thread.

#ifndef FLXLINK_CHANNEL_SETTING_H_
#define FLXLINK_CHANNEL_SETTING_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flxlink/channel.h"

namespace flxlink {

// The value of a setting; empty: it is not there.
absl::string_view SettingOf(const ChannelConfig& config, absl::string_view name);

enum class QuantityMeans : uint8_t { kAvailable, kOnHand };
enum class Hiding : uint8_t { kStatus, kPublication, kNone };

// What `quantity_means` and `hiding` say. INVALID_ARGUMENT lists the words there are.
absl::StatusOr<QuantityMeans> QuantityMeansOf(const ChannelConfig& config);
absl::StatusOr<Hiding> HidingOf(const ChannelConfig& config);

}  // namespace flxlink

#endif  // FLXLINK_CHANNEL_SETTING_H_
