#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/sync.h"
#include "src/engine/jobs.h"

namespace flxlink::engine {
namespace {

void CountChange(JobContext& context, PendingChange before, PendingChange after) {
  if (after == before) return;
  if (after == PendingChange::kHiding) context.Count("hidden", 1);
  if (after == PendingChange::kUnhiding) context.Count("unhidden", 1);
}

// The status changes that the channel's rules decide on for one page of links.
std::vector<StatusWrite> EvaluatePage(JobContext& context, const SyncBatch& links) {
  const ChannelConfig& config = context.channel().config;
  std::vector<StatusWrite> writes;
  for (const SyncRow& row : links.rows) {
    const ChannelStatus wanted = EvaluateStatusRules(config.status_rules, row, config.currency);
    const ListingStatus status = StateByRule(row.status, wanted);
    if (status == row.status) continue;
    CountChange(context, row.status.pending, status.pending);
    writes.push_back({row.listing_id, row.status, status});
  }
  return writes;
}

}  // namespace

absl::Status RunRulesJob(JobContext& context) {
  const ChannelConfig& config = context.channel().config;
  if (config.status_rules.empty()) {
    return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNoStatusRule, {{"channel", config.name}},
                         absl::StrCat("channel ", config.name, " has no status rule"));
  }
  for (absl::string_view name : {"hidden", "unhidden"}) context.Count(name, 0);
  context.progress() = JobProgress();
  for (int64_t after_id = 0;;) {
    absl::StatusOr<SyncBatch> links = context.RetryValue<SyncBatch>(
        [&] { return context.storage().ReadLinks(context.channel().channel_id, after_id, context.page_rows()); });
    if (!links.ok()) return links.status();
    if (links->size() == 0) return absl::OkStatus();
    after_id = links->rows.back().listing_id;
    const std::vector<StatusWrite> writes = EvaluatePage(context, *links);
    absl::StatusOr<int64_t> written = context.WriteValue<int64_t>(
        [&](absl::Time now) { return context.storage().WriteStatuses(context.fence(), writes, now); });
    if (!written.ok()) return written.status();
    context.progress().done += links->size();
    const absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
}

}  // namespace flxlink::engine
