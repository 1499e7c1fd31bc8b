#include "src/engine/pulled_rows.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

namespace flxlink::engine {

absl::Time AsOf(const JobContext& context, absl::Duration age) { return context.options().clock->Now() - age; }

// A negative age is no age: somebody has set the clock.
absl::Duration AgeNow(const JobContext& context, absl::Time as_of) {
  return std::max(context.options().clock->Now() - as_of, absl::ZeroDuration());
}

bool HoldsBreaks(JobContext& context, int64_t more) {
  const absl::optional<int64_t> limit = context.channel().config.break_limit;
  if (!limit.has_value() || context.job().options.approved || more == 0) return false;
  const int64_t broken = context.CountOf("broken") + more;
  if (broken <= *limit) return false;
  const std::string& name = context.channel().config.name;
  context.output().held = MakeProblem(
      problem_code::kBreakLimit, {{"channel", name}, {"links", absl::StrCat(broken)}, {"limit", absl::StrCat(*limit)}},
      absl::StrCat("this job would break ", broken, " links of channel ", name, ", more than its limit of ", *limit));
  return true;
}

void CountPulledRows(JobContext& context, const PullWriteResult& written) {
  context.Count("inserted", written.inserted);
  context.Count("changed", written.changed);
  context.Count("unchanged", written.unchanged);
  context.Count("healed", written.healed);
  context.Count("gone", written.gone);
  context.Count("broken", written.broken);
  const int64_t refused = static_cast<int64_t>(written.refused.size());
  if (refused > 0) context.Count("item_problems", refused);
  if (written.unnamed > 0) context.Count("unnamed", written.unnamed);
}

void NoteRefusedRow(JobContext& context, const ChannelVariantBatch& items, const PullRefusal& refusal,
                    absl::string_view place) {
  const bool has_name = FieldValue(refusal.problem.args, "field") != "external_id";
  context.AddProblem(has_name ? items.external_id[refusal.row] : place, refusal.problem);
}

void NoteItemProblems(JobContext& context, const std::vector<ItemProblem>& problems, absl::string_view unnamed) {
  if (problems.empty()) return;
  context.Count("item_problems", static_cast<int64_t>(problems.size()));
  for (const ItemProblem& item : problems) {
    context.AddProblem(item.external_id.empty() ? unnamed : item.external_id, item.problem);
  }
}

}  // namespace flxlink::engine
