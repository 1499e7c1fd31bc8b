#include "src/cli/item_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/engine.h"
#include "flxlink/filter.h"
#include "src/cli/advice.h"
#include "src/cli/json_view.h"
#include "src/cli/pages.h"
#include "src/cli/print.h"
#include "src/cli/text_table.h"

namespace flxlink::cli {
namespace {

struct ItemFlags {
  std::string channel;
  std::string external_id;
  bool unlinked = false;
  bool problems = false;
};

std::string PriceText(const ItemRow& item) { return item.price.has_value() ? FormatMoney(*item.price) : ""; }
std::string QuantityText(const ItemRow& item) { return item.quantity.has_value() ? absl::StrCat(*item.quantity) : ""; }

std::vector<std::string> TableRow(const ItemRow& item) {
  return {item.external_id,
          item.parent_id,
          item.live ? "yes" : "no",
          std::string(ToString(item.status)),
          PriceText(item),
          QuantityText(item),
          item.sku,
          std::string(ToString(item.link_state)),
          FormatInstant(item.seen_at)};
}

// What the last pull could not read.
absl::Status ListProblems(Session& session, const std::string& channel) {
  const auto read = [&](const PageRequest& page) { return session.engine().ListItemProblems(channel, page); };
  if (session.json()) {
    JsonArray array;
    const auto add = [&](const JobProblem& problem) { return array.Add(JobProblemView(problem, channel)); };
    const absl::Status status = ForEachRow(read, add);
    return status.ok() ? array.Finish() : status;
  }
  TextTable table({"ITEM", "CODE", "PROBLEM", "WHAT TO DO"});
  const auto add = [&](const JobProblem& problem) {
    return table.AddRow({problem.subject, problem.problem.code, problem.problem.message,
                         AdviceFor(problem.problem, {channel, problem.subject})});
  };
  const absl::Status status = ForEachRow(read, add);
  return status.ok() ? table.Finish() : status;
}

absl::Status List(Session& session, const ItemFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  if (flags.problems) return ListProblems(session, flags.channel);
  ItemFilter filter;
  filter.unlinked = flags.unlinked;
  const auto read = [&](const PageRequest& page) { return session.engine().ListItems(flags.channel, filter, page); };
  if (session.json()) {
    JsonArray array;
    const absl::Status status = ForEachRow(read, [&](const ItemRow& item) { return array.Add(ItemView(item)); });
    return status.ok() ? array.Finish() : status;
  }
  TextTable table({"ITEM", "PARENT", "LIVE", "STATUS", "PRICE", "QUANTITY", "SKU", "LINK", "SEEN"});
  const absl::Status status = ForEachRow(read, [&](const ItemRow& item) { return table.AddRow(TableRow(item)); });
  return status.ok() ? table.Finish() : status;
}

std::string OrNone(std::string text) { return text.empty() ? "none" : text; }

// "quantity (not_tracked), title (kept_by_parent)".
std::string FixedText(const ItemRow& item) {
  return absl::StrJoin(item.fixed, ", ", [](std::string* out, const FixedField& fixed) {
    absl::StrAppend(out, fixed.field, " (", ToString(fixed.reason), ")");
  });
}

// One line a value.
std::string Describe(const ItemRow& item) {
  std::vector<std::pair<absl::string_view, std::string>> lines = {{"parent", OrNone(item.parent_id)},
                                                                  {"live", item.live ? "yes" : "no"},
                                                                  {"status", std::string(ToString(item.status))},
                                                                  {"price", OrNone(PriceText(item))},
                                                                  {"quantity", OrNone(QuantityText(item))},
                                                                  {"SKU", OrNone(item.sku)},
                                                                  {"link", std::string(ToString(item.link_state))},
                                                                  {"seen", FormatInstant(item.seen_at)}};
  if (!item.fixed.empty()) lines.emplace_back("cannot be set", FixedText(item));
  if (!item.aliases.empty()) lines.emplace_back("also called", absl::StrJoin(item.aliases, ", "));
  if (!item.identity.empty()) lines.emplace_back("is", item.identity);
  for (const Field& field : item.fields) lines.emplace_back(field.name, field.value);
  std::string text = absl::StrCat("item ", OneLine(item.external_id), "\n");
  for (const auto& [label, value] : lines) {
    absl::StrAppend(&text, "  ", OneLine(label), ": ", OneLine(value), "\n");
  }
  return text;
}

absl::Status Show(Session& session, const ItemFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  ItemFilter filter;
  filter.external_ids = {flags.external_id};
  absl::StatusOr<ItemPage> page = session.engine().ListItems(flags.channel, filter, {});
  if (!page.ok()) return page.status();
  if (page->rows.empty()) {
    return absl::NotFoundError(absl::StrCat("channel ", flags.channel, " has no item ", flags.external_id,
                                            "; see those there are: flxlink item list ", flags.channel,
                                            ", or if it is new there: flxlink pull ", flags.channel));
  }
  const ItemRow& item = page->rows.front();
  return session.json() ? PrintJson(ItemView(item)) : PrintText(Describe(item));
}

}  // namespace

void AddItemCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* group = app.add_subcommand("item", "Look at the channel's items, as the last pull saw them");
  group->require_subcommand(1);
  const auto flags = std::make_shared<ItemFlags>();
  const auto add_command = [&](const char* name, const char* help, absl::Status (*work)(Session&, const ItemFlags&)) {
    CLI::App* command = group->add_subcommand(name, help);
    command->add_option("CHANNEL", flags->channel, "The channel's name")->required()->type_name("");
    SetWork(command, globals, action, [flags, work](Session& session) { return work(session, *flags); });
    return command;
  };
  CLI::App* list = add_command("list", "List the channel's items", &List);
  CLI::Option* unlinked =
      list->add_flag("--unlinked", flags->unlinked, "Only those that no listing variant is linked to");
  list->add_flag("--problems", flags->problems, "What the last whole pull could not read of the items, and why")
      ->excludes(unlinked);
  add_command("show", "Show an item", &Show)
      ->add_option("EXTERNAL_ID", flags->external_id, "The item's id on the channel")
      ->required()
      ->type_name("");
}

}  // namespace flxlink::cli
