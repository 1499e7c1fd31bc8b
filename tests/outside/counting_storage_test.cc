#include "counting_storage.h"

#include <memory>

#include "flxlink/conformance/storage.h"
#include "flxlink/memory_storage.h"
#include "flxlink/storage_kit/errors.h"
#include "gtest/gtest.h"

namespace outside {
namespace {

class CountingStorageUnderTest : public flxlink::StorageUnderTest {
 public:
  flxlink::Storage& storage() override { return storage_; }
  // Memory ends with its process, so nobody could see such a death; closing the owner is the nearest.
  void KillOwner(flxlink::OwnerId owner) override { EXPECT_TRUE(storage_.CloseOwner(owner).ok()); }
  bool Reopen() override { return false; }

 private:
  CountingStorage storage_{flxlink::NewMemoryStorage()};
};

std::unique_ptr<flxlink::StorageUnderTest> MakeCountingStorage() {
  return std::make_unique<CountingStorageUnderTest>();
}

TEST(CountingStorageTest, CountsWrites) {
  CountingStorage storage(flxlink::NewMemoryStorage());
  flxlink::ChannelConfig config;
  config.name = "shop";
  EXPECT_TRUE(storage.CreateChannel(config).ok());
  config.adapter = "another";  // The name is taken.
  EXPECT_FALSE(storage.CreateChannel(config).ok());
  EXPECT_TRUE(storage.ReadChannel("shop").ok());
  EXPECT_EQ(storage.written(), 1);
  EXPECT_EQ(storage.refused(), 1);
}

// The kit of shared rules is installed, and tells before the storage does what it will keep.
TEST(CountingStorageTest, CountsOddProducts) {
  CountingStorage storage(flxlink::NewMemoryStorage());
  flxlink::ProductBatch batch;
  batch.key.Add("mug");
  batch.key.Add("");
  const absl::StatusOr<flxlink::ProductWriteResult> written = storage.WriteProducts(batch, absl::UnixEpoch());
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written->inserted, 1);
  EXPECT_EQ(written->refused.size(), 1u);
  EXPECT_EQ(storage.odd_products(), 1);
  EXPECT_EQ(storage.ReadChannel("none").status(), flxlink::storage::NoSuchChannel("none"));
}

}  // namespace
}  // namespace outside

namespace flxlink {
INSTANTIATE_TEST_SUITE_P(Counting, StorageConformance,
                         testing::Values(StorageFactory{"counting", outside::MakeCountingStorage}), StorageFactoryName);
}  // namespace flxlink
