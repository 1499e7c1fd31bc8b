// The link changes of one side: which rows changed since the link base was up to date, and what keys they had then.

#ifndef FLXLINK_SRC_LINKING_LINK_CHANGES_H_
#define FLXLINK_SRC_LINKING_LINK_CHANGES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/storage.h"
#include "src/linking/link_rows.h"
#include "src/linking/link_scope.h"

namespace flxlink::linking {

class LinkChanges {
 public:
  // Reads the changes, and the rows as they are now, which it marks as changed. `scope` must outlive the result, whose
  // keys groups of `scope` may point to.
  static absl::StatusOr<LinkChanges> Read(LinkScope& scope, LinkSide side);

  size_t size() const { return rows_.size(); }
  RowIndex row(size_t change) const { return rows_[change]; }
  // The key by which the row was matched then, and is now: null also where it is not live.
  LinkKey KeyThen(size_t change, int number) const { return was_live_[change] != 0 ? Then(change, number) : LinkKey(); }
  LinkKey KeyNow(size_t change, int number) const { return IsLiveNow(change) ? Now(change, number) : LinkKey(); }
  // A person edited the row's links, perhaps while a pass judged others by it: that pass may have seen it live or not.
  bool IsEdited(size_t change) const { return edited_[change] != 0; }
  // Parents, which also rows have that are not live.
  LinkKey ParentThen(size_t change) const { return Then(change, scope_->keys.parent_number()); }

  // Adds what the index does not have of these rows. It names all rows, live or not.
  void AddMissingKeys(std::vector<KeyAddition>* additions) const;

 private:
  LinkChanges(LinkScope& scope, LinkSide side)
      : scope_(&scope), side_(side), key_count_(static_cast<size_t>(scope.keys.count(side))) {}

  LinkRows& rows() const { return scope_->rows(side_); }
  bool IsLiveNow(size_t change) const { return rows().row(rows_[change]).live; }
  const LinkKey& Now(size_t change, int number) const { return rows().key(rows_[change], number); }
  const LinkKey& Then(size_t change, int number) const {
    return keys_then_[change * key_count_ + static_cast<size_t>(number)];
  }
  absl::Status AddPage(const LinkChangePage& page);

  LinkScope* scope_;
  LinkSide side_;
  size_t key_count_;
  std::vector<std::unique_ptr<LinkChangePage>> pages_;  // What keys_then_ points into.
  std::vector<RowIndex> rows_;
  std::vector<uint8_t> was_live_;
  std::vector<uint8_t> edited_;
  std::vector<LinkKey> keys_then_;  // key_count_ a change; null where the row was not there.
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_CHANGES_H_
