#include "src/linker/match_pass.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/types/span.h"
#include "src/model/prefetch.h"

namespace flxlink::linker {
namespace {

// Rows that one task judges.
constexpr int64_t kBlockRows = 1 << 15;

// How many rows ahead memory is fetched that is read at random.
constexpr int64_t kLookahead = 16;

Executor& ExecutorOf(const MatchOptions& options) {
  return options.executor == nullptr ? InlineExecutor() : *options.executor;
}

// The memory that a match takes by default, in all: kTypicalBytes a row for what one rule needs at a time, and what is
// kept of every rule.
constexpr int64_t kTypicalBytes = 32;
constexpr int64_t kMinDefaultLimit = int64_t{64} << 20;
// A limit below what is kept anyway is exceeded rather than kept at the cost of ever more passes.
constexpr int64_t kMaxPasses = 16;

// How much memory the keys of one rule may take in one pass over the sources.
size_t KeyMemoryLimit(const LinkPriority& priority, const MatchInput& input, const MatchOptions& options) {
  const int64_t listing_rows = input.listings->row_count();
  const int64_t channel_rows = input.channel->row_count();
  int64_t kept = (listing_rows + channel_rows) * static_cast<int64_t>(sizeof(KeyCode) * priority.size());
  if (options.parent_guard) {
    kept += listing_rows * ParentGuard::kListingBytes + channel_rows * ParentGuard::kChannelBytes;
  }
  const int64_t by_default = std::max(kMinDefaultLimit, (listing_rows + channel_rows) * kTypicalBytes + kept);
  const int64_t limit = options.memory_limit_bytes > 0 ? options.memory_limit_bytes : by_default;
  kept += listing_rows * static_cast<int64_t>(sizeof(ListingState)) + channel_rows;
  const int64_t least = (listing_rows + channel_rows) * kTypicalBytes / kMaxPasses;
  return static_cast<size_t>(std::max(limit - kept, least));
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

MatchPass::MatchPass(const LinkPriority& priority, const MatchOptions& options, const MatchInput& input,
                     LinkTable links)
    : priority_(&priority),
      options_(&options),
      key_memory_limit_(KeyMemoryLimit(priority, input, options)),
      links_(std::move(links)) {
  work_.executor = &ExecutorOf(options);
  work_.options = &options;
  work_.layout = PartitionLayout(std::max(input.listings->row_count(), input.channel->row_count()),
                                 work_.executor->width(), key_memory_limit_);
  // Abseil mixes in what differs from process to process, for those who leave the seed as it is.
  work_.seed = absl::HashOf(options.hash_seed);
}

absl::StatusOr<MatchPass> MatchPass::Create(const LinkPriority& priority, const MatchInput& input,
                                            const MatchOptions& options) {
  absl::StatusOr<LinkTable> links = LinkTable::Read(input, ExecutorOf(options));
  if (!links.ok()) return links.status();
  MatchPass pass(priority, options, input, *std::move(links));
  KeyBudget budget(pass.key_memory_limit_);
  std::vector<KeyMemory> memories;
  for (int i = 0; i < pass.work_.executor->width(); ++i) memories.emplace_back(pass.work_.layout.slab_bytes, &budget);
  pass.work_.memories = &memories;
  const absl::Status status = pass.ReadKeys(input);
  pass.work_.memories = nullptr;
  if (!status.ok()) return status;
  return pass;
}

absl::Status MatchPass::ReadKeys(const MatchInput& input) {
  if (options_->parent_guard) {
    absl::StatusOr<ParentGuard> parents = ParentGuard::Read(input, work_);
    if (!parents.ok()) return parents.status();
    parents_ = *std::move(parents);
  }
  for (size_t rule = 0; rule < priority_->size(); ++rule) {
    absl::StatusOr<RuleKeys> keys =
        BuildRuleKeys(input, input.rule_columns[rule], (*priority_)[rule].normalizers, work_);
    if (!keys.ok()) return keys.status();
    keys_.push_back(*std::move(keys));
  }
  return absl::OkStatus();
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
  const KeyCode listing_code = keys.listings[static_cast<size_t>(listing_row)];
  // The commonest case needs no look at the channel's side.
  if (listing_code == static_cast<KeyCode>(channel_row)) return false;
  const KeyCode channel_code = keys.channel[static_cast<size_t>(channel_row)];
  // A key that has an id is carried by live rows of both sides.
  if (!IsMatched(listing_code)) return IsMatched(channel_code);
  const KeyId listing_id = IdOf(listing_code);
  if (IsMatched(channel_code)) return IdOf(channel_code) != listing_id;
  uint32_t carriers = keys.ChannelRows(listing_id);
  for (const RowPair& pair : links_.HandUnlinks(listing_row)) {
    const KeyCode code = keys.channel[static_cast<size_t>(pair.channel_row)];
    if (IsMatched(code) && IdOf(code) == listing_id) --carriers;
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
  if (links_.IsHeld(channel_row)) return {LinkReason::kTargetTaken};
  if (IsUnlinkedByHand(listing_row, channel_row)) return {LinkReason::kUnlinkedByHand};
  if (parents_.has_value() && parents_->HasSeveral(listing_row)) return {LinkReason::kParentMismatch};
  return {contradicted ? LinkReason::kContradiction : LinkReason::kNone, true, false, channel_row};
}

Verdict MatchPass::Judge(int rule, int32_t listing_row) const {
  const RuleKeys& rule_keys = keys(rule);
  const KeyCode code = rule_keys.listings[static_cast<size_t>(listing_row)];
  if (code == kNullKey) return {LinkReason::kNoKey};
  if (code == kUnmatched) return {LinkReason::kNoMatch};
  if (IsUnique(code)) return JudgeTarget(rule, listing_row, static_cast<int32_t>(code));
  const bool stops = (*priority_)[static_cast<size_t>(rule)].ambiguous == Ambiguity::kStop;
  const bool by_listing = rule_keys.SeveralListings(IdOf(code));
  return {by_listing ? LinkReason::kAmbiguousListing : LinkReason::kAmbiguousChannel, false, stops};
}

void MatchPass::ApplyVerdict(int rule, int32_t listing_row, const Verdict& verdict) {
  ListingState& listing = links_.listing(listing_row);
  if (verdict.linked) {
    listing = {verdict.channel_row, static_cast<uint16_t>(rule + 1), verdict.reason, ListingState::Phase::kLinked};
    links_.Hold(verdict.channel_row);
    return;
  }
  if (Outranks(verdict.reason, listing.reason)) {
    listing.reason = verdict.reason;
    listing.rule = static_cast<uint16_t>(rule + 1);
  }
  if (verdict.stopped) listing.phase = ListingState::Phase::kStopped;
}

// Fetches what JudgeTarget will look at.
void MatchPass::PrefetchTarget(int rule, int64_t listing_row) const {
  const size_t row = static_cast<size_t>(listing_row);
  const KeyCode code = keys(rule).listings[row];
  if (!IsUnique(code)) return;
  model::PrefetchToRead(links_.HeldAddress(code));
  for (const RuleKeys& other : keys_) {
    if (other.listings[row] != code) model::PrefetchToRead(&other.channel[code]);
  }
}

void MatchPass::JudgeBlock(int rule, int64_t begin, int64_t end, RuleStats* stats) {
  for (int64_t i = begin; i < end; ++i) {
    if (i + kLookahead < end) PrefetchTarget(rule, i + kLookahead);
    const auto row = static_cast<int32_t>(i);
    if (!IsOpen(row)) continue;
    const Verdict verdict = Judge(rule, row);
    Count(verdict, stats);
    ApplyVerdict(rule, row, verdict);
  }
}

absl::StatusOr<RuleStats> MatchPass::ApplyRule(int rule) {
  // Rows can be judged and applied in any order: a target that the rule may link is the target of one row alone, so no
  // other row looks at what the application changes.
  const int64_t rows = links_.listing_rows();
  const auto blocks = static_cast<int>((rows + kBlockRows - 1) / kBlockRows);
  std::vector<RuleStats> parts(static_cast<size_t>(work_.executor->width()));
  const absl::Status status = work_.ForEach(blocks, [&](int worker, int block) {
    RuleStats stats;
    JudgeBlock(rule, block * kBlockRows, std::min(rows, (block + 1) * kBlockRows), &stats);
    Add(stats, &parts[static_cast<size_t>(worker)]);
  });
  if (!status.ok()) return status;
  RuleStats sum;
  for (const RuleStats& part : parts) Add(part, &sum);
  return sum;
}

}  // namespace flxlink::linker
