// The storage conformance suite: what every implementation of flxlink::Storage (flxlink/storage.h) must do, as tests.
//
// To run it over an implementation of your own, write one source file that says how a new, empty store is made, and
// link it with flxlink::storage_conformance (find_package(flxlink COMPONENTS conformance)) and GTest::gtest_main.
//
//   class MyStorageUnderTest : public flxlink::StorageUnderTest { … };
//
//   namespace flxlink {
//   std::unique_ptr<StorageUnderTest> MakeMine() { … }
//   INSTANTIATE_TEST_SUITE_P(Mine, StorageConformance, testing::Values(StorageFactory{"mine", MakeMine}),
//                            StorageFactoryName);
//   }  // namespace flxlink
//
// A storage that keeps a link index instantiates LinkIndexConformance in the same way.
//
// Each test makes one store from the factory and uses it alone. No test waits for time to pass, and all times that are
// written are the test's own.

#ifndef FLXLINK_CONFORMANCE_STORAGE_H_
#define FLXLINK_CONFORMANCE_STORAGE_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "flxlink/storage.h"
#include "gtest/gtest.h"

namespace flxlink {

// One store, new and empty when it is made, gone when this is destroyed.
class StorageUnderTest {
 public:
  virtual ~StorageUnderTest() = default;

  // The store. Stays valid until Reopen or destruction.
  virtual Storage& storage() = 0;

  // Makes `owner` dead as its process's end would: without the store being told by CloseOwner, where that can be done.
  // When it returns, the store must take it for dead. Nothing happens where it is dead already.
  virtual void KillOwner(OwnerId owner) = 0;

  // Closes the store and opens it again, as a new process would find it. False, with nothing done, where the store does
  // not outlive its object; the tests of durability are then skipped. Whether owners of before still live is left to
  // the implementation: the tests kill those that they need dead.
  virtual bool Reopen() = 0;
};

// How the stores of one implementation are made.
struct StorageFactory {
  std::string name;  // Letters and digits; part of the tests' names.
  std::function<std::unique_ptr<StorageUnderTest>()> make;
};

inline void PrintTo(const StorageFactory& factory, std::ostream* out) { *out << factory.name; }

inline std::string StorageFactoryName(const testing::TestParamInfo<StorageFactory>& info) { return info.param.name; }

// The fixture of all tests of the suite.
class StorageConformance : public testing::TestWithParam<StorageFactory> {
 protected:
  void SetUp() override {
    under_test_ = GetParam().make();
    ASSERT_NE(under_test_, nullptr);
  }

  Storage& storage() { return under_test_->storage(); }
  StorageUnderTest& under_test() { return *under_test_; }

 private:
  std::unique_ptr<StorageUnderTest> under_test_;
};

// The fixture of the tests of the link index (flxlink/link_index.h), for a storage that keeps one: instantiate both.
class LinkIndexConformance : public StorageConformance {
 protected:
  void SetUp() override {
    StorageConformance::SetUp();
    ASSERT_NE(storage().link_index(), nullptr);
  }

  LinkIndex& index() { return *storage().link_index(); }
};

}  // namespace flxlink

#endif  // FLXLINK_CONFORMANCE_STORAGE_H_
