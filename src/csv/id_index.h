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

namespace flxlink {

// Not thread-safe while it is being filled.
class IdIndex {
 public:
  // `ids` must outlive this.
  explicit IdIndex(const PagedStrings* ids) : rows_(0, Hash{ids}, Equal{ids}) {}

  // Takes up the row, which must be there in the column; false where another row has its id.
  bool Insert(int64_t row) { return rows_.insert(row).second; }

  // The row that has the id, or kNoRow.
  int64_t Find(absl::string_view id) const {
    const auto found = rows_.find(id);
    return found == rows_.end() ? kNoRow : *found;
  }

 private:
  // Rows are hashed and compared as the ids that they have, so that the set holds no copy of them.
  struct Hash {
    using is_transparent = void;
    const PagedStrings* ids;
    size_t operator()(absl::string_view id) const { return absl::Hash<absl::string_view>()(id); }
    size_t operator()(int64_t row) const { return (*this)((*ids)[row]); }
  };
  struct Equal {
    using is_transparent = void;
    const PagedStrings* ids;
    bool operator()(int64_t a, int64_t b) const { return (*ids)[a] == (*ids)[b]; }
    bool operator()(int64_t row, absl::string_view id) const { return (*ids)[row] == id; }
    bool operator()(absl::string_view id, int64_t row) const { return (*ids)[row] == id; }
  };

  absl::flat_hash_set<int64_t, Hash, Equal> rows_;
};

}  // namespace flxlink

#endif  // FLXLINK_CSV_ID_INDEX_H_
