// One pass of all rules over all listing rows.

#ifndef FLXLINK_LINKER_MATCH_PASS_H_
#define FLXLINK_LINKER_MATCH_PASS_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "flxlink/link_rule.h"
#include "flxlink/linker.h"
#include "src/linker/link_table.h"
#include "src/linker/parent_guard.h"
#include "src/linker/rule_keys.h"

namespace flxlink::linker {

// What one rule says of one open row.
struct Verdict {
  LinkReason reason = LinkReason::kNone;  // With `linked`: kNone or the warning kContradiction.
  bool linked = false;
  bool stopped = false;
  int32_t channel_row = -1;  // With `linked`: to what.
};

class MatchPass {
 public:
  // Reads everything that the rules need. Keeps references to the priority and the options.
  static absl::StatusOr<MatchPass> Create(const LinkPriority& priority, const MatchInput& input,
                                          const MatchOptions& options);

  // Rules are numbered from 0 here. For each, in order: BeginRule, then Judge as often as wanted, then ApplyRule.
  int rule_count() const { return static_cast<int>(priority_->size()); }
  void BeginRule(int rule);
  // Whether rules still judge the row: it is live, has no link, and no rule stopped it.
  bool IsOpen(int32_t listing_row) const {
    return links_.listing(listing_row).phase == ListingState::Phase::kOpen && IsLive(listing_row);
  }
  Verdict Judge(int rule, int32_t listing_row) const;
  // Judges every open row and makes the rule's links, all at once. CANCELLED leaves the pass unusable.
  absl::StatusOr<RuleStats> ApplyRule(int rule);

  // For what is to be done with the result.
  const KeyWork& work() const { return work_; }

  const RuleKeys& keys(int rule) const { return keys_[static_cast<size_t>(rule)]; }
  const LinkTable& links() const { return links_; }
  // Only with MatchOptions::parent_guard.
  const ParentGuard& parents() const { return *parents_; }
  bool IsLive(int32_t listing_row) const { return keys_[0].listings[static_cast<size_t>(listing_row)] != kNotLive; }

 private:
  MatchPass(const LinkPriority& priority, const MatchOptions& options, const MatchInput& input, LinkTable links);

  absl::Status ReadKeys(const MatchInput& input);
  void JudgeBlock(int rule, int64_t begin, int64_t end, RuleStats* stats);
  void PrefetchTarget(int rule, int64_t listing_row) const;
  bool IsContradicted(int rule, int32_t listing_row, int32_t channel_row) const;
  bool ContradictsBy(const RuleKeys& keys, int32_t listing_row, int32_t channel_row) const;
  bool IsUnlinkedByHand(int32_t listing_row, int32_t channel_row) const;
  Verdict JudgeTarget(int rule, int32_t listing_row, int32_t channel_row) const;
  void ApplyVerdict(int rule, int32_t listing_row, const Verdict& verdict);

  const LinkPriority* priority_;
  const MatchOptions* options_;
  size_t key_memory_limit_;
  KeyWork work_;
  LinkTable links_;
  absl::optional<ParentGuard> parents_;
  std::vector<RuleKeys> keys_;  // By rule.
};

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_MATCH_PASS_H_
