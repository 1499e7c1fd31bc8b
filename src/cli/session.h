// What a command works with: the store that the command line names, and the engine over it.

#ifndef FLXLINK_SRC_CLI_SESSION_H_
#define FLXLINK_SRC_CLI_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/engine.h"
#include "flxlink/executor.h"
#include "flxlink/job.h"
#include "flxlink/listing.h"
#include "flxlink/storage.h"
#include "src/cli/event_printer.h"
#include "src/cli/progress_line.h"

namespace flxlink::cli {

// The options that every command has.
struct Globals {
  std::string store = "sqlite:flxlink.db";
  bool json = false;
};

// What a command may do where there is no store: a misspelt path must not look like an empty store, so only commands
// that begin one make it.
enum class StoreUse { kMustExist, kMayMake };

// The path in --store; a UsageError() where that is no path.
absl::StatusOr<std::string> SqlitePath(const Globals& globals);

// An error of opening a store that must exist: where there is none, it says how to come to one.
absl::Status ExplainNoStore(const std::string& path, const absl::Status& status);

class Session {
 public:
  // A store that cannot be named like this is a UsageError().
  static absl::StatusOr<std::unique_ptr<Session>> Open(const Globals& globals, StoreUse use);

  Engine& engine() { return *engine_; }
  bool json() const { return json_; }
  // By the store's clock.
  absl::StatusOr<absl::Time> Now() { return storage_->Now(); }
  // Takes the progress line away and prints what went wrong so far, before anything else is printed.
  void EndProgress() { event_printer_->Finish(); }

  // NOT_FOUND says which command shows what there is.
  absl::StatusOr<Channel> FindChannel(const std::string& name);
  absl::StatusOr<Job> FindJob(int64_t job_id);
  absl::StatusOr<ListingRow> FindListing(const std::string& channel, const std::string& sku);

 private:
  explicit Session(bool json) : json_(json) {}

  const bool json_;
  ProgressLine progress_line_;
  std::unique_ptr<Storage> storage_;
  AdapterRegistry adapters_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<EventPrinter> event_printer_;  // Ends once the engine is gone, so it goes after it.
  std::unique_ptr<Engine> engine_;
};

// Makes `work` what the program does once `command` was given: in a session of its own.
void SetWork(CLI::App* command, const Globals& globals, std::function<absl::Status()>& action,
             std::function<absl::Status(Session&)> work, StoreUse use = StoreUse::kMustExist);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_SESSION_H_
