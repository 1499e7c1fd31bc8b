// A store in this process's memory: the reference for what every operation means, and what tests and simulations use.

#ifndef FLXLINK_MEMORY_STORAGE_H_
#define FLXLINK_MEMORY_STORAGE_H_

#include <memory>

#include "flxlink/clock.h"
#include "flxlink/storage.h"

namespace flxlink {

// A new, empty store. An owner lives until CloseOwner. Storage::Now is the time of `clock`, which must outlive the
// store.
std::unique_ptr<Storage> NewMemoryStorage(const Clock& clock = SystemClock());

}  // namespace flxlink

#endif  // FLXLINK_MEMORY_STORAGE_H_
