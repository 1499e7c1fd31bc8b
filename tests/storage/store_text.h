// Everything in a store as text, a line a row, so that a test can say in one comparison that an operation changed
// nothing, or the same as another one.

#ifndef FLXLINK_TESTS_STORAGE_STORE_TEXT_H_
#define FLXLINK_TESTS_STORAGE_STORE_TEXT_H_

#include <string>

#include "flxlink/storage.h"

namespace flxlink {

// All that can be read of the store, whether owners live left out. A failed read fails the test.
std::string StoreText(Storage& storage);

std::string ToText(const Job& job);
std::string ToText(const Slot& slot);
std::string ToText(const ChannelConfig& config);
std::string ToText(const Schedule& schedule);

}  // namespace flxlink

#endif  // FLXLINK_TESTS_STORAGE_STORE_TEXT_H_
