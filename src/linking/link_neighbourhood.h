// The neighbourhood of some listing variants: a catalog so small, and yet such that a match gives them what a match of
// the whole channel would.
//
// It has, besides them, of each of their keys as many rows of either side as it takes to tell that the key is
// ambiguous, and of each other key of their targets a listing variant that has it. Rows that are there only to be
// counted are given to the match as linked, so that it judges nobody else.

#ifndef FLXLINK_SRC_LINKING_LINK_NEIGHBOURHOOD_H_
#define FLXLINK_SRC_LINKING_LINK_NEIGHBOURHOOD_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/linking/link_groups.h"
#include "src/linking/link_input.h"
#include "src/linking/link_rows.h"
#include "src/linking/link_scope.h"

namespace flxlink::linking {

class LinkNeighbourhood {
 public:
  // Of the rows in `affected`: all that are unlinked, and with the parent guard all their siblings.
  static absl::StatusOr<std::unique_ptr<LinkNeighbourhood>> Read(LinkScope& scope, absl::Span<const RowIndex> affected);

  LinkInput& input() { return input_; }
  // The row of the scope that is channel row `row` of the input.
  RowIndex item(int64_t row) const { return items_[static_cast<size_t>(row)]; }
  // The row of the input that is a listing variant of `affected`.
  int64_t RowOf(RowIndex listing) const { return listing_row_[static_cast<size_t>(listing)]; }
  // Ids of the channel variants that one of those that are judged may be linked to.
  const std::vector<int64_t>& targets() const { return targets_; }

 private:
  LinkNeighbourhood(LinkScope& scope, absl::Span<const RowIndex> affected);

  bool IsJudged(RowIndex listing) const;
  // Whether the match asks for the row's targets: its own, or its siblings' parents.
  bool HasTargets(RowIndex listing) const;
  RowIndex TargetOf(RowIndex listing, int rule) const;

  absl::Status ReadGroups();
  absl::Status ReadTargets();
  absl::Status ReadLinkedItems();
  absl::Status ReadHolders();
  void AddRows();
  void AddPairs();
  void AddLinkOf(RowIndex listing);
  void AddHandUnlinksOf(RowIndex listing);
  void AddListing(RowIndex listing);
  void AddItem(RowIndex item);

  LinkScope& scope_;
  const absl::Span<const RowIndex> affected_;
  std::vector<GroupIndex> listing_groups_;  // That the match must see.
  std::vector<GroupIndex> item_groups_;
  std::vector<int64_t> targets_;
  std::vector<int64_t> linked_items_;  // Ids of those that siblings are linked to.
  std::vector<LinkHolder> holders_;    // Of targets_.

  LinkInput input_;
  std::vector<RowIndex> listings_;  // By row of the input.
  std::vector<RowIndex> items_;
  std::vector<int64_t> listing_row_;  // By RowIndex; kNoRow where it is not in the input.
  std::vector<int64_t> item_row_;
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_NEIGHBOURHOOD_H_
