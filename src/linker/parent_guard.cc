#include "src/linker/parent_guard.h"

#include <utility>

namespace flxlink::linker {

absl::StatusOr<ParentGuard> ParentGuard::Read(const MatchInput& input, const KeyWork& work) {
  absl::StatusOr<BigArray<KeyCode>> listings = GroupRows(*input.listings, VariantSource::kParentColumn, work);
  if (!listings.ok()) return listings.status();
  absl::StatusOr<BigArray<KeyCode>> channel = GroupRows(*input.channel, VariantSource::kParentColumn, work);
  if (!channel.ok()) return channel.status();
  ParentGuard guard;
  guard.parents_ = BigArray<ParentId>(listings->size());
  guard.listings_ = *std::move(listings);
  guard.channel_parents_ = *std::move(channel);
  for (size_t i = 0; i < guard.channel_parents_.size() && guard.none_ == kNothing; ++i) {
    if (guard.channel_parents_[i] == kNullKey) guard.none_ = static_cast<ParentId>(i);
  }
  return guard;
}

void ParentGuard::AddParent(int32_t listing_row, int64_t channel_row) {
  ParentId& parent = parents_[static_cast<size_t>(ListingOf(listing_row))];
  if (parent == kNothing) {
    parent = ParentOf(channel_row);
  } else if (parent != ParentOf(channel_row)) {
    parent = kSeveral;
  }
}

void ParentGuard::BeginRule(const RuleKeys& keys, const LinkTable& links) {
  parents_.Fill(kNothing);
  for (size_t i = 0; i < listings_.size(); ++i) {
    const auto row = static_cast<int32_t>(i);
    const ListingState& listing = links.listing(row);
    if (listing.phase == ListingState::Phase::kLinked) AddParent(row, listing.channel_row);
    const KeyCode code = keys.listings[i];
    if (IsUnique(code)) AddParent(row, IdOf(code));
  }
}

}  // namespace flxlink::linker
