#include "src/engine/pulled_rows.h"

#include <algorithm>
#include <cstdint>

namespace flxlink::engine {

absl::Time AsOf(const JobContext& context, absl::Duration age) { return context.options().clock->Now() - age; }

// A negative age is no age: somebody has set the clock.
absl::Duration AgeNow(const JobContext& context, absl::Time as_of) {
  return std::max(context.options().clock->Now() - as_of, absl::ZeroDuration());
}

void CountPulledRows(JobContext& context, const PullWriteResult& written) {
  context.Count("inserted", written.inserted);
  context.Count("changed", written.changed);
  context.Count("unchanged", written.unchanged);
  context.Count("healed", written.healed);
  context.Count("gone", written.gone);
  context.Count("broken", written.broken);
  if (written.inserted + written.changed + written.healed + written.gone > 0)
    context.output().changed_link_inputs = true;
  const int64_t refused = static_cast<int64_t>(written.refused.size());
  if (refused > 0) context.Count("item_problems", refused);
  if (written.unnamed > 0) context.Count("unnamed", written.unnamed);
}

void NoteItemProblems(JobContext& context, const std::vector<ItemProblem>& problems, absl::string_view unnamed) {
  if (problems.empty()) return;
  context.Count("item_problems", static_cast<int64_t>(problems.size()));
  for (const ItemProblem& item : problems) {
    context.AddProblem(item.external_id.empty() ? unnamed : item.external_id, item.problem);
  }
}

}  // namespace flxlink::engine
