#include "src/linking/link_affected.h"

#include <utility>

namespace flxlink::linking {
namespace {

bool All(const LinkGroups::Group& /*group*/) { return false; }
bool EnoughListings(const LinkGroups::Group& group) { return group.has(LinkScope::kEnoughListings); }
bool EnoughStableListings(const LinkGroups::Group& group) { return group.has_stable(LinkScope::kEnoughListings); }

}  // namespace

absl::Status AffectedListings::AddChanges(const LinkChanges& listings, const LinkChanges& items) {
  NoteListingChanges(listings);
  NoteItemChanges(items);
  absl::Status status = AddRivals();
  if (status.ok()) status = AddSeekers();
  if (status.ok()) status = AddContradicted();
  if (!status.ok() || !guarded()) return status;
  status = AddHolders(items);
  if (status.ok()) status = AddFormerSiblings(listings);
  return status.ok() ? AddSiblings() : status;
}

absl::Status AffectedListings::AddNamed(RowIndex listing) {
  scope_.listings.row(listing).affected = true;
  rows_.push_back(listing);
  return guarded() ? AddSiblings() : absl::OkStatus();
}

void AffectedListings::Add(RowIndex listing) {
  LinkRows::Row& row = scope_.listings.row(listing);
  if (row.affected || (!guarded() && !row.unlinked())) return;
  row.affected = true;
  rows_.push_back(listing);
}

void AffectedListings::AddMembers(const LinkGroups::Group& group) {
  for (const RowIndex listing : group.members) Add(listing);
}

AffectedListings::Membership& AffectedListings::MembershipOf(int number, const LinkKey& key) {
  const GroupIndex group = scope_.listing_groups.Find(number, key);
  if (static_cast<size_t>(group) >= memberships_.size()) memberships_.resize(static_cast<size_t>(group) + 1);
  listing_groups_.push_back(group);
  return memberships_[static_cast<size_t>(group)];
}

void AffectedListings::NoteListingChanges(const LinkChanges& listings) {
  for (size_t change = 0; change < listings.size(); ++change) {
    Add(listings.row(change));
    for (int number = 0; number < scope_.keys.rule_count(); ++number) {
      const LinkKey then = listings.KeyThen(change, number);
      const LinkKey now = listings.KeyNow(change, number);
      const bool edited = listings.IsEdited(change);
      if (then == now && !edited) continue;
      if (!then.is_null()) MembershipOf(number, then).Note(&Membership::had, edited);
      if (!now.is_null()) MembershipOf(number, now).Note(&Membership::has, edited);
    }
  }
}

void AffectedListings::NoteItemChanges(const LinkChanges& items) {
  for (size_t change = 0; change < items.size(); ++change) {
    for (int number = 0; number < scope_.keys.rule_count(); ++number) {
      for (const LinkKey& key : {items.KeyThen(change, number), items.KeyNow(change, number)}) {
        if (!key.is_null()) item_groups_.push_back(scope_.item_groups.Find(number, key));
      }
    }
  }
}

// A key came to a listing variant or left it: its group may have become ambiguous, or be so no more, for all the others
// that have it. Where enough others have it anyway, nothing changed for anybody.
absl::Status AffectedListings::AddRivals() {
  const absl::Status status = scope_.listing_groups.Read(listing_groups_, EnoughStableListings);
  if (!status.ok()) return status;
  for (const GroupIndex index : listing_groups_) {
    const LinkGroups::Group& group = scope_.listing_groups.group(index);
    if (!EnoughStableListings(group)) AddMembers(group);
  }
  return absl::OkStatus();
}

// A channel row changed: it was, is or becomes a candidate of every listing variant that has one of its keys. Where
// enough other rows have the key anyway, it was and is ambiguous.
absl::Status AffectedListings::AddSeekers() {
  const auto ambiguous = [&](const LinkGroups::Group& group) { return group.has_stable(scope_.enough_items); };
  absl::Status status = scope_.item_groups.Read(item_groups_, ambiguous);
  if (!status.ok()) return status;
  std::vector<GroupIndex> seekers;
  for (const GroupIndex index : item_groups_) {
    const LinkGroups::Group& group = scope_.item_groups.group(index);
    if (!ambiguous(group)) seekers.push_back(scope_.listing_groups.Find(group.number, group.key));
  }
  status = scope_.listing_groups.Read(seekers, All);
  if (!status.ok()) return status;
  for (const GroupIndex index : seekers) AddMembers(scope_.listing_groups.group(index));
  return absl::OkStatus();
}

// A key that no listing variant had is had by one now, or the other way round. Say the key is "b" under rule 2, and c
// is a channel row with "b". If rule 1 pairs c with v, then v and c contradict each other from now on, or no more:
// somebody else has what c has. So v is judged again. Only pairs that are unique are asked for contradictions, so v is
// the only listing variant with its key.
absl::Status AffectedListings::AddContradicted() {
  std::vector<GroupIndex> carriers;
  for (const GroupIndex index : listing_groups_) {
    const LinkGroups::Group& group = scope_.listing_groups.group(index);
    const Membership& membership = memberships_[static_cast<size_t>(index)];
    const bool toggled = !group.has_stable(1) && (membership.had != membership.has || membership.edited);
    if (toggled) carriers.push_back(scope_.item_groups.Find(group.number, group.key));
  }
  absl::Status status = scope_.item_groups.Read(carriers, All);
  if (!status.ok()) return status;
  std::vector<GroupIndex> paired;
  for (const GroupIndex index : carriers) {
    const LinkGroups::Group& group = scope_.item_groups.group(index);
    for (const RowIndex item : group.members) {
      for (int number = 0; number < scope_.keys.rule_count(); ++number) {
        const LinkKey& key = scope_.items.key(item, number);
        if (number != group.number && !key.is_null()) paired.push_back(scope_.listing_groups.Find(number, key));
      }
    }
  }
  status = scope_.listing_groups.Read(paired, EnoughListings);
  if (!status.ok()) return status;
  for (const GroupIndex index : paired) {
    const RowIndex only = scope_.listing_groups.group(index).only_member();
    if (only != kNotRead) Add(only);
  }
  return absl::OkStatus();
}

// With the guard: who is linked to a channel row whose parent changed has siblings that may be linked to the same
// parent only.
absl::Status AffectedListings::AddHolders(const LinkChanges& items) {
  std::vector<int64_t> ids;
  for (size_t change = 0; change < items.size(); ++change) ids.push_back(scope_.items.row(items.row(change)).id);
  absl::StatusOr<std::vector<LinkHolder>> holders = scope_.ReadHolders(std::move(ids));
  if (!holders.ok()) return holders.status();
  std::vector<int64_t> listing_ids;
  for (const LinkHolder& holder : *holders) listing_ids.push_back(holder.listing_id);
  const absl::Status status = scope_.listings.Read(&listing_ids);
  if (!status.ok()) return status;
  for (const int64_t id : listing_ids) Add(scope_.listings.Find(id));
  return absl::OkStatus();
}

absl::Status AffectedListings::AddFormerSiblings(const LinkChanges& listings) {
  std::vector<GroupIndex> parents;
  for (size_t change = 0; change < listings.size(); ++change) {
    const LinkKey parent = listings.ParentThen(change);
    if (!parent.is_null()) parents.push_back(scope_.listing_groups.Find(scope_.keys.parent_number(), parent));
  }
  const absl::Status status = scope_.listing_groups.Read(parents, All);
  if (!status.ok()) return status;
  for (const GroupIndex index : parents) AddMembers(scope_.listing_groups.group(index));
  return absl::OkStatus();
}

absl::Status AffectedListings::AddSiblings() {
  const int number = scope_.keys.parent_number();
  std::vector<GroupIndex> parents;
  for (; siblings_added_ < rows_.size(); ++siblings_added_) {
    const LinkKey& parent = scope_.listings.key(rows_[siblings_added_], number);
    if (!parent.is_null()) parents.push_back(scope_.listing_groups.Find(number, parent));
  }
  const absl::Status status = scope_.listing_groups.Read(parents, All);
  if (!status.ok()) return status;
  for (const GroupIndex index : parents) AddMembers(scope_.listing_groups.group(index));
  siblings_added_ = rows_.size();
  return absl::OkStatus();
}

absl::StatusOr<bool> AffectedListings::AddTaken(absl::Span<const RowIndex> items) {
  std::vector<GroupIndex> seekers;
  for (const RowIndex item : items) {
    for (int number = 0; number < scope_.keys.rule_count(); ++number) {
      const LinkKey& key = scope_.items.key(item, number);
      if (!key.is_null()) seekers.push_back(scope_.listing_groups.Find(number, key));
    }
  }
  absl::Status status = scope_.listing_groups.Read(seekers, EnoughListings);
  if (!status.ok()) return status;
  const size_t before = rows_.size();
  for (const GroupIndex index : seekers) {
    const RowIndex only = scope_.listing_groups.group(index).only_member();
    if (only != kNotRead && scope_.listings.row(only).unlinked()) Add(only);
  }
  const bool added = rows_.size() > before;
  if (added && guarded()) status = AddSiblings();
  if (!status.ok()) return status;
  return added;
}

}  // namespace flxlink::linking
