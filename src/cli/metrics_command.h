// `flxlink metrics`: counters and gauges, as text for Prometheus or as JSON.

#ifndef FLXLINK_SRC_CLI_METRICS_COMMAND_H_
#define FLXLINK_SRC_CLI_METRICS_COMMAND_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "src/cli/session.h"

namespace flxlink::cli {

// Adds the command to the program. If it was given it becomes `action`.
void AddMetricsCommand(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_METRICS_COMMAND_H_
