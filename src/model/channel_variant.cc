#include "flxlink/channel_variant.h"

namespace flxlink {
namespace {

constexpr FixedReason kFixedReasons[] = {FixedReason::kNotTracked, FixedReason::kKeptByParent,
                                         FixedReason::kKeptByPlatform, FixedReason::kMadeOfOthers,
                                         FixedReason::kNotStocked};

}  // namespace

absl::string_view ToString(FixedReason reason) {
  switch (reason) {
    case FixedReason::kNotTracked:
      return "not_tracked";
    case FixedReason::kKeptByParent:
      return "kept_by_parent";
    case FixedReason::kKeptByPlatform:
      return "kept_by_platform";
    case FixedReason::kMadeOfOthers:
      return "made_of_others";
    case FixedReason::kNotStocked:
      return "not_stocked";
  }
  return "";
}

absl::optional<FixedReason> ParseFixedReason(absl::string_view text) {
  for (const FixedReason reason : kFixedReasons) {
    if (ToString(reason) == text) return reason;
  }
  return absl::nullopt;
}

}  // namespace flxlink
