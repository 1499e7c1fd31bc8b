#include "src/engine/doubtful_links.h"

#include <algorithm>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/engine/circuit_breaker.h"
#include "src/engine/pulled_rows.h"

namespace flxlink::engine {
namespace {

using Links = std::vector<DoubtfulLink>;

absl::Status ForEachPage(JobContext& context, absl::FunctionRef<absl::Status(const Links& links)> visit) {
  for (int64_t after_id = 0;;) {
    const absl::StatusOr<Links> links = context.RetryValue<Links>([&] {
      return context.storage().ReadDoubtfulLinks(context.channel().channel_id, after_id, context.page_rows());
    });
    if (!links.ok()) return links.status();
    if (links->empty()) return absl::OkStatus();
    after_id = links->back().link.listing_id;
    const absl::Status status = visit(*links);
    if (!status.ok()) return status;
  }
}

// Those of which this was decided; nullopt: nothing was.
std::vector<LinkPair> WhereDecided(const Links& links, absl::optional<HeldChange::State> decision) {
  std::vector<LinkPair> pairs;
  for (const DoubtfulLink& link : links) {
    if (link.unlink == decision) pairs.push_back(link.link);
  }
  return pairs;
}

ChangeCounts Unlinks(int64_t number) {
  ChangeCounts changes;
  changes[ChangeKind::kUnlink] = number;
  return changes;
}

// Whether the job holds what it is to dissolve.
absl::StatusOr<bool> HoldsUnlinks(JobContext& context) {
  int64_t undecided = 0;
  const absl::Status status = ForEachPage(context, [&](const Links& links) {
    undecided += static_cast<int64_t>(WhereDecided(links, absl::nullopt).size());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  const absl::StatusOr<bool> beyond = context.breaker().HoldBeyond(Unlinks(undecided));
  if (!beyond.ok()) return beyond.status();
  return context.breaker().state().holds.Has(ChangeKind::kUnlink);
}

absl::Status HoldUnlinks(JobContext& context, const std::vector<LinkPair>& links) {
  if (links.empty()) return absl::OkStatus();
  const absl::StatusOr<std::vector<SightedAttention>> raised = context.WriteValue<std::vector<SightedAttention>>(
      [&](absl::Time now) { return context.storage().HoldUnlinks(context.fence(), links, now); });
  if (!raised.ok()) return raised.status();
  context.breaker().NoteHeld(Unlinks(static_cast<int64_t>(raised->size())));
  NoteRaised(context, *raised);
  return context.Report();
}

}  // namespace

absl::Status ReleaseLinks(JobContext& context, const std::vector<LinkPair>& links, const ChangeCounts& changes,
                          absl::string_view count) {
  if (links.empty()) return absl::OkStatus();
  const absl::StatusOr<int64_t> released = context.WriteValue<int64_t>(
      [&](absl::Time now) { return context.storage().ReleaseLinks(context.fence(), links, changes, now); });
  if (!released.ok()) return released.status();
  context.Count(count, *released);
  context.breaker().NoteMade(changes);
  return context.Report();
}

absl::Status DissolveDoubtful(JobContext& context) {
  if (context.channel().config.on_doubt != OnDoubt::kDissolve) return absl::OkStatus();
  const absl::StatusOr<bool> holds = HoldsUnlinks(context);
  if (!holds.ok()) return holds.status();
  return ForEachPage(context, [&](const Links& links) {
    const std::vector<LinkPair> undecided = WhereDecided(links, absl::nullopt);
    absl::Status status = ReleaseLinks(context, WhereDecided(links, HeldChange::State::kApproved), {}, "dissolved");
    if (!status.ok()) return status;
    if (*holds) return HoldUnlinks(context, undecided);
    return ReleaseLinks(context, undecided, Unlinks(static_cast<int64_t>(undecided.size())), "dissolved");
  });
}

absl::Status ReleaseDoubtful(JobContext& context) {
  return ForEachPage(context, [&](const Links& links) {
    std::vector<LinkPair> pairs;
    for (const DoubtfulLink& link : links) pairs.push_back(link.link);
    return ReleaseLinks(context, pairs, {}, "released_doubtful");
  });
}

}  // namespace flxlink::engine
