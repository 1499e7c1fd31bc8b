// The errors of calls to an adapter, which name their channel: an adapter knows only its platform.

#ifndef FLXLINK_SRC_ENGINE_ADAPTER_ERROR_H_
#define FLXLINK_SRC_ENGINE_ADAPTER_ERROR_H_

#include "absl/status/status.h"
#include "flxlink/channel.h"

namespace flxlink::engine {

// `status` as an adapter of `channel` returned it, with a problem where the adapter gave it none. Its other payloads
// stay.
absl::Status AdapterError(const absl::Status& status, const Channel& channel);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_ADAPTER_ERROR_H_
