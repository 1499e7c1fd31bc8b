// Arrays of many millions of numbers that are read and written at random places.

#ifndef FLXLINK_LINKER_BIG_ARRAY_H_
#define FLXLINK_LINKER_BIG_ARRAY_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "flxlink/executor.h"

namespace flxlink::linker {

constexpr size_t kHugePageBytes = size_t{2} << 20;

// A run of memory that is not touched yet. From kHugePageBytes on it is the system's own and goes straight back to it,
// so that a match leaves nothing behind in the process; and it asks for huge pages, since with small ones most accesses
// at random would have to look up their page first.
class BigMemory {
 public:
  BigMemory() = default;
  explicit BigMemory(size_t bytes);
  BigMemory(BigMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  BigMemory& operator=(BigMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BigMemory();

  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// An array of a fixed size whose elements have no value before they are written: making one touches no memory, so that
// the threads that fill it also share the cost of getting its pages.
template <typename T>
class BigArray {
  static_assert(std::is_trivial<T>::value, "elements are neither made nor destroyed");

 public:
  BigArray() = default;
  explicit BigArray(size_t size) : size_(size), memory_(size * sizeof(T)) {}

  void Fill(T value, Executor& executor = InlineExecutor()) {
    T* const data = static_cast<T*>(memory_.data());
    executor.ParallelFor(static_cast<int>((size_ + kFillBlock - 1) / kFillBlock), [&](int block) {
      const size_t begin = static_cast<size_t>(block) * kFillBlock;
      std::fill_n(data + begin, std::min(kFillBlock, size_ - begin), value);
    });
  }

  size_t size() const { return size_; }
  T& operator[](size_t i) {
    assert(i < size_);
    return static_cast<T*>(memory_.data())[i];
  }
  const T& operator[](size_t i) const {
    assert(i < size_);
    return static_cast<const T*>(memory_.data())[i];
  }

 private:
  static constexpr size_t kFillBlock = size_t{1} << 18;

  size_t size_ = 0;
  BigMemory memory_;
};

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_BIG_ARRAY_H_
