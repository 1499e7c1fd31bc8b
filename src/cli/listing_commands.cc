#include "src/cli/listing_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "flxlink/engine.h"
#include "flxlink/link_rule.h"
#include "flxlink/listing.h"
#include "flxlink/storage.h"
#include "src/cli/advice.h"
#include "src/cli/json_view.h"
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
  if (session.json()) {
    JsonArray array;
    const absl::Status status = session.engine().ForEachListing(
        flags.channel, flags.filter,
        [&](const ListingRow& listing) { return array.Add(ListingView(listing, flags.channel)); });
    return status.ok() ? array.Finish() : status;
  }
  TextTable table(
      {"SKU", "LINK", "ITEM", "RULE", "REASON", "HEALTH", "PRICE", "QUANTITY", "PRIORITY", "TO SEND", "ATTENTION"});
  const absl::Status status = session.engine().ForEachListing(
      flags.channel, flags.filter, [&](const ListingRow& listing) { return table.AddRow(TableRow(listing)); });
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

std::string DescribeRule(const ListingExplanation::Rule& rule, size_t number) {
  const std::string head = absl::StrCat("rule ", number, " ", FormatLinkRule(rule.rule), ": ");
  if (!rule.has_key) return absl::StrCat(head, "no key");
  std::string outcome = rule.linked ? "linked" : std::string(ToString(rule.reason));
  if (outcome.empty()) outcome = "not tried";
  return absl::StrCat(head, "key \"", rule.key,
                      "\"; listing variants with it: ", CountAndNames(rule.listing_count, rule.listings),
                      "; channel items with it: ", CountAndNames(rule.channel_count, rule.channel), "; ", outcome,
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

std::string DescribeExplanation(const ListingExplanation& explanation) {
  std::string text = absl::StrCat(OneLine(DescribeState(explanation.listing)), "\n");
  for (size_t i = 0; i < explanation.rules.size(); ++i) {
    absl::StrAppend(&text, "  ", OneLine(DescribeRule(explanation.rules[i], i + 1)), "\n");
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
                        : PrintText(DescribeExplanation(*explanation));
}

// -- What a person decides

absl::Status Edit(Session& session, const ListingFlags& flags, absl::string_view done) {
  if (absl::StatusOr<ListingRow> found = session.FindListing(flags.channel, flags.sku); !found.ok()) {
    return found.status();
  }
  const absl::Status status = session.engine().EditListing(flags.channel, flags.sku, flags.edit);
  if (absl::IsNotFound(status)) {
    return absl::NotFoundError(absl::StrCat("channel ", flags.channel, " has no item ", flags.edit.external_id,
                                            "; if it is new there: flxlink pull ", flags.channel));
  }
  if (!status.ok()) return status;
  absl::StatusOr<ListingRow> listing = session.FindListing(flags.channel, flags.sku);
  if (!listing.ok()) return listing.status();
  if (session.json()) return PrintJson(ListingView(*listing, flags.channel));
  return PrintLine(OneLine(absl::StrCat("SKU ", flags.sku, ": ", done)));
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
      return Edit(session, flags, done);
    });
  }

 private:
  CLI::App* group_;
  const Globals& globals_;
  Action& action_;
  const std::shared_ptr<ListingFlags> flags_ = std::make_shared<ListingFlags>();
};

}  // namespace

void AddListingCommands(CLI::App& app, const Globals& globals, Action& action) {
  CLI::App* group = app.add_subcommand("listing", "Look at listing variants and decide about them");
  group->require_subcommand(1);
  const CommandAdder adder(group, globals, action);
  ListingFlags& flags = *adder.flags();

  CLI::App* list = adder.Add("list", "List the channel's listing variants", &List);
  list->add_flag("--unlinked", flags.filter.unlinked, "Only those that are not linked, or whose item is gone");
  list->add_flag("--attention", flags.filter.attention, "Only those with a problem for a person");
  adder.AddForSku("explain", "Tell why a listing variant is linked, or not", &Explain);

  using Kind = ListingEdit::Kind;
  adder.AddEdit("link", "Link to an item by hand", Kind::kLink, "linked by hand")
      ->add_option("EXTERNAL_ID", flags.edit.external_id, "The item's id on the channel")
      ->required()
      ->type_name("");
  adder.AddEdit("unlink", "Dissolve a link; no rule makes it again", Kind::kUnlink, "unlinked by hand");
  adder.AddEdit("clear-unlink", "Let rules link again what was unlinked by hand", Kind::kClearUnlink,
                "hand-unlinks cleared");
  adder.AddEdit("priority", "Set which goes out first: higher before lower", Kind::kSetPriority, "sync priority set")
      ->add_option("N", flags.edit.sync_priority, "The sync priority")
      ->required()
      ->type_name("");
  adder.AddEdit("pause", "Stop its sync", Kind::kPause, "paused");
  adder.AddEdit("resume", "Start its sync again", Kind::kResume, "resumed");
  adder
      .AddEdit("status", "State whether it is listed, hidden or delisted; the next sync tells the channel",
               Kind::kSetStatus, "status stated")
      ->add_option_function<std::string>(
          "STATUS", [&flags](const std::string& text) { flags.edit.status = *ParseHealth(text); },
          "listed, hidden, or delisted: taken off the channel and out of linking")
      ->required()
      ->check(CLI::IsMember({"listed", "hidden", "delisted"}))
      ->type_name("");
}

}  // namespace flxlink::cli
