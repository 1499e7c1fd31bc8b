#include "src/engine/item_fetch.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "src/engine/adapter_error.h"
#include "src/engine/doubtful_links.h"
#include "src/engine/jobs.h"
#include "src/engine/pulled_rows.h"

namespace flxlink::engine {
namespace {

// What an item is called that has no external id that can be kept.
constexpr absl::string_view kFetchedItem = "a fetched item of the channel";

// Each of the items that were asked for is done or, as far as something is said of that many, failed.
void Progress(JobContext& context, size_t asked, size_t refused) {
  const size_t failed = std::min(asked, refused);
  context.progress().failed += static_cast<int64_t>(failed);
  context.progress().done += static_cast<int64_t>(asked - failed);
}

absl::Status Fetch(JobContext& context, absl::Span<const std::string> external_ids) {
  absl::StatusOr<FetchReply> reply = context.Fetch({external_ids});
  if (!reply.ok()) return AdapterError(reply.status(), context.channel());
  const absl::StatusOr<int64_t> breaks = CountBreaks(context, reply->missing);
  if (!breaks.ok()) return breaks.status();
  const absl::StatusOr<bool> holds = HoldsBreaks(context, *breaks);
  if (!holds.ok()) return holds.status();
  reply->holds_breaks = *holds;
  reply->items.own_ids = context.adapter().capabilities().own_ids;
  const absl::Time as_of = AsOf(context, reply->age);
  const absl::StatusOr<PullWriteResult> written = context.WriteValue<PullWriteResult>([&](absl::Time now) {
    reply->age = AgeNow(context, as_of);
    return context.storage().WriteFetched(context.fence(), *reply, now);
  });
  if (!written.ok()) return written.status();
  CountPulledRows(context, *written);
  for (const PullRefusal& refusal : written->refused) {
    NoteRefusedRow(context, reply->items, refusal, kFetchedItem);
  }
  const int64_t unread = NoteItemProblems(context, reply->problems, reply->items, kFetchedItem);
  Progress(context, external_ids.size(), written->refused.size() + static_cast<size_t>(unread));
  return context.Report();
}

}  // namespace

bool CanLookAtItems(const JobContext& context) { return context.adapter().capabilities().fetch_limit > 0; }

absl::Status LookAtItems(JobContext& context, absl::Span<const std::string> external_ids) {
  const int64_t limit = std::min<int64_t>(context.adapter().capabilities().fetch_limit, context.page_rows());
  for (size_t at = 0; at < external_ids.size(); at += static_cast<size_t>(limit)) {
    const absl::Status status = Fetch(context, external_ids.subspan(at, static_cast<size_t>(limit)));
    if (!status.ok()) return status;
  }
  return DissolveDoubtful(context);
}

absl::Status RunFetchJob(JobContext& context) {
  if (!CanLookAtItems(context)) {
    context.LeaveToPull(JobKind::kPull, JobOptions());
    return absl::OkStatus();
  }
  const absl::Span<const std::string> items = context.job().options.items;
  JobProgress& progress = context.progress();
  progress.total = static_cast<int64_t>(items.size());
  // One that goes on has looked at the first of them.
  const auto looked_at = static_cast<size_t>(progress.looked_at());
  return LookAtItems(context, items.subspan(std::min(items.size(), looked_at)));
}

}  // namespace flxlink::engine
