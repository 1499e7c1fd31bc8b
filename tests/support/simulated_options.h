// Short words for the options of a simulated platform.

#ifndef FLXLINK_TESTS_SUPPORT_SIMULATED_OPTIONS_H_
#define FLXLINK_TESTS_SUPPORT_SIMULATED_OPTIONS_H_

#include "flxlink/push_kind.h"
#include "flxlink/simulated_channel.h"

namespace flxlink {

// The kind of a platform that sets everything in one call.
inline PushKind& OnlyKind(SimulatedOptions& options) { return options.capabilities.push_kinds.front(); }

// Two stock locations and three markets.
inline void HaveSeveralPlaces(SimulatedOptions& options) {
  options.locations = {"berlin", "lyon"};
  options.markets = {"de", "fr", "us"};
}

}  // namespace flxlink

#endif  // FLXLINK_TESTS_SUPPORT_SIMULATED_OPTIONS_H_
