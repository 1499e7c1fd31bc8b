#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/linker.h"
#include "src/engine/jobs.h"
#include "src/engine/link_input.h"
#include "src/engine/link_keys.h"
#include "src/engine/link_passes.h"
#include "src/engine/link_writer.h"

namespace flxlink::engine {
namespace {

// How often a pass is done again because somebody linked or unlinked by hand meanwhile.
constexpr int kMaxPasses = 10;

// An incremental pass is worth while for so many link changes and as long as so many keys were added to the base; of a
// large base's entries, a part.
constexpr int64_t kFewChanges = 1000;
constexpr int64_t kChangesPart = 8;
constexpr int64_t kFewAdded = 10000;
constexpr int64_t kAddedPart = 4;

// The last link job is usually among the last few; so many jobs are read at first, and twice as many each further time.
constexpr int64_t kFewJobs = 2;

absl::Status ReleaseBrokenLinks(JobContext& context) {
  for (;;) {
    absl::StatusOr<int64_t> released = context.RetryValue<int64_t>(
        [&] { return context.storage().ReleaseBroken(context.fence(), context.page_rows(), context.Now()); });
    if (!released.ok()) return released.status();
    context.Count("released", *released);
    if (*released < context.page_rows()) return absl::OkStatus();
  }
}

bool IsSmall(const LinkBase& base) {
  return base.changes <= std::max(kFewChanges, base.entries / kChangesPart) &&
         base.added <= std::max(kFewAdded, base.entries / kAddedPart);
}

// Whether the channel's last link job came to its end. One that did not may have written reasons that come from keys
// which nobody remembers: a link change tells how a row was when the base was up to date, and not how that job saw it.
absl::StatusOr<bool> LastJobCompleted(const JobContext& context) {
  if (context.job().attempts > 1) return false;
  JobFilter filter;
  filter.channel_id = context.channel().channel_id;
  int64_t before_id = context.job().job_id;
  for (int64_t limit = kFewJobs;; limit = std::min(limit * 2, Storage::kMaxRows)) {
    absl::StatusOr<std::vector<Job>> jobs = context.storage().ReadJobs(filter, before_id, limit);
    if (!jobs.ok()) return jobs.status();
    for (const Job& job : *jobs) {
      if (job.kind == JobKind::kLink && job.started_at.has_value()) return job.state == JobState::kCompleted;
    }
    if (jobs->empty()) return false;
    before_id = jobs->back().job_id;
  }
}

// One pass over the channel as it is now. ABORTED: the channel was edited by hand meanwhile.
absl::Status RunPass(JobContext& context, const Linker& linker, LinkWriter& writer) {
  absl::StatusOr<Channel> channel = context.storage().ReadChannel(context.channel().channel_id);
  if (!channel.ok()) return channel.status();
  const LinkPass pass{context, linker, channel->edit_version, writer};
  absl::StatusOr<LinkBase> base = context.storage().ReadLinkBase(channel->channel_id);
  if (!base.ok()) return base.status();
  const absl::optional<LinkKeys> keys = LinkKeys::OfBase(context.channel().config, base->text);
  if (!keys.has_value() || !IsSmall(*base)) return RunFullPass(pass);
  absl::StatusOr<bool> completed = LastJobCompleted(context);
  if (!completed.ok()) return completed.status();
  if (!*completed) return RunFullPass(pass);
  absl::StatusOr<bool> done = RunIncrementalPass(pass, *keys, *base);
  if (!done.ok()) return done.status();
  return *done ? absl::OkStatus() : RunFullPass(pass);
}

}  // namespace

absl::Status RunLinkJob(JobContext& context) {
  absl::Status status = CheckReadyToLink(context.channel());
  if (!status.ok()) return status;
  absl::StatusOr<Linker> linker = Linker::Create(context.channel().config.link_priority);
  if (!linker.ok()) return linker.status();
  if (context.job().options.release_broken) {
    status = ReleaseBrokenLinks(context);
    if (!status.ok()) return status;
  }
  LinkWriter writer(context);
  for (int passes = 1;; ++passes) {
    status = RunPass(context, *linker, writer);
    if (!absl::IsAborted(status) || passes >= kMaxPasses) return status;
  }
}

}  // namespace flxlink::engine
