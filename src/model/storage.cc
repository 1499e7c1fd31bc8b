#include "flxlink/storage.h"

namespace flxlink {

absl::string_view ToString(LinkEvent::Kind kind) {
  switch (kind) {
    case LinkEvent::Kind::kLinked:
      return "linked";
    case LinkEvent::Kind::kUnlinked:
      return "unlinked";
    case LinkEvent::Kind::kBroken:
      return "broken";
    case LinkEvent::Kind::kHealed:
      return "healed";
    case LinkEvent::Kind::kReleased:
      return "released";
  }
  return "";
}

}  // namespace flxlink
