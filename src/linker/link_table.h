// What ties the two sides before and during a match: links, and pairs that a person unlinked.

#ifndef FLXLINK_LINKER_LINK_TABLE_H_
#define FLXLINK_LINKER_LINK_TABLE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"
#include "src/linker/big_array.h"

namespace flxlink::linker {

// What became of a listing row so far, in 8 bytes.
struct ListingState {
  enum class Phase : uint8_t {
    kOpen,     // Rules still judge it, if it is live.
    kStopped,  // Unlinked, and no later rule is tried.
    kLinked,
    kBroken,
  };

  int32_t channel_row;  // What it is linked to, or -1.
  uint16_t rule;        // From 1; 0: none.
  LinkReason reason;
  Phase phase;

  LinkOutcome ToOutcome() const;
};

class LinkTable {
 public:
  // Reads and checks the input's pairs. INVALID_ARGUMENT where a row is outside its source or links are not 1:1.
  static absl::StatusOr<LinkTable> Read(const MatchInput& input, Executor& executor);

  int64_t listing_rows() const { return static_cast<int64_t>(listings_.size()); }
  ListingState& listing(int64_t row) { return listings_[static_cast<size_t>(row)]; }
  const ListingState& listing(int64_t row) const { return listings_[static_cast<size_t>(row)]; }

  // Whether an existing, broken or new link holds the channel row.
  bool IsHeld(int64_t channel_row) const { return held_[static_cast<size_t>(channel_row)] != 0; }
  void Hold(int64_t channel_row) { held_[static_cast<size_t>(channel_row)] = 1; }
  // Where that is kept, to be fetched ahead.
  const void* HeldAddress(int64_t channel_row) const { return &held_[static_cast<size_t>(channel_row)]; }

  // The pairs of a listing row that a person unlinked, each once.
  absl::Span<const RowPair> HandUnlinks(int64_t listing_row) const;

 private:
  absl::Status AddLink(const RowPair& pair, ListingState::Phase phase);
  absl::Status AddHandUnlink(const RowPair& pair);

  BigArray<ListingState> listings_;
  BigArray<uint8_t> held_;             // By channel row; bytes, so that threads may write side by side.
  std::vector<RowPair> hand_unlinks_;  // Sorted by listing row, then channel row.
};

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_LINK_TABLE_H_
