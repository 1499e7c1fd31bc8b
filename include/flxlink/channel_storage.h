// ChannelStorage: the role of a storage that keeps channels, their configurations and drafts. See storage.h for what
// holds of every operation.

#ifndef FLXLINK_CHANNEL_STORAGE_H_
#define FLXLINK_CHANNEL_STORAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "flxlink/channel.h"

namespace flxlink {

// Thread-safe.
class ChannelStorage {
 public:
  virtual ~ChannelStorage() = default;

  // ALREADY_EXISTS: there is one of that name with another configuration. Repeat: the channel that is there, as long as
  // nobody has changed its configuration; then ALREADY_EXISTS, and nothing is changed.
  virtual absl::StatusOr<Channel> CreateChannel(const ChannelConfig& config) = 0;

  virtual absl::StatusOr<Channel> ReadChannel(absl::string_view name) = 0;
  virtual absl::StatusOr<Channel> ReadChannel(int64_t channel_id) = 0;

  // Ordered by name.
  virtual absl::StatusOr<std::vector<Channel>> ReadChannels() = 0;

  // Writes config and draft if the channel's revision is `expected_revision`, else ABORTED. `moves_policy`: the change
  // touches what links should send, or how, so the policy version grows. Repeat: OK, with nothing written, where the
  // channel is one revision further and has this very config and draft; where it was changed once more, ABORTED.
  // Another adapter or other settings take PullState::mark away, make a pull needed where there was one, and end one
  // that runs, as if another had begun and ended: its pages are of another platform, or another file, and what its job
  // still writes is refused.
  virtual absl::Status WriteChannel(int64_t channel_id, int64_t expected_revision, const ChannelConfig& config,
                                    const absl::optional<ChannelConfig>& draft, bool moves_policy) = 0;

  // Removes the channel and all that belongs to it. FAILED_PRECONDITION while its slot is held by a living owner. OK
  // where there is no channel with that id (any more): ids do not come a second time.
  virtual absl::Status RemoveChannel(int64_t channel_id) = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_CHANNEL_STORAGE_H_
