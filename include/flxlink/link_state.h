// How a listing variant is linked, and why.

#ifndef FLXLINK_LINK_STATE_H_
#define FLXLINK_LINK_STATE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace flxlink {

enum class LinkState : uint8_t { kUnlinked, kLinked, kBroken };

// Why a listing variant is as it is. The order from kAmbiguousListing on is the order in which one becomes the final
// reason.
enum class LinkReason : uint8_t {
  // Linked, nothing to say. Or unlinked and not judged: it is not live, or no link job has looked at it since.
  kNone,
  // It had its link (or broken link) before.
  kExisting,

  kAmbiguousListing,
  kAmbiguousChannel,
  // With kLinked a warning, with kUnlinked the reason.
  kContradiction,
  kTargetTaken,
  kUnlinkedByHand,
  kParentMismatch,
  kNoMatch,
  kNoKey,
};

// "unlinked", "linked", "broken".
absl::string_view ToString(LinkState state);
// "", "existing", "ambiguous_listing", "ambiguous_channel", "contradiction", "target_taken", "unlinked_by_hand",
// "parent_mismatch", "no_match", "no_key".
absl::string_view ToString(LinkReason reason);

}  // namespace flxlink

#endif  // FLXLINK_LINK_STATE_H_
