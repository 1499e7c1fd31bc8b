#include "src/linking/link_scope.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace flxlink::linking {
namespace {

// What a lookup asks for beyond what suffices: index entries may be of rows that lost the key or are not live.
constexpr int64_t kSpareEntries = 2;

}  // namespace

absl::StatusOr<HandUnlinks> HandUnlinks::Read(LinkLookup& lookup) {
  HandUnlinks unlinks;
  for (LinkPair after;;) {
    absl::StatusOr<std::vector<LinkPair>> page = lookup.ReadHandUnlinks(after);
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    after = page->back();
    unlinks.pairs_.insert(unlinks.pairs_.end(), page->begin(), page->end());
  }
  int32_t run = 0;
  for (size_t i = 0; i < unlinks.pairs_.size(); ++i) {
    const bool goes_on = i > 0 && unlinks.pairs_[i - 1].listing_id == unlinks.pairs_[i].listing_id;
    run = goes_on ? run + 1 : 1;
    unlinks.most_ = std::max(unlinks.most_, run);
  }
  return unlinks;
}

absl::Span<const LinkPair> HandUnlinks::OfListing(int64_t listing_id) const {
  const auto before = [](const LinkPair& pair, int64_t id) { return pair.listing_id < id; };
  const auto begin = std::lower_bound(pairs_.begin(), pairs_.end(), listing_id, before);
  auto end = begin;
  while (end != pairs_.end() && end->listing_id == listing_id) ++end;
  return absl::MakeConstSpan(pairs_).subspan(static_cast<size_t>(begin - pairs_.begin()),
                                             static_cast<size_t>(end - begin));
}

LinkScope::LinkScope(LinkLookup& lookup_in, const LinkKeys& keys_in, HandUnlinks hand_unlinks_in, int64_t max_entries)
    : enough_items(2 + hand_unlinks_in.most()),
      lookup(lookup_in),
      keys(keys_in),
      hand_unlinks(std::move(hand_unlinks_in)),
      listings(lookup, LinkSide::kListing, keys),
      items(lookup, LinkSide::kChannel, keys),
      listing_groups(lookup, LinkSide::kListing, keys, listings, kEnoughListings + kSpareEntries, max_entries),
      item_groups(lookup, LinkSide::kChannel, keys, items, enough_items + kSpareEntries, max_entries) {}

absl::StatusOr<std::vector<LinkHolder>> LinkScope::ReadHolders(std::vector<int64_t> channel_variant_ids) {
  std::vector<int64_t>& ids = channel_variant_ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<LinkHolder> holders;
  const size_t page = static_cast<size_t>(lookup.page_rows());
  for (size_t at = 0; at < ids.size(); at += page) {
    absl::StatusOr<std::vector<LinkHolder>> some = lookup.ReadHolders(absl::MakeConstSpan(ids).subspan(at, page));
    if (!some.ok()) return some.status();
    holders.insert(holders.end(), some->begin(), some->end());
  }
  return holders;
}

}  // namespace flxlink::linking
