// A storage as one that keeps no link index.

#ifndef FLXLINK_TESTS_SUPPORT_UNINDEXED_STORAGE_H_
#define FLXLINK_TESTS_SUPPORT_UNINDEXED_STORAGE_H_

#include <memory>
#include <utility>

#include "flxlink/forwarding_storage.h"

namespace flxlink {

class UnindexedStorage : public ForwardingStorage {
 public:
  explicit UnindexedStorage(std::unique_ptr<Storage> storage)
      : ForwardingStorage(*storage), storage_(std::move(storage)) {}

  LinkIndex* link_index() override { return nullptr; }

 private:
  const std::unique_ptr<Storage> storage_;
};

}  // namespace flxlink

#endif  // FLXLINK_TESTS_SUPPORT_UNINDEXED_STORAGE_H_
