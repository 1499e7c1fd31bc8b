// A column of strings, laid out as Apache Arrow lays out its `utf8` arrays: one buffer of bytes and n+1 32-bit offsets
// into it. It is how rows move through flxlink in bulk: between storage and engine, and between a caller and the
// Linker.
//
// Text is UTF-8 but is not checked here. There is no validity bitmap: flxlink's rule is that an empty string is an
// absent value (see link_rule.h for what linking takes for null).
//
// Layout: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-layout

#ifndef FLXLINK_STRING_COLUMN_H_
#define FLXLINK_STRING_COLUMN_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flxlink {

// A read-only look at a run of strings. It owns nothing: the buffers must outlive it.
//
// Thread-safe for any number of readers, as long as nobody changes the buffers.
class StringColumnView {
 public:
  // A view of no strings.
  StringColumnView() = default;

  // A view of `offsets.size() - 1` strings; string i is bytes [offsets[i], offsets[i+1]) of `bytes`. Offsets never
  // fall. Arrow's buffers can be passed as they are.
  StringColumnView(absl::Span<const int32_t> offsets, const char* bytes) : offsets_(offsets), bytes_(bytes) {}

  int64_t size() const { return offsets_.empty() ? 0 : static_cast<int64_t>(offsets_.size()) - 1; }

  absl::string_view operator[](int64_t i) const {
    assert(i >= 0 && i < size());
    const size_t at = static_cast<size_t>(i);
    return absl::string_view(bytes_ + offsets_[at], static_cast<size_t>(offsets_[at + 1] - offsets_[at]));
  }

 private:
  absl::Span<const int32_t> offsets_;
  const char* bytes_ = nullptr;
};

// A column that owns its strings and grows at its end. At most 2^31-1 bytes in all: whoever fills one works in pages.
//
// Not thread-safe while it is being filled; any number of threads may read it afterwards.
class StringColumn {
 public:
  StringColumn() : offsets_{0} {}

  int64_t size() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  int64_t byte_size() const { return static_cast<int64_t>(bytes_.size()); }

  // Whether `value` still fits under the 2^31-1 bytes.
  bool Fits(absl::string_view value) const {
    return bytes_.size() + value.size() <= static_cast<size_t>(std::numeric_limits<int32_t>::max());
  }

  // Adds one string. It must fit.
  void Add(absl::string_view value) {
    assert(Fits(value));
    bytes_.append(value.data(), value.size());
    offsets_.push_back(static_cast<int32_t>(bytes_.size()));
  }

  absl::string_view operator[](int64_t i) const { return view()[i]; }

  // Valid until the next change of the column.
  StringColumnView view() const { return StringColumnView(offsets_, bytes_.data()); }

  // Empties the column and keeps its memory.
  void Clear() {
    offsets_.resize(1);
    bytes_.clear();
  }

 private:
  std::vector<int32_t> offsets_;
  std::string bytes_;
};

}  // namespace flxlink

#endif  // FLXLINK_STRING_COLUMN_H_
