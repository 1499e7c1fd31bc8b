// The parent guard: to how many channel parents the variants of one listing point.

#ifndef FLXLINK_LINKER_PARENT_GUARD_H_
#define FLXLINK_LINKER_PARENT_GUARD_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/linker.h"
#include "src/linker/link_table.h"
#include "src/linker/rule_keys.h"

namespace flxlink {

// A parent on the channel; the parent "none" is one of them.
using ParentId = int32_t;

class ParentGuard {
 public:
  static absl::StatusOr<ParentGuard> Read(const MatchInput& input);

  // Notes which parents the listings have under a rule: from their unique targets, and from the links made before it.
  // To be called before each rule, in order.
  void BeginRule(const RuleKeys& keys, const LinkTable& links);

  // Whether the row's listing has more than one channel parent under the rule begun last.
  bool HasSeveral(int32_t listing_row) const {
    return parents_[static_cast<size_t>(ListingOf(listing_row))] == kSeveral;
  }

  // The listing that a listing row belongs to. Rows without a parent have one each of their own.
  int32_t ListingOf(int32_t listing_row) const { return listings_[static_cast<size_t>(listing_row)]; }
  ParentId ParentOf(int64_t channel_row) const { return channel_parents_[static_cast<size_t>(channel_row)]; }
  // The first channel row that has the parent.
  int64_t FirstRowOf(ParentId parent) const { return first_rows_[static_cast<size_t>(parent)]; }

 private:
  static constexpr ParentId kNothing = -1;
  static constexpr ParentId kSeveral = -2;

  void AddParent(int32_t listing_row, int64_t channel_row);

  std::vector<int32_t> listings_;          // By listing row.
  std::vector<ParentId> channel_parents_;  // By channel row.
  std::vector<int64_t> first_rows_;        // By parent.
  std::vector<ParentId> parents_;          // By listing: its one parent, kNothing or kSeveral.
};

}  // namespace flxlink

#endif  // FLXLINK_LINKER_PARENT_GUARD_H_
