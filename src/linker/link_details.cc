#include "src/linker/link_details.h"

#include <algorithm>

namespace flxlink {
namespace {

// The numbers of a rule's outcomes begin at 1.
int32_t RuleOf(const LinkOutcome& outcome) { return outcome.rule - 1; }

// Ascending, each once, at most what a LinkDetail names.
void Tidy(std::vector<int64_t>* rows) {
  std::sort(rows->begin(), rows->end());
  rows->erase(std::unique(rows->begin(), rows->end()), rows->end());
  if (rows->size() > LinkDetail::kMaxNamed) rows->resize(LinkDetail::kMaxNamed);
}

}  // namespace

LinkDetails::LinkDetails(const MatchPass& pass) : pass_(pass) {
  NoteWanted();
  for (int32_t rule = 0; rule < pass.rule_count(); ++rule) {
    if (!listing_rows_.empty()) GatherRows(rule, pass.keys(rule).listing_ids, &listing_rows_);
    if (!channel_rows_.empty()) GatherRows(rule, pass.keys(rule).channel_ids, &channel_rows_);
    if (!parent_rows_.empty()) GatherParents(rule);
  }
  for (auto& entry : parent_rows_) Tidy(&entry.second);
}

LinkDetails::RuleAndId LinkDetails::KeyOf(int32_t listing_row) const {
  const size_t row = static_cast<size_t>(listing_row);
  const int32_t rule = RuleOf(pass_.links().outcomes()[row]);
  return {rule, pass_.keys(rule).listing_ids[row]};
}

LinkDetails::RuleAndId LinkDetails::ListingOf(int32_t listing_row) const {
  const int32_t rule = RuleOf(pass_.links().outcomes()[static_cast<size_t>(listing_row)]);
  return {rule, static_cast<uint32_t>(pass_.parents().ListingOf(listing_row))};
}

void LinkDetails::NoteWanted() {
  const std::vector<LinkOutcome>& outcomes = pass_.links().outcomes();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto row = static_cast<int32_t>(i);
    if (outcomes[i].reason == LinkReason::kAmbiguousListing) listing_rows_[KeyOf(row)];
    if (outcomes[i].reason == LinkReason::kAmbiguousChannel) channel_rows_[KeyOf(row)];
    if (outcomes[i].reason == LinkReason::kParentMismatch) parent_rows_[ListingOf(row)];
  }
}

void LinkDetails::GatherRows(int32_t rule, const std::vector<KeyId>& ids, RowLists* lists) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!IsMatched(ids[i])) continue;
    const auto found = lists->find({rule, ids[i]});
    if (found == lists->end() || found->second.size() == LinkDetail::kMaxNamed) continue;
    found->second.push_back(static_cast<int64_t>(i));
  }
}

// Repeats what the parent guard saw under the rule: unique targets, and the links that were there before it.
void LinkDetails::GatherParents(int32_t rule) {
  const ParentGuard& parents = pass_.parents();
  const RuleKeys& keys = pass_.keys(rule);
  const std::vector<LinkOutcome>& outcomes = pass_.links().outcomes();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto found = parent_rows_.find({rule, static_cast<uint32_t>(parents.ListingOf(static_cast<int32_t>(i)))});
    if (found == parent_rows_.end()) continue;
    const auto add = [&](int64_t row) { found->second.push_back(parents.FirstRowOf(parents.ParentOf(row))); };
    if (outcomes[i].state == LinkState::kLinked && RuleOf(outcomes[i]) < rule) add(outcomes[i].channel_row);
    const KeyId id = keys.listing_ids[i];
    if (IsMatched(id) && keys.groups[id].IsUnique()) add(keys.groups[id].channel_row);
  }
}

absl::optional<LinkDetail> LinkDetails::Of(int32_t listing_row) const {
  const LinkReason reason = pass_.links().outcomes()[static_cast<size_t>(listing_row)].reason;
  LinkDetail detail;
  detail.listing_row = listing_row;
  if (reason == LinkReason::kAmbiguousListing) {
    detail.candidate_rows = listing_rows_.at(KeyOf(listing_row));
  } else if (reason == LinkReason::kAmbiguousChannel) {
    detail.candidate_rows = channel_rows_.at(KeyOf(listing_row));
  } else if (reason == LinkReason::kParentMismatch) {
    detail.parent_rows = parent_rows_.at(ListingOf(listing_row));
  } else if (reason == LinkReason::kTargetTaken) {
    const RuleAndId key = KeyOf(listing_row);
    const int32_t target = pass_.keys(key.first).groups[key.second].channel_row;
    const int32_t holder = pass_.links().Holder(target);
    detail.target_row = target;
    detail.holder_row = holder == kUnknownListing ? kNoRow : holder;
  } else {
    return absl::nullopt;
  }
  return detail;
}

}  // namespace flxlink
