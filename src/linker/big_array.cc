#include "src/linker/big_array.h"

#include <cstdint>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace flxlink::linker {

#ifdef __linux__

namespace {

// Memory that begins at a huge page: what is mapped too much for that goes back at once. As with any allocation of the
// standard library, there is no going on where the system has none.
char* MapAligned(size_t bytes) {
  const size_t mapped = bytes + kHugePageBytes;
  void* const memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(memory);
  const size_t lead = (kHugePageBytes - reinterpret_cast<uintptr_t>(begin) % kHugePageBytes) % kHugePageBytes;
  if (lead > 0) munmap(begin, lead);
  munmap(begin + lead + bytes, kHugePageBytes - lead);
  return begin + lead;
}

}  // namespace

BigMemory::BigMemory(size_t bytes) : bytes_(bytes) {
  if (bytes < kHugePageBytes) {
    data_ = ::operator new(bytes);
    return;
  }
  bytes_ = (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  data_ = MapAligned(bytes_);
  madvise(data_, bytes_, MADV_HUGEPAGE);  // A hint: where it is refused, small pages do.
}

BigMemory::~BigMemory() {
  if (bytes_ < kHugePageBytes) {
    ::operator delete(data_);
  } else {
    munmap(data_, bytes_);
  }
}

#else

BigMemory::BigMemory(size_t bytes) : data_(::operator new(bytes)), bytes_(bytes) {}
BigMemory::~BigMemory() { ::operator delete(data_); }

#endif

}  // namespace flxlink::linker
