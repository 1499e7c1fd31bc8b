#include "src/cli/channel_commands.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "flxlink/channel.h"
#include "flxlink/link_rule.h"
#include "src/cli/json_view.h"
#include "src/cli/option_checks.h"
#include "src/cli/print.h"
#include "src/cli/text_table.h"
#include "src/cli/usage_error.h"

namespace flxlink::cli {
namespace {

// What was given on the command line. Empty, or 0: not given.
struct ChannelFlags {
  std::string name;
  std::string adapter;
  std::vector<std::string> settings;
  std::vector<std::string> rules;
  std::string parent_guard;
  std::string strict;
  std::string link_after_build;
  std::string link_after_sync;
  std::string currency;
  std::string sync_fields;
  std::string oversell;
  std::string relink_broken;
  std::string on_doubt;
  std::string on_status_drift;
  std::string zero_prices;
  std::vector<std::string> status_rules;
  std::vector<std::string> limits;
  int64_t keep_days = 0;
  int64_t keep_jobs = 0;
  bool draft = false;
};

using Setting = std::pair<std::string, std::string>;

absl::StatusOr<Setting> ParseSetting(const std::string& text) {
  const Setting setting = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (setting.first.empty() || setting.first.size() == text.size()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no setting; write NAME=VALUE"));
  }
  return setting;
}

absl::StatusOr<SyncFields> ParseSomeSyncFields(const std::string& text) {
  if (text.empty()) return absl::InvalidArgumentError("to sync nothing, say none");
  return ParseSyncFields(text);
}

// -- From the command line into a configuration

absl::Status ApplySettings(const ChannelFlags& flags, ChannelConfig& config) {
  for (const std::string& text : flags.settings) {
    absl::StatusOr<Setting> given = ParseSetting(text);
    if (!given.ok()) return given.status();
    bool known = false;
    for (Setting& setting : config.settings) {
      if (setting.first != given->first) continue;
      setting.second = given->second;
      known = true;
    }
    if (!known) config.settings.push_back(*std::move(given));
  }
  return absl::OkStatus();
}

absl::Status ApplyRules(const ChannelFlags& flags, ChannelConfig& config) {
  if (!flags.rules.empty()) config.link_priority.clear();
  for (const std::string& text : flags.rules) {
    if (IsNone(text)) continue;
    absl::StatusOr<LinkRule> rule = ParseLinkRule(text);
    if (!rule.ok()) return rule.status();
    config.link_priority.push_back(*std::move(rule));
  }
  return absl::OkStatus();
}

// A price in a status rule is a number of the channel's currency: in another one it keeps the number that was written.
absl::Status ApplyCurrencyAndStatusRules(const ChannelFlags& flags, ChannelConfig& config) {
  std::vector<std::string> texts = flags.status_rules;
  if (texts.empty()) {
    for (const StatusRule& rule : config.status_rules) texts.push_back(FormatStatusRule(rule, config.currency));
  }
  if (!flags.currency.empty()) {
    absl::StatusOr<Currency> currency = Currency::Parse(flags.currency);
    if (!currency.ok()) return currency.status();
    config.currency = *currency;
  }
  config.status_rules.clear();
  for (const std::string& text : texts) {
    if (IsNone(text)) continue;
    absl::StatusOr<StatusRule> rule = ParseStatusRule(text, config.currency);
    if (!rule.ok()) return rule.status();
    config.status_rules.push_back(*rule);
  }
  return absl::OkStatus();
}

void ApplySwitch(const std::string& given, bool& value) {
  if (!given.empty()) value = given == "yes";
}

// A limit takes the place of the one of its kind; none takes all away.
absl::Status ApplyChangeLimits(const ChannelFlags& flags, ChannelConfig& config) {
  for (const std::string& text : flags.limits) {
    if (IsNone(text)) {
      config.limits.clear();
      continue;
    }
    const absl::StatusOr<ChangeLimit> limit = ParseChangeLimit(text);
    if (!limit.ok()) return limit.status();
    const auto is_of_kind = [&](const ChangeLimit& other) { return other.kind == limit->kind; };
    config.limits.erase(std::remove_if(config.limits.begin(), config.limits.end(), is_of_kind), config.limits.end());
    config.limits.push_back(*limit);
  }
  return absl::OkStatus();
}

absl::Status ApplyLimits(const ChannelFlags& flags, ChannelConfig& config) {
  if (IsNone(flags.sync_fields)) {
    config.sync_fields = SyncFields();
  } else if (!flags.sync_fields.empty()) {
    absl::StatusOr<SyncFields> fields = ParseSomeSyncFields(flags.sync_fields);
    if (!fields.ok()) return fields.status();
    config.sync_fields = *fields;
  }
  if (absl::Status status = ApplyChangeLimits(flags, config); !status.ok()) return status;
  if (flags.keep_days != 0) config.keep_days = flags.keep_days;
  if (flags.keep_jobs != 0) config.keep_jobs = flags.keep_jobs;
  return absl::OkStatus();
}

// Changes what was given, and leaves the rest.
absl::Status Apply(const ChannelFlags& flags, ChannelConfig& config) {
  if (!flags.adapter.empty()) config.adapter = flags.adapter;
  ApplySwitch(flags.parent_guard, config.parent_guard);
  ApplySwitch(flags.strict, config.strict);
  ApplySwitch(flags.link_after_build, config.link_after_build);
  ApplySwitch(flags.link_after_sync, config.link_after_sync);
  ApplySwitch(flags.relink_broken, config.relink_broken);
  ApplySwitch(flags.zero_prices, config.zero_prices);
  if (!flags.oversell.empty()) {
    config.oversell_guard = flags.oversell == "hold" ? OversellGuard::kHold : OversellGuard::kOverwrite;
  }
  if (flags.on_doubt == "default") config.on_doubt.reset();
  if (const absl::optional<OnDoubt> on_doubt = ParseOnDoubt(flags.on_doubt); on_doubt.has_value()) {
    config.on_doubt = on_doubt;
  }
  config.on_status_drift = ParseStatusDrift(flags.on_status_drift).value_or(config.on_status_drift);
  absl::Status status = ApplySettings(flags, config);
  if (status.ok()) status = ApplyRules(flags, config);
  if (status.ok()) status = ApplyCurrencyAndStatusRules(flags, config);
  return status.ok() ? ApplyLimits(flags, config) : status;
}

// A configuration that is wrong was given on the command line; NOT_FOUND is of its adapter, once the channel was found.
absl::Status AsUsageError(const absl::Status& status) {
  const bool wrong_config = absl::IsInvalidArgument(status) || absl::IsNotFound(status);
  return wrong_config ? UsageError(status.message()) : status;
}

// -- To people

std::string YesOrNo(bool value) { return value ? "yes" : "no"; }

std::string OrNone(std::string text) { return text.empty() ? "none" : text; }

std::string FormatRules(const LinkPriority& priority) {
  return OrNone(absl::StrJoin(
      priority, "; ", [](std::string* out, const LinkRule& rule) { absl::StrAppend(out, FormatLinkRule(rule)); }));
}

// One line a setting, each after `indent`.
std::string DescribeConfig(const ChannelConfig& config, absl::string_view indent) {
  const std::string status_rules = absl::StrJoin(
      config.status_rules, "; ",
      [&](std::string* out, const StatusRule& rule) { absl::StrAppend(out, FormatStatusRule(rule, config.currency)); });
  const std::vector<std::pair<absl::string_view, std::string>> lines = {
      {"adapter", config.adapter},
      {"settings", OrNone(absl::StrJoin(config.settings, ", ", absl::PairFormatter("=")))},
      {"link rules", FormatRules(config.link_priority)},
      {"parent guard", YesOrNo(config.parent_guard)},
      {"strict", YesOrNo(config.strict)},
      {"link after build", YesOrNo(config.link_after_build)},
      {"link after sync", YesOrNo(config.link_after_sync)},
      {"relink broken", YesOrNo(config.relink_broken)},
      {"syncs", OrNone(FormatSyncFields(config.sync_fields))},
      {"currency", std::string(config.currency.code())},
      {"oversell guard", config.oversell_guard == OversellGuard::kHold ? "hold" : "overwrite"},
      {"on doubt", config.on_doubt.has_value() ? std::string(ToString(*config.on_doubt)) : "default"},
      {"on status drift", std::string(ToString(config.on_status_drift))},
      {"prices of 0", config.zero_prices ? "sent" : "not sent"},
      {"status rules", OrNone(status_rules)},
      {"limits", OrNone(absl::StrJoin(config.limits, ", ",
                                      [](std::string* out, const ChangeLimit& limit) {
                                        absl::StrAppend(out, FormatChangeLimit(limit));
                                      }))},
      {"keeps finished jobs", absl::StrCat("for ", config.keep_days, " days, at most ", config.keep_jobs)}};
  std::string text;
  for (const auto& [label, value] : lines) absl::StrAppend(&text, indent, label, ": ", OneLine(value), "\n");
  return text;
}

std::string LastCompletePull(const Channel& channel) {
  return channel.pull.completed_at.has_value() ? FormatInstant(*channel.pull.completed_at) : "never";
}

std::string DescribeChannel(const Channel& channel) {
  std::string text = absl::StrCat("channel ", channel.config.name, "\n", DescribeConfig(channel.config, "  "),
                                  "  last complete pull: ", LastCompletePull(channel), "\n");
  if (channel.draft.has_value()) {
    absl::StrAppend(&text, "  draft, not applied yet:\n", DescribeConfig(*channel.draft, "    "));
  }
  return text;
}

std::string WordFor(const std::string& word) { return word; }
template <typename Enum>
std::string WordFor(Enum value) {
  return ToString(value).empty() ? "without a reason" : std::string(ToString(value));
}

// "2 linked, 3 unlinked".
template <typename Counts>
std::string JoinCounts(const Counts& counts) {
  return absl::StrJoin(counts, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.second, " ", WordFor(entry.first));
  });
}

// "5 (2 linked, 3 unlinked)".
template <typename Counts>
std::string CountWithParts(int64_t count, const Counts& parts) {
  return parts.empty() ? absl::StrCat(count) : absl::StrCat(count, " (", JoinCounts(parts), ")");
}

std::string DescribeCounts(const ChannelCounts& counts) {
  int64_t unlinked = 0;
  for (const auto& [reason, count] : counts.unlinked_by_reason) unlinked += count;
  int64_t jobs = 0;
  for (const auto& [state, count] : counts.open_jobs) jobs += count;
  const std::vector<std::pair<absl::string_view, std::string>> lines = {
      {"listing variants", CountWithParts(counts.listings, counts.by_link_state)},
      {"unlinked", CountWithParts(unlinked, counts.unlinked_by_reason)},
      {"health", OrNone(JoinCounts(counts.by_health))},
      {"attention", CountWithParts(counts.with_attention, counts.by_attention)},
      {"to send", absl::StrCat(counts.dirty, ", in doubt: ", counts.in_doubt)},
      {"items", absl::StrCat(counts.items, " (", counts.live_items, " live); unlinked: ", counts.unlinked_items, " (",
                             counts.live_unlinked_items, " live)")},
      {"open jobs", CountWithParts(jobs, counts.open_jobs)}};
  std::string text;
  for (const auto& [label, value] : lines) absl::StrAppend(&text, "  ", label, ": ", OneLine(value), "\n");
  return text;
}

// Prints a channel that was changed: all of it for programs, `done` for people.
absl::Status PrintChanged(Session& session, const absl::StatusOr<Channel>& channel, absl::string_view done) {
  if (!channel.ok()) return AsUsageError(channel.status());
  if (session.json()) return PrintJson(ChannelView(*channel));
  return PrintLine(absl::StrCat("channel ", channel->config.name, ": ", done));
}

// -- The commands

absl::Status Add(Session& session, const ChannelFlags& flags) {
  ChannelConfig config;
  config.name = flags.name;
  if (absl::Status status = Apply(flags, config); !status.ok()) return AsUsageError(status);
  absl::StatusOr<Channel> channel = session.engine().AddChannel(config);
  if (absl::IsAlreadyExists(channel.status())) {
    return absl::AlreadyExistsError(absl::StrCat("there is a channel ", flags.name,
                                                 " already, configured otherwise; change it: flxlink channel set ",
                                                 flags.name, ", or choose another name"));
  }
  return PrintChanged(session, channel, "added");
}

// Again on what is there by then, where somebody else was faster.
absl::StatusOr<Channel> PutChanges(Session& session, const ChannelFlags& flags) {
  for (;;) {
    absl::StatusOr<Channel> channel = session.FindChannel(flags.name);
    // Not a mistake in the configuration, as NOT_FOUND is below.
    if (!channel.ok()) return absl::FailedPreconditionError(channel.status().message());
    ChannelConfig config = flags.draft && channel->draft.has_value() ? *channel->draft : channel->config;
    if (absl::Status status = Apply(flags, config); !status.ok()) return status;
    channel = session.engine().PutChannel(config, channel->revision, flags.draft);
    if (!absl::IsAborted(channel.status())) return channel;
  }
}

absl::Status Set(Session& session, const ChannelFlags& flags) {
  const absl::StatusOr<Channel> channel = PutChanges(session, flags);
  const std::string drafted = absl::StrCat("draft written; to put it into force: flxlink channel apply ", flags.name);
  return PrintChanged(session, channel, flags.draft ? drafted : "changed");
}

absl::Status ApplyDraft(Session& session, const ChannelFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.name); !found.ok()) return found.status();
  return PrintChanged(session, session.engine().ApplyDraft(flags.name), "draft applied");
}

absl::Status DiscardDraft(Session& session, const ChannelFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.name); !found.ok()) return found.status();
  return PrintChanged(session, session.engine().DiscardDraft(flags.name), "draft discarded");
}

absl::Status Remove(Session& session, const ChannelFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.name); !found.ok()) return found.status();
  if (absl::Status status = session.engine().RemoveChannel(flags.name); !status.ok()) return status;
  if (session.json()) return PrintJson({{"name", flags.name}, {"removed", true}});
  return PrintLine(absl::StrCat("channel ", flags.name, ": removed, with its listings, links and jobs"));
}

absl::Status SetPaused(Session& session, const ChannelFlags& flags, bool paused) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.name); !found.ok()) return found.status();
  Engine& engine = session.engine();
  const absl::Status status = paused ? engine.PauseChannel(flags.name) : engine.ResumeChannel(flags.name);
  if (!status.ok()) return status;
  if (session.json()) return PrintJson({{"name", flags.name}, {"paused", paused}});
  return PrintLine(absl::StrCat("channel ", flags.name, ": ", paused ? "paused; no job of it begins" : "resumed"));
}

absl::Status Pause(Session& session, const ChannelFlags& flags) { return SetPaused(session, flags, true); }
absl::Status Resume(Session& session, const ChannelFlags& flags) { return SetPaused(session, flags, false); }

absl::Status Show(Session& session, const ChannelFlags& flags) {
  absl::StatusOr<Channel> channel = session.FindChannel(flags.name);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<ChannelCounts> counts = session.engine().CountChannel(flags.name);
  if (!counts.ok()) return counts.status();
  if (!session.json()) return PrintText(absl::StrCat(DescribeChannel(*channel), DescribeCounts(*counts)));
  Json view = ChannelView(*channel);
  view["counts"] = CountsView(*counts);
  return PrintJson(view);
}

absl::Status ListAsJson(const std::vector<Channel>& channels) {
  JsonArray array;
  for (const Channel& channel : channels) {
    if (absl::Status status = array.Add(ChannelView(channel)); !status.ok()) return status;
  }
  return array.Finish();
}

absl::Status List(Session& session) {
  absl::StatusOr<std::vector<Channel>> channels = session.engine().ListChannels();
  if (!channels.ok()) return channels.status();
  if (session.json()) return ListAsJson(*channels);
  TextTable table({"CHANNEL", "ADAPTER", "LINK RULES", "SYNCS", "LAST COMPLETE PULL"});
  for (const Channel& channel : *channels) {
    const ChannelConfig& config = channel.config;
    const absl::Status status = table.AddRow({config.name, config.adapter, FormatRules(config.link_priority),
                                              OrNone(FormatSyncFields(config.sync_fields)), LastCompletePull(channel)});
    if (!status.ok()) return status;
  }
  return table.Finish();
}

// -- Their options

void AddYesOrNo(CLI::App* command, const char* option, std::string& value, const char* help) {
  TakeOneOf(command->add_option(option, value, help), {"yes", "no"});
}

void AddLinkOptions(CLI::App* command, ChannelFlags& flags) {
  AddRepeatable(command, "--rule", flags.rules,
                "LF=CF[,norm=trim+casefold+gtin+spreadsheet][,ambiguous=next|stop], or none; once per rule, the first "
                "has priority",
                "RULE");
  command->get_option("--rule")->check(
      ParsesOrNone([](const std::string& text) { return ParseLinkRule(text).status(); }));
  AddYesOrNo(command, "--parent-guard", flags.parent_guard,
             "Do not link a listing whose variants point to several channel parents (default: no)");
  AddYesOrNo(command, "--strict", flags.strict, "Do not link pairs that another rule contradicts (default: no)");
  AddYesOrNo(command, "--link-after-build", flags.link_after_build, "Link after a build (default: no)");
  AddYesOrNo(command, "--link-after-sync", flags.link_after_sync, "Link after a pull or sync (default: yes)");
  AddYesOrNo(command, "--relink-broken", flags.relink_broken,
             "When linking, dissolve broken links that the rules would make to other items (default: no)");
}

void AddSyncOptions(CLI::App* command, ChannelFlags& flags) {
  command->add_option("--currency", flags.currency, "Of the channel's prices, as an ISO 4217 code (default: USD)")
      ->check(Parses([](const std::string& text) { return Currency::Parse(text).status(); }))
      ->type_name("CODE");
  command
      ->add_option("--sync-fields", flags.sync_fields,
                   "Of price, quantity, status, compare_at_price and content such as title, separated by commas "
                   "(default: price,quantity,status), or none")
      ->check(ParsesOrNone([](const std::string& text) { return ParseSomeSyncFields(text).status(); }))
      ->type_name("FIELDS");
  TakeOneOf(command->add_option("--oversell", flags.oversell,
                                "What to do when the channel shows less stock than it acknowledged (default: hold)"),
            {"hold", "overwrite"});
  TakeOneOf(command->add_option("--on-doubt", flags.on_doubt,
                                "What to do with a link whose item may have become another product (default: keep "
                                "where ids are never used again, hold elsewhere)"),
            {"keep", "hold", "dissolve", "default"});
  TakeOneOf(command->add_option("--on-status-drift", flags.on_status_drift,
                                "What to do when a stated status is changed on the channel (default: correct)"),
            {"correct", "adopt"});
  AddYesOrNo(command, "--zero-prices", flags.zero_prices, "Send prices of 0 (default: no)");
  AddRepeatable(
      command, "--limit", flags.limits,
      "Such as reprice=20 or hide=5%: hold changes of a kind (reprice, hide, show, zero, break, unlink) when they are "
      "more within 24 hours, as a number or a share of the links, or none (default: the larger of 20 and 20%, at "
      "most 2000)",
      "KIND=N");
  command->get_option("--limit")->check(
      ParsesOrNone([](const std::string& text) { return ParseChangeLimit(text).status(); }));
  AddRepeatable(command, "--status-rule", flags.status_rules,
                "Such as quantity<=0:hide or price>=10.00:unhide, or none; once per rule, the first that holds decides",
                "RULE");
}

void AddKeepOptions(CLI::App* command, ChannelFlags& flags) {
  command->add_option("--keep-days", flags.keep_days, "Keep finished jobs for so many days (default: 90)")
      ->check(CLI::Range(int64_t{1}, ChannelConfig::kMaxKeepDays))
      ->type_name("N");
  command->add_option("--keep-jobs", flags.keep_jobs, "Keep so many finished jobs (default: 1000)")
      ->check(CLI::Range(int64_t{1}, ChannelConfig::kMaxKeepJobs))
      ->type_name("N");
}

void AddConfigOptions(CLI::App* command, ChannelFlags& flags) {
  command->add_option("--adapter", flags.adapter, "What speaks to the channel, such as csv")->type_name("NAME");
  AddRepeatable(command, "--set", flags.settings, "NAME=VALUE, a setting of the adapter; once per setting", "SETTING");
  command->get_option("--set")->check(Parses([](const std::string& text) { return ParseSetting(text).status(); }));
  AddLinkOptions(command, flags);
  AddSyncOptions(command, flags);
  AddKeepOptions(command, flags);
}

}  // namespace

void AddChannelCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* group = app.add_subcommand("channel", "Add, show and change channels")->require_subcommand(1);
  const auto flags = std::make_shared<ChannelFlags>();
  const auto add_command = [&](const char* name, const char* help, absl::Status (*work)(Session&, const ChannelFlags&),
                               StoreUse use = StoreUse::kMustExist) {
    CLI::App* command = group->add_subcommand(name, help);
    command->add_option("NAME", flags->name, "The channel's name")->required()->type_name("");
    SetWork(
        command, globals, action, [flags, work](Session& session) { return work(session, *flags); }, use);
    return command;
  };

  CLI::App* add = add_command("add", "Add a channel", &Add, StoreUse::kMayMake);
  AddConfigOptions(add, *flags);
  add->get_option("--adapter")->required();
  CLI::App* set = add_command("set", "Change what is given, and leave the rest", &Set);
  AddConfigOptions(set, *flags);
  set->add_flag("--draft", flags->draft, "Only write the changes down; apply puts them into force");
  add_command("apply", "Put the draft into force", &ApplyDraft);
  add_command("discard", "Forget the draft", &DiscardDraft);
  add_command("remove", "Remove a channel with its listings, links and jobs", &Remove);
  add_command("pause", "Let its jobs wait; one that runs goes on later where it is", &Pause);
  add_command("resume", "Let its jobs run again", &Resume);
  add_command("show", "Show a channel", &Show);
  SetWork(group->add_subcommand("list", "List the channels"), globals, action, &List);
}

}  // namespace flxlink::cli
