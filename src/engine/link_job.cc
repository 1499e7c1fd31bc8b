#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/linker.h"
#include "src/engine/jobs.h"
#include "src/engine/link_problems.h"
#include "src/engine/link_store.h"
#include "src/engine/link_writer.h"
#include "src/linking/link_index.h"
#include "src/linking/link_input.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_passes.h"
#include "src/linking/link_relinks.h"

namespace flxlink::engine {
namespace {

// How many passes a job makes at most because somebody links and unlinks by hand all the time. All but the first look
// only at what those edits touched.
constexpr int kMaxPasses = 10;

// An incremental pass is worth while for so many link changes and as long as so many keys were added to the base; of a
// large base's entries, a part.
constexpr int64_t kFewChanges = 1000;
constexpr int64_t kChangesPart = 8;
constexpr int64_t kFewAdded = 10000;
constexpr int64_t kAddedPart = 4;

// The last link job is usually among the last few; so many jobs are read at first, and twice as many each further time.
constexpr int64_t kFewJobs = 2;

using Release = absl::StatusOr<int64_t> (LinkStorage::*)(const Fence& fence, int64_t limit, absl::Time now);

// Dissolves all links of a kind, and counts them as `count`.
absl::Status ReleaseLinks(JobContext& context, Release release, absl::string_view count) {
  for (;;) {
    absl::StatusOr<int64_t> released = context.WriteValue<int64_t>(
        [&](absl::Time now) { return (context.storage().*release)(context.fence(), context.page_rows(), now); });
    if (!released.ok()) return released.status();
    context.Count(count, *released);
    if (*released < context.page_rows()) return absl::OkStatus();
  }
}

bool IsSmall(const LinkBase& base) {
  return base.changes <= std::max(kFewChanges, base.entries / kChangesPart) &&
         base.added <= std::max(kFewAdded, base.entries / kAddedPart);
}

// Whether the channel's last link job came to its end. One that did not may have written reasons that come from keys
// which nobody remembers: a link change tells how a row was when the base was up to date, and not how that job saw it.
absl::StatusOr<bool> LastJobCompleted(JobContext& context) {
  if (context.resumed()) return false;
  JobFilter filter;
  filter.channel = context.channel().config.name;
  filter.kinds = {JobKind::kLink};
  int64_t before_id = context.job().job_id;
  for (int64_t limit = kFewJobs;; limit = std::min(limit * 2, Storage::kMaxRows)) {
    const absl::StatusOr<std::vector<Job>> jobs =
        context.RetryValue<std::vector<Job>>([&] { return context.storage().ReadJobs(filter, before_id, limit); });
    if (!jobs.ok()) return jobs.status();
    for (const Job& job : *jobs) {
      if (job.started_at.has_value()) return job.state == JobState::kCompleted;
    }
    if (jobs->empty()) return false;
    before_id = jobs->back().job_id;
  }
}

// One pass over the channel as it is now. `base_is_sound`: an earlier pass of this job has left it.
absl::StatusOr<linking::PassResult> RunPass(JobContext& context, const Linker& linker, int64_t edit_version,
                                            bool base_is_sound, LinkWriter& writer) {
  Storage& storage = context.storage();
  const Channel& channel = context.channel();
  StorageLinkLookup lookup(storage, channel.channel_id, context.page_rows());
  JobLinkStore store(context, writer, edit_version);
  const EngineOptions& options = context.options();
  LinkIndex* const index = storage.link_index();
  const linking::LinkPass pass{lookup,           store,
                               linker,           channel.config,
                               options.executor, options.link_memory_bytes,
                               options.random(), options.random(),
                               index != nullptr};
  if (index == nullptr) return linking::RunFullPass(pass);
  const absl::StatusOr<LinkBase> base =
      context.RetryValue<LinkBase>([&] { return index->ReadLinkBase(channel.channel_id); });
  if (!base.ok()) return base.status();
  const absl::optional<linking::LinkKeys> keys = linking::LinkKeys::OfBase(channel.config, base->text);
  if (!keys.has_value() || !IsSmall(*base)) return linking::RunFullPass(pass);
  absl::StatusOr<bool> sound = base_is_sound ? true : LastJobCompleted(context);
  if (!sound.ok()) return sound.status();
  if (!*sound) return linking::RunFullPass(pass);
  absl::StatusOr<absl::optional<linking::PassResult>> result = linking::RunIncrementalPass(pass, *keys, *base);
  if (!result.ok()) return result.status();
  return result->has_value() ? **std::move(result) : linking::RunFullPass(pass);
}

absl::StatusOr<int64_t> ReadEditVersion(JobContext& context) {
  const absl::StatusOr<Channel> channel = context.ReadChannel();
  if (!channel.ok()) return channel.status();
  return channel->edit_version;
}

// Passes until none was overtaken by a hand edit. What the last one leaves is on record for the next job, or for the
// next passes of this one: `base_is_sound`.
absl::Status RunPasses(JobContext& context, const Linker& linker, bool base_is_sound, LinkWriter& writer) {
  absl::StatusOr<int64_t> version = ReadEditVersion(context);
  for (int passes = 1; version.ok(); ++passes) {
    const int64_t read = *version;
    absl::StatusOr<linking::PassResult> result = RunPass(context, linker, read, base_is_sound || passes > 1, writer);
    if (!result.ok()) return result.status();
    writer.KeepUnlinked(*result);
    for (const linking::UnknownField& field : result->unknown_fields) {
      JobProblem problem = RuleFieldUnknown(context.channel().config.name, field);
      context.AddProblem(problem.subject, std::move(problem.problem));
    }
    version = ReadEditVersion(context);
    if (version.ok() && (*version == read || passes == kMaxPasses)) return absl::OkStatus();
  }
  return version.status();
}

// The key index of the channel as it is: the link base's, where there is one of today's rules and little has changed.
class ChannelIndex {
 public:
  explicit ChannelIndex(JobContext& context)
      : context_(context), lookup_(context.storage(), context.channel().channel_id, context.page_rows()) {}

  absl::Status Open() {
    const ChannelConfig& config = context_.channel().config;
    LinkIndex* const stored = context_.storage().link_index();
    absl::StatusOr<LinkBase> base = LinkBase();
    if (stored != nullptr) {
      base = context_.RetryValue<LinkBase>([&] { return stored->ReadLinkBase(context_.channel().channel_id); });
    }
    if (!base.ok()) return base.status();
    keys_ = linking::LinkKeys::OfBase(config, base->text);
    if (keys_.has_value() && IsSmall(*base)) {
      updated_.emplace(lookup_);
      return updated_->ReadChanges(*keys_);
    }
    keys_.emplace(config, context_.options().random());
    scanned_.emplace(lookup_, *keys_);
    return absl::OkStatus();
  }

  const linking::LinkKeys& keys() const { return *keys_; }
  linking::LinkLookup& lookup() {
    if (updated_.has_value()) return *updated_;
    return *scanned_;
  }

 private:
  JobContext& context_;
  StorageLinkLookup lookup_;
  absl::optional<linking::LinkKeys> keys_;
  absl::optional<linking::UpdatedIndex> updated_;
  absl::optional<linking::ScannedIndex> scanned_;
};

// Those of a page of broken links that the rules would make to other items.
absl::StatusOr<std::vector<LinkPair>> SelectRelinked(ChannelIndex& index, const Linker& linker,
                                                     const ChannelConfig& config, const std::vector<LinkPair>& broken) {
  std::vector<int64_t> ids;
  for (const LinkPair& link : broken) ids.push_back(link.listing_id);
  const absl::StatusOr<std::vector<LinkPair>> relinks =
      linking::FindRelinks(index.lookup(), index.keys(), linker, config, ids);
  if (!relinks.ok()) return relinks.status();
  std::vector<LinkPair> selected;
  auto relink = relinks->begin();
  for (const LinkPair& link : broken) {
    while (relink != relinks->end() && relink->listing_id < link.listing_id) ++relink;
    if (relink != relinks->end() && relink->listing_id == link.listing_id) selected.push_back(link);
  }
  return selected;
}

// Once the channel is judged as it is: dissolves the broken links of which the rules make others, a page at a time, and
// makes these before it looks at the next page, so that no link is dissolved for an item that another one gets.
absl::Status RelinkBroken(JobContext& context, const Linker& linker, LinkWriter& writer) {
  const Channel& channel = context.channel();
  absl::optional<ChannelIndex> index;
  for (int64_t after_id = 0;;) {
    const absl::StatusOr<std::vector<LinkPair>> broken = context.RetryValue<std::vector<LinkPair>>(
        [&] { return context.storage().ReadBrokenLinks(channel.channel_id, after_id, context.page_rows()); });
    if (!broken.ok()) return broken.status();
    if (broken->empty()) return absl::OkStatus();
    after_id = broken->back().listing_id;
    absl::Status status = absl::OkStatus();
    if (!index.has_value()) status = index.emplace(context).Open();
    if (!status.ok()) return status;
    const absl::StatusOr<std::vector<LinkPair>> links = SelectRelinked(*index, linker, channel.config, *broken);
    if (!links.ok()) return links.status();
    if (links->empty()) continue;
    const absl::StatusOr<int64_t> released = context.WriteValue<int64_t>(
        [&](absl::Time now) { return context.storage().ReleaseLinks(context.fence(), *links, now); });
    if (!released.ok()) return released.status();
    context.Count("released", *released);
    index.reset();
    status = context.Report();
    if (status.ok()) status = RunPasses(context, linker, /*base_is_sound=*/true, writer);
    if (!status.ok()) return status;
  }
}

}  // namespace

absl::Status RunLinkJob(JobContext& context) {
  absl::Status status = linking::CheckReadyToLink(context.channel());
  if (!status.ok()) return status;
  absl::StatusOr<Linker> linker = Linker::Create(context.channel().config.link_priority);
  if (!linker.ok()) return linker.status();
  if (context.job().options.release_broken) {
    status = ReleaseLinks(context, &LinkStorage::ReleaseBroken, "released");
    if (!status.ok()) return status;
  }
  if (context.job().options.release_doubtful) {
    status = ReleaseLinks(context, &LinkStorage::ReleaseDoubtful, "released_doubtful");
    if (!status.ok()) return status;
  }
  LinkWriter writer(context);
  status = RunPasses(context, *linker, /*base_is_sound=*/false, writer);
  if (status.ok() && context.channel().config.relink_broken) status = RelinkBroken(context, *linker, writer);
  if (status.ok()) status = writer.NoteStatusRules();
  if (!status.ok()) return status;
  writer.CountUnlinked();
  context.progress().done = context.progress().total.value_or(0);
  return absl::OkStatus();
}

}  // namespace flxlink::engine
