// `flxlink match`: matches two CSV files and prints what became of every listing variant. It keeps nothing.

#ifndef FLXLINK_CLI_MATCH_COMMAND_H_
#define FLXLINK_CLI_MATCH_COMMAND_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace flxlink::cli {

// Adds the command to the program. Once it was given on the command line, `action` is set to what does its work; `json`
// (the program's --json) is read then. Wrong usage that only the work finds out is a UsageError().
void AddMatchCommand(CLI::App& app, const bool& json, std::function<absl::Status()>& action);

}  // namespace flxlink::cli

#endif  // FLXLINK_CLI_MATCH_COMMAND_H_
