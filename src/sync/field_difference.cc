#include "src/sync/field_difference.h"

#include <cstdint>
#include <string>

namespace flxlink::sync {

SyncFields DifferingFields(const ItemValues& desired, const ItemValues& acknowledged) {
  SyncFields fields;
  for (const SyncField field : kSyncFields) {
    const int64_t value = desired.Get(field);
    if (value != kAbsent && value != acknowledged.Get(field)) fields.Add(field);
  }
  for (const Field& field : desired.content) {
    const std::string* known = acknowledged.FindContent(field.name);
    if (known == nullptr || *known != field.value) fields.AddContent(field.name);
  }
  return fields;
}

}  // namespace flxlink::sync
