#include "src/linking/link_explain.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include "src/linking/link_affected.h"
#include "src/linking/link_input.h"
#include "src/linking/link_neighbourhood.h"
#include "src/linking/link_scope.h"

namespace flxlink::linking {
namespace {

// The neighbourhood of one listing variant and of everybody who may take what it could be linked to: another unlinked
// one with a key of the same item, one with a key of the item that that one could be linked to, and so on.
absl::StatusOr<std::unique_ptr<LinkNeighbourhood>> ReadRivalry(LinkScope& scope, AffectedListings& affected) {
  for (;;) {
    absl::StatusOr<std::unique_ptr<LinkNeighbourhood>> neighbourhood = LinkNeighbourhood::Read(scope, affected.rows());
    if (!neighbourhood.ok()) return neighbourhood;
    std::vector<RowIndex> targets;
    for (const int64_t id : (*neighbourhood)->targets()) targets.push_back(scope.items.Find(id));
    absl::StatusOr<bool> added = affected.AddTaken(targets);
    if (!added.ok()) return added.status();
    if (!*added) return neighbourhood;
  }
}

std::vector<int64_t> FirstIds(const LinkRows& rows, const std::vector<RowIndex>& members) {
  std::vector<int64_t> ids;
  for (size_t i = 0; i < members.size() && i < static_cast<size_t>(LinkDetail::kMaxNamed); ++i) {
    ids.push_back(rows.row(members[i]).id);
  }
  return ids;
}

// The items of which the normalizers of a rule refused what they refused of the listing variant, too.
absl::StatusOr<std::vector<int64_t>> FindRefused(LinkScope& scope, RowIndex listing, int number) {
  std::vector<int64_t> same;
  const absl::string_view refused = scope.listings.refused(listing, number);
  if (refused.empty()) return same;
  const KeyLookup lookup = {scope.keys.HashRefused(refused), 0};
  const int64_t limit = std::min<int64_t>(LinkDetail::kMaxNamed, scope.lookup.page_rows());
  absl::StatusOr<std::vector<KeyEntry>> entries =
      scope.lookup.FindKeyEntries({LinkSide::kChannel, number}, {lookup}, limit);
  if (!entries.ok()) return entries.status();
  std::vector<int64_t> ids;
  for (const KeyEntry& entry : *entries) ids.push_back(entry.id);
  const absl::Status status = scope.items.Read(&ids);
  if (!status.ok()) return status;
  for (const int64_t id : ids) {
    const RowIndex item = scope.items.Find(id);
    if (item != kNotRead && scope.items.refused(item, number) == refused) same.push_back(id);
  }
  return same;
}

// Counts the rows that have the key, and names the first.
absl::Status NameMembers(LinkGroups& groups, const LinkRows& rows, int number, const LinkKey& key, int64_t max_counted,
                         std::vector<int64_t>* ids, int64_t* count) {
  const size_t most = static_cast<size_t>(max_counted);
  const GroupIndex index = groups.Find(number, key);
  const absl::Status status = groups.Read({index}, [most](const LinkGroups::Group& group) { return group.has(most); });
  if (!status.ok()) return status;
  const std::vector<RowIndex>& members = groups.group(index).members;
  *count = static_cast<int64_t>(std::min(members.size(), most));
  *ids = FirstIds(rows, members);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<IdExplanation>> ExplainById(LinkLookup& lookup, const LinkKeys& keys, const Linker& linker,
                                                       const ChannelConfig& config, int64_t listing_id,
                                                       int64_t max_counted) {
  absl::StatusOr<HandUnlinks> hand_unlinks = HandUnlinks::Read(lookup);
  if (!hand_unlinks.ok()) return hand_unlinks.status();
  LinkScope scope(lookup, keys, *std::move(hand_unlinks), std::numeric_limits<int64_t>::max());
  std::vector<int64_t> ids = {listing_id};
  absl::Status status = scope.listings.Read(&ids);
  if (!status.ok()) return status;
  const RowIndex named = scope.listings.Find(listing_id);
  if (named == kNotRead) return absl::NotFoundError("the listing variant is not there any more");
  if (scope.listings.row(named).broken) scope.listings.row(named).Release();
  AffectedListings affected(scope);
  status = affected.AddNamed(named);
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<LinkNeighbourhood>> neighbourhood = ReadRivalry(scope, affected);
  if (!neighbourhood.ok()) return neighbourhood.status();
  absl::StatusOr<std::vector<RuleExplanation>> rules = linker.Explain(
      (*neighbourhood)->input().match_input(), ConfiguredOptions(config), (*neighbourhood)->RowOf(named));
  if (!rules.ok()) return rules.status();
  std::vector<IdExplanation> explanations;
  for (RuleExplanation& rule : *rules) explanations.push_back({std::move(rule), {}, {}});
  for (int number = 0; number < keys.rule_count(); ++number) {
    IdExplanation& explanation = explanations[static_cast<size_t>(number)];
    RuleExplanation& rule = explanation.rule;
    const LinkKey key = scope.listings.key(named, number);
    if (key.is_null()) {
      absl::StatusOr<std::vector<int64_t>> refused = FindRefused(scope, named, number);
      if (!refused.ok()) return refused.status();
      explanation.refused = *std::move(refused);
      continue;
    }
    status = NameMembers(scope.listing_groups, scope.listings, number, key, max_counted, &rule.listing_rows,
                         &rule.listing_count);
    if (!status.ok()) return status;
    status =
        NameMembers(scope.item_groups, scope.items, number, key, max_counted, &rule.channel_rows, &rule.channel_count);
    if (!status.ok()) return status;
    const LinkGroups::Group& group = scope.item_groups.group(scope.item_groups.Find(number, key));
    explanation.not_live = FirstIds(scope.items, group.not_live);
  }
  return explanations;
}

}  // namespace flxlink::linking
