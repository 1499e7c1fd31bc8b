// What is known of the key of one row, in four bytes.

#ifndef FLXLINK_LINKER_KEY_CODE_H_
#define FLXLINK_LINKER_KEY_CODE_H_

#include <cstdint>

namespace flxlink::linker {

// The most rows that one side may have, so that numbers of rows leave room for what follows.
constexpr int64_t kMaxMatchRows = 2000000000;

// A key is known by the number of one row that has it: its id.
using KeyId = uint32_t;

// An id, which may be marked with kShared, or one of the three below.
using KeyCode = uint32_t;
constexpr KeyCode kShared = uint32_t{1} << 31;
constexpr KeyCode kNotLive = UINT32_MAX;        // The row is not live.
constexpr KeyCode kNullKey = UINT32_MAX - 1;    // The row's key is null.
constexpr KeyCode kUnmatched = UINT32_MAX - 2;  // The row's key has no id.

inline bool IsMatched(KeyCode code) { return code < kUnmatched; }
inline KeyId IdOf(KeyCode code) { return code & ~kShared; }
// Whether there is an id, and it is not marked.
inline bool IsUnique(KeyCode code) { return code < kShared; }

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_KEY_CODE_H_
