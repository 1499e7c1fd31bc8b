// Finds the row of an id in a column of ids.

#ifndef FLXLINK_CSV_ID_INDEX_H_
#define FLXLINK_CSV_ID_INDEX_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "flxlink/linker.h"
#include "src/csv/paged_strings.h"

namespace flxlink::csv {

// Not thread-safe while it is being filled.
class IdIndex {
 public:
  // `ids` must outlive this.
  explicit IdIndex(const PagedStrings* ids) : entries_(0, Hash{}, Equal{ids}) {}

  // Takes up the row, which must be there in the column; false where another row has its id.
  bool Insert(int64_t row, absl::string_view id) { return entries_.insert({HashOf(id), row}).second; }

  // The row that has the id, or kNoRow.
  int64_t Find(absl::string_view id) const {
    const auto found = entries_.find(Lookup{HashOf(id), id});
    return found == entries_.end() ? kNoRow : found->row;
  }

 private:
  // Entries are compared as the ids of their rows, so that the set holds no copy of those; it keeps their hashes, since
  // it would else have to read all ids again whenever it grows.
  struct Entry {
    size_t hash;
    int64_t row;
  };
  struct Lookup {
    size_t hash;
    absl::string_view id;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Entry& entry) const { return entry.hash; }
    size_t operator()(const Lookup& lookup) const { return lookup.hash; }
  };
  struct Equal {
    using is_transparent = void;
    const PagedStrings* ids;
    bool operator()(const Entry& a, const Entry& b) const { return a.hash == b.hash && (*ids)[a.row] == (*ids)[b.row]; }
    bool operator()(const Entry& entry, const Lookup& lookup) const {
      return entry.hash == lookup.hash && (*ids)[entry.row] == lookup.id;
    }
  };

  static size_t HashOf(absl::string_view id) { return absl::Hash<absl::string_view>()(id); }

  absl::flat_hash_set<Entry, Hash, Equal> entries_;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_ID_INDEX_H_
