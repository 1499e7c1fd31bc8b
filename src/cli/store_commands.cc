#include "src/cli/store_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flxlink/sqlite_storage.h"
#include "src/cli/print.h"

namespace flxlink::cli {
namespace {

absl::Status BackUp(const std::string& path, bool json, const std::string& target) {
  if (absl::Status status = BackupSqliteStore(path, target); !status.ok()) return status;
  if (json) return PrintJson({{"store", path}, {"backup", target}});
  return PrintLine(absl::StrCat("store ", path, ": backed up to ", target));
}

absl::Status PrintFindings(const std::string& path, bool json, const std::vector<std::string>& findings) {
  if (json) return PrintJson({{"store", path}, {"findings", findings}});
  if (findings.empty()) return PrintLine(absl::StrCat("store ", path, ": nothing found"));
  for (const std::string& finding : findings) {
    if (absl::Status status = PrintLine(OneLine(finding)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Check(const std::string& path, bool json) {
  const absl::StatusOr<std::vector<std::string>> findings = CheckSqliteStore(path);
  if (!findings.ok()) return findings.status();
  absl::Status status = PrintFindings(path, json, *findings);
  if (!status.ok() || findings->empty()) return status;
  return absl::DataLossError(absl::StrCat("store ", path, " has findings: ", findings->size(),
                                          "; restore it from a backup, or write down what they are and report them"));
}

absl::Status Vacuum(const std::string& path, bool json) {
  const absl::StatusOr<SqliteVacuum> result = VacuumSqliteStore(path);
  if (!result.ok()) return result.status();
  if (json) {
    return PrintJson({{"store", path}, {"bytes_before", result->bytes_before}, {"bytes_after", result->bytes_after}});
  }
  return PrintLine(absl::StrCat("store ", path, ": ", result->bytes_after, " bytes, before ", result->bytes_before));
}

absl::Status Migrate(const std::string& path, bool json) {
  const absl::StatusOr<SqliteMigration> migration = MigrateSqliteStore(path);
  if (!migration.ok()) return migration.status();
  if (json) return PrintJson({{"store", path}, {"from", migration->from}, {"to", migration->to}});
  if (migration->from == migration->to) {
    return PrintLine(absl::StrCat("store ", path, ": its schema is version ", migration->to, " already"));
  }
  return PrintLine(
      absl::StrCat("store ", path, ": schema migrated from version ", migration->from, " to ", migration->to));
}

// Makes `work` what the program does once `command` was given. It works on the path, not in a session.
void SetUpkeep(CLI::App* command, const Globals& globals, std::function<absl::Status()>& action,
               std::function<absl::Status(const std::string& path, bool json)> work) {
  command->callback([&globals, &action, work = std::move(work)] {
    action = [&globals, work]() -> absl::Status {
      const absl::StatusOr<std::string> path = SqlitePath(globals);
      return path.ok() ? ExplainNoStore(*path, work(*path, globals.json)) : path.status();
    };
  });
}

}  // namespace

void AddStoreCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* group = app.add_subcommand("store", "Back up, check and tidy the store")->require_subcommand(1);
  CLI::App* backup = group->add_subcommand("backup", "Copy the store into a new file, also while it is in use");
  const auto target = std::make_shared<std::string>();
  backup->add_option("FILE", *target, "The new file")->required()->type_name("");
  SetUpkeep(backup, globals, action,
            [target](const std::string& path, bool json) { return BackUp(path, json, *target); });
  SetUpkeep(group->add_subcommand("check", "Look for damage: exit code 1 if there is any"), globals, action, &Check);
  SetUpkeep(group->add_subcommand("vacuum", "Give the room of removed rows back; writers wait meanwhile"), globals,
            action, &Vacuum);
  SetUpkeep(group->add_subcommand("migrate", "Bring the store to this program's schema, as every command does"),
            globals, action, &Migrate);
}

}  // namespace flxlink::cli
