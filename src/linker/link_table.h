// What ties the two sides before and during a match: links, and pairs that a person unlinked.

#ifndef FLXLINK_LINKER_LINK_TABLE_H_
#define FLXLINK_LINKER_LINK_TABLE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"

namespace flxlink {

// Who holds a channel row. kFree and kUnknownListing are no rows.
constexpr int32_t kFree = -1;
constexpr int32_t kUnknownListing = -2;

class LinkTable {
 public:
  // Reads and checks the input's pairs. INVALID_ARGUMENT where a row is outside its source or links are not 1:1.
  static absl::StatusOr<LinkTable> Read(const MatchInput& input);

  // One per listing row. Before the match: linked, broken, or unlinked without a reason.
  std::vector<LinkOutcome>& outcomes() { return outcomes_; }
  const std::vector<LinkOutcome>& outcomes() const { return outcomes_; }

  // The listing row that holds a channel row, by an existing, broken or new link; or kFree or kUnknownListing.
  int32_t Holder(int32_t channel_row) const { return holders_[static_cast<size_t>(channel_row)]; }
  void Hold(int32_t channel_row, int32_t listing_row) { holders_[static_cast<size_t>(channel_row)] = listing_row; }

  // The pairs of a listing row that a person unlinked, each once.
  absl::Span<const RowPair> HandUnlinks(int32_t listing_row) const;

 private:
  absl::Status AddLink(const RowPair& pair, LinkState state);
  absl::Status AddHandUnlink(const RowPair& pair);

  std::vector<LinkOutcome> outcomes_;
  std::vector<int32_t> holders_;
  std::vector<RowPair> hand_unlinks_;  // Sorted by listing row, then channel row.
};

}  // namespace flxlink

#endif  // FLXLINK_LINKER_LINK_TABLE_H_
