// Whom a change affects: the listing variants whose outcome may be another one because some rows changed.
//
// A row matters to others only through its keys, those that it had and those that it has. So, starting from the rows
// that changed, the index of keys leads to everybody who may be affected:
//
//   1. The listing variants that changed themselves.
//   2. Rivals. Listing variant v1 got the SKU "a": whoever else has "a" may now be ambiguous. If it lost "a", the one
//      that is left may now be unique.
//   3. Seekers. Item c got the SKU "a", or lost it, or its link came or went: every listing variant with the SKU "a"
//      may now find c, or miss it, or find it free.
//   4. Contradicted pairs. Rule 1 pairs v with c by SKU, and c has the barcode "b" (rule 2). As soon as some other
//      listing variant has "b", the pair is contradicted; when nobody has it any more, it is not.
//   5. With the parent guard, all siblings of those, linked or not: the parents that one points to bind the others.
//
// Large groups need not be read: a key that two other listing variants have is ambiguous whatever a third one does.

#ifndef FLXLINK_SRC_LINKING_LINK_AFFECTED_H_
#define FLXLINK_SRC_LINKING_LINK_AFFECTED_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/linking/link_changes.h"
#include "src/linking/link_groups.h"
#include "src/linking/link_rows.h"
#include "src/linking/link_scope.h"

namespace flxlink::linking {

// Only grows. Not thread-safe.
class AffectedListings {
 public:
  // `scope` must outlive it.
  explicit AffectedListings(LinkScope& scope) : scope_(scope) {}

  // Adds one whatever its state, to look at.
  absl::Status AddNamed(RowIndex listing);

  // Adds those that the changes of either side affect. Once.
  absl::Status AddChanges(const LinkChanges& listings, const LinkChanges& items);

  // Adds those for whom it matters whether these channel rows are free: unlinked listing variants that alone have one
  // of their keys. Returns whether any were new.
  absl::StatusOr<bool> AddTaken(absl::Span<const RowIndex> items);

  // With the parent guard linked ones too, and with each row all its siblings; without it, only unlinked ones.
  const std::vector<RowIndex>& rows() const { return rows_; }

 private:
  // What changes did to a group of listing variants: whether some row that changed had been a member, and is one now.
  struct Membership {
    bool had = false;
    bool has = false;
    // Such a row was edited by hand, so between the two it may have been a member or not.
    bool edited = false;

    void Note(bool Membership::*which, bool row_edited) {
      this->*which = true;
      edited = edited || row_edited;
    }
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
  // The siblings of the first so many of rows_ are in.
  size_t siblings_added_ = 0;
  // Groups that listing variants came to or left.
  std::vector<GroupIndex> listing_groups_;
  // By GroupIndex on the listing side.
  std::vector<Membership> memberships_;
  // Groups that a changed channel row is or was in.
  std::vector<GroupIndex> item_groups_;
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_AFFECTED_H_
