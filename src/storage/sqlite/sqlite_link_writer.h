// The steps of links' lives as changes of rows: made, dissolved, broken, healed. Each step writes the history and
// records the link changes that belong to it.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LINK_WRITER_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LINK_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/storage.h"
#include "flxlink/storage_kit/held.h"
#include "src/storage/sqlite/sqlite_connection.h"
#include "src/storage/sqlite/sqlite_link_changes.h"
#include "src/storage/sqlite/sqlite_rows.h"

namespace flxlink::sqlite {

// Who makes a change: a person (0) or a job, and when.
struct LinkAuthor {
  int64_t job_id = 0;
  absl::Time at;
};

// One for the rows of one operation, gone before its commit.
class LinkWriter {
 public:
  LinkWriter(Connection& db, int64_t channel_id, const LinkAuthor& author);
  // Writes the history of the links that were made, in the order of listing variants: that is the order of its table.
  ~LinkWriter();
  LinkWriter(const LinkWriter&) = delete;
  LinkWriter& operator=(const LinkWriter&) = delete;

  // Makes a link between two that are free. `rule` 0: by hand. Returns false, and does nothing, where the item is not
  // free; that the listing variant is unlinked is the caller's to know.
  bool Link(const StoredLink& link, const StoredItem& item, int32_t rule, LinkReason reason, bool recorded = true);
  // Dissolves a link, also a broken one; kind is kUnlinked or kReleased.
  void Dissolve(const StoredLink& link, LinkEvent::Kind kind, LinkReason reason);
  // Takes an item that was there for gone as of `gone_at` and breaks its link, unless that is held. The attention of
  // the link, if it gets one, is added to `raised`.
  storage::ItemLoss LoseItem(int64_t channel_variant_id, absl::string_view external_id, absl::Time gone_at,
                             storage::GoneBy by, std::vector<SightedAttention>* raised);
  // The link is not to break, though its item is gone, or not to be dissolved, though it is doubtful.
  void Hold(const StoredLink& link, ChangeKind kind, absl::string_view external_id,
            std::vector<SightedAttention>* raised);
  // That it was to, which its column `held` may tell, is over.
  void EndHeld(int64_t listing_id, const std::string& held, ChangeKind kind);
  // Breaks the link; one that is broken only gets the attention. Returns whether it was linked; then the attention is
  // added to `raised`.
  bool Break(const StoredLink& link, absl::string_view external_id, const Problem& attention,
             std::vector<SightedAttention>* raised);
  // Makes a broken link whole again and dirty.
  void Heal(int64_t listing_id, int64_t channel_variant_id, absl::string_view external_id);

  // Writes the attentions that sightings give the link, as it is, and tells in `result`, if there is one, what that
  // changed.
  void WriteSightings(int64_t listing_id, PullWriteResult* result);

  LinkChangeRecorder& changes() { return changes_; }
  absl::Time at() const { return author_.at; }

 private:
  // A link that was made, and whose history is to be written.
  struct MadeLink {
    int64_t listing_id;
    int64_t earlier_version;  // The listing variant's linked_version before. 0: it never had a link.
    int32_t rule;
    std::string external_id;
  };

  void WriteHistory(const MadeLink& made);
  void AddEvent(int64_t listing_id, LinkEvent::Kind kind, absl::string_view external_id, int32_t rule);
  void LeaveItem(int64_t listing_id, const StoredItem& item);
  void RecordBoth(int64_t listing_id, int64_t channel_variant_id);

  Connection& db_;
  const int64_t channel_id_;
  const LinkAuthor author_;
  LinkChangeRecorder changes_;
  Query link_;
  std::vector<MadeLink> made_;
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_LINK_WRITER_H_
