// A storage of somebody else: it keeps everything in one that flxlink has, and counts what was written.

#ifndef OUTSIDE_COUNTING_STORAGE_H_
#define OUTSIDE_COUNTING_STORAGE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "flxlink/forwarding_storage.h"

namespace outside {

class CountingStorage : public flxlink::ForwardingStorage {
 public:
  explicit CountingStorage(std::unique_ptr<flxlink::Storage> inner)
      : ForwardingStorage(*inner), inner_(std::move(inner)) {}

  // Writes that succeeded, and writes that did not.
  int64_t written() const { return written_; }
  int64_t refused() const { return refused_; }

 protected:
  absl::Status After(absl::string_view operation, const absl::Status& status) override {
    const bool is_write = absl::StartsWith(operation, "Write") || absl::StartsWith(operation, "Create");
    if (is_write) ++(status.ok() ? written_ : refused_);
    return status;
  }

 private:
  const std::unique_ptr<flxlink::Storage> inner_;
  std::atomic<int64_t> written_{0};
  std::atomic<int64_t> refused_{0};
};

}  // namespace outside

#endif  // OUTSIDE_COUNTING_STORAGE_H_
