#include "src/sync/refused_values.h"

#include <cstdint>

#include "flxlink/sync.h"

namespace flxlink::sync {
namespace {

// The fields that were refused together.
SyncFields FieldsWithDigest(const std::vector<RefusedValue>& refused, uint64_t digest) {
  SyncFields fields;
  for (const RefusedValue& value : refused) {
    if (value.digest == digest) fields = UnionOf(fields, FieldNamed(value.field));
  }
  return fields;
}

}  // namespace

RareVector<RefusedValue> StandingRefusals(const std::vector<RefusedValue>& refused, const SyncFields& wanted,
                                          const ItemValues& desired) {
  RareVector<RefusedValue> standing;
  for (const RefusedValue& value : refused) {
    const SyncFields together = FieldsWithDigest(refused, value.digest);
    if (together.empty() || !DifferenceOf(together, wanted).empty()) continue;
    if (RefusalDigest(together, desired) == value.digest) standing.Mutable().push_back(value);
  }
  return standing;
}

SyncFields FieldsOf(const std::vector<RefusedValue>& refused) {
  SyncFields fields;
  for (const RefusedValue& value : refused) fields = UnionOf(fields, FieldNamed(value.field));
  return fields;
}

}  // namespace flxlink::sync
