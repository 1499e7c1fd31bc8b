#include "flxlink/forwarding_storage.h"

#include <string>
#include <vector>

#include "absl/memory/memory.h"
#include "flxlink/conformance/storage.h"
#include "flxlink/faulty_storage.h"
#include "flxlink/memory_storage.h"
#include "gtest/gtest.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

class ForwardingUnderTest : public StorageUnderTest {
 public:
  Storage& storage() override { return forwarding_; }
  void KillOwner(OwnerId owner) override { memory_->CloseOwner(owner).IgnoreError(); }
  bool Reopen() override { return false; }

 private:
  const std::unique_ptr<Storage> memory_ = NewMemoryStorage();
  ForwardingStorage forwarding_{*memory_};
};

std::unique_ptr<StorageUnderTest> MakeForwardingStorage() { return absl::make_unique<ForwardingUnderTest>(); }

}  // namespace

// An operation that is handed on with its arguments mixed up, or not at all, shows here.
INSTANTIATE_TEST_SUITE_P(Forwarding, StorageConformance,
                         testing::Values(StorageFactory{"forwarding", MakeForwardingStorage}), StorageFactoryName);
INSTANTIATE_TEST_SUITE_P(Forwarding, LinkIndexConformance,
                         testing::Values(StorageFactory{"forwarding", MakeForwardingStorage}), StorageFactoryName);

namespace {

// Notes what is called, and refuses or hides what it is told to.
class NotingStorage : public ForwardingStorage {
 public:
  using ForwardingStorage::ForwardingStorage;

  std::vector<std::string> calls;
  std::string refused;
  std::string hidden;

 protected:
  absl::Status Before(absl::string_view operation) override {
    calls.emplace_back(operation);
    return operation == refused ? absl::UnavailableError("refused") : absl::OkStatus();
  }
  absl::Status After(absl::string_view operation, const absl::Status& status) override {
    return operation == hidden ? absl::UnknownError("hidden") : status;
  }
};

TEST(ForwardingStorageTest, BeforeAndAfterSeeEveryOperation) {
  const std::unique_ptr<Storage> memory = NewMemoryStorage();
  NotingStorage storage(*memory);
  EXPECT_EQ(Code(storage.CreateChannel(NamedConfig("shop"))), kOk);
  EXPECT_EQ(Code(storage.ReadChannel("none")), kNotFound);
  EXPECT_EQ(storage.calls, (std::vector<std::string>{"CreateChannel", "ReadChannel"}));
}

TEST(ForwardingStorageTest, AnErrorOfBeforeTakesThePlaceOfTheOperation) {
  const std::unique_ptr<Storage> memory = NewMemoryStorage();
  NotingStorage storage(*memory);
  storage.refused = "CreateChannel";
  EXPECT_EQ(Code(storage.CreateChannel(NamedConfig("shop"))), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Code(memory->ReadChannel("shop")), kNotFound);
}

TEST(ForwardingStorageTest, AnErrorOfAfterTakesThePlaceOfTheAnswer) {
  const std::unique_ptr<Storage> memory = NewMemoryStorage();
  NotingStorage storage(*memory);
  storage.hidden = "CreateChannel";
  EXPECT_EQ(Code(storage.CreateChannel(NamedConfig("shop"))), absl::StatusCode::kUnknown);
  EXPECT_EQ(Code(memory->ReadChannel("shop")), kOk);
}

// What a number of writes and reads come to, as codes.
std::vector<absl::StatusCode> Answers(Storage& storage) {
  std::vector<absl::StatusCode> codes;
  for (int i = 0; i < 200; ++i) {
    const std::string key = "K" + std::to_string(i);
    codes.push_back(Code(storage.WriteProducts(ToBatch({{key, "S"}}), At(i))));
    codes.push_back(Code(storage.ReadProducts(0, {}, 1)));
  }
  return codes;
}

TEST(FaultyStorageTest, WithoutRatesNothingGoesWrong) {
  const std::unique_ptr<Storage> memory = NewMemoryStorage();
  FaultyStorage storage(*memory, {});
  for (const absl::StatusCode code : Answers(storage)) EXPECT_EQ(code, kOk);
}

TEST(FaultyStorageTest, WhatIsUnavailableWasNotDone) {
  const std::unique_ptr<Storage> memory = NewMemoryStorage();
  FaultyStorage storage(*memory, {1, 1, 0});
  for (const absl::StatusCode code : Answers(storage)) EXPECT_EQ(code, absl::StatusCode::kUnavailable);
  EXPECT_EQ(Value(memory->ReadProducts(0, {}, 10)).size(), 0);
}

TEST(FaultyStorageTest, AWriteWhoseAnswerIsLostWasDone) {
  const std::unique_ptr<Storage> memory = NewMemoryStorage();
  FaultyStorage storage(*memory, {1, 0, 1});
  const std::vector<absl::StatusCode> codes = Answers(storage);
  for (size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(codes[i], i % 2 == 0 ? absl::StatusCode::kUnknown : kOk) << "reads have nothing to lose";
  }
  EXPECT_EQ(Value(memory->ReadProducts(0, {}, 1000)).size(), 200);
}

TEST(FaultyStorageTest, OneSeedIsOneCourseOfFaults) {
  const std::unique_ptr<Storage> first = NewMemoryStorage();
  const std::unique_ptr<Storage> second = NewMemoryStorage();
  FaultyStorage storage(*first, {7, 0.2, 0.2});
  const std::vector<absl::StatusCode> codes = Answers(storage);
  FaultyStorage same(*second, {7, 0.2, 0.2});
  EXPECT_EQ(Answers(same), codes);
  same.SetFaults({8, 0.2, 0.2});
  EXPECT_NE(Answers(same), codes);
}

}  // namespace
}  // namespace flxlink
