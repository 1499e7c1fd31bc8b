#include "src/sync/awaited_fields.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "src/sync/field_difference.h"

namespace flxlink::sync {
namespace {

// Of each awaited field what was sent last.
ItemValues LastAwaited(const SyncRow& row) {
  ItemValues last;
  for (const AwaitedValues& awaited : row.awaited) CopyFields(awaited.fields, awaited.values, &last);
  return last;
}

// Whether every quantity that is awaited is higher. One that is not has been sent already, or is no more urgent than
// what was.
bool IsBelowAwaited(int64_t quantity, const SyncRow& row) {
  const std::vector<AwaitedValues>& awaited = row.awaited;
  return std::all_of(awaited.begin(), awaited.end(), [&](const AwaitedValues& sent) {
    return !sent.fields.Has(SyncField::kQuantity) || quantity < sent.values.quantity;
  });
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
  const bool falls = IsBelowAwaited(desired.quantity, row);
  if (falls && !last_stands.Has(SyncField::kQuantity)) waiting.Remove(SyncField::kQuantity);
  return waiting;
}

}  // namespace flxlink::sync
