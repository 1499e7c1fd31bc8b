// The rows of one side that a pass has looked at, each read once.

#ifndef FLXLINK_SRC_LINKING_LINK_ROWS_H_
#define FLXLINK_SRC_LINKING_LINK_ROWS_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"
#include "flxlink/storage.h"
#include "flxlink/string_column.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_lookup.h"

namespace flxlink::linking {

// A key and its hash. Empty: null.
struct LinkKey {
  absl::string_view bytes;
  uint64_t hash = 0;

  bool is_null() const { return bytes.empty(); }
  friend bool operator==(const LinkKey& a, const LinkKey& b) { return a.hash == b.hash && a.bytes == b.bytes; }
  friend bool operator!=(const LinkKey& a, const LinkKey& b) { return !(a == b); }
};

// A row by its place among those that were read.
using RowIndex = int32_t;
constexpr RowIndex kNotRead = -1;

// Not thread-safe.
class LinkRows {
 public:
  struct Row {
    int64_t id = 0;
    bool live = false;
    // There is a link change of it.
    bool changed = false;
    // It is one of AffectedListings.
    bool affected = false;
    absl::string_view parent;
    // Of a listing variant.
    int64_t linked_to = 0;
    bool broken = false;
    LinkReason reason = LinkReason::kNone;
    int32_t rule = 0;

    bool unlinked() const { return linked_to == 0; }
    // Looks at it as if it had no link.
    void Release() {
      linked_to = 0;
      broken = false;
    }
  };

  // Both must outlive it.
  LinkRows(LinkLookup& lookup, LinkSide side, const LinkKeys& keys) : lookup_(lookup), side_(side), keys_(keys) {}

  // Reads those of `ids` that were not read yet; ids that are not there are left out. Sorts `ids` and takes repeated
  // ones away.
  absl::Status Read(std::vector<int64_t>* ids);

  RowIndex Find(int64_t id) const;
  RowIndex size() const { return static_cast<RowIndex>(rows_.size()); }
  Row& row(RowIndex index) { return rows_[static_cast<size_t>(index)]; }
  const Row& row(RowIndex index) const { return rows_[static_cast<size_t>(index)]; }
  // The values of the side's fields.
  absl::Span<const absl::string_view> values(RowIndex index) const {
    return absl::MakeConstSpan(values_).subspan(static_cast<size_t>(index) * fields().size(), fields().size());
  }
  // Of a row that may not be live.
  const LinkKey& key(RowIndex index, int number) const {
    return row_keys_[static_cast<size_t>(index) * key_count() + static_cast<size_t>(number)];
  }

  // What a normalizer refused of the row (LinkKeys::RefusedOf).
  absl::string_view refused(RowIndex index, int number);

  // The key of a value that stays valid as long as this object does.
  LinkKey KeepKey(int number, absl::string_view value);

 private:
  const std::vector<std::string>& fields() const { return keys_.fields().of(side_); }
  size_t key_count() const { return static_cast<size_t>(keys_.count(side_)); }
  absl::Status ReadPage(absl::Span<const int64_t> ids);
  void Add(const Row& row, const std::vector<StringColumn>& columns, int64_t at);

  LinkLookup& lookup_;
  const LinkSide side_;
  const LinkKeys& keys_;
  // What the views point into.
  std::deque<ListingKeyPage> listing_pages_;
  std::deque<ChannelKeyPage> channel_pages_;
  std::deque<std::string> normalized_;
  std::string scratch_;

  absl::flat_hash_map<int64_t, RowIndex> index_;
  std::vector<Row> rows_;
  std::vector<absl::string_view> values_;
  std::vector<LinkKey> row_keys_;
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_ROWS_H_
