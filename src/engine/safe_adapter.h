// The one place where code of a host's is called that might throw: adapters, their factories, credential resolvers.

#ifndef FLXLINK_SRC_ENGINE_SAFE_ADAPTER_H_
#define FLXLINK_SRC_ENGINE_SAFE_ADAPTER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "flxlink/channel_adapter.h"
#include "src/engine/reporter.h"

namespace flxlink::engine {

// Makes the adapter that the context names; capabilities that make no sense (CheckCapabilities) are its error. Whatever
// is thrown while it is made, or by any call of it later, becomes an INTERNAL status that names the adapter and what
// was thrown. Secrets that it was given are struck out of what it says, and its calls are reported. `reporter` must
// outlive it.
//
// PushSeveral of it tells of each request once. One that the adapter does not answer is INTERNAL, as is an answer, of
// any call, that has not one outcome for each item or receipt.
absl::StatusOr<std::unique_ptr<ChannelAdapter>> MakeSafeAdapter(const AdapterRegistry& adapters,
                                                                const AdapterContext& context, Reporter& reporter);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_SAFE_ADAPTER_H_
