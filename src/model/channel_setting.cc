#include "flxlink/channel_setting.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

absl::Status WrongWord(const ChannelConfig& config, absl::string_view name, absl::string_view words) {
  return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                       {{"channel", config.name}, {"setting", std::string(name)}},
                       absl::StrCat("channel ", model::Quote(config.name), ": the setting ", name, " is ",
                                    model::Quote(SettingOf(config, name)), "; make it one of: ", words));
}

}  // namespace

absl::string_view SettingOf(const ChannelConfig& config, absl::string_view name) {
  const auto is_it = [&](const auto& setting) { return setting.first == name; };
  const auto found = std::find_if(config.settings.begin(), config.settings.end(), is_it);
  return found == config.settings.end() ? absl::string_view() : absl::string_view(found->second);
}

absl::StatusOr<QuantityMeans> QuantityMeansOf(const ChannelConfig& config) {
  const absl::string_view word = SettingOf(config, "quantity_means");
  if (word.empty() || word == "available") return QuantityMeans::kAvailable;
  if (word == "on_hand") return QuantityMeans::kOnHand;
  return WrongWord(config, "quantity_means", "available, on_hand");
}

absl::StatusOr<Hiding> HidingOf(const ChannelConfig& config) {
  const absl::string_view word = SettingOf(config, "hiding");
  if (word.empty() || word == "status") return Hiding::kStatus;
  if (word == "publication") return Hiding::kPublication;
  if (word == "none") return Hiding::kNone;
  return WrongWord(config, "hiding", "status, publication, none");
}

}  // namespace flxlink
