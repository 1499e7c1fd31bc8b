#include "src/engine/link_problems.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"

namespace flxlink::engine {

JobProblem RuleFieldUnknown(absl::string_view channel, const linking::UnknownField& unknown) {
  const bool listing = unknown.side == LinkSide::kListing;
  return {unknown.field,
          MakeProblem(
              problem_code::kRuleFieldUnknown,
              {{"channel", std::string(channel)}, {"side", listing ? "listing" : "channel"}, {"field", unknown.field}},
              absl::StrCat("no ", listing ? "listing variant" : "item", " of channel ", channel, " has a field ",
                           unknown.field, ", which a link rule compares"))};
}

}  // namespace flxlink::engine
