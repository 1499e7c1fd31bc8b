#include "src/linker/rule_keys.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "src/linker/column_scan.h"

namespace flxlink {
namespace {

// Rows of one side in a partition, about: what lets its table stay in a core's cache.
constexpr int64_t kPartitionRows = 8192;
constexpr int kMaxPartitionBits = 12;

// Cuts the space of hashes into 2^bits parts by the upper bits.
class Partitioning {
 public:
  explicit Partitioning(int64_t rows) {
    while (bits_ < kMaxPartitionBits && (rows >> bits_) > kPartitionRows) ++bits_;
  }
  size_t count() const { return size_t{1} << bits_; }
  // In two steps, since a shift by all 64 bits is not defined.
  size_t PartitionOf(uint64_t hash) const { return static_cast<size_t>((hash >> 32) >> (32 - bits_)); }

 private:
  int bits_ = 0;
};

// The non-null keys of one side's live rows.
class SideKeys {
 public:
  struct Key {
    uint64_t hash;
    uint64_t begin;  // In the bytes.
    uint32_t size;
    int32_t row;
  };

  // Reads the column, notes in ids[row] what is not live or null, and sorts the other rows' keys into partitions.
  absl::Status Read(const VariantSource& source, int column, const std::vector<Normalizer>& normalizers,
                    const Partitioning& partitioning, std::vector<KeyId>* ids) {
    ids->assign(static_cast<size_t>(source.row_count()), kUnmatched);
    std::string scratch;
    const absl::Status status = ScanColumn(source, column, [&](const ColumnChunk& chunk) {
      for (int64_t i = 0; i < chunk.values.size(); ++i) {
        const int64_t row = chunk.row_base + i;
        (*ids)[static_cast<size_t>(row)] = AddRow(chunk, i, normalizers, &scratch);
      }
    });
    if (status.ok()) SortIntoPartitions(partitioning);
    return status;
  }

  // The keys of a partition, by ascending row.
  absl::Span<const Key> Partition(size_t partition) const {
    return absl::MakeConstSpan(keys_).subspan(begins_[partition], begins_[partition + 1] - begins_[partition]);
  }

  absl::string_view Bytes(const Key& key) const {
    return absl::string_view(bytes_).substr(static_cast<size_t>(key.begin), key.size);
  }

 private:
  KeyId AddRow(const ColumnChunk& chunk, int64_t i, const std::vector<Normalizer>& normalizers, std::string* scratch) {
    if (!chunk.IsLive(i)) return kNotLive;
    const absl::optional<absl::string_view> key = NormalizeKey(normalizers, chunk.values[i], scratch);
    if (!key.has_value()) return kNullKey;
    keys_.push_back({XXH3_64bits(key->data(), key->size()), bytes_.size(), static_cast<uint32_t>(key->size()),
                     static_cast<int32_t>(chunk.row_base + i)});
    bytes_.append(key->data(), key->size());
    return kUnmatched;
  }

  void SortIntoPartitions(const Partitioning& partitioning) {
    begins_.assign(partitioning.count() + 1, 0);
    for (const Key& key : keys_) ++begins_[partitioning.PartitionOf(key.hash) + 1];
    for (size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    std::vector<size_t> next(begins_.begin(), begins_.end() - 1);
    std::vector<Key> sorted(keys_.size());
    for (const Key& key : keys_) sorted[next[partitioning.PartitionOf(key.hash)]++] = key;
    keys_ = std::move(sorted);
  }

  std::string bytes_;
  std::vector<Key> keys_;
  std::vector<size_t> begins_;  // By partition, and the end of the last one.
};

// A table of the distinct keys of one partition's listing rows: open addressing, linear probing, at most half full.
class KeyTable {
 public:
  struct Slot {
    const SideKeys::Key* key = nullptr;  // nullptr: free.
    RuleKeys::Group group;
    KeyId id = kUnmatched;
  };

  KeyTable(const SideKeys& listings, size_t keys) : listings_(listings) {
    size_t size = 16;
    while (size < keys * 2) size *= 2;
    slots_.resize(size);
  }

  // The slot that has these bytes, or the free one where they belong.
  Slot& Find(uint64_t hash, absl::string_view bytes) {
    const size_t mask = slots_.size() - 1;
    for (size_t at = static_cast<size_t>(hash) & mask;; at = (at + 1) & mask) {
      Slot& slot = slots_[at];
      if (slot.key == nullptr || (slot.key->hash == hash && listings_.Bytes(*slot.key) == bytes)) return slot;
    }
  }

  size_t IndexOf(const Slot& slot) const { return static_cast<size_t>(&slot - slots_.data()); }
  Slot& slot(size_t index) { return slots_[index]; }

 private:
  const SideKeys& listings_;
  std::vector<Slot> slots_;
};

// Numbers the keys of one partition from `first_id` on.
void NumberPartition(const SideKeys& listings, const SideKeys& channel, size_t partition, KeyId first_id,
                     RuleKeys* keys) {
  const absl::Span<const SideKeys::Key> listing_keys = listings.Partition(partition);
  KeyTable table(listings, listing_keys.size());
  std::vector<size_t> slot_of(listing_keys.size());
  for (size_t i = 0; i < listing_keys.size(); ++i) {
    KeyTable::Slot& slot = table.Find(listing_keys[i].hash, listings.Bytes(listing_keys[i]));
    if (slot.key == nullptr) slot.key = &listing_keys[i];
    ++slot.group.listing_count;
    slot_of[i] = table.IndexOf(slot);
  }
  KeyId next_id = first_id;
  for (const SideKeys::Key& key : channel.Partition(partition)) {
    KeyTable::Slot& slot = table.Find(key.hash, channel.Bytes(key));
    if (slot.key == nullptr) continue;
    if (slot.group.channel_count++ == 0) {
      slot.group.channel_row = key.row;
      slot.id = next_id++;
    }
    keys->channel_ids[static_cast<size_t>(key.row)] = slot.id;
  }
  for (size_t i = 0; i < listing_keys.size(); ++i) {
    const KeyTable::Slot& slot = table.slot(slot_of[i]);
    if (slot.id == kUnmatched) continue;
    keys->listing_ids[static_cast<size_t>(listing_keys[i].row)] = slot.id;
    keys->groups[slot.id] = slot.group;
  }
}

}  // namespace

absl::StatusOr<RuleKeys> BuildRuleKeys(const MatchInput& input, const MatchInput::RuleColumns& columns,
                                       const std::vector<Normalizer>& normalizers, Executor& executor) {
  const Partitioning partitioning(std::max(input.listings->row_count(), input.channel->row_count()));
  RuleKeys keys;
  SideKeys listings;
  SideKeys channel;
  absl::Status statuses[2];
  executor.ParallelFor(2, [&](int side) {
    statuses[side] =
        side == 0 ? listings.Read(*input.listings, columns.listing_column, normalizers, partitioning, &keys.listing_ids)
                  : channel.Read(*input.channel, columns.channel_column, normalizers, partitioning, &keys.channel_ids);
  });
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }

  // A partition cannot need more numbers than its smaller side has keys.
  std::vector<KeyId> first_ids;
  size_t ids = 0;
  for (size_t i = 0; i < partitioning.count(); ++i) {
    first_ids.push_back(static_cast<KeyId>(ids));
    ids += std::min(listings.Partition(i).size(), channel.Partition(i).size());
  }
  keys.groups.resize(ids);
  executor.ParallelFor(static_cast<int>(partitioning.count()), [&](int partition) {
    const size_t i = static_cast<size_t>(partition);
    NumberPartition(listings, channel, i, first_ids[i], &keys);
  });
  return keys;
}

}  // namespace flxlink
