#include "src/cli/listing_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "flxlink/engine.h"
#include "flxlink/link_rule.h"
#include "flxlink/listing.h"
#include "flxlink/storage.h"
#include "src/cli/advice.h"
#include "src/cli/json_view.h"
#include "src/cli/option_checks.h"
#include "src/cli/pages.h"
#include "src/cli/print.h"
#include "src/cli/text_table.h"

namespace flxlink::cli {
namespace {

using Action = std::function<absl::Status()>;

// SKUs and external ids that a line of `explain` names; the JSON has more.
constexpr size_t kNamed = 5;

struct ListingFlags {
  std::string channel;
  std::string sku;
  ListingFilter filter;
  // SKUs to edit; `many`: the command takes several.
  std::vector<std::string> skus;
  bool many = false;
  ListingEdit edit;
};

// -- list

std::string RuleOrHand(const ListingRow& listing) {
  if (listing.by_hand) return "by hand";
  return listing.rule == 0 ? "" : absl::StrCat(listing.rule);
}

std::vector<std::string> TableRow(const ListingRow& listing) {
  const Problem* attention = WorstOf(listing.attentions);
  return {listing.sku,
          std::string(ToString(listing.link_state)),
          listing.external_id,
          RuleOrHand(listing),
          std::string(ToString(listing.reason)),
          std::string(ToString(HealthOf(listing.status))),
          listing.price.has_value() ? FormatMoney(*listing.price) : "",
          listing.quantity.has_value() ? absl::StrCat(*listing.quantity) : "",
          absl::StrCat(listing.sync_priority),
          listing.dirty ? "yes" : "no",
          attention == nullptr ? "" : absl::StrCat(attention->code, ": ", attention->message)};
}

absl::Status List(Session& session, const ListingFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  const auto read = [&](const PageRequest& page) {
    return session.engine().ListListings(flags.channel, flags.filter, page);
  };
  if (session.json()) {
    JsonArray array;
    const absl::Status status =
        ForEachRow(read, [&](const ListingRow& listing) { return array.Add(ListingView(listing, flags.channel)); });
    return status.ok() ? array.Finish() : status;
  }
  std::vector<std::string> head = {"SKU",   "LINK",     "ITEM",     "RULE",    "REASON",   "HEALTH",
                                   "PRICE", "QUANTITY", "PRIORITY", "TO SEND", "ATTENTION"};
  if (flags.filter.drifted) head.emplace_back("DRIFTED");
  TextTable table(head);
  const absl::Status status = ForEachRow(read, [&](const ListingRow& listing) {
    std::vector<std::string> row = TableRow(listing);
    if (flags.filter.drifted) row.push_back(FormatSyncFields(listing.drifted));
    return table.AddRow(row);
  });
  return status.ok() ? table.Finish() : status;
}

// -- explain

// "2 (A, B)".
std::string CountAndNames(int64_t count, absl::Span<const std::string> names) {
  if (names.empty()) return absl::StrCat(count);
  const absl::Span<const std::string> shown = names.subspan(0, kNamed);
  const bool all = count == static_cast<int64_t>(shown.size());
  return absl::StrCat(count, " (", absl::StrJoin(shown, ", "), all ? ")" : ", …)");
}

// "; gone or archived ones: A, B"; empty where there are none.
std::string AlsoThere(absl::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  const absl::Span<const std::string> shown = absl::MakeConstSpan(names).subspan(0, kNamed);
  return absl::StrCat("; ", what, ": ", absl::StrJoin(shown, ", "), names.size() > shown.size() ? ", …" : "");
}

// `linked`: what it is called that the rule links it.
std::string DescribeRule(const ListingExplanation::Rule& rule, size_t number, absl::string_view linked) {
  const std::string head = absl::StrCat("rule ", number, " ", FormatLinkRule(rule.rule), ": ");
  if (!rule.has_key) {
    const bool is_blank = absl::StripAsciiWhitespace(rule.value).empty();
    return absl::StrCat(head, "no key",
                        is_blank ? "" : absl::StrCat("; \"", rule.value, "\" is refused by the rule's normalizers"),
                        AlsoThere("channel items with the same", rule.refused));
  }
  std::string outcome = rule.linked ? std::string(linked) : std::string(ToString(rule.reason));
  if (outcome.empty()) outcome = "not tried";
  return absl::StrCat(head, "key \"", rule.key,
                      "\"; listing variants with it: ", CountAndNames(rule.listing_count, rule.listings),
                      "; channel items with it: ", CountAndNames(rule.channel_count, rule.channel),
                      AlsoThere("gone or archived ones", rule.not_live), "; ", outcome,
                      rule.stopped ? ", and no later rule is tried" : "");
}

std::string DescribeEvent(const LinkEvent& event) {
  const std::string who = event.job_id == 0 ? "by hand" : absl::StrCat("by job ", event.job_id);
  const std::string rule = event.rule == 0 ? "" : absl::StrCat(", rule ", event.rule);
  return absl::StrCat(FormatInstant(event.at), " ", ToString(event.kind), " ", event.external_id, " ", who, rule);
}

std::string DescribeState(const ListingRow& listing) {
  std::string text = absl::StrCat("SKU ", listing.sku, ": ", ToString(listing.link_state));
  if (!listing.external_id.empty()) absl::StrAppend(&text, " to ", listing.external_id);
  if (listing.by_hand) absl::StrAppend(&text, " by hand");
  if (listing.rule != 0) absl::StrAppend(&text, ", rule ", listing.rule);
  if (!ToString(listing.reason).empty()) absl::StrAppend(&text, ", ", ToString(listing.reason));
  return text;
}

std::string DescribeExplanation(const ListingExplanation& explanation, const std::string& channel) {
  std::string text = absl::StrCat(OneLine(DescribeState(explanation.listing)), "\n");
  for (const Problem& attention : explanation.listing.attentions) {
    absl::StrAppend(&text, "  ", OneLine(absl::StrCat(attention.code, ": ", attention.message)), "\n    ",
                    AdviceFor(attention, {channel, explanation.listing.sku}), "\n");
  }
  const bool is_broken = explanation.listing.link_state == LinkState::kBroken;
  for (size_t i = 0; i < explanation.rules.size(); ++i) {
    const std::string rule = DescribeRule(explanation.rules[i], i + 1, is_broken ? "would link it" : "linked");
    absl::StrAppend(&text, "  ", OneLine(rule), "\n");
  }
  for (const LinkEvent& event : explanation.history) {
    absl::StrAppend(&text, "  ", OneLine(DescribeEvent(event)), "\n");
  }
  return text;
}

absl::Status Explain(Session& session, const ListingFlags& flags) {
  if (absl::StatusOr<ListingRow> found = session.FindListing(flags.channel, flags.sku); !found.ok()) {
    return found.status();
  }
  absl::StatusOr<ListingExplanation> explanation = session.engine().Explain(flags.channel, flags.sku);
  if (!explanation.ok()) return explanation.status();
  return session.json() ? PrintJson(ExplanationView(*explanation, flags.channel))
                        : PrintText(DescribeExplanation(*explanation, flags.channel));
}

// -- What a person decides

// What went wrong with an edit, with the command that helps.
absl::Status ExplainFailure(Session& session, const ListingFlags& flags, const std::string& sku,
                            const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  if (absl::StatusOr<ListingRow> found = session.FindListing(flags.channel, sku); !found.ok()) return found.status();
  return absl::NotFoundError(absl::StrCat("channel ", flags.channel, " has no item ", flags.edit.external_id,
                                          "; if it is new there: flxlink pull ", flags.channel));
}

// The listing variants with these SKUs, in their order, as they are after an edit.
absl::StatusOr<std::vector<ListingRow>> ReadEdited(Session& session, const std::string& channel,
                                                   const std::vector<std::string>& skus) {
  std::vector<ListingRow> rows;
  for (const std::string& sku : skus) {
    absl::StatusOr<ListingRow> row = session.FindListing(channel, sku);
    if (!row.ok()) return row.status();
    rows.push_back(*std::move(row));
  }
  return rows;
}

absl::Status PrintAsJson(const std::vector<ListingRow>& rows, const std::string& channel) {
  JsonArray array;
  for (const ListingRow& row : rows) {
    if (absl::Status status = array.Add(ListingView(row, channel)); !status.ok()) return status;
  }
  return array.Finish();
}

absl::Status PrintAsText(const std::vector<std::string>& skus, absl::string_view done) {
  for (const std::string& sku : skus) {
    if (absl::Status status = PrintLine(OneLine(absl::StrCat("SKU ", sku, ": ", done))); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Makes the same edit of each SKU. `done` tells a person what was changed.
absl::Status Edit(Session& session, const ListingFlags& flags, absl::string_view done) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  std::vector<ListingEdit> edits;
  for (const std::string& sku : flags.skus) {
    edits.push_back(flags.edit);
    edits.back().sku = sku;
  }
  absl::StatusOr<std::vector<absl::Status>> statuses = session.engine().EditListings(flags.channel, edits);
  if (!statuses.ok()) return statuses.status();
  std::vector<std::string> edited;
  std::vector<absl::Status> failures;
  for (size_t i = 0; i < edits.size(); ++i) {
    if ((*statuses)[i].ok()) {
      edited.push_back(flags.skus[i]);
    } else {
      failures.push_back(ExplainFailure(session, flags, flags.skus[i], (*statuses)[i]));
    }
  }
  absl::Status status;
  if (session.json()) {
    absl::StatusOr<std::vector<ListingRow>> rows = ReadEdited(session, flags.channel, edited);
    if (!rows.ok()) return rows.status();
    const bool one = !flags.many && rows->size() == 1;
    status = one ? PrintJson(ListingView(rows->front(), flags.channel)) : absl::OkStatus();
    if (flags.many) status = PrintAsJson(*rows, flags.channel);
  } else {
    status = PrintAsText(edited, done);
  }
  return status.ok() ? ReportFailures(failures) : status;
}

// Adds commands of the group, all with the same flags.
class CommandAdder {
 public:
  CommandAdder(CLI::App* group, const Globals& globals, Action& action)
      : group_(group), globals_(globals), action_(action) {}

  const std::shared_ptr<ListingFlags>& flags() const { return flags_; }

  CLI::App* Add(const char* name, const char* help,
                std::function<absl::Status(Session&, const ListingFlags&)> work) const {
    CLI::App* command = group_->add_subcommand(name, help);
    command->add_option("CHANNEL", flags_->channel, "The channel's name")->required()->type_name("");
    SetWork(command, globals_, action_,
            [flags = flags_, work = std::move(work)](Session& session) { return work(session, *flags); });
    return command;
  }

  CLI::App* AddForSku(const char* name, const char* help,
                      std::function<absl::Status(Session&, const ListingFlags&)> work) const {
    CLI::App* command = Add(name, help, std::move(work));
    command->add_option("SKU", flags_->sku, "The listing variant's SKU")->required()->type_name("");
    return command;
  }

  // `done` tells a person what was changed.
  CLI::App* AddEdit(const char* name, const char* help, ListingEdit::Kind kind, const char* done) const {
    return AddForSku(name, help, [kind, done](Session& session, ListingFlags flags) {
      flags.edit.kind = kind;
      flags.skus = {flags.sku};
      return Edit(session, flags, done);
    });
  }

  // The same for several SKUs.
  CLI::App* AddBulkEdit(const char* name, const char* help, ListingEdit::Kind kind, const char* done,
                        const char* words) const {
    CLI::App* command = Add(name, help, [kind, done](Session& session, ListingFlags flags) {
      flags.edit.kind = kind;
      flags.many = true;
      return Edit(session, flags, done);
    });
    CLI::Option* skus = command->add_option("SKU", flags_->skus, words);
    TakeManyWords(command->get_option("CHANNEL"), skus->required()->type_name(""));
    return command;
  }

 private:
  CLI::App* group_;
  const Globals& globals_;
  Action& action_;
  const std::shared_ptr<ListingFlags> flags_ = std::make_shared<ListingFlags>();
};

void AddFilterOptions(CLI::App* list, ListingFilter& filter) {
  list->add_flag_callback(
      "--unlinked",
      [&filter] {
        filter.link_states = {LinkState::kUnlinked, LinkState::kBroken};
      },
      "Only those that are not linked, or whose item is gone");
  list->add_option_function<std::vector<std::string>>(
          "--attention",
          [&filter](const std::vector<std::string>& codes) {
            filter.attention = true;
            for (const std::string& code : codes) {
              if (!code.empty()) filter.attention_codes.push_back(code);
            }
          },
          "Only those with a problem for a person, or with this one")
      ->expected(0, 1)
      ->type_name("[CODE]");
  list->add_flag_callback(
      "--doubtful", [&filter] { filter.attention_codes.emplace_back(problem_code::kLinkDoubtful); },
      "Only those whose item may have become another product");
  list->add_flag("--drifted", filter.drifted,
                 "Only those of whose item the last pull saw something that only the channel changed");
}

void TakeStatus(const std::string& text, ListingEdit& edit) {
  const absl::optional<Health> stated = ParseHealth(text);
  edit.kind = stated.has_value() ? ListingEdit::Kind::kSetStatus : ListingEdit::Kind::kAdoptStatus;
  edit.status = stated.value_or(Health::kListed);
}

absl::Status StateStatus(Session& session, ListingFlags flags) {
  flags.skus = {flags.sku};
  return Edit(session, flags, "status stated");
}

// The last word of `listing priority` is the priority: CLI11 gives all that follow to the SKUs.
void TakePriority(ListingFlags& flags) {
  if (flags.skus.size() < 2) throw CLI::RequiredError("N, the sync priority");
  const std::string number = std::move(flags.skus.back());
  flags.skus.pop_back();
  if (!absl::SimpleAtoi(number, &flags.edit.sync_priority)) {
    throw CLI::ValidationError("N", absl::StrCat("\"", number, "\" is no sync priority; give a number"));
  }
}

}  // namespace

void AddListingCommands(CLI::App& app, const Globals& globals, Action& action) {
  CLI::App* group = app.add_subcommand("listing", "Look at listing variants and decide about them");
  group->require_subcommand(1);
  const CommandAdder adder(group, globals, action);
  ListingFlags& flags = *adder.flags();

  CLI::App* list = adder.Add("list", "List the channel's listing variants", &List);
  AddFilterOptions(list, flags.filter);
  adder.AddForSku("explain", "Tell why a listing variant is linked, or not", &Explain);

  using Kind = ListingEdit::Kind;
  adder.AddEdit("link", "Link to an item by hand", Kind::kLink, "linked by hand")
      ->add_option("EXTERNAL_ID", flags.edit.external_id, "The item's id on the channel")
      ->required()
      ->type_name("");
  adder.AddEdit("unlink", "Dissolve a link; no rule makes it again", Kind::kUnlink, "unlinked by hand");
  adder.AddEdit("clear-unlink", "Let rules link again what was unlinked by hand", Kind::kClearUnlink,
                "hand-unlinks cleared");
  CLI::App* priority =
      adder.AddBulkEdit("priority", "Set which goes out first: higher before lower; N is the priority",
                        Kind::kSetPriority, "sync priority set", "The listing variants' SKUs, and last the priority N");
  priority->parse_complete_callback([&flags] { TakePriority(flags); });
  adder.AddBulkEdit("pause", "Stop its sync", Kind::kPause, "paused", "The listing variants' SKUs");
  adder.AddBulkEdit("resume", "Start its sync again", Kind::kResume, "resumed", "The listing variants' SKUs");
  adder.AddEdit("confirm", "Say that a link is right, whatever the rules say", Kind::kConfirm, "link confirmed");
  adder
      .AddForSku("status", "State whether it is listed, hidden or delisted, or give that back to the channel",
                 &StateStatus)
      ->add_option_function<std::string>(
          "STATUS", [&flags](const std::string& text) { TakeStatus(text, flags.edit); },
          "listed, hidden, delisted (taken off the channel and out of linking) or adopted (what the channel shows)")
      ->required()
      ->check(CLI::IsMember({"listed", "hidden", "delisted", "adopted"}))
      ->type_name("");
}

}  // namespace flxlink::cli
