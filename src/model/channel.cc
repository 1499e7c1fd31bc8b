#include "flxlink/channel.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "flxlink/field.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

using Comparison = StatusRule::Comparison;
using Subject = StatusRule::Subject;
using Action = StatusRule::Action;

struct ComparisonName {
  Comparison comparison;
  absl::string_view text;
};

// A longer one stands before the one that it begins with.
constexpr ComparisonName kComparisons[] = {
    {Comparison::kLessOrEqual, "<="}, {Comparison::kGreaterOrEqual, ">="}, {Comparison::kNotEqual, "!="},
    {Comparison::kLess, "<"},         {Comparison::kGreater, ">"},         {Comparison::kEqual, "="},
};

absl::string_view ToString(Comparison comparison) {
  const auto* found = std::find_if(std::begin(kComparisons), std::end(kComparisons),
                                   [&](const ComparisonName& name) { return name.comparison == comparison; });
  return found == std::end(kComparisons) ? absl::string_view() : found->text;
}

absl::string_view ToString(Subject subject) { return subject == Subject::kPrice ? "price" : "quantity"; }

absl::string_view ToString(Action action) { return action == Action::kHide ? "hide" : "unhide"; }

bool Compare(int64_t value, StatusRule::Comparison comparison, int64_t operand) {
  switch (comparison) {
    case StatusRule::Comparison::kLess:
      return value < operand;
    case StatusRule::Comparison::kLessOrEqual:
      return value <= operand;
    case StatusRule::Comparison::kEqual:
      return value == operand;
    case StatusRule::Comparison::kNotEqual:
      return value != operand;
    case StatusRule::Comparison::kGreaterOrEqual:
      return value >= operand;
    case StatusRule::Comparison::kGreater:
      return value > operand;
  }
  return false;
}

absl::Status StatusRuleError(absl::string_view rule, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("status rule ", model::Quote(rule), ": ", what, "; a status rule is such as quantity<=0:hide"));
}

// Takes the subject and the comparison off the front of `*rest`.
absl::Status ConsumeComparison(absl::string_view rule, absl::string_view* rest, StatusRule* parsed) {
  const size_t end = rest->find_first_of("<>=!");
  const absl::string_view subject = rest->substr(0, end);
  if (subject != "price" && subject != "quantity") {
    return StatusRuleError(rule,
                           absl::StrCat("it compares ", model::Quote(subject), ", and only price and quantity can be"));
  }
  parsed->subject = subject == "price" ? Subject::kPrice : Subject::kQuantity;
  rest->remove_prefix(subject.size());
  for (const ComparisonName& name : kComparisons) {
    if (absl::ConsumePrefix(rest, name.text)) {
      parsed->comparison = name.comparison;
      return absl::OkStatus();
    }
  }
  return StatusRuleError(rule, "after price or quantity stands one of < <= = != >= >");
}

absl::Status ParseOperand(absl::string_view rule, absl::string_view text, Currency currency, StatusRule* parsed) {
  if (parsed->subject == Subject::kPrice) {
    const absl::StatusOr<Money> price = ParseMoney(text, currency);
    if (!price.ok()) return StatusRuleError(rule, price.status().message());
    parsed->operand = price->minor_units;
    return absl::OkStatus();
  }
  const bool starts_right =
      !text.empty() && (text[0] == '-' || absl::ascii_isdigit(static_cast<unsigned char>(text[0])));
  const bool ends_right = !text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text.back()));
  if (!starts_right || !ends_right || !absl::SimpleAtoi(text, &parsed->operand) || parsed->operand == kAbsent) {
    return StatusRuleError(rule, absl::StrCat(model::Quote(text), " is not a quantity, which is a whole number"));
  }
  return absl::OkStatus();
}

absl::Status ConfigError(const ChannelConfig& config, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("channel ", model::Quote(config.name), ": ", what));
}

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

absl::Status ValidateSettings(const ChannelConfig& config) {
  std::set<absl::string_view> names;
  for (const auto& setting : config.settings) {
    if (setting.first.empty()) return ConfigError(config, "a setting has no name; write it as NAME=VALUE");
    if (!names.insert(setting.first).second) {
      return ConfigError(config,
                         absl::StrCat("setting ", model::Quote(setting.first), " is there twice; give it once"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateLinkPriority(const ChannelConfig& config) {
  const auto is_field = [](absl::string_view name) {
    return !name.empty() && name.find_first_of("=,") == absl::string_view::npos;
  };
  for (size_t i = 0; i < config.link_priority.size(); ++i) {
    const LinkRule& rule = config.link_priority[i];
    if (!is_field(rule.listing_field) || !is_field(rule.channel_field)) {
      return ConfigError(config, absl::StrCat("link rule ", i + 1, " compares ", model::Quote(rule.listing_field),
                                              " with ", model::Quote(rule.channel_field),
                                              "; name two fields, without '=' and ',' in their names"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateKept(const ChannelConfig& config) {
  if (config.keep_days < 1 || config.keep_days > ChannelConfig::kMaxKeepDays) {
    return ConfigError(config, absl::StrCat("finished jobs are kept for ", config.keep_days, " days; give 1 to ",
                                            ChannelConfig::kMaxKeepDays));
  }
  if (config.keep_jobs < 1 || config.keep_jobs > ChannelConfig::kMaxKeepJobs) {
    return ConfigError(
        config, absl::StrCat(config.keep_jobs, " finished jobs are kept; give 1 to ", ChannelConfig::kMaxKeepJobs));
  }
  return absl::OkStatus();
}

}  // namespace

ChannelStatus EvaluateStatusRules(absl::Span<const StatusRule> rules, int64_t price, int64_t quantity) {
  for (const StatusRule& rule : rules) {
    const int64_t value = rule.subject == StatusRule::Subject::kQuantity ? quantity : price;
    if (value == kAbsent || !Compare(value, rule.comparison, rule.operand)) continue;
    return rule.action == StatusRule::Action::kHide ? ChannelStatus::kHidden : ChannelStatus::kListed;
  }
  return ChannelStatus::kUnknown;
}

absl::string_view ToString(OnDoubt on_doubt) {
  switch (on_doubt) {
    case OnDoubt::kKeep:
      return "keep";
    case OnDoubt::kHold:
      return "hold";
    case OnDoubt::kDissolve:
      return "dissolve";
  }
  return "";
}

absl::optional<OnDoubt> ParseOnDoubt(absl::string_view text) {
  for (const OnDoubt on_doubt : {OnDoubt::kKeep, OnDoubt::kHold, OnDoubt::kDissolve}) {
    if (text == ToString(on_doubt)) return on_doubt;
  }
  return absl::nullopt;
}

absl::StatusOr<StatusRule> ParseStatusRule(absl::string_view text, Currency currency) {
  StatusRule rule;
  absl::string_view rest = text;
  if (absl::Status status = ConsumeComparison(text, &rest, &rule); !status.ok()) return status;
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(rest, absl::MaxSplits(':', 1));
  if (absl::Status status = ParseOperand(text, parts.first, currency, &rule); !status.ok()) return status;
  if (parts.second != "hide" && parts.second != "unhide") {
    return StatusRuleError(text, "it has to end in :hide or :unhide");
  }
  rule.action = parts.second == "hide" ? Action::kHide : Action::kUnhide;
  return rule;
}

std::string FormatStatusRule(const StatusRule& rule, Currency currency) {
  const std::string operand =
      rule.subject == Subject::kPrice ? FormatMoney(Money{rule.operand, currency}) : absl::StrCat(rule.operand);
  return absl::StrCat(ToString(rule.subject), ToString(rule.comparison), operand, ":", ToString(rule.action));
}

namespace {

// A limit that cannot be read back would be lost with the store.
absl::Status ValidateLimits(const ChannelConfig& config) {
  std::set<ChangeKind> kinds;
  for (const ChangeLimit& limit : config.limits) {
    const std::string text = FormatChangeLimit(limit);
    const absl::StatusOr<ChangeLimit> parsed = ParseChangeLimit(text);
    if (!parsed.ok()) return ConfigError(config, parsed.status().message());
    if (!kinds.insert(limit.kind).second) {
      return ConfigError(config, absl::StrCat("it has two limits of ", ToString(limit.kind), "; give one"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateChannelConfig(const ChannelConfig& config) {
  if (config.name.empty() || config.name.size() > 64 ||
      !std::all_of(config.name.begin(), config.name.end(), &IsNameCharacter)) {
    return ConfigError(config, "a name has 1 to 64 characters, which are letters, digits, '.', '_' and '-'");
  }
  if (config.adapter.empty()) return ConfigError(config, "it has no adapter; name one, such as csv");
  if (absl::Status status = ValidateSettings(config); !status.ok()) return status;
  if (absl::Status status = ValidateLinkPriority(config); !status.ok()) return status;
  if (absl::Status status = ValidateLimits(config); !status.ok()) return status;
  return ValidateKept(config);
}

}  // namespace flxlink
