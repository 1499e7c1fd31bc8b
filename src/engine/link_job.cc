#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"
#include "flxlink/sync.h"
#include "src/engine/jobs.h"
#include "src/engine/link_input.h"

namespace flxlink {
namespace {

// How often a match is done again because somebody linked or unlinked by hand meanwhile.
constexpr int kMaxRematches = 10;

// An initial status for a new link: what the channel shows; an item of a channel without statuses is listed.
ListingStatus InitialStatus(ChannelStatus seen) {
  return {seen == ChannelStatus::kHidden ? Health::kHidden : Health::kListed, PendingChange::kNone, false};
}

// Collects what storage does not know yet: new links, and reasons that changed.
class WriteCollector : public LinkSink {
 public:
  explicit WriteCollector(const LinkInput& input) : input_(input) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> /*details*/) override {
    for (size_t i = 0; i < outcomes.size(); ++i) Take(row_base + static_cast<int64_t>(i), outcomes[i]);
    return absl::OkStatus();
  }

  const std::vector<LinkWrite>& writes() const { return writes_; }
  const std::vector<std::string>& linked_skus() const { return linked_skus_; }

 private:
  void Take(int64_t row, const LinkOutcome& outcome) {
    if (outcome.reason == LinkReason::kExisting) return;
    LinkWrite write;
    write.listing_id = input_.listing_id(row);
    write.rule = outcome.rule;
    write.reason = outcome.reason;
    if (outcome.state == LinkState::kLinked) {
      write.channel_variant_id = input_.channel_variant_id(outcome.channel_row);
      write.status = InitialStatus(input_.channel_status(outcome.channel_row));
      linked_skus_.emplace_back(input_.sku(row));
    } else if (outcome.reason == input_.stored_reason(row) && outcome.rule == input_.stored_rule(row)) {
      return;
    }
    writes_.push_back(write);
  }

  const LinkInput& input_;
  std::vector<LinkWrite> writes_;
  std::vector<std::string> linked_skus_;
};

void CountRules(JobContext& context, const MatchStats& stats) {
  context.Count("linked", stats.linked);
  context.Count("unlinked", stats.unlinked);
  for (size_t r = 0; r < stats.rules.size(); ++r) {
    context.Count(absl::StrCat("linked_by_rule_", r + 1), stats.rules[r].linked);
    context.Count("linked_contradicted", stats.rules[r].linked_contradicted);
  }
}

absl::Status ReleaseBrokenLinks(JobContext& context) {
  for (;;) {
    absl::StatusOr<int64_t> released = context.RetryValue<int64_t>(
        [&] { return context.storage().ReleaseBroken(context.fence(), context.page_rows(), context.Now()); });
    if (!released.ok()) return released.status();
    context.Count("released", *released);
    if (*released < context.page_rows()) return absl::OkStatus();
  }
}

// Writes in pages. ABORTED: somebody linked by hand, match again.
absl::Status WriteAll(JobContext& context, int64_t edit_version, const std::vector<LinkWrite>& writes) {
  const size_t page = static_cast<size_t>(context.page_rows());
  for (size_t at = 0; at < writes.size(); at += page) {
    const absl::Span<const LinkWrite> rows = absl::MakeConstSpan(writes).subspan(at, page);
    absl::StatusOr<LinkWriteResult> written = context.RetryValue<LinkWriteResult>(
        [&] { return context.storage().WriteLinks(context.fence(), edit_version, rows, context.Now()); });
    if (!written.ok()) return written.status();
    const absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Tells which of the newly linked listing variants the rules job would hide or unhide.
absl::Status NoteStatusRules(JobContext& context, const std::vector<std::string>& skus) {
  const ChannelConfig& config = context.channel().config;
  if (config.status_rules.empty()) return absl::OkStatus();
  const size_t page = static_cast<size_t>(context.page_rows());
  for (size_t at = 0; at < skus.size(); at += page) {
    absl::StatusOr<SyncBatch> links =
        context.storage().ReadLinksBySku(context.channel().channel_id, absl::MakeConstSpan(skus).subspan(at, page));
    if (!links.ok()) return links.status();
    for (int64_t i = 0; i < links->size(); ++i) {
      const SyncRow& row = links->rows[static_cast<size_t>(i)];
      const ChannelStatus wanted = EvaluateStatusRules(config.status_rules, row, config.currency);
      if (wanted == ChannelStatus::kUnknown || Decide(row.status, wanted) == row.status) continue;
      context.Count("status_rules_would_change", 1);
      context.AddProblem(links->sku[i],
                         Attention{std::string(attention_code::kStatusRule),
                                   absl::StrCat("a status rule would make SKU ", links->sku[i], " ", ToString(wanted)),
                                   absl::StrCat("run: flxlink rules ", config.name)});
    }
  }
  return absl::OkStatus();
}

// One match over the channel as it is now, written down. ABORTED: the channel was edited by hand meanwhile.
absl::Status MatchOnce(JobContext& context, const Linker& linker) {
  absl::StatusOr<Channel> channel = context.storage().ReadChannel(context.channel().channel_id);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<std::unique_ptr<LinkInput>> input =
      LinkInput::Load(context.storage(), channel->channel_id, linker.priority(), context.page_rows());
  if (!input.ok()) return input.status();

  context.progress() = {(*input)->listing_count(), 0, 0};
  absl::Status status = context.Report();
  if (!status.ok()) return status;
  MatchOptions options;
  options.parent_guard = channel->config.parent_guard;
  options.strict = channel->config.strict;
  options.executor = context.options().executor;
  options.cancelled = [&context] { return absl::IsCancelled(context.Report()); };
  WriteCollector collector(**input);
  absl::StatusOr<MatchStats> stats = linker.Match((*input)->match_input(), options, collector);
  if (!stats.ok()) return stats.status();
  status = WriteAll(context, channel->edit_version, collector.writes());
  if (!status.ok()) return status;

  CountRules(context, *stats);
  context.progress().done = context.progress().total;
  status = NoteStatusRules(context, collector.linked_skus());
  return status.ok() ? context.Report() : status;
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
  for (int matches = 1;; ++matches) {
    status = MatchOnce(context, *linker);
    if (!absl::IsAborted(status) || matches >= kMaxRematches) return status;
  }
}

}  // namespace flxlink
