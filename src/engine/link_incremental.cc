#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "src/engine/link_affected.h"
#include "src/engine/link_changes.h"
#include "src/engine/link_input.h"
#include "src/engine/link_neighbourhood.h"
#include "src/engine/link_outcomes.h"
#include "src/engine/link_passes.h"
#include "src/engine/link_scope.h"

namespace flxlink::engine {
namespace {

// Index entries that a pass reads on one side before it gives up in favour of a full pass: always so many, and of a
// large index this part.
constexpr int64_t kMinEntries = 100000;
constexpr int64_t kEntriesPart = 8;

struct Judgement {
  std::vector<LinkWrite> writes;
  MatchStats stats;
  bool settled = true;  // See IsSettled.
};

class IncrementalPass {
 public:
  IncrementalPass(const LinkPass& pass, const LinkKeys& keys, HandUnlinks hand_unlinks, int64_t max_entries)
      : pass_(pass),
        context_(pass.context),
        scope_(context_.storage(), context_.channel().channel_id, keys, context_.page_rows(), std::move(hand_unlinks),
               max_entries),
        affected_(scope_) {}

  absl::Status Run() {
    absl::StatusOr<LinkChanges> listings = LinkChanges::Read(scope_, LinkSide::kListing);
    if (!listings.ok()) return listings.status();
    absl::StatusOr<LinkChanges> items = LinkChanges::Read(scope_, LinkSide::kChannel);
    if (!items.ok()) return items.status();
    // Before anything is looked up: rows that changed are then found by their new keys like all others.
    absl::Status status = AddMissingKeys(*listings, *items);
    if (status.ok()) status = affected_.AddChanges(*listings, *items);
    if (!status.ok()) return status;
    absl::StatusOr<Judgement> judgement = Judge();
    if (!judgement.ok()) return judgement.status();
    return Write(*judgement);
  }

 private:
  absl::Status AddMissingKeys(const LinkChanges& listings, const LinkChanges& items) {
    std::vector<KeyAddition> additions;
    listings.AddMissingKeys(&additions);
    items.AddMissingKeys(&additions);
    const size_t page = static_cast<size_t>(context_.page_rows());
    for (size_t at = 0; at < additions.size(); at += page) {
      const absl::Span<const KeyAddition> some = absl::MakeConstSpan(additions).subspan(at, page);
      const absl::Status status =
          context_.Retry([&] { return context_.storage().AddKeyEntries(context_.fence(), some); });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Matches the affected rows, and again with those whom the new links affect.
  absl::StatusOr<Judgement> Judge() {
    MatchOptions options = ConfiguredOptions(context_.channel().config);
    options.hash_seed = context_.options().random();
    for (;;) {
      absl::StatusOr<std::unique_ptr<LinkNeighbourhood>> neighbourhood =
          LinkNeighbourhood::Read(scope_, affected_.rows());
      if (!neighbourhood.ok()) return neighbourhood.status();
      LinkInput& input = (*neighbourhood)->input();
      LinkOutcomes outcomes(input);
      absl::StatusOr<MatchStats> stats = pass_.linker.Match(input.match_input(), options, outcomes);
      if (!stats.ok()) return stats.status();
      std::vector<RowIndex> taken;
      for (const RowPair& link : outcomes.new_links()) taken.push_back((*neighbourhood)->item(link.channel_row));
      absl::StatusOr<bool> added = affected_.AddTaken(taken);
      if (!added.ok()) return added.status();
      if (*added) continue;
      absl::StatusOr<bool> settled = IsSettled(pass_.linker, options, *stats, outcomes, input);
      if (!settled.ok()) return settled.status();
      return Judgement{outcomes.writes(), *std::move(stats), *settled};
    }
  }

  absl::Status Write(const Judgement& judgement) {
    context_.progress() = {judgement.stats.linked + judgement.stats.unlinked, 0, 0};
    absl::Status status = judgement.settled ? WriteThenForget(judgement.writes) : ForgetThenWrite(judgement.writes);
    if (!status.ok()) return status;
    context_.progress().done = context_.progress().total;
    return pass_.writer.Finish(judgement.stats);
  }

  absl::Status WriteThenForget(std::vector<LinkWrite> writes) {
    // Writes of one page happen all or not at all. Of more, some may be there when an edit by hand makes the pass be
    // done again; it then finds whom their links affect by their changes.
    const bool at_once = writes.size() <= static_cast<size_t>(context_.page_rows());
    for (LinkWrite& write : writes) write.settled = at_once;
    const absl::Status status = pass_.writer.Write(pass_.edit_version, writes);
    return status.ok() ? Forget() : status;
  }

  // The new links are changes that the next job has to look at, so they stay on record. Who is overtaken by an edit in
  // between has nothing left to start over from, and gives up the base.
  absl::Status ForgetThenWrite(absl::Span<const LinkWrite> writes) {
    absl::Status status = Forget();
    if (status.ok()) status = pass_.writer.Write(pass_.edit_version, writes);
    if (!absl::IsAborted(status)) return status;
    absl::StatusOr<bool> dropped = context_.RetryValue<bool>(
        [&] { return context_.storage().DropLinkBase(context_.fence(), context_.page_rows()); });
    return dropped.ok() ? status : dropped.status();
  }

  absl::Status Forget() {
    for (;;) {
      absl::StatusOr<bool> more = context_.RetryValue<bool>([&] {
        return context_.storage().ForgetLinkChanges(context_.fence(), pass_.edit_version, context_.page_rows());
      });
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
    }
  }

  const LinkPass& pass_;
  JobContext& context_;
  LinkScope scope_;
  AffectedListings affected_;
};

}  // namespace

absl::StatusOr<bool> RunIncrementalPass(const LinkPass& pass, const LinkKeys& keys, const LinkBase& base) {
  if (base.changes == 0) {
    const absl::Status status = pass.writer.Finish(MatchStats());
    if (!status.ok()) return status;
    return true;
  }
  absl::StatusOr<HandUnlinks> hand_unlinks =
      HandUnlinks::Read(pass.context.storage(), pass.context.channel().channel_id, pass.context.page_rows());
  if (!hand_unlinks.ok()) return hand_unlinks.status();
  const int64_t max_entries = std::max(kMinEntries, base.entries / kEntriesPart);
  const absl::Status status = IncrementalPass(pass, keys, *std::move(hand_unlinks), max_entries).Run();
  if (absl::IsOutOfRange(status)) return false;
  if (!status.ok()) return status;
  return true;
}

}  // namespace flxlink::engine
