// Ends the reading of a file when its call is cancelled.

#ifndef FLXLINK_SRC_CHANNELS_CSV_CALL_CHECK_H_
#define FLXLINK_SRC_CHANNELS_CSV_CALL_CHECK_H_

#include <functional>

#include "absl/status/status.h"
#include "flxlink/channel_adapter.h"

namespace flxlink::csv_channel {

// For csv::ShopifySelection: CANCELLED where the call is, which must outlive what is returned.
inline std::function<absl::Status()> CheckOf(const CallContext& call) {
  return [&call] { return call.cancelled() ? absl::CancelledError("the call was cancelled") : absl::OkStatus(); };
}

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_CALL_CHECK_H_
