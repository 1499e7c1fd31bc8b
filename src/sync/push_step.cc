#include "src/sync/push_step.h"

#include <array>
#include <cstddef>
#include <vector>

namespace flxlink::sync {
namespace {

// In the order in which they go out. Each of the first four waits for those before it; content waits for nothing.
enum Stage : size_t { kLess, kPrices, kMore, kShow, kContent, kStages };

using Stages = std::array<SyncFields, kStages>;

// An unknown quantity may be a lower one than the new one, but 0 is never more.
bool IsLowerQuantity(const ItemValues& desired, const ItemValues& known) {
  return desired.quantity == 0 || (known.quantity != kAbsent && desired.quantity < known.quantity);
}

Stage StageOf(SyncField field, const ItemValues& desired, const ItemValues& known) {
  switch (field) {
    case SyncField::kPrice:
    case SyncField::kCompareAtPrice:
      return kPrices;
    case SyncField::kQuantity:
      return IsLowerQuantity(desired, known) ? kLess : kMore;
    case SyncField::kStatus:
      return desired.status == ChannelStatus::kListed ? kShow : kLess;
  }
  return kContent;
}

Stages StagesOf(const SyncFields& fields, const ItemValues& desired, const ItemValues& known) {
  Stages stages;
  for (const SyncField field : kSyncFields) {
    if (fields.Has(field)) stages[StageOf(field, desired, known)].Add(field);
  }
  for (const std::string& name : fields.content()) stages[kContent].AddContent(name);
  return stages;
}

// Whether the stage waits for something that the channel refused.
bool Waits(size_t stage, const Stages& refused) {
  if (stage != kMore && stage != kShow) return false;
  for (size_t before = 0; before < stage; ++before) {
    if (!refused[before].empty()) return true;
  }
  return false;
}

int32_t SizeOf(const SyncFields& fields) { return static_cast<int32_t>(fields.Names().size()); }

// The kind that sets most of `fields`, the first of those that do.
int32_t KindFor(const SyncFields& fields, const std::vector<SyncFields>& kinds) {
  if (kinds.size() == 1) return 0;
  int32_t best = 0;
  int32_t most = 0;
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    const int32_t size = SizeOf(IntersectionOf(kinds[kind], fields));
    if (size <= most) continue;
    most = size;
    best = static_cast<int32_t>(kind);
  }
  return best;
}

// Of the stages from `first` on what the kind sets, up to one that it does not set whole.
SyncFields FieldsOf(const Stages& stages, size_t first, const Stages& refused, const SyncFields& kind) {
  SyncFields fields;
  for (size_t stage = first; stage < kContent; ++stage) {
    if (stages[stage].empty()) continue;
    if (Waits(stage, refused)) break;
    const SyncFields part = IntersectionOf(stages[stage], kind);
    fields = UnionOf(fields, part);
    if (!(part == stages[stage])) break;
  }
  return UnionOf(fields, IntersectionOf(stages[kContent], kind));
}

}  // namespace

PushStep NextStep(const SyncFields& send, const SyncFields& refused, const ItemValues& desired, const ItemValues& known,
                  const SyncPolicy& policy) {
  if (send.empty() || policy.kinds.empty()) return {};
  if (policy.kinds.size() == 1 && refused.empty()) return {0, send};
  const Stages stages = StagesOf(send, desired, known);
  const Stages stuck = StagesOf(refused, desired, known);
  for (size_t first = 0; first < kStages; ++first) {
    if (stages[first].empty() || Waits(first, stuck)) continue;
    PushStep step;
    step.kind = KindFor(stages[first], policy.kinds);
    step.fields = FieldsOf(stages, first, stuck, policy.kinds[static_cast<size_t>(step.kind)]);
    return step;
  }
  return {};
}

}  // namespace flxlink::sync
