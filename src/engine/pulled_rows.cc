#include "src/engine/pulled_rows.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/engine/circuit_breaker.h"

namespace flxlink::engine {

absl::Time AsOf(const JobContext& context, absl::Duration age) { return context.options().clock->Now() - age; }

// A negative age is no age: somebody has set the clock.
absl::Duration AgeNow(const JobContext& context, absl::Time as_of) {
  return std::max(context.options().clock->Now() - as_of, absl::ZeroDuration());
}

absl::StatusOr<bool> HoldsBreaks(JobContext& context, int64_t more) {
  if (more == 0) return false;
  ChangeCounts changes;
  changes[ChangeKind::kBreak] = more;
  const absl::StatusOr<bool> held = context.breaker().HoldBeyond(changes);
  if (!held.ok()) return held.status();
  return context.breaker().state().holds.Has(ChangeKind::kBreak);
}

void CountHeldBreaks(JobContext& context, int64_t held) {
  ChangeCounts changes;
  changes[ChangeKind::kBreak] = held;
  context.breaker().NoteHeld(changes);
}

absl::StatusOr<int64_t> CountBreaks(JobContext& context, absl::Span<const std::string> external_ids) {
  int64_t breaks = 0;
  const size_t most = static_cast<size_t>(context.page_rows());
  for (size_t at = 0; at < external_ids.size(); at += most) {
    const absl::Span<const std::string> some = external_ids.subspan(at, most);
    ItemFilter filter;
    filter.external_ids.assign(some.begin(), some.end());
    const absl::StatusOr<std::vector<ItemRow>> items = context.RetryValue<std::vector<ItemRow>>(
        [&] { return context.storage().ReadItems(context.channel().channel_id, filter, 0, context.page_rows()); });
    if (!items.ok()) return items.status();
    breaks += std::count_if(items->begin(), items->end(),
                            [](const ItemRow& item) { return item.link_state == LinkState::kLinked; });
  }
  return breaks;
}

void NoteRaised(JobContext& context, const std::vector<SightedAttention>& raised) {
  for (const SightedAttention& one : raised) {
    context.AddProblem(one.sku, one.attention);
    context.reporter().AttentionRaised(context.job(), one.sku, one.external_id, one.attention);
  }
}

void CountPulledRows(JobContext& context, const PullWriteResult& written) {
  context.Count("inserted", written.inserted);
  context.Count("changed", written.changed);
  context.Count("unchanged", written.unchanged);
  context.Count("healed", written.healed);
  context.Count("gone", written.gone);
  context.Count("broken", written.broken);
  if (written.held > 0) CountHeldBreaks(context, written.held);
  ChangeCounts made;
  made[ChangeKind::kBreak] = written.counted;
  context.breaker().NoteMade(made);
  if (written.doubtful > 0) context.Count("doubtful", written.doubtful);
  if (written.agreed > 0) context.Count("agreed", written.agreed);
  NoteRaised(context, written.raised);
  for (const SightedAttention& cleared : written.cleared) {
    context.reporter().AttentionCleared(context.job(), cleared.sku, cleared.external_id, cleared.attention);
  }
  const int64_t refused = static_cast<int64_t>(written.refused.size());
  if (refused > 0) context.Count("item_problems", refused);
  if (written.unnamed > 0) context.Count("unnamed", written.unnamed);
}

void NoteRefusedRow(JobContext& context, const ChannelVariantBatch& items, const PullRefusal& refusal,
                    absl::string_view place) {
  const bool has_name = FieldValue(refusal.problem.args, "field") != "external_id";
  context.AddProblem(has_name ? items.external_id[refusal.row] : place, refusal.problem);
}

namespace {

// Of a problem that several items have: always the one that it names.
absl::string_view SubjectOf(const ItemProblem& item, absl::string_view unnamed) {
  const absl::string_view named = FieldValue(item.problem.args, "external_id");
  if (!named.empty()) return named;
  return item.external_id.empty() ? unnamed : item.external_id;
}

}  // namespace

int64_t NoteItemProblems(JobContext& context, const std::vector<ItemProblem>& problems,
                         const ChannelVariantBatch& items, absl::string_view unnamed) {
  if (problems.empty()) return 0;
  context.Count("item_problems", static_cast<int64_t>(problems.size()));
  absl::flat_hash_set<absl::string_view> read;
  for (int64_t i = 0; i < items.size(); ++i) read.insert(items.external_id[i]);
  int64_t unread = 0;
  for (const ItemProblem& item : problems) {
    context.AddProblem(SubjectOf(item, unnamed), item.problem);
    if (!read.contains(item.external_id)) ++unread;
  }
  return unread;
}

}  // namespace flxlink::engine
