// `flxlink store`: the upkeep of the store.

#ifndef FLXLINK_SRC_CLI_STORE_COMMANDS_H_
#define FLXLINK_SRC_CLI_STORE_COMMANDS_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "src/cli/session.h"

namespace flxlink::cli {

void AddStoreCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_STORE_COMMANDS_H_
