#include <utility>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/memory/memory_storage.h"

namespace flxlink::memory {
namespace {

void CountListing(const ListingRow& row, ChannelCounts* counts) {
  ++counts->listings;
  ++counts->by_link_state[row.link_state];
  if (row.link_state == LinkState::kUnlinked) ++counts->unlinked_by_reason[row.reason];
  ++counts->by_health[HealthOf(row.status)];
  for (const Problem& attention : row.attentions) ++counts->by_attention[attention.code];
  if (!row.attentions.empty()) ++counts->with_attention;
  if (row.dirty) ++counts->dirty;
  if (row.in_doubt) ++counts->in_doubt;
}

void CountItem(const ItemRow& row, ChannelCounts* counts) {
  ++counts->items;
  if (row.live) ++counts->live_items;
  if (!row.sku.empty()) return;
  ++counts->unlinked_items;
  if (row.live) ++counts->live_unlinked_items;
}

// Adds the ids of what has one of the names.
void AddNamed(const absl::btree_set<std::pair<std::string, int64_t>>& by_name, absl::Span<const std::string> names,
              absl::btree_set<int64_t>* found) {
  for (const std::string& name : names) {
    if (name.empty()) continue;
    for (auto entry = by_name.lower_bound({name, 0}); entry != by_name.end() && entry->first == name; ++entry) {
      found->insert(entry->second);
    }
  }
}

}  // namespace

ListingRow MemoryStorage::ToListingRow(const MemoryChannel& channel, const MemoryListing& listing) const {
  const MemoryProduct& product = products_.at(listing.product_id);
  ListingRow row;
  row.listing_id = listing.listing_id;
  row.sku = listing.sku;
  row.parent = listing.parent;
  row.fields = listing.fields;
  row.link_state = listing.state;
  if (listing.channel_variant_id != 0) row.external_id = channel.items.at(listing.channel_variant_id).external_id;
  row.rule = listing.rule;
  row.reason = listing.reason;
  row.by_hand = listing.by_hand;
  row.doubtful = listing.doubtful;
  row.status = listing.status;
  row.product_removed = product.removed;
  if (product.price != kAbsent) row.price = Money{product.price, product.currency};
  if (product.quantity != kAbsent) row.quantity = product.quantity;
  row.sync_priority = listing.sync_priority;
  row.dirty = listing.dirty();
  row.in_doubt = !listing.doubt.fields.empty();
  row.attentions = listing.attentions;
  return row;
}

ItemRow MemoryStorage::ToItemRow(const MemoryChannel& channel, const MemoryItem& item) const {
  ItemRow row;
  row.channel_variant_id = item.channel_variant_id;
  row.external_id = item.external_id;
  row.parent_id = item.parent;
  row.fields = item.fields;
  if (item.seen.price != kAbsent) row.price = Money{item.seen.price, channel.channel.config.currency};
  if (item.seen.quantity != kAbsent) row.quantity = item.seen.quantity;
  row.status = item.seen.status;
  row.fixed = channel.FixedOf(item.channel_variant_id);
  row.aliases = channel.AliasesOf(item.channel_variant_id);
  row.identity = channel.IdentityOf(item.channel_variant_id);
  row.live = item.live();
  row.seen_at = item.seen_at;
  if (item.listing_id == 0) return row;
  const MemoryListing& listing = channel.listings.at(item.listing_id);
  row.sku = listing.sku;
  row.link_state = listing.state;
  return row;
}

absl::StatusOr<std::vector<ListingRow>> MemoryStorage::ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                                    int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckFilter(filter);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(channel_id);
  if (!found.ok()) return found.status();
  const MemoryChannel& channel = **found;
  std::vector<ListingRow> rows;
  ListingFilter rest = filter;
  rest.skus.clear();
  const auto add = [&](const MemoryListing& listing) {
    ListingRow row = ToListingRow(channel, listing);
    if (Matches(row, rest)) rows.push_back(std::move(row));
    return static_cast<int64_t>(rows.size()) < limit;
  };
  if (!filter.skus.empty()) {
    for (const MemoryListing* listing : channel.ListingsBySku(filter.skus)) {
      if (listing->listing_id > after_id && !add(*listing)) break;
    }
    return rows;
  }
  for (auto listing = channel.listings.upper_bound(after_id); listing != channel.listings.end(); ++listing) {
    if (!add(listing->second)) break;
  }
  return rows;
}

absl::StatusOr<std::vector<ItemRow>> MemoryStorage::ReadItems(int64_t channel_id, const ItemFilter& filter,
                                                              int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckFilter(filter);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(channel_id);
  if (!found.ok()) return found.status();
  const MemoryChannel& channel = **found;
  std::vector<ItemRow> rows;
  for (auto item = channel.items.upper_bound(after_id); item != channel.items.end(); ++item) {
    if (static_cast<int64_t>(rows.size()) == limit) break;
    ItemRow row = ToItemRow(channel, item->second);
    if (Matches(row, filter)) rows.push_back(std::move(row));
  }
  return rows;
}

absl::StatusOr<std::vector<NamedItem>> MemoryStorage::FindItems(int64_t channel_id,
                                                                absl::Span<const std::string> parent_ids,
                                                                absl::Span<const std::string> aliases, int64_t after_id,
                                                                int64_t limit) {
  absl::Status status = storage::CheckNames(parent_ids, aliases, limit);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  absl::btree_set<int64_t> found;
  AddNamed((*channel)->items_by_parent, parent_ids, &found);
  AddNamed((*channel)->items_by_alias, aliases, &found);
  std::vector<NamedItem> items;
  for (auto id = found.upper_bound(after_id); id != found.end(); ++id) {
    if (static_cast<int64_t>(items.size()) == limit) break;
    items.push_back({*id, (*channel)->items.at(*id).external_id});
  }
  return items;
}

absl::StatusOr<std::vector<LinkHistoryRow>> MemoryStorage::ReadLinkHistory(int64_t channel_id,
                                                                           const HistoryFilter& filter,
                                                                           LinkEventPlace after, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const auto& listings = (*channel)->listings;
  std::vector<LinkHistoryRow> rows;
  for (auto at = listings.lower_bound(after.listing_id); at != listings.end(); ++at) {
    const MemoryListing& listing = at->second;
    if (!filter.sku.empty() && listing.sku != filter.sku) continue;
    const int64_t first = listing.listing_id == after.listing_id ? after.number : 0;
    for (int64_t i = first; i < static_cast<int64_t>(listing.history.size()); ++i) {
      if (static_cast<int64_t>(rows.size()) == limit) return rows;
      const LinkEvent& event = listing.history[static_cast<size_t>(i)];
      if (filter.job_id.has_value() && event.job_id != *filter.job_id) continue;
      rows.push_back({{listing.listing_id, i + 1}, listing.sku, event});
    }
  }
  return rows;
}

absl::StatusOr<ChannelCounts> MemoryStorage::CountChannel(int64_t channel_id) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(channel_id);
  if (!found.ok()) return found.status();
  const MemoryChannel& channel = **found;
  ChannelCounts counts;
  for (const auto& [id, listing] : channel.listings) CountListing(ToListingRow(channel, listing), &counts);
  for (const auto& [id, item] : channel.items) CountItem(ToItemRow(channel, item), &counts);
  for (const int64_t job_id : channel.open_jobs) ++counts.open_jobs[jobs_.at(job_id).state];
  return counts;
}

}  // namespace flxlink::memory
