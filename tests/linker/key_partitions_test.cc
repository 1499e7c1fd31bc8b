#include "src/linker/key_partitions.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace flxlink::linker {
namespace {

constexpr size_t kNoLimit = size_t{1} << 40;

// A hash whose upper bits spread like a good one's.
uint64_t HashOf(int64_t i) { return static_cast<uint64_t>(i) * 0x9E3779B97F4A7C15u; }

// Short keys, keys from the size on that is told in five bytes, and keys that are larger than any block.
std::string KeyOf(int64_t i) {
  std::string key = absl::StrCat("key-", i);
  if (i % 7 == 0) key.append(static_cast<size_t>(240 + i % 20), 'x');
  if (i % 101 == 0) key.append(20000, 'y');
  return i % 13 == 0 ? std::string() : key;
}

using KeysByRow = std::map<int32_t, std::pair<uint32_t, std::string>>;

KeysByRow ReadPartitions(const PartitionLayout& layout, const KeyWriter& writer, MatchSide side, size_t begin,
                         size_t end) {
  KeysByRow keys;
  for (size_t partition = begin; partition < end; ++partition) {
    writer.ForEach(side, partition, [&](const PartitionKey& key) {
      const bool is_new = keys.emplace(key.row, std::make_pair(key.hash, std::string(key.bytes))).second;
      EXPECT_TRUE(is_new) << key.row;
      EXPECT_EQ(layout.PartitionOf(HashOf(key.row)), partition);
    });
  }
  return keys;
}

TEST(PartitionLayoutTest, CutsMoreFinelyForMoreRowsAndLessMemory) {
  EXPECT_EQ(PartitionLayout(0, 1, kNoLimit).count(), 1u);
  EXPECT_EQ(PartitionLayout(16384, 2, kNoLimit).count(), 1u);
  EXPECT_EQ(PartitionLayout(40000, 2, kNoLimit).count(), 4u);
  EXPECT_EQ(PartitionLayout(int64_t{1} << 40, 2, kNoLimit).count(), 4096u);
  EXPECT_EQ(PartitionLayout(20, 2, 0).count(), 16u);
}

TEST(PartitionLayoutTest, ASlabHoldsBlocks) {
  for (const int64_t rows : {0, 1, 1000, 100000, 100000000}) {
    for (const int workers : {1, 4, 64}) {
      const PartitionLayout layout(rows, workers, kNoLimit);
      EXPECT_GE(layout.slab_bytes, layout.block_bytes) << rows;
      EXPECT_EQ(layout.slab_bytes % layout.block_bytes, 0u) << rows;
    }
  }
}

TEST(KeyWriterTest, GivesBackWhatWasAdded) {
  constexpr int64_t kRows = 20000;
  const PartitionLayout layout(kRows, 1, kNoLimit);
  KeyBudget budget(kNoLimit);
  KeyMemory memory(layout.slab_bytes, &budget);
  // The second time in memory that was used before.
  for (int round = 0; round < 2; ++round) {
    memory.Recycle();
    PartitionRange range(0, layout.count(), kRows);
    KeyWriter writer(layout, &memory, &range);
    KeysByRow expected;
    for (int64_t i = 0; i < kRows; ++i) {
      writer.Add(MatchSide::kChannel, HashOf(i), static_cast<int32_t>(i), KeyOf(i));
      expected[static_cast<int32_t>(i)] = {static_cast<uint32_t>(HashOf(i)), KeyOf(i)};
    }
    EXPECT_TRUE(ReadPartitions(layout, writer, MatchSide::kChannel, 0, layout.count()) == expected);
    EXPECT_TRUE(ReadPartitions(layout, writer, MatchSide::kListings, 0, layout.count()).empty());
  }
}

TEST(KeyWriterTest, PassesTogetherGiveEveryKeyOnceUnderAnyLimit) {
  constexpr int64_t kRows = 20000;
  for (const size_t limit : {size_t{0}, size_t{20000}, size_t{100000}, size_t{1000000}}) {
    const PartitionLayout layout(kRows, 2, limit);
    KeyBudget budget(limit);
    std::vector<KeyMemory> memories;
    for (int i = 0; i < 2; ++i) memories.emplace_back(layout.slab_bytes, &budget);
    KeysByRow found;
    int passes = 0;
    for (size_t begin = 0; begin < layout.count(); ++passes) {
      for (KeyMemory& memory : memories) memory.Recycle();
      PartitionRange range(begin, layout.count(), kRows);
      // Two writers, so that one has to follow what the other makes of the range.
      std::vector<KeyWriter> writers = {KeyWriter(layout, &memories[0], &range),
                                        KeyWriter(layout, &memories[1], &range)};
      for (int64_t i = 0; i < kRows; ++i) {
        KeyWriter& writer = writers[static_cast<size_t>(i / 100 % 2)];
        if (i % 100 == 0) writer.FollowRange();
        writer.Add(MatchSide::kListings, HashOf(i), static_cast<int32_t>(i), absl::StrCat("key-", i));
        if (i % 100 == 99) range.AddRowsRead(100);
      }
      const size_t end = range.end();
      ASSERT_GT(end, begin);
      for (const KeyWriter& writer : writers) {
        for (auto& [row, key] : ReadPartitions(layout, writer, MatchSide::kListings, begin, end)) {
          EXPECT_EQ(key.second, absl::StrCat("key-", row));
          EXPECT_TRUE(found.emplace(row, key).second);
        }
      }
      begin = end;
    }
    EXPECT_EQ(found.size(), static_cast<size_t>(kRows)) << limit;
    EXPECT_EQ(passes > 1, limit < 1000000) << limit;
  }
}

TEST(PartitionRangeTest, ShrinksToWhatWillFit) {
  PartitionRange range(100, 200, 1000);
  range.AddRowsRead(500);
  range.Shrink(200);
  EXPECT_EQ(range.end(), 147u);
  range.Shrink(200);  // Somebody else was faster.
  EXPECT_EQ(range.end(), 147u);
  range.AddRowsRead(500);
  range.Shrink(147);
  EXPECT_EQ(range.end(), 144u);
  for (int i = 0; i < 100; ++i) range.Shrink(range.end());
  EXPECT_EQ(range.end(), 101u);
}

}  // namespace
}  // namespace flxlink::linker
