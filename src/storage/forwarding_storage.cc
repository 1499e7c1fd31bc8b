#include "flxlink/forwarding_storage.h"

namespace flxlink {

absl::Status ForwardingStorage::Before(absl::string_view /*operation*/) { return absl::OkStatus(); }

absl::Status ForwardingStorage::After(absl::string_view /*operation*/, const absl::Status& status) { return status; }

}  // namespace flxlink
