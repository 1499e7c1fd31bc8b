#include "src/cli/match_command.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "flxlink/catalog_csv.h"
#include "flxlink/executor.h"
#include "flxlink/link_rule.h"
#include "flxlink/linker.h"
#include "src/cli/match_rows.h"
#include "src/cli/output.h"
#include "src/cli/usage_error.h"

namespace flxlink::cli {
namespace {

constexpr int kMaxThreads = 1024;

// What was given on the command line.
struct MatchFlags {
  std::string listings;
  std::string channel;
  std::vector<std::string> rules;
  std::string links;
  std::string dialect = "generic";
  bool parent_guard = false;
  bool strict = false;
  int threads = 0;
  int64_t memory_limit_bytes = 0;
  std::string format = "csv";
  std::string out;
  bool stats = false;
};

// Everything that a match reads.
struct MatchFiles {
  std::unique_ptr<CsvCatalog> listings;
  std::unique_ptr<CsvCatalog> channel;
  CsvLinks links;
};

absl::StatusOr<LinkPriority> ReadRules(const std::vector<std::string>& texts) {
  if (texts.empty()) return UsageError("match: there is no rule; give at least one, for example --rule sku=sku");
  LinkPriority priority;
  for (const std::string& text : texts) {
    absl::StatusOr<LinkRule> rule = ParseLinkRule(text);
    if (!rule.ok()) return UsageError(absl::StrCat("match: --", rule.status().message()));
    if (rule->listing_field == "parent_id" || rule->channel_field == "parent_id") {
      return UsageError(absl::StrCat("match: --rule \"", text, "\": parent_id is not a field; use --parent-guard"));
    }
    priority.push_back(*std::move(rule));
  }
  return priority;
}

// What no one who writes the files can know.
uint64_t RandomSeed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// What is kept of each side: the listings, then the channel.
absl::StatusOr<std::array<CsvCatalogOptions, 2>> CatalogOptions(const MatchFlags& flags, const LinkPriority& priority,
                                                                bool json) {
  absl::StatusOr<CsvDialect> dialect = ParseCsvDialect(flags.dialect);
  if (!dialect.ok()) return UsageError(absl::StrCat("match: --dialect: ", dialect.status().message()));
  CsvCatalogOptions options;
  options.dialect = *dialect;
  options.parents = flags.parent_guard || json;
  options.lookup = !flags.links.empty();
  options.hash_seed = RandomSeed();
  std::array<CsvCatalogOptions, 2> sides = {options, options};
  for (const LinkRule& rule : priority) {
    sides[0].fields.push_back(rule.listing_field);
    sides[1].fields.push_back(rule.channel_field);
  }
  return sides;
}

absl::StatusOr<MatchFiles> ReadFiles(const MatchFlags& flags, absl::Span<const CsvCatalogOptions> options,
                                     Executor& executor) {
  absl::StatusOr<std::unique_ptr<CsvCatalog>> catalogs[2];
  const auto read = [&](int side, Executor& threads) {
    const size_t i = static_cast<size_t>(side);
    catalogs[i] = CsvCatalog::Read(side == 0 ? flags.listings : flags.channel, options[i], threads);
  };
  if (options[0].dialect == CsvDialect::kGeneric) {
    // Each file takes all threads.
    for (int side = 0; side < 2; ++side) read(side, executor);
  } else {
    executor.ParallelFor(2, [&](int side) { read(side, InlineExecutor()); });
  }
  for (const auto& catalog : catalogs) {
    if (!catalog.ok()) return catalog.status();
  }
  MatchFiles files;
  files.listings = *std::move(catalogs[0]);
  files.channel = *std::move(catalogs[1]);
  if (!flags.links.empty()) {
    absl::StatusOr<CsvLinks> links = ReadLinksCsv(flags.links, *files.listings, *files.channel);
    if (!links.ok()) return links.status();
    files.links = *std::move(links);
  }
  return files;
}

void PrintStats(const LinkPriority& priority, const MatchStats& stats) {
  for (size_t i = 0; i < priority.size(); ++i) {
    const RuleStats& rule = stats.rules[i];
    const std::string line = absl::StrCat(
        "rule ", i + 1, " (", FormatLinkRule(priority[i]), "): linked ", rule.linked, ", of them contradicted ",
        rule.linked_contradicted, ", ambiguous_listing ", rule.ambiguous_listing, ", ambiguous_channel ",
        rule.ambiguous_channel, ", contradiction ", rule.contradiction, ", target_taken ", rule.target_taken,
        ", parent_mismatch ", rule.parent_mismatch, ", no_match ", rule.no_match, ", no_key ", rule.no_key, "\n");
    std::fputs(line.c_str(), stderr);
  }
}

template <typename Sink>
absl::StatusOr<MatchStats> MatchInto(const Linker& linker, const MatchFiles& files, const MatchOptions& options,
                                     Sink& sink, Output* output) {
  const PairSpan links(files.links.pairs);
  MatchInput input;
  input.listings = files.listings.get();
  input.channel = files.channel.get();
  input.links = &links;
  for (int i = 0; i < static_cast<int>(linker.priority().size()); ++i) input.rule_columns.push_back({i, i});
  absl::StatusOr<MatchStats> stats = linker.Match(input, options, sink);
  if (!stats.ok()) return stats;
  if (absl::Status status = sink.Finish(); !status.ok()) return status;
  if (absl::Status status = output->Finish(); !status.ok()) return status;
  return stats;
}

absl::Status Match(const MatchFlags& flags, bool json) {
  absl::StatusOr<LinkPriority> priority = ReadRules(flags.rules);
  if (!priority.ok()) return priority.status();
  absl::StatusOr<Linker> linker = Linker::Create(*priority);
  if (!linker.ok()) return linker.status();
  const int hardware = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const std::unique_ptr<Executor> executor = NewThreadExecutor(flags.threads == 0 ? hardware : flags.threads);
  const auto catalog_options = CatalogOptions(flags, *priority, json);
  if (!catalog_options.ok()) return catalog_options.status();
  absl::StatusOr<MatchFiles> files = ReadFiles(flags, *catalog_options, *executor);
  if (!files.ok()) return files.status();

  std::unique_ptr<Output> output = Output::ToStdout();
  if (!flags.out.empty()) {
    absl::StatusOr<std::unique_ptr<Output>> file = Output::ToFile(flags.out);
    if (!file.ok()) return file.status();
    output = *std::move(file);
  }
  MatchOptions options;
  options.parent_guard = flags.parent_guard;
  options.strict = flags.strict;
  options.details = json;
  options.executor = executor.get();
  options.memory_limit_bytes = flags.memory_limit_bytes;
  options.hash_seed = RandomSeed();
  const MatchNames names = {files->listings.get(), files->channel.get(), &files->links};
  MatchJsonSink json_sink(names, output.get());
  MatchCsvSink csv_sink(names, executor.get(), output.get());
  absl::StatusOr<MatchStats> stats = json ? MatchInto(*linker, *files, options, json_sink, output.get())
                                          : MatchInto(*linker, *files, options, csv_sink, output.get());
  if (!stats.ok()) return stats.status();
  if (flags.stats) PrintStats(*priority, *stats);
  return absl::OkStatus();
}

}  // namespace

void AddMatchCommand(CLI::App& app, const bool& json, std::function<absl::Status()>& action) {
  CLI::App* command = app.add_subcommand("match", "Match two CSV files and print what became of every listing variant");
  const auto flags = std::make_shared<MatchFlags>();
  command->add_option("--listings", flags->listings, "CSV file of listing variants: id, parent_id, fields")
      ->required()
      ->type_name("F");
  command->add_option("--channel", flags->channel, "CSV file of channel variants: id, parent_id, fields")
      ->required()
      ->type_name("F");
  command
      ->add_option(
          "--rule", flags->rules,
          "LF=CF[,norm=trim+casefold+gtin+spreadsheet][,ambiguous=next|stop]; once per rule, the first has priority")
      ->allow_extra_args(false)
      ->type_name("RULE");
  command->add_option("--links", flags->links, "CSV file of existing links: listing_id, channel_id")->type_name("F");
  command->add_option("--dialect", flags->dialect, "What the columns of both files mean")
      ->check(CLI::IsMember({"generic", "shopify"}));
  command->add_flag("--parent-guard", flags->parent_guard,
                    "Do not link a listing whose variants point to several channel parents");
  command->add_flag("--strict", flags->strict, "Do not link pairs that another rule contradicts");
  command->add_option("--threads", flags->threads, "Threads to use (default: one per processor)")
      ->check(CLI::Range(1, kMaxThreads));
  command
      ->add_option(
          "--memory-limit", flags->memory_limit_bytes,
          "Memory that the match itself may take, in bytes or with k, M or G (default: 32 a row, and 4 a row and rule)")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
      ->check(CLI::Range(int64_t{1}, std::numeric_limits<int64_t>::max()))
      ->type_name("BYTES");
  command->add_option("--format", flags->format, "csv (the default) or json")->check(CLI::IsMember({"csv", "json"}));
  command->add_option("--out", flags->out, "File to write (default: standard output)")->type_name("F");
  command->add_flag("--stats", flags->stats, "Also print a line per rule on standard error");
  command->callback(
      [flags, &json, &action] { action = [flags, &json] { return Match(*flags, json || flags->format == "json"); }; });
}

}  // namespace flxlink::cli
