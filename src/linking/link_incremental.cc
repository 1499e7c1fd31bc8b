#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "src/linking/link_affected.h"
#include "src/linking/link_changes.h"
#include "src/linking/link_input.h"
#include "src/linking/link_neighbourhood.h"
#include "src/linking/link_outcomes.h"
#include "src/linking/link_passes.h"
#include "src/linking/link_scope.h"

namespace flxlink::linking {
namespace {

// Index entries that a pass reads on one side before it gives up in favour of a full pass: always so many, and of a
// large index this part.
constexpr int64_t kMinEntries = 100000;
constexpr int64_t kEntriesPart = 8;

struct Judgement {
  std::vector<LinkWrite> writes;
  MatchStats stats;
  bool stable = true;  // See SecondMatchAgrees.
};

class IncrementalPass {
 public:
  IncrementalPass(const LinkPass& pass, const LinkKeys& keys, HandUnlinks hand_unlinks, int64_t max_entries)
      : pass_(pass), scope_(pass.lookup, keys, std::move(hand_unlinks), max_entries), affected_(scope_) {}

  absl::StatusOr<PassResult> Run() {
    absl::StatusOr<LinkChanges> listings = LinkChanges::Read(scope_, LinkSide::kListing);
    if (!listings.ok()) return listings.status();
    absl::StatusOr<LinkChanges> items = LinkChanges::Read(scope_, LinkSide::kChannel);
    if (!items.ok()) return items.status();
    // Before anything is looked up: rows that changed are then found by their new keys like all others.
    std::vector<KeyAddition> additions;
    listings->AddMissingKeys(&additions);
    items->AddMissingKeys(&additions);
    absl::Status status = pass_.store.AddKeyEntries(additions);
    if (status.ok()) status = affected_.AddChanges(*listings, *items);
    if (!status.ok()) return status;
    absl::StatusOr<Judgement> judgement = Judge();
    if (!judgement.ok()) return judgement.status();
    return Write(*std::move(judgement));
  }

 private:
  // Matches the affected rows, and again with those whom the new links affect.
  absl::StatusOr<Judgement> Judge() {
    MatchOptions options = ConfiguredOptions(pass_.config);
    options.hash_seed = pass_.match_seed;
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
      absl::StatusOr<bool> stable = SecondMatchAgrees(pass_.linker, options, *stats, outcomes, input);
      if (!stable.ok()) return stable.status();
      return Judgement{outcomes.writes(), *std::move(stats), *stable};
    }
  }

  absl::StatusOr<PassResult> Write(Judgement judgement) {
    PassResult result;
    result.stats = judgement.stats;
    absl::Status status = pass_.store.Report(judgement.stats.linked + judgement.stats.unlinked);
    // All that the new links affect was judged with them, unless a second match would tell otherwise: then they are
    // changes that the next job has to look at. Those are recorded after the old changes are forgotten.
    for (LinkWrite& write : judgement.writes) write.record_change = !judgement.stable;
    if (status.ok() && !judgement.stable) status = pass_.store.ForgetChanges();
    if (status.ok()) status = WriteOutcomes(pass_.store, judgement.writes, &result);
    if (status.ok() && judgement.stable) status = pass_.store.ForgetChanges();
    if (!status.ok()) return status;
    return result;
  }

  const LinkPass& pass_;
  LinkScope scope_;
  AffectedListings affected_;
};

}  // namespace

absl::StatusOr<absl::optional<PassResult>> RunIncrementalPass(const LinkPass& pass, const LinkKeys& keys,
                                                              const LinkBase& base) {
  if (base.changes == 0) return absl::make_optional(PassResult());
  absl::StatusOr<HandUnlinks> hand_unlinks = HandUnlinks::Read(pass.lookup);
  if (!hand_unlinks.ok()) return hand_unlinks.status();
  const int64_t max_entries = std::max(kMinEntries, base.entries / kEntriesPart);
  absl::StatusOr<PassResult> result = IncrementalPass(pass, keys, *std::move(hand_unlinks), max_entries).Run();
  if (absl::IsOutOfRange(result.status())) return absl::optional<PassResult>();
  if (!result.ok()) return result.status();
  return absl::make_optional(*std::move(result));
}

}  // namespace flxlink::linking
