#include "src/linker/key_join.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace flxlink::linker {
namespace {

struct Sides {
  std::vector<std::string> listings;
  std::vector<std::string> channel;
};

// The codes as a map of all rows tells them. Ids are given by the smallest row, whichever one the join took.
RuleKeys ExpectedKeys(const Sides& sides) {
  std::map<std::string, std::vector<uint32_t>> listings;
  std::map<std::string, std::vector<uint32_t>> channel;
  for (size_t i = 0; i < sides.listings.size(); ++i) listings[sides.listings[i]].push_back(static_cast<uint32_t>(i));
  for (size_t i = 0; i < sides.channel.size(); ++i) channel[sides.channel[i]].push_back(static_cast<uint32_t>(i));
  RuleKeys keys;
  keys.listings = BigArray<KeyCode>(sides.listings.size());
  keys.channel = BigArray<KeyCode>(sides.channel.size());
  keys.listings.Fill(kUnmatched);
  keys.channel.Fill(kUnmatched);
  for (const auto& [key, listing_rows] : listings) {
    const auto found = channel.find(key);
    if (found == channel.end()) continue;
    const std::vector<uint32_t>& channel_rows = found->second;
    const bool unique = listing_rows.size() == 1 && channel_rows.size() == 1;
    for (const uint32_t row : listing_rows) keys.listings[row] = channel_rows[0] | (unique ? 0 : kShared);
    for (const uint32_t row : channel_rows) {
      keys.channel[row] = channel_rows[0] | (listing_rows.size() > 1 ? kShared : 0);
    }
    if (channel_rows.size() > 1) keys.carriers.push_back({channel_rows[0], static_cast<uint32_t>(channel_rows.size())});
  }
  return keys;
}

RuleKeys JoinKeys(const Sides& sides, const std::vector<uint64_t>& hashes, int max_probes) {
  PartitionLayout layout(1, 1, 0);
  KeyBudget budget(size_t{1} << 30);
  std::vector<KeyMemory> memories;
  for (int i = 0; i < 2; ++i) memories.emplace_back(layout.slab_bytes, &budget);
  PartitionRange range(0, layout.count(), 0);
  std::vector<KeyWriter> writers = {KeyWriter(layout, &memories[0], &range), KeyWriter(layout, &memories[1], &range)};
  const auto add = [&](MatchSide side, const std::vector<std::string>& keys) {
    for (size_t i = 0; i < keys.size(); ++i) {
      const uint64_t hash = hashes[std::hash<std::string>()(keys[i]) % hashes.size()];
      writers[i % 2].Add(side, hash, static_cast<int32_t>(i), keys[i]);
    }
  };
  add(MatchSide::kListings, sides.listings);
  add(MatchSide::kChannel, sides.channel);
  RuleKeys keys;
  keys.listings = BigArray<KeyCode>(sides.listings.size());
  keys.channel = BigArray<KeyCode>(sides.channel.size());
  keys.listings.Fill(kUnmatched);
  keys.channel.Fill(kUnmatched);
  KeyJoin join(max_probes);
  for (size_t partition = 0; partition < layout.count(); ++partition) join.Join(writers, partition, &keys);
  keys.carriers = join.carriers();
  return keys;
}

// The smallest channel row that has the same id, by id.
std::map<KeyId, KeyId> SmallestRows(const RuleKeys& keys) {
  std::map<KeyId, KeyId> smallest;
  for (size_t i = 0; i < keys.channel.size(); ++i) {
    if (IsMatched(keys.channel[i])) smallest.emplace(IdOf(keys.channel[i]), static_cast<KeyId>(i));
  }
  return smallest;
}

std::string Text(const RuleKeys& keys) {
  const std::map<KeyId, KeyId> smallest = SmallestRows(keys);
  std::string text;
  const auto append = [&](KeyCode code) {
    absl::StrAppend(&text, IsMatched(code) ? (smallest.at(IdOf(code)) | (code & kShared)) : code, " ");
  };
  for (size_t i = 0; i < keys.listings.size(); ++i) append(keys.listings[i]);
  absl::StrAppend(&text, "\n");
  for (size_t i = 0; i < keys.channel.size(); ++i) append(keys.channel[i]);
  std::map<KeyId, uint32_t> carriers;
  for (const RuleKeys::Carriers& entry : keys.carriers) carriers[smallest.at(entry.id)] = entry.channel_rows;
  for (const auto& [id, rows] : carriers) absl::StrAppend(&text, "\n", id, ": ", rows);
  return text;
}

std::vector<std::string> RandomKeys(std::mt19937* random) {
  std::vector<std::string> keys((*random)() % 60);
  for (std::string& key : keys) key = absl::StrCat((*random)() % 40);
  return keys;
}

TEST(KeyJoinTest, EqualsAMapWhateverTheHashes) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const Sides sides = {RandomKeys(&random), RandomKeys(&random)};
    // From all keys alike to all different, so that tables run over and partitions are sorted.
    std::vector<uint64_t> hashes(size_t{1} << (random() % 10));
    for (uint64_t& hash : hashes) hash = random() | (uint64_t{random()} << 32);
    for (const int max_probes : {1, 4, 128}) {
      ASSERT_EQ(Text(JoinKeys(sides, hashes, max_probes)), Text(ExpectedKeys(sides))) << "round " << round;
    }
  }
}

TEST(KeyJoinTest, DoesNotTakeEqualHashesForEqualKeys) {
  const Sides sides = {{"a", "b", "c"}, {"c", "d", "a"}};
  const RuleKeys keys = JoinKeys(sides, {uint64_t{0x123456789abcdef0}}, 128);
  EXPECT_EQ(keys.listings[0], 2u);
  EXPECT_EQ(keys.listings[1], kUnmatched);
  EXPECT_EQ(keys.listings[2], 0u);
  EXPECT_EQ(keys.channel[1], kUnmatched);
}

// 100,000 keys of one hash: comparing each with each would take ten thousand million steps.
TEST(KeyJoinTest, TakesKeysThatAllCollide) {
  Sides sides;
  for (int i = 0; i < 100000; ++i) sides.listings.push_back(absl::StrCat("key ", i));
  sides.channel.assign(sides.listings.rbegin(), sides.listings.rend());
  const RuleKeys keys = JoinKeys(sides, {42}, 128);
  for (uint32_t i = 0; i < 100000; ++i) ASSERT_EQ(keys.listings[i], 99999 - i);
}

TEST(RuleKeysTest, CountsTheChannelRowsOfAKey) {
  RuleKeys keys;
  keys.carriers = {{3, 2}, {8, 5}};
  EXPECT_EQ(keys.ChannelRows(3), 2u);
  EXPECT_EQ(keys.ChannelRows(5), 1u);
  EXPECT_EQ(keys.ChannelRows(8), 5u);
  EXPECT_EQ(keys.ChannelRows(9), 1u);
}

}  // namespace
}  // namespace flxlink::linker
