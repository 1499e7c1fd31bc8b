// A storage of somebody else: it keeps everything in one that flxlink has, and counts what was written and what of it
// was odd.

#ifndef OUTSIDE_COUNTING_STORAGE_H_
#define OUTSIDE_COUNTING_STORAGE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/forwarding_storage.h"
#include "flxlink/product.h"
#include "flxlink/storage_kit/limits.h"
#include "flxlink/storage_kit/rules.h"

namespace outside {

class CountingStorage : public flxlink::ForwardingStorage {
 public:
  explicit CountingStorage(std::unique_ptr<flxlink::Storage> inner)
      : ForwardingStorage(*inner), inner_(std::move(inner)) {}

  // Writes that succeeded, and writes that did not.
  int64_t written() const { return written_; }
  int64_t refused() const { return refused_; }
  // Rows of products that no storage keeps.
  int64_t odd_products() const { return odd_products_; }

  absl::StatusOr<flxlink::ProductWriteResult> WriteProducts(const flxlink::ProductBatch& batch,
                                                            absl::Time now) override {
    if (flxlink::storage::CheckProducts(batch).ok()) {
      odd_products_ += static_cast<int64_t>(flxlink::storage::ChooseProducts(batch).refused.size());
    }
    return ForwardingStorage::WriteProducts(batch, now);
  }

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
  std::atomic<int64_t> odd_products_{0};
};

}  // namespace outside

#endif  // OUTSIDE_COUNTING_STORAGE_H_
