// The keys of one rule on both sides, copied out of the sources and cut into partitions by their hashes, so that all
// rows that have the same key are in the same partition and a partition fits into a core's cache.

#ifndef FLXLINK_LINKER_KEY_PARTITIONS_H_
#define FLXLINK_LINKER_KEY_PARTITIONS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/string_view.h"
#include "src/linker/big_array.h"

namespace flxlink::linker {

enum class MatchSide : uint8_t { kListings, kChannel };
constexpr int kMatchSides = 2;

// How the space of hashes is cut, and how much memory is taken at a time.
struct PartitionLayout {
  PartitionLayout() = default;
  // For `rows` rows on the larger side, `workers` threads, and so much memory for keys.
  PartitionLayout(int64_t rows, int workers, size_t limit_bytes);

  size_t count() const { return size_t{1} << bits; }
  // By the upper bits; in two steps, since a shift by all 64 bits is not defined.
  size_t PartitionOf(uint64_t hash) const { return static_cast<size_t>((hash >> 32) >> (32 - bits)); }

  int bits = 0;
  size_t block_bytes = 0;  // Of one partition's keys.
  size_t slab_bytes = 0;   // What a worker cuts its blocks from.
};

// How much memory the keys of all workers may take, and how much they took. Thread-safe.
class KeyBudget {
 public:
  explicit KeyBudget(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Takes `bytes`; where that would go beyond the limit only if it is `forced`.
  bool Take(size_t bytes, bool forced);
  void GiveBack(size_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const size_t limit_bytes_;
  std::atomic<size_t> used_bytes_{0};
};

// One worker's memory for keys, in slabs, which it keeps from rule to rule. Not thread-safe.
class KeyMemory {
 public:
  // `budget` must outlive it.
  KeyMemory(size_t slab_bytes, KeyBudget* budget) : slab_bytes_(slab_bytes), budget_(budget) {}

  size_t slab_bytes() const { return slab_bytes_; }
  // A slab, or nullptr where it would go beyond the budget and is not `forced`.
  char* NewSlab(bool forced);
  // Memory for one key that is larger than a block.
  char* NewLarge(size_t bytes);
  // Everything that was handed out is free again.
  void Recycle();

 private:
  size_t slab_bytes_;
  KeyBudget* budget_;
  std::vector<BigMemory> slabs_;
  size_t used_slabs_ = 0;
  std::vector<BigMemory> large_;
  size_t large_bytes_ = 0;
};

// The partitions that one pass over the sources takes, [begin, end). Where their keys turn out to need more memory than
// there is, the end comes nearer and the rest is left to later passes. Thread-safe.
class PartitionRange {
 public:
  // `rows`: how many rows of both sides the pass reads.
  PartitionRange(size_t begin, size_t end, int64_t rows) : begin_(begin), end_(end), rows_(rows) {}

  size_t begin() const { return begin_; }
  size_t end() const { return end_.load(std::memory_order_relaxed); }
  void AddRowsRead(int64_t rows) { rows_read_.fetch_add(rows, std::memory_order_relaxed); }

  // Makes the range so much smaller that what has been read so far tells the rest to fit. `seen_end`: the end that the
  // caller knew when its memory ran out; where it has moved since, nothing is done.
  void Shrink(size_t seen_end);

 private:
  const size_t begin_;
  std::atomic<size_t> end_;
  const int64_t rows_;
  std::atomic<int64_t> rows_read_{0};
};

// A key as it lies in a partition.
struct PartitionKey {
  uint32_t hash = 0;  // The lower half; the partition tells of the upper one.
  int32_t row = 0;
  absl::string_view bytes;
};

// Takes up keys. One for every worker; not thread-safe.
class KeyWriter {
 public:
  KeyWriter(const PartitionLayout& layout, KeyMemory* memory, PartitionRange* range);

  // Adds a key, if its partition is in the range.
  void Add(MatchSide side, uint64_t hash, int32_t row, absl::string_view key) {
    const size_t partition = layout_.PartitionOf(hash) - range_->begin();
    if (partition >= lists_[0].size()) return;
    List* list = &lists_[static_cast<size_t>(side)][partition];
    const size_t size = kHeaderBytes + key.size() + (key.size() < kLongKey ? 0 : sizeof(uint32_t));
    if (static_cast<size_t>(list->end - list->at) < size) {
      if (!Extend(side, partition, size)) return;
      list = &lists_[static_cast<size_t>(side)][partition];
    }
    list->at = Write(list->at, static_cast<uint32_t>(hash), row, key);
  }

  // Lets go of partitions that are not in the range any more. To be called now and then.
  void FollowRange() {
    if (seen_end_ != range_->end()) DropPartitions();
  }

  // Gives the keys of a partition to `visit`, in the order in which they were added.
  template <typename Visit>
  void ForEach(MatchSide side, size_t partition, Visit&& visit) const {
    const List& list = lists_[static_cast<size_t>(side)][partition - range_->begin()];
    for (const Block* block = list.first; block != nullptr; block = block->next) {
      const char* const end = block == list.last ? list.at : block->end;
      for (const char* at = block->bytes(); at != end;) {
        PartitionKey key;
        at = Read(at, &key);
        visit(key);
      }
    }
  }

 private:
  // A key is laid out as its hash, its row, its size in one byte (or, from kLongKey on, that byte and four more), and
  // its bytes.
  static constexpr size_t kHeaderBytes = 2 * sizeof(uint32_t) + 1;
  static constexpr size_t kLongKey = 255;

  struct Block {
    Block* next;
    char* end;  // Of its keys, once it is full.

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  };

  // The keys of one side and partition.
  struct List {
    char* at = nullptr;   // Where the next key goes, in the last block …
    char* end = nullptr;  // … and where that ends.
    Block* first = nullptr;
    Block* last = nullptr;
  };

  static char* Write(char* at, uint32_t hash, int32_t row, absl::string_view key) {
    std::memcpy(at, &hash, sizeof(hash));
    std::memcpy(at + sizeof(hash), &row, sizeof(row));
    at += sizeof(hash) + sizeof(row);
    if (key.size() < kLongKey) {
      *at++ = static_cast<char>(static_cast<unsigned char>(key.size()));
    } else {
      *at++ = static_cast<char>(static_cast<unsigned char>(kLongKey));
      const auto size = static_cast<uint32_t>(key.size());
      std::memcpy(at, &size, sizeof(size));
      at += sizeof(size);
    }
    CopyKey(at, key);
    return at + key.size();
  }

  // Most keys are short, and two copies of a known size that may overlap are quicker than a call.
  static void CopyKey(char* to, absl::string_view key) {
    if (key.size() >= 8 && key.size() <= 16) {
      std::memcpy(to, key.data(), 8);
      std::memcpy(to + key.size() - 8, key.data() + key.size() - 8, 8);
    } else {
      std::memcpy(to, key.data(), key.size());
    }
  }

  static const char* Read(const char* at, PartitionKey* key) {
    std::memcpy(&key->hash, at, sizeof(key->hash));
    std::memcpy(&key->row, at + sizeof(key->hash), sizeof(key->row));
    at += sizeof(key->hash) + sizeof(key->row);
    size_t size = static_cast<unsigned char>(*at++);
    if (size == kLongKey) {
      uint32_t long_size;
      std::memcpy(&long_size, at, sizeof(long_size));
      at += sizeof(long_size);
      size = long_size;
    }
    key->bytes = absl::string_view(at, size);
    return at + size;
  }

  // Gets room for a key of `size` bytes as laid out. False where the partition fell out of the range meanwhile.
  bool Extend(MatchSide side, size_t partition, size_t size);
  static void Append(Block* block, size_t bytes, List* list);
  Block* NewBlock();
  void DropPartitions();

  const PartitionLayout layout_;
  KeyMemory* const memory_;
  PartitionRange* const range_;
  size_t seen_end_;
  std::vector<List> lists_[kMatchSides];  // By partition of the range.
  char* slab_at_ = nullptr;
  char* slab_end_ = nullptr;
  std::vector<Block*> free_blocks_;
};

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_KEY_PARTITIONS_H_
