#include "flxlink/memory_storage.h"

#include "absl/memory/memory.h"
#include "flxlink/conformance/storage.h"
#include "gtest/gtest.h"
#include "tests/support/unindexed_storage.h"

namespace flxlink {
namespace {

class MemoryStorageUnderTest : public StorageUnderTest {
 public:
  Storage& storage() override { return *storage_; }
  // A process's memory ends with it, so nobody could see such a death; closing the owner is the nearest.
  void KillOwner(OwnerId owner) override { EXPECT_TRUE(storage_->CloseOwner(owner).ok()); }
  bool Reopen() override { return false; }

 private:
  std::unique_ptr<Storage> storage_ = NewMemoryStorage();
};

// The same as a storage that keeps no link index.
class UnindexedStorageUnderTest : public StorageUnderTest {
 public:
  Storage& storage() override { return storage_; }
  void KillOwner(OwnerId owner) override { EXPECT_TRUE(storage_.CloseOwner(owner).ok()); }
  bool Reopen() override { return false; }

 private:
  UnindexedStorage storage_{NewMemoryStorage()};
};

std::unique_ptr<StorageUnderTest> MakeUnindexedStorage() { return absl::make_unique<UnindexedStorageUnderTest>(); }
std::unique_ptr<StorageUnderTest> MakeMemoryStorage() { return absl::make_unique<MemoryStorageUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Memory, StorageConformance, testing::Values(StorageFactory{"memory", MakeMemoryStorage}),
                         StorageFactoryName);
INSTANTIATE_TEST_SUITE_P(Memory, LinkIndexConformance, testing::Values(StorageFactory{"memory", MakeMemoryStorage}),
                         StorageFactoryName);
INSTANTIATE_TEST_SUITE_P(Unindexed, StorageConformance,
                         testing::Values(StorageFactory{"unindexed", MakeUnindexedStorage}), StorageFactoryName);

}  // namespace
}  // namespace flxlink
