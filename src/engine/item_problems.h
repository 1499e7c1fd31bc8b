// What the last whole pull of a channel could not read of its items.

#ifndef FLXLINK_SRC_ENGINE_ITEM_PROBLEMS_H_
#define FLXLINK_SRC_ENGINE_ITEM_PROBLEMS_H_

#include <string>

#include "absl/status/statusor.h"
#include "flxlink/engine.h"
#include "flxlink/page.h"
#include "flxlink/storage.h"

namespace flxlink::engine {

// See Engine::ListItemProblems.
absl::StatusOr<JobProblemPage> ListItemProblems(Storage& storage, const std::string& channel,
                                                const PageRequest& request);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_ITEM_PROBLEMS_H_
