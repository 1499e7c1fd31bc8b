#include "src/linking/link_neighbourhood.h"

#include <cstddef>
#include <utility>

namespace flxlink::linking {
namespace {

// The first `count` members of a group, or all.
absl::Span<const RowIndex> First(const LinkGroups::Group& group, int32_t count) {
  return absl::MakeConstSpan(group.members).subspan(0, static_cast<size_t>(count));
}

}  // namespace

LinkNeighbourhood::LinkNeighbourhood(LinkScope& scope, absl::Span<const RowIndex> affected)
    : scope_(scope), affected_(affected), input_(scope.keys.fields()) {}

absl::StatusOr<std::unique_ptr<LinkNeighbourhood>> LinkNeighbourhood::Read(LinkScope& scope,
                                                                           absl::Span<const RowIndex> affected) {
  std::unique_ptr<LinkNeighbourhood> made(new LinkNeighbourhood(scope, affected));
  absl::Status status = made->ReadGroups();
  if (status.ok()) status = made->ReadTargets();
  if (status.ok()) status = made->ReadLinkedItems();
  if (status.ok()) status = made->ReadHolders();
  if (!status.ok()) return status;
  made->AddRows();
  made->AddPairs();
  return made;
}

bool LinkNeighbourhood::IsJudged(RowIndex listing) const {
  const LinkRows::Row& row = scope_.listings.row(listing);
  return row.affected && row.unlinked();
}

bool LinkNeighbourhood::HasTargets(RowIndex listing) const {
  const LinkRows::Row& row = scope_.listings.row(listing);
  return row.live && (row.unlinked() || scope_.keys.parent_guard());
}

absl::Status LinkNeighbourhood::ReadGroups() {
  for (const RowIndex listing : affected_) {
    if (!HasTargets(listing)) continue;
    for (int rule = 0; rule < scope_.keys.rule_count(); ++rule) {
      const LinkKey& key = scope_.listings.key(listing, rule);
      if (key.is_null()) continue;
      listing_groups_.push_back(scope_.listing_groups.Find(rule, key));
      item_groups_.push_back(scope_.item_groups.Find(rule, key));
    }
  }
  const absl::Status status = scope_.listing_groups.Read(
      listing_groups_, [](const LinkGroups::Group& group) { return group.has(LinkScope::kEnoughListings); });
  if (!status.ok()) return status;
  return scope_.item_groups.Read(item_groups_, [&](const LinkGroups::Group& group) {
    return group.has(static_cast<size_t>(scope_.enough_items));
  });
}

// The channel row that the rule pairs the listing variant with: each is the only one to have the key.
RowIndex LinkNeighbourhood::TargetOf(RowIndex listing, int rule) const {
  const LinkKey& key = scope_.listings.key(listing, rule);
  if (key.is_null()) return kNotRead;
  const LinkGroups::Group& rivals = scope_.listing_groups.group(scope_.listing_groups.Find(rule, key));
  if (rivals.only_member() == kNotRead) return kNotRead;
  return scope_.item_groups.group(scope_.item_groups.Find(rule, key)).only_member();
}

// The targets of judged rows, and who else has their keys.
absl::Status LinkNeighbourhood::ReadTargets() {
  const size_t own_groups = listing_groups_.size();
  for (const RowIndex listing : affected_) {
    if (!IsJudged(listing) || !scope_.listings.row(listing).live) continue;
    for (int rule = 0; rule < scope_.keys.rule_count(); ++rule) {
      const RowIndex target = TargetOf(listing, rule);
      if (target == kNotRead) continue;
      targets_.push_back(scope_.items.row(target).id);
      for (int other = 0; other < scope_.keys.rule_count(); ++other) {
        const LinkKey& key = scope_.items.key(target, other);
        if (other != rule && !key.is_null()) listing_groups_.push_back(scope_.listing_groups.Find(other, key));
      }
    }
  }
  return scope_.listing_groups.Read(
      {listing_groups_.begin() + static_cast<ptrdiff_t>(own_groups), listing_groups_.end()},
      [](const LinkGroups::Group& group) { return group.has(1); });
}

// What siblings are linked to counts for the parent guard.
absl::Status LinkNeighbourhood::ReadLinkedItems() {
  if (!scope_.keys.parent_guard()) return absl::OkStatus();
  for (const RowIndex listing : affected_) {
    const LinkRows::Row& row = scope_.listings.row(listing);
    if (!row.unlinked() && !row.broken) linked_items_.push_back(row.linked_to);
  }
  return scope_.items.Read(&linked_items_);
}

absl::Status LinkNeighbourhood::ReadHolders() {
  absl::StatusOr<std::vector<LinkHolder>> holders = scope_.ReadHolders(targets_);
  if (!holders.ok()) return holders.status();
  holders_ = *std::move(holders);
  return absl::OkStatus();
}

void LinkNeighbourhood::AddRows() {
  listing_row_.assign(static_cast<size_t>(scope_.listings.size()), kNoRow);
  item_row_.assign(static_cast<size_t>(scope_.items.size()), kNoRow);
  for (const RowIndex listing : affected_) AddListing(listing);
  for (const GroupIndex index : listing_groups_) {
    for (const RowIndex listing : First(scope_.listing_groups.group(index), LinkScope::kEnoughListings)) {
      AddListing(listing);
    }
  }
  for (const GroupIndex index : item_groups_) {
    for (const RowIndex item : First(scope_.item_groups.group(index), scope_.enough_items)) AddItem(item);
  }
  for (const int64_t id : linked_items_) AddItem(scope_.items.Find(id));
}

void LinkNeighbourhood::AddListing(RowIndex listing) {
  int64_t& at = listing_row_[static_cast<size_t>(listing)];
  if (at != kNoRow) return;
  const LinkRows::Row& row = scope_.listings.row(listing);
  at = input_.AddListing({row.id, row.live, row.reason, row.rule}, scope_.listings.values(listing), row.parent);
  listings_.push_back(listing);
}

void LinkNeighbourhood::AddItem(RowIndex item) {
  int64_t& at = item_row_[static_cast<size_t>(item)];
  if (at != kNoRow) return;
  const LinkRows::Row& row = scope_.items.row(item);
  at = input_.AddItem({row.id, row.live}, scope_.items.values(item), row.parent);
  items_.push_back(item);
}

void LinkNeighbourhood::AddPairs() {
  for (const RowIndex listing : listings_) {
    if (IsJudged(listing)) {
      AddHandUnlinksOf(listing);
    } else {
      AddLinkOf(listing);
    }
  }
  for (const LinkHolder& holder : holders_) {
    const RowIndex listing = scope_.listings.Find(holder.listing_id);
    // The links of rows that are here are added with them.
    if (listing != kNotRead && listing_row_[static_cast<size_t>(listing)] != kNoRow) continue;
    input_.AddLink({kNoRow, item_row_[static_cast<size_t>(scope_.items.Find(holder.channel_variant_id))]});
  }
}

void LinkNeighbourhood::AddLinkOf(RowIndex listing) {
  const LinkRows::Row& row = scope_.listings.row(listing);
  const RowIndex item = row.unlinked() ? kNotRead : scope_.items.Find(row.linked_to);
  const int64_t item_row = item == kNotRead ? kNoRow : item_row_[static_cast<size_t>(item)];
  const RowPair link{listing_row_[static_cast<size_t>(listing)], item_row};
  if (row.broken && item_row != kNoRow) {
    input_.AddBrokenLink(link);
  } else {
    input_.AddLink(link);
  }
}

void LinkNeighbourhood::AddHandUnlinksOf(RowIndex listing) {
  for (const LinkPair& pair : scope_.hand_unlinks.OfListing(scope_.listings.row(listing).id)) {
    const RowIndex item = scope_.items.Find(pair.channel_variant_id);
    if (item == kNotRead || item_row_[static_cast<size_t>(item)] == kNoRow) continue;
    input_.AddHandUnlink({listing_row_[static_cast<size_t>(listing)], item_row_[static_cast<size_t>(item)]});
  }
}

}  // namespace flxlink::linking
