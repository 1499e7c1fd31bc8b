// What a pass over a part of a channel knows of it so far: the rows and groups that it has looked at.

#ifndef FLXLINK_SRC_LINKING_LINK_SCOPE_H_
#define FLXLINK_SRC_LINKING_LINK_SCOPE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"
#include "src/linking/link_groups.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_lookup.h"
#include "src/linking/link_rows.h"

namespace flxlink::linking {

// The pairs that a person unlinked and has not cleared. There are as many as a person makes.
class HandUnlinks {
 public:
  HandUnlinks() = default;

  static absl::StatusOr<HandUnlinks> Read(LinkLookup& lookup);

  absl::Span<const LinkPair> OfListing(int64_t listing_id) const;
  // The most that one listing variant has.
  int32_t most() const { return most_; }

 private:
  std::vector<LinkPair> pairs_;  // Ascending.
  int32_t most_ = 0;
};

// Not thread-safe.
struct LinkScope {
  // `lookup_in` and `keys_in` must outlive it. No more than `max_entries` index entries are read on either side.
  LinkScope(LinkLookup& lookup_in, const LinkKeys& keys_in, HandUnlinks hand_unlinks_in, int64_t max_entries);

  // With so many listing variants, a key is ambiguous whatever others do. Also how many of a group a match must see to
  // know what the group is to it.
  static constexpr int32_t kEnoughListings = 2;
  // The same on the channel's side, where those that were unlinked from a listing variant by hand may not count.
  const int32_t enough_items;

  LinkLookup& lookup;
  const LinkKeys& keys;
  const HandUnlinks hand_unlinks;
  LinkRows listings;
  LinkRows items;
  LinkGroups listing_groups;
  LinkGroups item_groups;

  LinkRows& rows(LinkSide side) { return side == LinkSide::kListing ? listings : items; }

  // The links of the channel variants with these ids, which are sorted and taken for one where they are repeated.
  absl::StatusOr<std::vector<LinkHolder>> ReadHolders(std::vector<int64_t> channel_variant_ids);
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_SCOPE_H_
