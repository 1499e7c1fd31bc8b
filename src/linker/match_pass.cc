#include "src/linker/match_pass.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"

namespace flxlink {
namespace {

// Rows that one task judges.
constexpr size_t kBlockRows = 1 << 15;

Executor& ExecutorOf(const MatchOptions& options) {
  return options.executor == nullptr ? InlineExecutor() : *options.executor;
}

void Count(const Verdict& verdict, RuleStats* stats) {
  if (verdict.linked) {
    ++stats->linked;
    if (verdict.reason == LinkReason::kContradiction) ++stats->linked_contradicted;
    return;
  }
  switch (verdict.reason) {
    case LinkReason::kNone:
    case LinkReason::kExisting:
      return;
    case LinkReason::kAmbiguousListing:
      ++stats->ambiguous_listing;
      return;
    case LinkReason::kAmbiguousChannel:
      ++stats->ambiguous_channel;
      return;
    case LinkReason::kContradiction:
      ++stats->contradiction;
      return;
    case LinkReason::kTargetTaken:
      ++stats->target_taken;
      return;
    case LinkReason::kUnlinkedByHand:
      ++stats->unlinked_by_hand;
      return;
    case LinkReason::kParentMismatch:
      ++stats->parent_mismatch;
      return;
    case LinkReason::kNoMatch:
      ++stats->no_match;
      return;
    case LinkReason::kNoKey:
      ++stats->no_key;
      return;
  }
}

void Add(const RuleStats& part, RuleStats* sum) {
  sum->linked += part.linked;
  sum->linked_contradicted += part.linked_contradicted;
  sum->ambiguous_listing += part.ambiguous_listing;
  sum->ambiguous_channel += part.ambiguous_channel;
  sum->contradiction += part.contradiction;
  sum->target_taken += part.target_taken;
  sum->unlinked_by_hand += part.unlinked_by_hand;
  sum->parent_mismatch += part.parent_mismatch;
  sum->no_match += part.no_match;
  sum->no_key += part.no_key;
}

// Whether `reason` is to be the final one rather than what earlier rules gave. Of equals the first stays.
bool Outranks(LinkReason reason, LinkReason earlier) { return earlier == LinkReason::kNone || reason < earlier; }

}  // namespace

absl::Status CheckCancelled(const MatchOptions& options) {
  if (options.cancelled && options.cancelled()) return absl::CancelledError("the match was cancelled");
  return absl::OkStatus();
}

absl::StatusOr<MatchPass> MatchPass::Create(const LinkPriority& priority, const MatchInput& input,
                                            const MatchOptions& options) {
  absl::StatusOr<LinkTable> links = LinkTable::Read(input);
  if (!links.ok()) return links.status();
  MatchPass pass(priority, options, *std::move(links));
  if (options.parent_guard) {
    absl::StatusOr<ParentGuard> parents = ParentGuard::Read(input);
    if (!parents.ok()) return parents.status();
    pass.parents_ = *std::move(parents);
  }
  for (size_t rule = 0; rule < priority.size(); ++rule) {
    if (absl::Status status = CheckCancelled(options); !status.ok()) return status;
    absl::StatusOr<RuleKeys> keys =
        BuildRuleKeys(input, input.rule_columns[rule], priority[rule].normalizers, ExecutorOf(options));
    if (!keys.ok()) return keys.status();
    pass.keys_.push_back(*std::move(keys));
  }
  pass.OpenRows();
  return pass;
}

void MatchPass::OpenRows() {
  const std::vector<LinkOutcome>& outcomes = links_.outcomes();
  open_.resize(outcomes.size());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    open_[i] = outcomes[i].state == LinkState::kUnlinked && IsLive(static_cast<int32_t>(i));
  }
}

void MatchPass::BeginRule(int rule) {
  if (parents_.has_value()) parents_->BeginRule(keys(rule), links_);
}

bool MatchPass::IsUnlinkedByHand(int32_t listing_row, int32_t channel_row) const {
  const absl::Span<const RowPair> pairs = links_.HandUnlinks(listing_row);
  return std::find(pairs.begin(), pairs.end(), RowPair{listing_row, channel_row}) != pairs.end();
}

// Whether another rule, by its keys, puts either of the two rows with somebody else.
bool MatchPass::ContradictsBy(const RuleKeys& keys, int32_t listing_row, int32_t channel_row) const {
  const KeyId listing_id = keys.listing_ids[static_cast<size_t>(listing_row)];
  const KeyId channel_id = keys.channel_ids[static_cast<size_t>(channel_row)];
  if (listing_id == channel_id) return false;
  // Numbered keys are carried by live rows of both sides.
  if (IsMatched(channel_id)) return true;
  if (!IsMatched(listing_id)) return false;
  uint32_t carriers = keys.groups[listing_id].channel_count;
  for (const RowPair& pair : links_.HandUnlinks(listing_row)) {
    if (keys.channel_ids[static_cast<size_t>(pair.channel_row)] == listing_id) --carriers;
  }
  return carriers > 0;
}

bool MatchPass::IsContradicted(int rule, int32_t listing_row, int32_t channel_row) const {
  for (int other = 0; other < rule_count(); ++other) {
    if (other != rule && ContradictsBy(keys(other), listing_row, channel_row)) return true;
  }
  return false;
}

Verdict MatchPass::JudgeTarget(int rule, int32_t listing_row, int32_t channel_row) const {
  const bool contradicted = IsContradicted(rule, listing_row, channel_row);
  if (contradicted && options_->strict) return {LinkReason::kContradiction, false, true};
  if (links_.Holder(channel_row) != kFree) return {LinkReason::kTargetTaken};
  if (IsUnlinkedByHand(listing_row, channel_row)) return {LinkReason::kUnlinkedByHand};
  if (parents_.has_value() && parents_->HasSeveral(listing_row)) return {LinkReason::kParentMismatch};
  return {contradicted ? LinkReason::kContradiction : LinkReason::kNone, true, false, channel_row};
}

Verdict MatchPass::Judge(int rule, int32_t listing_row) const {
  const RuleKeys& rule_keys = keys(rule);
  const KeyId id = rule_keys.listing_ids[static_cast<size_t>(listing_row)];
  if (id == kNullKey) return {LinkReason::kNoKey};
  if (id == kUnmatched) return {LinkReason::kNoMatch};
  const RuleKeys::Group& group = rule_keys.groups[id];
  const bool stops = (*priority_)[static_cast<size_t>(rule)].ambiguous == Ambiguity::kStop;
  if (group.listing_count > 1) return {LinkReason::kAmbiguousListing, false, stops};
  if (group.channel_count > 1) return {LinkReason::kAmbiguousChannel, false, stops};
  return JudgeTarget(rule, listing_row, group.channel_row);
}

void MatchPass::ApplyVerdict(int rule, int32_t listing_row, const Verdict& verdict) {
  LinkOutcome& outcome = links_.outcomes()[static_cast<size_t>(listing_row)];
  if (verdict.linked) {
    outcome = {verdict.channel_row, rule + 1, LinkState::kLinked, verdict.reason};
    links_.Hold(verdict.channel_row, listing_row);
  } else if (Outranks(verdict.reason, outcome.reason)) {
    outcome.reason = verdict.reason;
    outcome.rule = rule + 1;
  }
  if (verdict.linked || verdict.stopped) open_[static_cast<size_t>(listing_row)] = 0;
}

RuleStats MatchPass::ApplyRule(int rule) {
  // Rows can be judged and applied in any order: a target that the rule may link is the target of one row alone, so no
  // other row looks at what the application changes.
  const size_t blocks = (open_.size() + kBlockRows - 1) / kBlockRows;
  std::vector<RuleStats> parts(blocks);
  ExecutorOf(*options_).ParallelFor(static_cast<int>(blocks), [&](int block) {
    const size_t begin = static_cast<size_t>(block) * kBlockRows;
    const size_t end = std::min(begin + kBlockRows, open_.size());
    for (size_t i = begin; i < end; ++i) {
      const auto row = static_cast<int32_t>(i);
      if (!IsOpen(row)) continue;
      const Verdict verdict = Judge(rule, row);
      Count(verdict, &parts[static_cast<size_t>(block)]);
      ApplyVerdict(rule, row, verdict);
    }
  });
  RuleStats sum;
  for (const RuleStats& part : parts) Add(part, &sum);
  return sum;
}

}  // namespace flxlink
