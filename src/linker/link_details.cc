#include "src/linker/link_details.h"

#include <algorithm>

namespace flxlink::linker {
namespace {

// The numbers of a rule's outcomes begin at 1.
int32_t RuleOf(const ListingState& listing) { return listing.rule - 1; }

// Ascending, each once, at most what a LinkDetail names.
void Tidy(std::vector<int64_t>* rows) {
  std::sort(rows->begin(), rows->end());
  rows->erase(std::unique(rows->begin(), rows->end()), rows->end());
  if (rows->size() > LinkDetail::kMaxNamed) rows->resize(LinkDetail::kMaxNamed);
}

}  // namespace

LinkDetails::LinkDetails(const MatchPass& pass) : pass_(pass) {
  NoteWanted();
  if (!holders_.empty()) GatherHolders();
  for (int32_t rule = 0; rule < pass.rule_count(); ++rule) {
    if (!listing_rows_.empty()) GatherRows(rule, pass.keys(rule).listings, &listing_rows_);
    if (!channel_rows_.empty()) GatherRows(rule, pass.keys(rule).channel, &channel_rows_);
    if (!parent_rows_.empty()) GatherParents(rule);
  }
  for (auto& entry : parent_rows_) Tidy(&entry.second);
}

LinkDetails::RuleAndId LinkDetails::KeyOf(int32_t listing_row) const {
  const int32_t rule = RuleOf(pass_.links().listing(listing_row));
  return {rule, IdOf(pass_.keys(rule).listings[static_cast<size_t>(listing_row)])};
}

LinkDetails::RuleAndId LinkDetails::ListingOf(int32_t listing_row) const {
  const int32_t rule = RuleOf(pass_.links().listing(listing_row));
  return {rule, static_cast<uint32_t>(pass_.parents().ListingOf(listing_row))};
}

void LinkDetails::NoteWanted() {
  for (int64_t i = 0; i < pass_.links().listing_rows(); ++i) {
    const auto row = static_cast<int32_t>(i);
    const LinkReason reason = pass_.links().listing(i).reason;
    if (reason == LinkReason::kAmbiguousListing) listing_rows_[KeyOf(row)];
    if (reason == LinkReason::kAmbiguousChannel) channel_rows_[KeyOf(row)];
    if (reason == LinkReason::kParentMismatch) parent_rows_[ListingOf(row)];
    // The target is one channel row's alone, whose number the id is.
    if (reason == LinkReason::kTargetTaken) holders_[KeyOf(row).second] = kNoRow;
  }
}

void LinkDetails::GatherHolders() {
  for (int64_t i = 0; i < pass_.links().listing_rows(); ++i) {
    const auto found = holders_.find(pass_.links().listing(i).channel_row);
    if (found != holders_.end()) found->second = i;
  }
}

void LinkDetails::GatherRows(int32_t rule, const BigArray<KeyCode>& codes, RowLists* lists) {
  for (size_t i = 0; i < codes.size(); ++i) {
    if (!IsMatched(codes[i])) continue;
    const auto found = lists->find({rule, IdOf(codes[i])});
    if (found == lists->end() || found->second.size() == LinkDetail::kMaxNamed) continue;
    found->second.push_back(static_cast<int64_t>(i));
  }
}

// Repeats what the parent guard saw under the rule: unique targets, and the links that were there before it.
void LinkDetails::GatherParents(int32_t rule) {
  const ParentGuard& parents = pass_.parents();
  const RuleKeys& keys = pass_.keys(rule);
  for (int64_t i = 0; i < pass_.links().listing_rows(); ++i) {
    const auto found = parent_rows_.find({rule, static_cast<uint32_t>(parents.ListingOf(static_cast<int32_t>(i)))});
    if (found == parent_rows_.end()) continue;
    const auto add = [&](int64_t row) { found->second.push_back(parents.ParentOf(row)); };
    const ListingState& listing = pass_.links().listing(i);
    if (listing.phase == ListingState::Phase::kLinked && RuleOf(listing) < rule) add(listing.channel_row);
    const KeyCode code = keys.listings[static_cast<size_t>(i)];
    if (IsUnique(code)) add(code);
  }
}

absl::optional<LinkDetail> LinkDetails::Of(int32_t listing_row) const {
  const LinkReason reason = pass_.links().listing(listing_row).reason;
  LinkDetail detail;
  detail.listing_row = listing_row;
  if (reason == LinkReason::kAmbiguousListing) {
    detail.candidate_rows = listing_rows_.at(KeyOf(listing_row));
  } else if (reason == LinkReason::kAmbiguousChannel) {
    detail.candidate_rows = channel_rows_.at(KeyOf(listing_row));
  } else if (reason == LinkReason::kParentMismatch) {
    detail.parent_rows = parent_rows_.at(ListingOf(listing_row));
  } else if (reason == LinkReason::kTargetTaken) {
    detail.target_row = KeyOf(listing_row).second;
    detail.holder_row = holders_.at(detail.target_row);
  } else {
    return absl::nullopt;
  }
  return detail;
}

}  // namespace flxlink::linker
