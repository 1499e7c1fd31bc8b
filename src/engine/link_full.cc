#include <cstddef>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "flxlink/executor.h"
#include "src/engine/link_input.h"
#include "src/engine/link_outcomes.h"
#include "src/engine/link_passes.h"

namespace flxlink::engine {
namespace {

// A job that dies from here on leaves no base, so the next one judges everything again.
absl::Status DropBase(JobContext& context) {
  for (;;) {
    absl::StatusOr<bool> more =
        context.RetryValue<bool>([&] { return context.storage().DropLinkBase(context.fence(), context.page_rows()); });
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    const absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
}

absl::Status WriteEntries(JobContext& context, KeyColumn column, absl::Span<const KeyEntry> entries) {
  const size_t page = static_cast<size_t>(Storage::kMaxKeyEntries);
  for (size_t at = 0; at < entries.size(); at += page) {
    absl::Status status = context.Retry(
        [&] { return context.storage().WriteKeyEntries(context.fence(), column, entries.subspan(at, page)); });
    if (status.ok()) status = context.Report();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status WriteIndex(JobContext& context, const LinkKeys& keys, LinkInput& input) {
  const MatchInput sources = input.match_input();
  Executor* executor = context.options().executor;
  for (const LinkSide side : {LinkSide::kListing, LinkSide::kChannel}) {
    const VariantSource& source = side == LinkSide::kListing ? *sources.listings : *sources.channel;
    for (int number = 0; number < keys.count(side); ++number) {
      absl::StatusOr<std::vector<KeyEntry>> entries = MakeKeyEntries(
          keys, {side, number}, source, input.ids(side), executor == nullptr ? InlineExecutor() : *executor);
      if (!entries.ok()) return entries.status();
      const absl::Status status = WriteEntries(context, {side, number}, *entries);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status LeaveBase(const LinkPass& pass, LinkInput& input) {
  JobContext& context = pass.context;
  const LinkKeys keys(context.channel().config, context.options().random());
  absl::Status status = WriteIndex(context, keys, input);
  if (!status.ok()) return status;
  status = context.Retry(
      [&] { return context.storage().SetLinkBase(context.fence(), pass.edit_version, keys.base_text()); });
  // What was linked or unlinked by hand meanwhile is on no record: there is no base then, and the job is done all the
  // same.
  return absl::IsAborted(status) ? absl::OkStatus() : status;
}

MatchOptions OptionsOf(JobContext& context) {
  MatchOptions options = ConfiguredOptions(context.channel().config);
  options.executor = context.options().executor;
  options.hash_seed = context.options().random();
  options.cancelled = [&context] { return absl::IsCancelled(context.Report()); };
  return options;
}

}  // namespace

absl::Status RunFullPass(const LinkPass& pass) {
  JobContext& context = pass.context;
  absl::Status status = DropBase(context);
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<LinkInput>> input =
      LinkInput::Load(context.storage(), context.channel().channel_id, LinkFields(pass.linker.priority()),
                      context.page_rows(), LinkInput::Names::kSkip);
  if (!input.ok()) return input.status();
  context.progress() = {(*input)->listing_count(), 0, 0};
  status = context.Report();
  if (!status.ok()) return status;

  const MatchOptions options = OptionsOf(context);
  LinkOutcomes outcomes(**input);
  absl::StatusOr<MatchStats> stats = pass.linker.Match((*input)->match_input(), options, outcomes);
  if (!stats.ok()) return stats.status();
  absl::StatusOr<bool> settled = IsSettled(pass.linker, options, *stats, outcomes, **input);
  if (!settled.ok()) return settled.status();
  status = pass.writer.Write(pass.edit_version, outcomes.writes());
  if (!status.ok()) return status;
  // A base stands for outcomes that a match would give again; where this one's would not be, the next job is a full
  // one, too.
  if (*settled) status = LeaveBase(pass, **input);
  if (!status.ok()) return status;
  context.progress().done = context.progress().total;
  return pass.writer.Finish(*stats);
}

}  // namespace flxlink::engine
