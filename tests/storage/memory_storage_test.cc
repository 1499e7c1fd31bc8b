#include "flxlink/memory_storage.h"

#include "absl/memory/memory.h"
#include "flxlink/conformance/storage.h"
#include "gtest/gtest.h"

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

std::unique_ptr<StorageUnderTest> MakeMemoryStorage() { return absl::make_unique<MemoryStorageUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Memory, StorageConformance, testing::Values(StorageFactory{"memory", MakeMemoryStorage}),
                         StorageFactoryName);

}  // namespace
}  // namespace flxlink
