#include "src/channels/simulated/simulated_settings.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/channel_setting.h"
#include "flxlink/problem.h"
#include "src/channels/simulated/simulated_chance.h"
#include "src/model/quote.h"

namespace flxlink::simulated {
namespace {

constexpr int64_t kMostItems = 1000000;
constexpr int64_t kMostLatencyMs = 60000;
constexpr int64_t kMostSeconds = 86400;

// What a channel means on the platform, and not what the platform is.
constexpr absl::string_view kPlaceSettings[] = {"location", "market", "quantity_means", "hiding"};
constexpr absl::string_view kPlatformSettings[] = {"path",     "seed",       "items",         "latency_ms", "locations",
                                                   "markets",  "calls",      "whole_batches", "fixed",      "timeout_s",
                                                   "receipts", "later_wins", "pull_lag_s",    "fetch_lag_s"};

struct Rate {
  absl::string_view setting;
  double SimulatedFaults::*rate;
};
constexpr Rate kRates[] = {{"throttled", &SimulatedFaults::throttled},
                           {"unavailable", &SimulatedFaults::unavailable},
                           {"not_ready", &SimulatedFaults::not_ready},
                           {"page_problem", &SimulatedFaults::page_problem},
                           {"push_lost_reply", &SimulatedFaults::push_lost_reply},
                           {"push_late", &SimulatedFaults::push_late},
                           {"item_rejected", &SimulatedFaults::item_rejected},
                           {"item_unavailable", &SimulatedFaults::item_unavailable},
                           {"item_not_tried", &SimulatedFaults::item_not_tried},
                           {"item_throttled", &SimulatedFaults::item_throttled},
                           {"edits", &SimulatedFaults::edits},
                           {"sales", &SimulatedFaults::sales},
                           {"removals", &SimulatedFaults::removals},
                           {"reuses", &SimulatedFaults::reuses},
                           {"accepted", &SimulatedFaults::accepted},
                           {"receipt_lost", &SimulatedFaults::receipt_lost}};

std::vector<absl::string_view> Names() {
  std::vector<absl::string_view> names(std::begin(kPlatformSettings), std::end(kPlatformSettings));
  for (const Rate& rate : kRates) names.push_back(rate.setting);
  names.insert(names.end(), std::begin(kPlaceSettings), std::end(kPlaceSettings));
  return names;
}

absl::Status Wrong(const ChannelConfig& config, absl::string_view setting, absl::string_view what) {
  return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                       {{"channel", config.name}, {"setting", std::string(setting)}},
                       absl::StrCat("channel ", model::Quote(config.name), ": ", what));
}

absl::Status CheckNames(const ChannelConfig& config) {
  const std::vector<absl::string_view> names = Names();
  for (const auto& [setting, value] : config.settings) {
    if (std::find(names.begin(), names.end(), setting) != names.end()) continue;
    return Wrong(config, setting,
                 absl::StrCat("the simulated adapter has no setting ", model::Quote(setting),
                              "; there are: ", absl::StrJoin(names, ", ")));
  }
  return absl::OkStatus();
}

absl::Status WrongValue(const ChannelConfig& config, absl::string_view setting, absl::string_view wanted) {
  return Wrong(
      config, setting,
      absl::StrCat("the setting ", setting, " is ", model::Quote(SettingOf(config, setting)), "; make it ", wanted));
}

// Leaves `number` as it is where the setting is not there.
absl::Status ReadNumber(const ChannelConfig& config, absl::string_view setting, int64_t min, int64_t max,
                        int64_t* number) {
  const absl::string_view text = SettingOf(config, setting);
  if (text.empty()) return absl::OkStatus();
  int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < min || value > max) {
    return WrongValue(config, setting, absl::StrCat("a number from ", min, " to ", max));
  }
  *number = value;
  return absl::OkStatus();
}

absl::Status ReadRate(const ChannelConfig& config, absl::string_view setting, double* rate) {
  const absl::string_view text = SettingOf(config, setting);
  if (text.empty()) return absl::OkStatus();
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !(value >= 0 && value <= 1)) {
    return WrongValue(config, setting, "a rate from 0 (never) to 1 (always), such as 0.1");
  }
  *rate = value;
  return absl::OkStatus();
}

// Leaves `is_second` as it is where the setting is not there.
absl::Status ReadWord(const ChannelConfig& config, absl::string_view setting, absl::string_view first,
                      absl::string_view second, bool* is_second) {
  const absl::string_view text = SettingOf(config, setting);
  if (text.empty()) return absl::OkStatus();
  if (text != first && text != second) return WrongValue(config, setting, absl::StrCat(first, " or ", second));
  *is_second = text == second;
  return absl::OkStatus();
}

std::vector<std::string> ReadIds(const ChannelConfig& config, absl::string_view setting) {
  std::vector<std::string> ids;
  for (const absl::string_view id : absl::StrSplit(SettingOf(config, setting), ',', absl::SkipWhitespace())) {
    const std::string text(absl::StripAsciiWhitespace(id));
    if (std::find(ids.begin(), ids.end(), text) == ids.end()) ids.push_back(text);
  }
  return ids;
}

// How the platform takes calls.
absl::Status ReadCalls(const ChannelConfig& config, AdapterCapabilities* capabilities) {
  bool is_split = false;
  bool is_whole = false;
  absl::Status status = ReadWord(config, "calls", "one", "split", &is_split);
  if (status.ok()) status = ReadWord(config, "whole_batches", "no", "yes", &is_whole);
  if (!status.ok()) return status;
  if (is_split) *capabilities = SplitSimulatedCapabilities();
  for (PushKind& kind : capabilities->push_kinds) kind.takes_good_items = !is_whole;
  return absl::OkStatus();
}

// How long the platform takes for what it does not do at once.
absl::Status ReadDelays(const ChannelConfig& config, SimulatedOptions* options) {
  int64_t timeout = absl::ToInt64Seconds(PushKind().timeout);
  int64_t receipts = 0;
  int64_t pull_lag = 0;
  int64_t fetch_lag = 0;
  bool later_wins = false;
  absl::Status status = ReadNumber(config, "timeout_s", 1, kMostSeconds, &timeout);
  if (status.ok()) status = ReadNumber(config, "receipts", 0, kMostSeconds, &receipts);
  if (status.ok()) status = ReadWord(config, "later_wins", "no", "yes", &later_wins);
  if (status.ok()) status = ReadNumber(config, "pull_lag_s", 0, kMostSeconds, &pull_lag);
  if (status.ok()) status = ReadNumber(config, "fetch_lag_s", 0, kMostSeconds, &fetch_lag);
  if (!status.ok()) return status;
  options->faults.max_receipt_delay = absl::Seconds(receipts);
  for (PushKind& kind : options->capabilities.push_kinds) {
    kind.timeout = absl::Seconds(timeout);
    kind.receipt_timeout = absl::Seconds(receipts);
    kind.later_wins = later_wins && receipts > 0;
  }
  options->capabilities.pull_lag = absl::Seconds(pull_lag);
  options->capabilities.fetch_lag = absl::Seconds(fetch_lag);
  return absl::OkStatus();
}

// Of everything that makes the platform.
std::string TextOf(const ChannelConfig& config) {
  std::vector<std::string> lines;
  for (const auto& [setting, value] : config.settings) {
    if (std::find(std::begin(kPlaceSettings), std::end(kPlaceSettings), setting) != std::end(kPlaceSettings)) continue;
    lines.push_back(absl::StrCat(setting, "=", value));
  }
  std::sort(lines.begin(), lines.end());
  return absl::StrJoin(lines, "\n");
}

}  // namespace

absl::StatusOr<SimulatedSettings> SettingsOf(const ChannelConfig& config) {
  if (absl::Status status = CheckNames(config); !status.ok()) return status;
  SimulatedSettings settings;
  int64_t seed = 1;
  int64_t latency_ms = 0;
  absl::Status status = ReadNumber(config, "seed", 0, std::numeric_limits<int64_t>::max(), &seed);
  if (status.ok()) status = ReadNumber(config, "items", 0, kMostItems, &settings.items);
  if (status.ok()) status = ReadNumber(config, "latency_ms", 0, kMostLatencyMs, &latency_ms);
  SimulatedFaults& faults = settings.options.faults;
  for (const Rate& rate : kRates) {
    if (status.ok()) status = ReadRate(config, rate.setting, &(faults.*rate.rate));
  }
  if (status.ok()) status = ReadRate(config, "fixed", &settings.fixed);
  if (status.ok()) status = ReadCalls(config, &settings.options.capabilities);
  if (status.ok()) status = ReadDelays(config, &settings.options);
  if (!status.ok()) return status;
  settings.options.seed = static_cast<uint64_t>(seed);
  faults.max_latency = absl::Milliseconds(latency_ms);
  faults.min_latency = faults.max_latency / 2;
  settings.options.locations = ReadIds(config, "locations");
  settings.options.markets = ReadIds(config, "markets");
  settings.path = std::string(SettingOf(config, "path"));
  settings.text = TextOf(config);
  settings.options.capabilities.account.name = settings.path.empty() ? settings.text : settings.path;
  return settings;
}

namespace {

// By a chance of its own, so that all else of a platform is the same whatever is fixed there.
void FixSome(const SimulatedSettings& settings, std::vector<SimulatedItem>* items) {
  const std::vector<FixedField> all = {
      {"quantity", FixedReason::kNotTracked},     {"price", FixedReason::kKeptByParent},
      {"quantity", FixedReason::kKeptByPlatform}, {"quantity", FixedReason::kMadeOfOthers},
      {"status", FixedReason::kKeptByParent},     {"price", FixedReason::kMadeOfOthers},
      {"quantity", FixedReason::kNotStocked}};
  SimulatedChance chance(~settings.options.seed);
  for (SimulatedItem& item : *items) {
    if (chance.Happens(settings.fixed)) item.fixed = {all[chance.Below(all.size())]};
  }
}

}  // namespace

std::vector<SimulatedItem> FirstItems(const SimulatedSettings& settings) {
  SimulatedChance chance(settings.options.seed);
  const auto below = [&](uint64_t end) { return static_cast<int64_t>(chance.Below(end)); };
  std::vector<SimulatedItem> items;
  for (int64_t number = 1; number <= settings.items; ++number) {
    SimulatedItem item = {absl::StrCat("item-", number),
                          absl::StrCat("parent-", (number + 2) / 3),
                          {kAbsent, kAbsent, ChannelStatus::kListed},
                          {{"sku", absl::StrCat("SKU-", number)}, {"title", absl::StrCat("Item ", number)}}};
    if (settings.options.markets.empty()) item.values.price = 100 + below(9900);
    if (settings.options.locations.empty()) item.values.quantity = below(100);
    for (const std::string& market : settings.options.markets) {
      const int64_t price = 100 + below(9900);
      item.prices.push_back({market, price, number % 3 == 0 ? price + price / 4 : kAbsent});
    }
    for (const std::string& location : settings.options.locations) {
      const int64_t on_hand = 10 + below(90);
      item.stock.push_back({location, on_hand, below(10)});
    }
    if (settings.options.faults.reuses > 0) item.identity = absl::StrCat("identity-", number);
    item.published = settings.options.markets;
    if (item.published.empty()) item.published = {""};
    items.push_back(std::move(item));
  }
  FixSome(settings, &items);
  return items;
}

}  // namespace flxlink::simulated
