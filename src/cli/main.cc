// The `flxlink` program: parses the command line, does what it says, and tells by the exit code how that went.

#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "src/cli/advice.h"
#include "src/cli/channel_commands.h"
#include "src/cli/item_commands.h"
#include "src/cli/job_commands.h"
#include "src/cli/listing_commands.h"
#include "src/cli/match_command.h"
#include "src/cli/metrics_command.h"
#include "src/cli/print.h"
#include "src/cli/product_commands.h"
#include "src/cli/run_command.h"
#include "src/cli/schedule_commands.h"
#include "src/cli/session.h"
#include "src/cli/store_commands.h"
#include "src/cli/usage_error.h"

namespace flxlink::cli {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

// The version of the project in CMakeLists.txt.
constexpr char kVersion[] = "flxlink 0.1.0";

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_option("--store", globals.store, "Where everything is kept (default: sqlite:flxlink.db)")
      ->type_name("sqlite:PATH");
  app.add_flag("--json", globals.json, "Print one JSON document instead of text");
  app.set_version_flag("--version", kVersion, "Print the version and exit");
  // Lets the options above stand after the command too.
  app.fallthrough();
  app.require_subcommand(1);
}

void AddCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  AddMatchCommand(app, globals.json, action);
  AddChannelCommands(app, globals, action);
  AddProductCommands(app, globals, action);
  AddJobCommands(app, globals, action);
  AddListingCommands(app, globals, action);
  AddItemCommands(app, globals, action);
  AddScheduleCommands(app, globals, action);
  AddRunCommand(app, globals, action);
  AddMetricsCommand(app, globals, action);
  AddStoreCommands(app, globals, action);
}

// The command that was given, as far as it was understood: "flxlink job show".
std::string CommandGiven(const CLI::App& app) {
  std::string command = "flxlink";
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    if (!at->get_name().empty()) absl::StrAppend(&command, " ", at->get_name());
  }
  return command;
}

// CLI11 misses a command before it looks at the word that should have been one.
std::string Describe(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  if (error.get_name() != "RequiredError" || unknown.empty()) return error.what();
  return absl::StrCat(error.what(), ", and ", unknown.front(), " is none");
}

// CLI11 says by exceptions how parsing ended. They go no further than this: nullopt where there is something to do,
// else what was printed or is wrong.
absl::optional<absl::Status> Parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion&) {
    return PrintLine(kVersion);
  } catch (const CLI::Success&) {
    return PrintText(app.help());
  } catch (const CLI::ParseError& error) {
    return UsageError(absl::StrCat(Describe(app, error), "; see: ", CommandGiven(app), " --help"));
  }
  return absl::nullopt;
}

absl::Status ParseAndRun(int argc, char** argv) {
  Globals globals;
  std::function<absl::Status()> action;
  CLI::App app(
      "Links a merchant's listings to the items of sales channels, and keeps price, quantity and status in sync",
      "flxlink");
  AddGlobals(app, globals);
  AddCommands(app, globals, action);
  const absl::optional<absl::Status> ended = Parse(app, argc, argv);
  return ended.has_value() ? *ended : action();
}

int Main(int argc, char** argv) {
  // A reader that goes away is an error of writing like any other.
  std::signal(SIGPIPE, SIG_IGN);
  const absl::Status status = ParseAndRun(argc, argv);
  if (status.ok()) return kDone;
  std::fprintf(stderr, "flxlink: %s\n", OneLine(DescribeError(status)).c_str());
  return IsUsageError(status) ? kWrongUsage : kFailed;
}

}  // namespace
}  // namespace flxlink::cli

int main(int argc, char** argv) { return flxlink::cli::Main(argc, argv); }
