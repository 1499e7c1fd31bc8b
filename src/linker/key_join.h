// Finds which rows have the same key, within one partition.

#ifndef FLXLINK_LINKER_KEY_JOIN_H_
#define FLXLINK_LINKER_KEY_JOIN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "src/linker/big_array.h"
#include "src/linker/key_code.h"
#include "src/linker/key_partitions.h"
#include "src/linker/rule_keys.h"

namespace flxlink::linker {

// One worker's tables, kept from partition to partition. Not thread-safe; several may write to one RuleKeys.
class KeyJoin {
 public:
  // `max_probes`: how many slots of the table are looked at for one key before the partition is sorted instead.
  explicit KeyJoin(int max_probes = kMaxProbes) : max_probes_(max_probes) {}

  // Joins what all writers hold of the partition, and writes the codes of those rows that are matched.
  void Join(absl::Span<const KeyWriter> writers, size_t partition, RuleKeys* keys);

  // The keys that several channel rows have, of all partitions joined so far.
  const std::vector<RuleKeys::Carriers>& carriers() const { return carriers_; }

  // Writes for each listing row of the partition the first row that has the same key.
  void Group(absl::Span<const KeyWriter> writers, size_t partition, BigArray<KeyCode>* codes);

 private:
  // At most half of the table is taken, so that a run this long means keys that were made to collide.
  static constexpr int kMaxProbes = 128;
  static constexpr uint32_t kNoGroup = UINT32_MAX;

  // The rows that have one key, by their numbers.
  struct KeyGroup {
    absl::string_view key;
    uint32_t listing_rows = 0;
    uint32_t channel_rows = 0;
    KeyId id = 0;  // The first channel row.
  };
  struct Slot {
    uint32_t hash;
    uint32_t group;
  };
  struct RowGroup {
    int32_t row;
    uint32_t group;
  };
  struct SortedKey {
    absl::string_view bytes;
    int32_t row;
    MatchSide side;
  };

  void FindGroups(absl::Span<const KeyWriter> writers, size_t partition);
  bool JoinByHash(absl::Span<const KeyWriter> writers, size_t partition);
  bool AddListing(const PartitionKey& key);
  bool AddChannelRow(const PartitionKey& key);
  // The slot that has the key, or the free one where it belongs; nullptr where either is too far.
  Slot* FindSlot(const PartitionKey& key);
  void JoinBySorting(absl::Span<const KeyWriter> writers, size_t partition);
  void CountChannelRow(uint32_t group, int32_t row);
  void WriteCodes(RuleKeys* keys);

  const int max_probes_;
  std::vector<PartitionKey> listing_keys_;
  std::vector<Slot> slots_;
  std::vector<KeyGroup> groups_;
  std::vector<RowGroup> listing_groups_;
  std::vector<RowGroup> channel_groups_;
  std::vector<RuleKeys::Carriers> carriers_;
};

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_KEY_JOIN_H_
