#include "absl/memory/memory.h"
#include "gtest/gtest.h"
#include "tests/storage/conformance.h"
#include "tests/storage/shop.h"
#include "tests/storage/sqlite_store_file.h"

namespace flxlink {
namespace {

class SqliteStorageUnderTest : public StorageUnderTest {
 public:
  Storage& storage() override { return *storage_; }
  // The death of a whole process is tested in sqlite_process_test.cc.
  void KillOwner(OwnerId owner) override { EXPECT_TRUE(storage_->CloseOwner(owner).ok()); }
  bool Reopen() override {
    storage_.reset();
    storage_ = file_.Open();
    return true;
  }

 private:
  SqliteStoreFile file_;
  std::unique_ptr<Storage> storage_ = file_.Open();
};

std::unique_ptr<StorageUnderTest> MakeSqliteStorage() { return absl::make_unique<SqliteStorageUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Sqlite, StorageConformance, testing::Values(StorageFactory{"sqlite", MakeSqliteStorage}),
                         StorageFactoryName);

}  // namespace
}  // namespace flxlink
