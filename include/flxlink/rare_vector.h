// RareVector: a vector that is nearly always empty and stands in rows of which there are millions. Empty, it is one
// pointer, and making, copying, moving and destroying it cost next to nothing.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_RARE_VECTOR_H_
#define FLXLINK_RARE_VECTOR_H_

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace flxlink {

template <typename T>
class RareVector {
 public:
  using value_type = T;
  using const_iterator = typename std::vector<T>::const_iterator;

  RareVector() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): it is a vector.
  RareVector(std::vector<T> rows) {
    if (!rows.empty()) rows_ = std::make_unique<std::vector<T>>(std::move(rows));
  }
  RareVector(std::initializer_list<T> rows) : RareVector(std::vector<T>(rows)) {}
  RareVector(const RareVector& other) : rows_(other.Copy()) {}
  RareVector(RareVector&& other) noexcept = default;
  RareVector& operator=(const RareVector& other) {
    if (rows_ != nullptr || other.rows_ != nullptr) rows_ = other.Copy();
    return *this;
  }
  RareVector& operator=(RareVector&& other) noexcept = default;
  ~RareVector() = default;

  bool empty() const { return rows_ == nullptr || rows_->empty(); }
  size_t size() const { return rows_ == nullptr ? 0 : rows_->size(); }
  const std::vector<T>& get() const { return rows_ == nullptr ? None() : *rows_; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator const std::vector<T>&() const { return get(); }
  const_iterator begin() const { return get().begin(); }
  const_iterator end() const { return get().end(); }

  // To be changed; empty it may stay.
  std::vector<T>& Mutable() {
    if (rows_ == nullptr) rows_ = std::make_unique<std::vector<T>>();
    return *rows_;
  }
  void clear() { rows_.reset(); }

  friend bool operator==(const RareVector& a, const RareVector& b) {
    return (a.rows_ == nullptr && b.rows_ == nullptr) || a.get() == b.get();
  }

 private:
  static const std::vector<T>& None() {
    static const auto* const none = new std::vector<T>();
    return *none;
  }

  std::unique_ptr<std::vector<T>> Copy() const { return empty() ? nullptr : std::make_unique<std::vector<T>>(*rows_); }

  std::unique_ptr<std::vector<T>> rows_;
};

}  // namespace flxlink

#endif  // FLXLINK_RARE_VECTOR_H_
