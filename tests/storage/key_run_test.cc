#include "src/storage/sqlite/key_run.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace flxlink {
namespace {

constexpr uint64_t kHighestHash = std::numeric_limits<uint64_t>::max();
constexpr int64_t kHighestId = std::numeric_limits<int64_t>::max();

TEST(KeyRun, EntriesComeBack) {
  const std::vector<KeyEntry> entries = {{0, 0}, {1, 0x0102030405060708}, {kHighestHash, kHighestId}};
  const std::string bytes = sqlite::EncodeKeyRun(entries);
  const sqlite::KeyRun run(bytes);
  ASSERT_EQ(run.size(), 3);
  for (size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(run[static_cast<int64_t>(i)], entries[i]) << i;
  EXPECT_EQ(sqlite::KeyRun("").size(), 0);
  EXPECT_EQ(sqlite::KeyRun(bytes.substr(0, 31)).size(), 1) << "half an entry is none";
}

TEST(KeyRun, IsStoredTheSameOnEveryMachine) {
  EXPECT_EQ(sqlite::EncodeKeyRun({{0x0102030405060708, 0x1112131415161718}}),
            "\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18");
}

TEST(KeyRun, UpperBoundIsTheFirstAbove) {
  const std::string bytes = sqlite::EncodeKeyRun({{5, 1}, {5, 3}, {7, 2}});
  const sqlite::KeyRun run(bytes);
  EXPECT_EQ(run.UpperBound({0, 0}), 0);
  EXPECT_EQ(run.UpperBound({5, 0}), 0);
  EXPECT_EQ(run.UpperBound({5, 1}), 1);
  EXPECT_EQ(run.UpperBound({5, 2}), 1);
  EXPECT_EQ(run.UpperBound({5, kHighestId}), 2);
  EXPECT_EQ(run.UpperBound({7, 2}), 3);
  EXPECT_EQ(run.UpperBound({kHighestHash, kHighestId}), 3);
  EXPECT_EQ(sqlite::KeyRun("").UpperBound({5, 1}), 0);
}

TEST(KeyRun, StoredHashesKeepTheirOrder) {
  const uint64_t middle = uint64_t{1} << 63;
  EXPECT_EQ(sqlite::StoredHash(0), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(sqlite::StoredHash(middle), 0);
  EXPECT_EQ(sqlite::StoredHash(kHighestHash), std::numeric_limits<int64_t>::max());
  EXPECT_LT(sqlite::StoredHash(middle - 1), sqlite::StoredHash(middle));
}

}  // namespace
}  // namespace flxlink
