// `flxlink item …`: what is on a channel, as the last pull saw it.

#ifndef FLXLINK_SRC_CLI_ITEM_COMMANDS_H_
#define FLXLINK_SRC_CLI_ITEM_COMMANDS_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "src/cli/session.h"

namespace flxlink::cli {

// Adds the commands to the program. The one that was given becomes `action`.
void AddItemCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_ITEM_COMMANDS_H_
