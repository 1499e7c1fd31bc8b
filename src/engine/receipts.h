// Receipts: what became of items that the channel accepted and decides on later.

#ifndef FLXLINK_SRC_ENGINE_RECEIPTS_H_
#define FLXLINK_SRC_ENGINE_RECEIPTS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "src/engine/sync_scope.h"

namespace flxlink::engine {

// What asking about receipts came to.
struct ReceiptsAsked {
  // Of how many the end is known: they are decided, or given up.
  int64_t ends = 0;
  // When to ask again about those that are not decided. nullopt: all are.
  absl::optional<absl::Time> ask_again_at;
  // Items to look at again, by external id, and their SKUs: they conflicted, or their receipts are given up.
  std::map<std::string, std::string> look_again;
};

// Asks the channel once about every receipt that is open, and settles what is decided and what is too old. A channel
// that cannot be asked now leaves them as they are.
absl::StatusOr<ReceiptsAsked> AskAboutReceipts(SyncScope& scope);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_RECEIPTS_H_
