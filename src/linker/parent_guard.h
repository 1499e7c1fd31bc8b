// The parent guard: to how many channel parents the variants of one listing point.

#ifndef FLXLINK_LINKER_PARENT_GUARD_H_
#define FLXLINK_LINKER_PARENT_GUARD_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "flxlink/linker.h"
#include "src/linker/big_array.h"
#include "src/linker/key_code.h"
#include "src/linker/key_scan.h"
#include "src/linker/link_table.h"
#include "src/linker/rule_keys.h"

namespace flxlink::linker {

// A parent on the channel: the first channel row that has it.
using ParentId = int32_t;

class ParentGuard {
 public:
  static absl::StatusOr<ParentGuard> Read(const MatchInput& input, const KeyWork& work);

  // Notes which parents the listings have under a rule: from their unique targets, and from the links made before it.
  // To be called before each rule, in order.
  void BeginRule(const RuleKeys& keys, const LinkTable& links);

  // Whether the row's listing has more than one channel parent under the rule begun last.
  bool HasSeveral(int32_t listing_row) const {
    return parents_[static_cast<size_t>(ListingOf(listing_row))] == kSeveral;
  }

  // The listing that a listing row belongs to, as its first row. Rows without a parent have one each of their own.
  int32_t ListingOf(int32_t listing_row) const {
    const KeyCode code = listings_[static_cast<size_t>(listing_row)];
    return code == kNullKey ? listing_row : static_cast<int32_t>(code);
  }
  // Channel rows without a parent share the parent "none".
  ParentId ParentOf(int64_t channel_row) const {
    const KeyCode code = channel_parents_[static_cast<size_t>(channel_row)];
    return code == kNullKey ? none_ : static_cast<ParentId>(code);
  }

  // The bytes that it takes, for each row of either side.
  static constexpr int64_t kListingBytes = sizeof(KeyCode) + sizeof(ParentId);
  static constexpr int64_t kChannelBytes = sizeof(KeyCode);

 private:
  static constexpr ParentId kNothing = -1;
  static constexpr ParentId kSeveral = -2;

  void AddParent(int32_t listing_row, int64_t channel_row);

  BigArray<KeyCode> listings_;         // By listing row.
  BigArray<KeyCode> channel_parents_;  // By channel row.
  ParentId none_ = kNothing;           // The first row without a parent, if there is one.
  BigArray<ParentId> parents_;         // By listing: its one parent, kNothing or kSeveral.
};

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_PARENT_GUARD_H_
