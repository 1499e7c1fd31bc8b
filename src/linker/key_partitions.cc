#include "src/linker/key_partitions.h"

#include <algorithm>

namespace flxlink::linker {
namespace {

// Rows of one side in a partition, about: what lets both sides' keys and their table stay in a core's own cache.
constexpr int64_t kPartitionRows = 16384;
// More partitions than this have their open blocks thrown out of the cache while keys are added.
constexpr int kMaxPartitionBits = 12;

// Partitions of both sides that fit into the limit at least, if there are so many rows.
constexpr int64_t kPartitionsInLimit = 8;

// A key as it is laid out, about; only sizes of blocks and slabs depend on it.
constexpr int64_t kTypicalKeyBytes = 24;
constexpr size_t kMinBlockBytes = 256;
constexpr size_t kMaxBlockBytes = 8192;
constexpr size_t kMinSlabBytes = 4096;

// Of the memory that a pass is predicted to need, how much is planned for, since partitions differ in size.
constexpr double kShrinkMargin = 0.95;

size_t PowerOfTwoUpTo(size_t limit) {
  size_t power = 1;
  while (power <= limit / 2) power *= 2;
  return power;
}

}  // namespace

PartitionLayout::PartitionLayout(int64_t rows, int workers, size_t limit_bytes) {
  // A pass takes whole partitions, so that there must be enough of them for the limit to be kept.
  const int64_t rows_in_limit = static_cast<int64_t>(limit_bytes) / (kMatchSides * kTypicalKeyBytes);
  const int64_t partition_rows = std::min(kPartitionRows, std::max(rows_in_limit / kPartitionsInLimit, int64_t{1}));
  while (bits < kMaxPartitionBits && (rows >> bits) > partition_rows) ++bits;
  // A worker leaves one block half empty a partition and side, which should be little beside the full ones.
  const int64_t bytes_a_list = rows * kTypicalKeyBytes / static_cast<int64_t>(count()) / std::max(workers, 1);
  block_bytes =
      std::min(std::max(PowerOfTwoUpTo(static_cast<size_t>(bytes_a_list / 4)), kMinBlockBytes), kMaxBlockBytes);
  slab_bytes =
      std::min(std::max(PowerOfTwoUpTo(static_cast<size_t>(rows * kTypicalKeyBytes)), kMinSlabBytes), kHugePageBytes);
}

bool KeyBudget::Take(size_t bytes, bool forced) {
  const size_t used = used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (forced || used <= limit_bytes_) return true;
  GiveBack(bytes);
  return false;
}

char* KeyMemory::NewSlab(bool forced) {
  if (used_slabs_ == slabs_.size()) {
    if (!budget_->Take(slab_bytes_, forced)) return nullptr;
    slabs_.emplace_back(slab_bytes_);
  }
  return static_cast<char*>(slabs_[used_slabs_++].data());
}

char* KeyMemory::NewLarge(size_t bytes) {
  budget_->Take(bytes, true);
  large_bytes_ += bytes;
  large_.emplace_back(bytes);
  return static_cast<char*>(large_.back().data());
}

void KeyMemory::Recycle() {
  used_slabs_ = 0;
  large_.clear();
  budget_->GiveBack(large_bytes_);
  large_bytes_ = 0;
}

void PartitionRange::Shrink(size_t seen_end) {
  size_t expected = seen_end;
  const double read = static_cast<double>(rows_read_.load(std::memory_order_relaxed));
  const double share = rows_ == 0 ? 0 : std::min(1.0, read / static_cast<double>(rows_)) * kShrinkMargin;
  const size_t size = seen_end - begin_;
  const auto smaller = static_cast<size_t>(static_cast<double>(size) * share);
  const size_t new_size = std::max(std::min(smaller, size - 1), size_t{1});
  end_.compare_exchange_strong(expected, begin_ + new_size, std::memory_order_relaxed);
}

KeyWriter::KeyWriter(const PartitionLayout& layout, KeyMemory* memory, PartitionRange* range)
    : layout_(layout), memory_(memory), range_(range), seen_end_(range->end()) {
  for (std::vector<List>& lists : lists_) lists.resize(seen_end_ - range->begin());
}

void KeyWriter::Append(Block* block, size_t bytes, List* list) {
  block->next = nullptr;
  if (list->last == nullptr) {
    list->first = block;
  } else {
    list->last->next = block;
    list->last->end = list->at;
  }
  list->last = block;
  list->at = block->bytes();
  list->end = reinterpret_cast<char*>(block) + bytes;
}

bool KeyWriter::Extend(MatchSide side, size_t partition, size_t size) {
  std::vector<List>& lists = lists_[static_cast<size_t>(side)];
  if (sizeof(Block) + size > layout_.block_bytes) {
    const size_t bytes = sizeof(Block) + size;
    Append(reinterpret_cast<Block*>(memory_->NewLarge(bytes)), bytes, &lists[partition]);
    return true;
  }
  Block* const block = NewBlock();
  if (partition >= lists.size()) {
    free_blocks_.push_back(block);
    return false;
  }
  Append(block, layout_.block_bytes, &lists[partition]);
  return true;
}

KeyWriter::Block* KeyWriter::NewBlock() {
  for (bool forced = false;;) {
    if (!free_blocks_.empty()) {
      Block* const block = free_blocks_.back();
      free_blocks_.pop_back();
      return block;
    }
    if (static_cast<size_t>(slab_end_ - slab_at_) >= layout_.block_bytes) {
      char* const block = slab_at_;
      slab_at_ += layout_.block_bytes;
      return reinterpret_cast<Block*>(block);
    }
    slab_at_ = memory_->NewSlab(forced);
    slab_end_ = slab_at_ == nullptr ? nullptr : slab_at_ + memory_->slab_bytes();
    if (slab_at_ != nullptr) continue;
    // Other workers let go of theirs in their own time, so that the limit may be passed by a slab for each of them.
    range_->Shrink(seen_end_);
    DropPartitions();
    forced = true;
  }
}

void KeyWriter::DropPartitions() {
  seen_end_ = range_->end();
  const size_t count = seen_end_ - range_->begin();
  for (std::vector<List>& lists : lists_) {
    for (size_t i = count; i < lists.size(); ++i) {
      for (Block* block = lists[i].first; block != nullptr; block = block->next) {
        const bool is_last = block == lists[i].last;
        const char* const end = is_last ? lists[i].end : block->end;
        // A block of a large key has another size.
        if (static_cast<size_t>(end - reinterpret_cast<char*>(block)) <= layout_.block_bytes) {
          free_blocks_.push_back(block);
        }
      }
    }
    lists.resize(count);
  }
}

}  // namespace flxlink::linker
