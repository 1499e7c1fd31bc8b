// Records link changes (flxlink/storage.h, "The link base") in the transaction of the operation that makes them: how
// rows were before. Where the channel has no link base it records hand edits only.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LINK_CHANGES_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LINK_CHANGES_H_

#include <cstdint>

#include "flxlink/storage.h"
#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

// Whether a link base of the channel is set.
bool HasLinkBase(Connection& db, int64_t channel_id);

// One for the rows of one operation, gone before its commit. Each function is to be called before the row is changed; a
// row that has a change on record keeps that.
class LinkChangeRecorder {
 public:
  LinkChangeRecorder(Connection& db, int64_t channel_id);
  // Counts what was recorded.
  ~LinkChangeRecorder();
  LinkChangeRecorder(const LinkChangeRecorder&) = delete;
  LinkChangeRecorder& operator=(const LinkChangeRecorder&) = delete;

  void RecordListing(int64_t listing_id);
  // The listing variant gets another status: records it if that makes it live, or not live any more.
  void RecordStatus(int64_t listing_id, const ListingStatus& before, const ListingStatus& after);
  void RecordItem(int64_t channel_variant_id);
  // The same if the item is live.
  void RecordLiveItem(int64_t channel_variant_id);
  // A person's edit, which has made the channel's edit version `edit_version`, touches both; 0: no item.
  void RecordEdit(int64_t listing_id, int64_t channel_variant_id, int64_t edit_version);
  // A row of this id is new.
  void RecordNew(LinkSide side, int64_t id);

 private:
  void InsertListing(int64_t listing_id);
  void InsertItem(int64_t channel_variant_id, bool also_dead);
  void Stamp(LinkSide side, int64_t id, int64_t edit_version);

  Connection& db_;
  const int64_t channel_id_;
  const bool has_base_;
  int64_t recorded_ = 0;
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LINK_CHANGES_H_
