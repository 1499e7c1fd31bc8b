#include "src/sync/push_batches.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "xxhash.h"

namespace flxlink::sync {
namespace {

bool Sets(const PushKind& kind, const SyncFields& fields) { return DifferenceOf(fields, kind.fields).empty(); }

// The first kind that sets what the items want and is worth using for so many; else the one that they were planned for.
int32_t KindOf(const SyncPlan& plan, const PushBatch& group, absl::Span<const PushKind> kinds) {
  if (kinds.size() == 1) return group.kind;
  SyncFields wanted;
  for (const int64_t item : group.items) wanted = UnionOf(wanted, plan.items[static_cast<size_t>(item)].mask);
  const int64_t count = static_cast<int64_t>(group.items.size());
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    if (count >= kinds[kind].worth_from && Sets(kinds[kind], wanted)) return static_cast<int32_t>(kind);
  }
  return group.kind;
}

// The items by the kind that they were planned for.
std::vector<PushBatch> GroupByKind(const SyncPlan& plan, size_t kinds) {
  std::vector<PushBatch> groups(kinds);
  for (size_t item = 0; item < plan.items.size(); ++item) {
    PushBatch& group = groups[static_cast<size_t>(plan.item_states[item].kind)];
    group.kind = plan.item_states[item].kind;
    group.items.push_back(static_cast<int64_t>(item));
  }
  return groups;
}

// Items of one parent next to each other; an item without one stands by itself.
std::vector<std::vector<int64_t>> GroupByParent(const SyncPlan& plan, const std::vector<int64_t>& items) {
  std::vector<std::vector<int64_t>> groups;
  absl::flat_hash_map<absl::string_view, size_t> group_of;
  for (const int64_t item : items) {
    const absl::string_view parent = plan.items[static_cast<size_t>(item)].parent_id;
    const auto [found, is_new] = group_of.try_emplace(parent, groups.size());
    if (!is_new && !parent.empty()) {
      groups[found->second].push_back(item);
    } else {
      groups.push_back({item});
    }
  }
  return groups;
}

int64_t BytesOf(const PushItem& item, const PushKind& kind) {
  size_t bytes = item.external_id.size() + item.parent_id.size() + item.handle.size();
  for (const Field& field : item.values.content) bytes += field.value.size();
  return kind.item_bytes + static_cast<int64_t>(bytes);
}

// Cuts items into calls. One item that is too large by itself is a call of its own: the platform may take it.
std::vector<PushBatch> Cut(const SyncPlan& plan, const std::vector<int64_t>& items, int32_t kind_index,
                           const PushKind& kind) {
  std::vector<PushBatch> batches;
  int64_t bytes = 0;
  for (const int64_t item : items) {
    const int64_t size = kind.max_bytes > 0 ? BytesOf(plan.items[static_cast<size_t>(item)], kind) : 0;
    bytes += size;
    const bool full = batches.empty() ||
                      (kind.max_items > 0 && static_cast<int64_t>(batches.back().items.size()) >= kind.max_items) ||
                      (kind.max_bytes > 0 && bytes > kind.max_bytes);
    if (full) {
      batches.push_back({kind_index, {}});
      bytes = size;
    }
    batches.back().items.push_back(item);
  }
  return batches;
}

// Calls that go out one after another, whatever others there are.
using Run = std::vector<PushBatch>;

// The calls for items of one kind: each by itself or, where a call takes items of one parent only, those of a parent.
void AddRuns(const SyncPlan& plan, const PushBatch& group, const PushKind& kind, std::vector<Run>* runs) {
  if (kind.one_parent) {
    for (const std::vector<int64_t>& siblings : GroupByParent(plan, group.items)) {
      runs->push_back(Cut(plan, siblings, group.kind, kind));
    }
    return;
  }
  for (PushBatch& batch : Cut(plan, group.items, group.kind, kind)) runs->push_back({std::move(batch)});
}

}  // namespace

std::vector<PushBatch> MakePushBatches(const SyncPlan& plan, absl::Span<const PushKind> kinds) {
  std::vector<Run> runs;
  for (PushBatch& group : GroupByKind(plan, kinds.size())) {
    if (group.items.empty()) continue;
    group.kind = KindOf(plan, group, kinds);
    AddRuns(plan, group, kinds[static_cast<size_t>(group.kind)], &runs);
  }
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return a.front().items.front() < b.front().items.front(); });
  std::vector<PushBatch> batches;
  for (Run& run : runs) std::move(run.begin(), run.end(), std::back_inserter(batches));
  return batches;
}

std::string CallKeyOf(absl::Span<const PushItem> items) {
  std::string keys;
  for (const PushItem& item : items) absl::StrAppend(&keys, item.idempotency_key, "\n");
  return absl::StrCat(absl::Hex(XXH3_64bits(keys.data(), keys.size()), absl::kZeroPad16));
}

}  // namespace flxlink::sync
