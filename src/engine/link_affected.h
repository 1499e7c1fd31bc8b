// The affected set: the listing variants whose outcome a change may have changed.
//
// Everything that an outcome depends on is reached from a changed row by its keys, as they were and as they are:
//
//   a changed channel row       is, was or becomes a candidate of the listing variants that have one of its keys; where
//                               enough others have the key as well, it is ambiguous with and without the row
//   a changed listing variant   makes a key ambiguous for the others that have it, likewise; and where it is the first
//                               or the last to have a key, it contradicts, or does so no more, the pairs of channel
//                               rows with that key and the listing variants that are theirs by other rules
//   with the parent guard       what happens to a listing variant, also to a linked one, matters to its siblings

#ifndef FLXLINK_SRC_ENGINE_LINK_AFFECTED_H_
#define FLXLINK_SRC_ENGINE_LINK_AFFECTED_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/engine/link_changes.h"
#include "src/engine/link_groups.h"
#include "src/engine/link_rows.h"
#include "src/engine/link_scope.h"

namespace flxlink::engine {

// Only grows. Not thread-safe.
class AffectedListings {
 public:
  // `scope` must outlive it.
  explicit AffectedListings(LinkScope& scope) : scope_(scope) {}

  // Adds those that the changes of either side affect. Once.
  absl::Status AddChanges(const LinkChanges& listings, const LinkChanges& items);

  // Adds those for whom it matters that these channel rows are taken now. Whether any were new.
  absl::StatusOr<bool> AddTaken(absl::Span<const RowIndex> items);

  // With the parent guard linked ones too, and with each row all its siblings; without it, only unlinked ones.
  const std::vector<RowIndex>& rows() const { return rows_; }

 private:
  // What changes did to a group of listing variants.
  struct Membership {
    bool had = false;  // Some row that changed was a member,
    bool has = false;  // some row that changed is one.
  };

  bool guarded() const { return scope_.keys.parent_guard(); }
  void Add(RowIndex listing);
  void AddMembers(const LinkGroups::Group& group);

  // Notes the groups whose members changed.
  void NoteListingChanges(const LinkChanges& listings);
  void NoteItemChanges(const LinkChanges& items);
  Membership& MembershipOf(int number, const LinkKey& key);
  // Adds whom those groups affect.
  absl::Status AddRivals();
  absl::Status AddSeekers();
  absl::Status AddContradicted();
  absl::Status AddHolders(const LinkChanges& items);
  absl::Status AddFormerSiblings(const LinkChanges& listings);
  absl::Status AddSiblings();

  LinkScope& scope_;
  std::vector<RowIndex> rows_;
  size_t siblings_added_ = 0;               // Of so many of rows_ the siblings are in.
  std::vector<GroupIndex> listing_groups_;  // That listing variants came to or left.
  std::vector<Membership> memberships_;     // By GroupIndex on the listing side.
  std::vector<GroupIndex> item_groups_;     // That a changed channel row is or was in.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_AFFECTED_H_
