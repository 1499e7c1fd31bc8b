#include "src/storage/sqlite/sqlite_link_changes.h"

namespace flxlink::sqlite {

bool HasLinkBase(Connection& db, int64_t channel_id) {
  return Query(db, "SELECT 1 FROM link_base WHERE channel_id = ?1 AND text <> ''").Bind(channel_id).Next();
}

LinkChangeRecorder::LinkChangeRecorder(Connection& db, int64_t channel_id)
    : db_(db), channel_id_(channel_id), has_base_(HasLinkBase(db, channel_id)) {}

LinkChangeRecorder::~LinkChangeRecorder() {
  if (recorded_ == 0) return;
  Query(db_, "UPDATE link_base SET changes = changes + ?2 WHERE channel_id = ?1").Run(channel_id_, recorded_);
}

void LinkChangeRecorder::RecordListing(int64_t listing_id) {
  if (has_base_) InsertListing(listing_id);
}

void LinkChangeRecorder::InsertListing(int64_t listing_id) {
  recorded_ += Query(db_,
                     "INSERT OR IGNORE INTO link_change (channel_id, side, id, known, live, parent, fields) "
                     "SELECT ?1, 0, ?2, 1, l.health <> 'delisted', v.parent, v.fields FROM listing_variant v "
                     "CROSS JOIN link l ON l.channel_id = v.channel_id AND l.listing_id = v.listing_id "
                     "WHERE v.channel_id = ?1 AND v.listing_id = ?2")
                   .Run(channel_id_, listing_id);
}

void LinkChangeRecorder::RecordStatus(int64_t listing_id, const ListingStatus& before, const ListingStatus& after) {
  if (IsLive(before) != IsLive(after)) RecordListing(listing_id);
}

void LinkChangeRecorder::RecordItem(int64_t channel_variant_id) {
  if (has_base_) InsertItem(channel_variant_id, true);
}

void LinkChangeRecorder::RecordLiveItem(int64_t channel_variant_id) {
  if (has_base_) InsertItem(channel_variant_id, false);
}

void LinkChangeRecorder::RecordEdit(int64_t listing_id, int64_t channel_variant_id, int64_t edit_version) {
  Query(db_, "INSERT OR IGNORE INTO link_base (channel_id) VALUES (?1)").Run(channel_id_);
  InsertListing(listing_id);
  Stamp(LinkSide::kListing, listing_id, edit_version);
  if (channel_variant_id == 0) return;
  InsertItem(channel_variant_id, true);
  Stamp(LinkSide::kChannel, channel_variant_id, edit_version);
}

void LinkChangeRecorder::Stamp(LinkSide side, int64_t id, int64_t edit_version) {
  Query(db_, "UPDATE link_change SET edit_version = ?4 WHERE channel_id = ?1 AND side = ?2 AND id = ?3")
      .Run(channel_id_, static_cast<int>(side), id, edit_version);
}

void LinkChangeRecorder::InsertItem(int64_t channel_variant_id, bool also_dead) {
  recorded_ += Query(db_,
                     "INSERT OR IGNORE INTO link_change (channel_id, side, id, known, live, parent, fields) "
                     "SELECT ?1, 1, ?2, 1, gone = 0 AND status IS NOT 'dead', parent_id, fields FROM channel_variant "
                     "WHERE channel_id = ?1 AND channel_variant_id = ?2 "
                     "AND (?3 OR (gone = 0 AND status IS NOT 'dead'))")
                   .Run(channel_id_, channel_variant_id, also_dead);
}

void LinkChangeRecorder::RecordNew(LinkSide side, int64_t id) {
  if (!has_base_) return;
  recorded_ += Query(db_,
                     "INSERT OR IGNORE INTO link_change (channel_id, side, id, known, live) "
                     "VALUES (?1, ?2, ?3, 0, 0)")
                   .Run(channel_id_, static_cast<int>(side), id);
}

}  // namespace flxlink::sqlite
