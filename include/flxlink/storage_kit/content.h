// Content in storages: which of a variant's fields a sync of its channel reads and compares.
//
// Pure functions, thread-safe.

#ifndef FLXLINK_STORAGE_KIT_CONTENT_H_
#define FLXLINK_STORAGE_KIT_CONTENT_H_

#include <string>
#include <vector>

#include "flxlink/field.h"

namespace flxlink::storage {

// SyncRow::content of a listing variant with these fields, and the content of SyncRow::acknowledged where these are
// what is acknowledged: the fields with one of `names`, which are ascending. What is not there is absent.
std::vector<Field> SyncedContent(const std::vector<Field>& fields, const std::vector<std::string>& names);

// The content of SyncRow::seen of an item with these fields: one field a name, empty where the item has none.
std::vector<Field> SeenContent(const std::vector<Field>& fields, const std::vector<std::string>& names);

}  // namespace flxlink::storage

#endif  // FLXLINK_STORAGE_KIT_CONTENT_H_
