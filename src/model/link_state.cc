#include "flxlink/link_state.h"

namespace flxlink {

absl::string_view ToString(LinkState state) {
  switch (state) {
    case LinkState::kUnlinked:
      return "unlinked";
    case LinkState::kLinked:
      return "linked";
    case LinkState::kBroken:
      return "broken";
  }
  return "";
}

absl::string_view ToString(LinkReason reason) {
  switch (reason) {
    case LinkReason::kNone:
      return "";
    case LinkReason::kExisting:
      return "existing";
    case LinkReason::kAmbiguousListing:
      return "ambiguous_listing";
    case LinkReason::kAmbiguousChannel:
      return "ambiguous_channel";
    case LinkReason::kContradiction:
      return "contradiction";
    case LinkReason::kTargetTaken:
      return "target_taken";
    case LinkReason::kUnlinkedByHand:
      return "unlinked_by_hand";
    case LinkReason::kParentMismatch:
      return "parent_mismatch";
    case LinkReason::kNoMatch:
      return "no_match";
    case LinkReason::kNoKey:
      return "no_key";
  }
  return "";
}

}  // namespace flxlink
