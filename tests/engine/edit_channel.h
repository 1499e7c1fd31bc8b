// Changing a few settings of a channel and leaving the rest, as a test writes it.

#ifndef FLXLINK_TESTS_ENGINE_EDIT_CHANNEL_H_
#define FLXLINK_TESTS_ENGINE_EDIT_CHANNEL_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "flxlink/engine.h"

namespace flxlink::engine {

// Puts what `edit` makes of the channel's configuration.
inline absl::StatusOr<Channel> EditChannel(Engine& engine, const std::string& name,
                                           const std::function<void(ChannelConfig&)>& edit) {
  absl::StatusOr<Channel> channel = engine.GetChannel(name);
  if (!channel.ok()) return channel;
  edit(channel->config);
  return engine.PutChannel(channel->config, channel->revision);
}

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_EDIT_CHANNEL_H_
