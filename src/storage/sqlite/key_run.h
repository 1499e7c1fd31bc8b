// A key run: key entries of one column, ascending, packed into bytes so that many fit into one row of a table. Each
// takes 16 bytes: its hash, then its id, both with the highest byte first.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_KEY_RUN_H_
#define FLXLINK_SRC_STORAGE_SQLITE_KEY_RUN_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"

namespace flxlink::sqlite {

// The bytes of one entry.
constexpr int64_t kKeyEntryBytes = 16;

// The most entries that one row holds: with the row's other columns they fill a database page of 4,096 bytes, and none
// spills over into another.
constexpr size_t kMostRunEntries = 250;

// The bytes of a run.
std::string EncodeKeyRun(absl::Span<const KeyEntry> entries);

// A look at the bytes of a run, which must outlive it. Bytes beyond the last whole entry are not looked at.
class KeyRun {
 public:
  explicit KeyRun(absl::string_view bytes) : bytes_(bytes) {}

  int64_t size() const { return static_cast<int64_t>(bytes_.size()) / kKeyEntryBytes; }
  KeyEntry operator[](int64_t i) const;

  // The number of the first entry above `entry`; size() where there is none.
  int64_t UpperBound(const KeyEntry& entry) const;

 private:
  absl::string_view bytes_;
};

// A hash as a column holds it, whose numbers are signed: the lowest hash is the lowest number.
constexpr int64_t StoredHash(uint64_t hash) { return static_cast<int64_t>(hash ^ (uint64_t{1} << 63)); }

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_KEY_RUN_H_
