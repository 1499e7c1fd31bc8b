// Receipts: what became of items that the channel accepted and decides on later.

#ifndef FLXLINK_SRC_ENGINE_RECEIPTS_H_
#define FLXLINK_SRC_ENGINE_RECEIPTS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// What asking about receipts came to.
struct ReceiptsAsked {
  // Of how many the end is known: they are decided, or given up.
  int64_t ends = 0;
  // Items to look at again, by external id, and their SKUs: they conflicted, or their receipts are given up.
  std::map<std::string, std::string> look_again;
};

// Asks the channel once about every receipt that is due (OpenPush::look_at), and settles what is decided and what is
// too old; what is neither is due again after a part of its age. A channel that cannot be asked now leaves them as they
// are. What has lingered long enough is given up. The rest is not even read. `*asked` says what came of what is
// settled, also where the job is to end or yield before all is.
absl::Status AskAboutReceipts(SyncScope& scope, ReceiptsAsked* asked);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_RECEIPTS_H_
