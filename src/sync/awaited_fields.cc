#include "src/sync/awaited_fields.h"

#include <algorithm>
#include <cstdint>

#include "src/sync/field_difference.h"

namespace flxlink::sync {
namespace {

// Of each awaited field what was sent last.
ItemValues LastAwaited(const SyncRow& row) {
  ItemValues last;
  for (const AwaitedValues& awaited : row.awaited) CopyFields(awaited.fields, awaited.values, &last);
  return last;
}

// kAbsent, which is below all: none is awaited.
int64_t HighestQuantity(const SyncRow& row) {
  int64_t highest = kAbsent;
  for (const AwaitedValues& awaited : row.awaited) {
    if (awaited.fields.Has(SyncField::kQuantity)) highest = std::max(highest, awaited.values.quantity);
  }
  return highest;
}

}  // namespace

SyncFields AwaitedFields(const SyncRow& row) {
  SyncFields fields;
  for (const AwaitedValues& awaited : row.awaited) fields = UnionOf(fields, awaited.fields);
  return fields;
}

SyncFields WaitingFields(const SyncRow& row, const ItemValues& desired, const SyncPolicy& policy) {
  if (row.awaited.empty()) return SyncFields();
  SyncFields waiting = AwaitedFields(row);
  const SyncFields last_stands = IntersectionOf(waiting, policy.later_wins);
  waiting = DifferenceOf(waiting, IntersectionOf(last_stands, DifferingFields(desired, LastAwaited(row))));
  const bool falls = desired.quantity < HighestQuantity(row);
  if (falls && !last_stands.Has(SyncField::kQuantity)) waiting.Remove(SyncField::kQuantity);
  return waiting;
}

}  // namespace flxlink::sync
