#include <memory>
#include <utility>
#include <vector>

#include "flxlink/executor.h"
#include "src/linking/link_input.h"
#include "src/linking/link_outcomes.h"
#include "src/linking/link_passes.h"

namespace flxlink::linking {
namespace {

absl::Status WriteIndex(const LinkPass& pass, const LinkKeys& keys, LinkInput& input) {
  const MatchInput sources = input.match_input();
  for (const LinkSide side : {LinkSide::kListing, LinkSide::kChannel}) {
    const VariantSource& source = side == LinkSide::kListing ? *sources.listings : *sources.channel;
    for (int number = 0; number < keys.count(side); ++number) {
      absl::StatusOr<std::vector<KeyEntry>> entries = MakeKeyEntries(
          keys, {side, number}, source, input.ids(side), pass.executor == nullptr ? InlineExecutor() : *pass.executor);
      if (!entries.ok()) return entries.status();
      const absl::Status status = pass.store.WriteKeyEntries({side, number}, *entries);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status LeaveBase(const LinkPass& pass, LinkInput& input) {
  const LinkKeys keys(pass.config, pass.index_seed);
  const absl::Status status = WriteIndex(pass, keys, input);
  return status.ok() ? pass.store.SetBase(keys.base_text()) : status;
}

MatchOptions OptionsOf(const LinkPass& pass, int64_t rows) {
  MatchOptions options = ConfiguredOptions(pass.config);
  options.executor = pass.executor;
  options.memory_limit_bytes = pass.memory_limit_bytes;
  options.hash_seed = pass.match_seed;
  options.check = [&pass, rows] { return pass.store.Report(rows); };
  return options;
}

}  // namespace

absl::StatusOr<PassResult> RunFullPass(const LinkPass& pass) {
  // A job that dies from here on leaves no base, so the next one judges everything again.
  absl::Status status = pass.leaves_base ? pass.store.DropBase() : absl::OkStatus();
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<LinkInput>> input = LinkInput::Load(pass.lookup, LinkFields(pass.linker.priority()));
  if (!input.ok()) return input.status();
  const int64_t rows = (*input)->listing_count();
  status = pass.store.Report(rows);
  if (!status.ok()) return status;

  const MatchOptions options = OptionsOf(pass, rows);
  LinkOutcomes outcomes(**input);
  PassResult result;
  result.unknown_fields = (*input)->UnknownFields();
  absl::StatusOr<MatchStats> stats = pass.linker.Match((*input)->match_input(), options, outcomes);
  if (!stats.ok()) return stats.status();
  // A base stands for outcomes that a match would give again; where this one's would not be, the next job is a full
  // one, too.
  absl::StatusOr<bool> stable = pass.leaves_base;
  if (*stable) stable = SecondMatchAgrees(pass.linker, options, *stats, outcomes, **input);
  if (!stable.ok()) return stable.status();
  status = WriteOutcomes(pass.store, outcomes.writes(), &result);
  if (!status.ok()) return status;
  if (*stable) status = LeaveBase(pass, **input);
  if (!status.ok()) return status;
  result.stats = *std::move(stats);
  return result;
}

}  // namespace flxlink::linking
