#include "src/linking/link_outcomes.h"

#include <cstddef>

namespace flxlink::linking {
namespace {

// Whether a rule that links comes after one that refused a free target: only then can a second match tell anything
// else.
bool SecondMatchMayDiffer(const MatchStats& stats) {
  bool refused = false;
  for (const RuleStats& rule : stats.rules) {
    if (refused && rule.linked > 0) return true;
    refused = refused || rule.unlinked_by_hand > 0 || rule.parent_mismatch > 0;
  }
  return false;
}

// Compares a second match's reasons with those that are stored once the first one's writes are.
class ReasonComparison : public LinkSink {
 public:
  ReasonComparison(const LinkInput& input, const LinkOutcomes& first) : input_(input), first_(first) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> /*details*/) override {
    for (size_t i = 0; i < outcomes.size(); ++i) Compare(row_base + static_cast<int64_t>(i), outcomes[i]);
    return absl::OkStatus();
  }

  bool same() const { return same_; }

 private:
  void Compare(int64_t row, const LinkOutcome& outcome) {
    const bool written = next_ < first_.rows().size() && first_.rows()[next_] == row;
    const LinkWrite* write = written ? &first_.writes()[next_++] : nullptr;
    if (outcome.reason == LinkReason::kExisting) return;
    const LinkReason reason = written ? write->reason : input_.stored_reason(row);
    const int32_t rule = written ? write->rule : input_.stored_rule(row);
    if (outcome.reason != reason || outcome.rule != rule) same_ = false;
  }

  const LinkInput& input_;
  const LinkOutcomes& first_;
  size_t next_ = 0;  // The first of first_.rows() that was not passed.
  bool same_ = true;
};

}  // namespace

absl::Status LinkOutcomes::Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                                  absl::Span<const LinkDetail> /*details*/) {
  for (size_t i = 0; i < outcomes.size(); ++i) Take(row_base + static_cast<int64_t>(i), outcomes[i]);
  return absl::OkStatus();
}

void LinkOutcomes::Take(int64_t row, const LinkOutcome& outcome) {
  if (outcome.reason == LinkReason::kExisting) return;
  LinkWrite write;
  write.listing_id = input_.listing_id(row);
  write.rule = outcome.rule;
  write.reason = outcome.reason;
  if (outcome.state == LinkState::kLinked) {
    write.channel_variant_id = input_.channel_variant_id(outcome.channel_row);
    new_links_.push_back({row, outcome.channel_row});
  } else if (outcome.reason == input_.stored_reason(row) && outcome.rule == input_.stored_rule(row)) {
    return;
  }
  writes_.push_back(write);
  rows_.push_back(row);
}

absl::StatusOr<bool> SecondMatchAgrees(const Linker& linker, const MatchOptions& options, const MatchStats& stats,
                                       const LinkOutcomes& outcomes, LinkInput& input) {
  if (!SecondMatchMayDiffer(stats)) return true;
  for (const RowPair& link : outcomes.new_links()) input.AddLink(link);
  ReasonComparison comparison(input, outcomes);
  absl::StatusOr<MatchStats> again = linker.Match(input.match_input(), options, comparison);
  if (!again.ok()) return again.status();
  return comparison.same();
}

}  // namespace flxlink::linking
