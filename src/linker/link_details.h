// What the reasons of a finished pass name: holders, candidates, parents.

#ifndef FLXLINK_LINKER_LINK_DETAILS_H_
#define FLXLINK_LINKER_LINK_DETAILS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "flxlink/linker.h"
#include "src/linker/match_pass.h"

namespace flxlink::linker {

class LinkDetails {
 public:
  // Gathers what the reasons of all rows name. `pass` must outlive this and have run all its rules.
  explicit LinkDetails(const MatchPass& pass);

  // What the row's reason names, or nothing.
  absl::optional<LinkDetail> Of(int32_t listing_row) const;

 private:
  // A rule, from 0, and a key or listing under it.
  using RuleAndId = std::pair<int32_t, uint32_t>;
  using RowLists = absl::flat_hash_map<RuleAndId, std::vector<int64_t>>;

  void NoteWanted();
  void GatherHolders();
  void GatherRows(int32_t rule, const BigArray<KeyCode>& codes, RowLists* lists);
  void GatherParents(int32_t rule);
  RuleAndId KeyOf(int32_t listing_row) const;
  RuleAndId ListingOf(int32_t listing_row) const;

  const MatchPass& pass_;
  RowLists listing_rows_;                          // By ambiguous key.
  RowLists channel_rows_;                          // Likewise.
  RowLists parent_rows_;                           // By listing.
  absl::flat_hash_map<int64_t, int64_t> holders_;  // By channel row that is wanted and taken.
};

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_LINK_DETAILS_H_
