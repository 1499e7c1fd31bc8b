#include "src/linking/link_relinks.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "src/linking/link_affected.h"
#include "src/linking/link_input.h"
#include "src/linking/link_neighbourhood.h"
#include "src/linking/link_outcomes.h"
#include "src/linking/link_scope.h"

namespace flxlink::linking {
namespace {

class Relinks {
 public:
  Relinks(LinkScope& scope, const Linker& linker, const ChannelConfig& config)
      : scope_(scope), linker_(linker), options_(ConfiguredOptions(config)), affected_(scope) {}

  absl::StatusOr<std::vector<LinkPair>> Find(absl::Span<const int64_t> listing_ids) {
    absl::Status status = Dissolve(listing_ids);
    if (!status.ok()) return status;
    for (bool more = !items_.empty(); more;) {
      absl::StatusOr<bool> added = Match();
      if (!added.ok()) return added.status();
      more = *added;
    }
    return std::move(found_);
  }

 private:
  // Looks at the broken links as if they were not there.
  absl::Status Dissolve(absl::Span<const int64_t> listing_ids) {
    std::vector<int64_t> ids(listing_ids.begin(), listing_ids.end());
    absl::Status status = scope_.listings.Read(&ids);
    if (!status.ok()) return status;
    std::vector<RowIndex> broken;
    for (const int64_t id : ids) {
      const RowIndex listing = scope_.listings.Find(id);
      if (listing == kNotRead || !scope_.listings.row(listing).broken) continue;
      items_.emplace(id, scope_.listings.row(listing).linked_to);
      scope_.listings.row(listing).Release();
      broken.push_back(listing);
    }
    for (const RowIndex listing : broken) {
      status = affected_.AddNamed(listing);
      if (!status.ok()) return status;
    }
    return AddFreed();
  }

  // Others may take the items that are free then.
  absl::Status AddFreed() {
    std::vector<int64_t> ids;
    for (const auto& [listing_id, item_id] : items_) ids.push_back(item_id);
    const absl::Status status = scope_.items.Read(&ids);
    if (!status.ok()) return status;
    std::vector<RowIndex> freed;
    for (const int64_t id : ids) {
      const RowIndex item = scope_.items.Find(id);
      if (item != kNotRead) freed.push_back(item);
    }
    return affected_.AddTaken(freed).status();
  }

  // Whether others are affected by what was found, so that it has to be judged with them.
  absl::StatusOr<bool> Match() {
    absl::StatusOr<std::unique_ptr<LinkNeighbourhood>> neighbourhood =
        LinkNeighbourhood::Read(scope_, affected_.rows());
    if (!neighbourhood.ok()) return neighbourhood.status();
    LinkInput& input = (*neighbourhood)->input();
    LinkOutcomes outcomes(input);
    const absl::StatusOr<MatchStats> stats = linker_.Match(input.match_input(), options_, outcomes);
    if (!stats.ok()) return stats.status();
    Keep(outcomes.writes());
    std::vector<RowIndex> taken;
    for (const RowPair& link : outcomes.new_links()) taken.push_back((*neighbourhood)->item(link.channel_row));
    return affected_.AddTaken(taken);
  }

  void Keep(const std::vector<LinkWrite>& writes) {
    found_.clear();
    for (const LinkWrite& write : writes) {
      const auto item = items_.find(write.listing_id);
      if (item == items_.end() || write.channel_variant_id == 0 || write.channel_variant_id == item->second) continue;
      found_.push_back({write.listing_id, write.channel_variant_id});
    }
    std::sort(found_.begin(), found_.end(),
              [](const LinkPair& a, const LinkPair& b) { return a.listing_id < b.listing_id; });
  }

  LinkScope& scope_;
  const Linker& linker_;
  const MatchOptions options_;
  AffectedListings affected_;
  absl::flat_hash_map<int64_t, int64_t> items_;  // Of the broken links, by listing variant.
  std::vector<LinkPair> found_;
};

}  // namespace

absl::StatusOr<std::vector<LinkPair>> FindRelinks(LinkLookup& lookup, const LinkKeys& keys, const Linker& linker,
                                                  const ChannelConfig& config, absl::Span<const int64_t> listing_ids) {
  absl::StatusOr<HandUnlinks> hand_unlinks = HandUnlinks::Read(lookup);
  if (!hand_unlinks.ok()) return hand_unlinks.status();
  std::vector<int64_t> ids(listing_ids.begin(), listing_ids.end());
  // A link that stays broken holds its item, so that those are judged again that are left when it is not dissolved.
  for (;;) {
    LinkScope scope(lookup, keys, *hand_unlinks, std::numeric_limits<int64_t>::max());
    absl::StatusOr<std::vector<LinkPair>> found = Relinks(scope, linker, config).Find(ids);
    if (!found.ok() || found->empty() || found->size() == ids.size()) return found;
    ids.clear();
    for (const LinkPair& relink : *found) ids.push_back(relink.listing_id);
  }
}

}  // namespace flxlink::linking
