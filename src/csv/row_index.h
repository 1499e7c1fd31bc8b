// Finds the row of an id.

#ifndef FLXLINK_CSV_ROW_INDEX_H_
#define FLXLINK_CSV_ROW_INDEX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "flxlink/string_column.h"

namespace flxlink::csv {

// A hash table from ids to rows that holds no id itself; about 11 bytes a row. Its size is fixed, and several threads
// may fill it at the same time. Ids are compared byte by byte where hashes agree. Nobody who does not know the seed can
// choose ids that make it slow.
//
// Thread-safe. Find() sees what was inserted before.
class RowIndex {
 public:
  // The id of a row that is in the index, or is being inserted.
  using IdOf = absl::FunctionRef<absl::string_view(int64_t row)>;

  static constexpr int64_t kMaxRows = int64_t{0xFFFFFFFE};

  // For up to `rows` rows, at most kMaxRows. `seed` sets the hash function.
  RowIndex(int64_t rows, uint64_t seed);

  // Takes up rows row_base, row_base + 1 … in order. Ends at the first one whose id is there already and returns it;
  // kNoRow where all ids are new.
  int64_t Insert(int64_t row_base, const StringColumnView& ids, IdOf id_of);

  // The row that has the id, or kNoRow.
  int64_t Find(absl::string_view id, IdOf id_of) const;

 private:
  // The upper half is the lower half of the id's hash, the lower half the row plus 1. 0 is a free slot.
  using Slot = std::atomic<uint64_t>;
  struct Free {
    void operator()(Slot* slots) const;
  };

  uint64_t HashOf(absl::string_view id) const;
  size_t PlaceOf(uint64_t hash) const;
  size_t After(size_t place) const { return place + 1 == capacity_ ? 0 : place + 1; }
  bool InsertOne(uint64_t hash, int64_t row, absl::string_view id, IdOf id_of);

  uint64_t seed_;
  size_t capacity_;
  std::unique_ptr<Slot[], Free> slots_;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_ROW_INDEX_H_
