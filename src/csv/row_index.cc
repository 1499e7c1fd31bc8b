#include "src/csv/row_index.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "flxlink/linker.h"
#include "src/model/prefetch.h"

namespace flxlink::csv {
namespace {

// A quarter of the slots stays free, so that a search soon comes to one.
size_t CapacityFor(int64_t rows) { return static_cast<size_t>(rows + rows / 3 + 1); }

constexpr uint64_t kTagMask = uint64_t{0xFFFFFFFF} << 32;

uint64_t SlotOf(uint64_t hash, int64_t row) { return hash << 32 | static_cast<uint64_t>(row + 1); }
int64_t RowOf(uint64_t slot) { return static_cast<int64_t>(slot & ~kTagMask) - 1; }

}  // namespace

void RowIndex::Free::operator()(Slot* slots) const { std::free(slots); }

RowIndex::RowIndex(int64_t rows, uint64_t seed) : seed_(seed), capacity_(CapacityFor(rows)) {
  assert(rows <= kMaxRows);
  static_assert(sizeof(Slot) == sizeof(uint64_t), "a slot of zero bytes is a free one");
  // Memory that is zero without being touched, so that the threads that fill it also share the cost of getting it.
  slots_.reset(static_cast<Slot*>(std::calloc(capacity_, sizeof(Slot))));
  if (slots_ == nullptr) std::abort();
}

uint64_t RowIndex::HashOf(absl::string_view id) const { return XXH3_64bits_withSeed(id.data(), id.size(), seed_); }

// By the upper bits of the hash; the lower ones are in the slot.
size_t RowIndex::PlaceOf(uint64_t hash) const {
  return static_cast<size_t>(static_cast<unsigned __int128>(hash) * capacity_ >> 64);
}

bool RowIndex::InsertOne(uint64_t hash, int64_t row, absl::string_view id, IdOf id_of) {
  const uint64_t slot = SlotOf(hash, row);
  for (size_t place = PlaceOf(hash);; place = After(place)) {
    uint64_t found = slots_[place].load(std::memory_order_relaxed);
    if (found == 0 && slots_[place].compare_exchange_strong(found, slot, std::memory_order_relaxed)) return true;
    if (((found ^ slot) & kTagMask) == 0 && id_of(RowOf(found)) == id) return false;
  }
}

int64_t RowIndex::Insert(int64_t row_base, const StringColumnView& ids, IdOf id_of) {
  // Slots are all over the memory: many are fetched at the same time.
  constexpr int64_t kBatch = 32;
  uint64_t hashes[kBatch];
  for (int64_t begin = 0; begin < ids.size(); begin += kBatch) {
    const int64_t end = std::min(begin + kBatch, ids.size());
    for (int64_t i = begin; i < end; ++i) {
      hashes[i - begin] = HashOf(ids[i]);
      model::PrefetchToWrite(&slots_[PlaceOf(hashes[i - begin])]);
    }
    for (int64_t i = begin; i < end; ++i) {
      if (!InsertOne(hashes[i - begin], row_base + i, ids[i], id_of)) return row_base + i;
    }
  }
  return kNoRow;
}

int64_t RowIndex::Find(absl::string_view id, IdOf id_of) const {
  const uint64_t hash = HashOf(id);
  for (size_t place = PlaceOf(hash);; place = After(place)) {
    const uint64_t found = slots_[place].load(std::memory_order_relaxed);
    if (found == 0) return kNoRow;
    if ((found & kTagMask) == hash << 32 && id_of(RowOf(found)) == id) return RowOf(found);
  }
}

}  // namespace flxlink::csv
