#include <utility>

#include "src/storage/memory/memory_storage.h"
#include "src/storage/storage_errors.h"
#include "src/storage/storage_rules.h"
#include "src/storage/synced_content.h"

namespace flxlink::memory {
namespace {

void AddProduct(const MemoryProduct& product, ProductBatch* batch) {
  storage::AddRowFields(product.fields, batch->size(), &batch->fields);
  batch->product_id.push_back(product.product_id);
  batch->key.Add(product.key);
  batch->sku.Add(product.sku);
  batch->parent.Add(product.parent);
  batch->price.push_back(product.price);
  batch->compare_at_price.push_back(product.compare_at_price);
  batch->quantity.push_back(product.quantity);
  batch->sync_priority.push_back(product.sync_priority);
  batch->currency = product.currency;
}

MemoryListing ToListing(const ListingBatch& batch, int64_t row) {
  const size_t at = static_cast<size_t>(row);
  MemoryListing listing;
  listing.product_id = batch.product_id[at];
  listing.sku = std::string(batch.sku[row]);
  listing.parent = std::string(batch.parent[row]);
  listing.sync_priority = batch.sync_priority[at];
  listing.fields = storage::RowFields(batch.fields, row);
  return listing;
}

MemoryItem ToItem(const ChannelVariantBatch& batch, int64_t row, int64_t pull_number, absl::Time now) {
  const size_t at = static_cast<size_t>(row);
  MemoryItem item;
  item.external_id = std::string(batch.external_id[row]);
  item.parent = std::string(batch.parent_id[row]);
  item.fields = storage::RowFields(batch.fields, row);
  item.seen = ValuesAt(batch, row);
  item.seen_at = now;
  item.seen_pull = pull_number;
  return item;
}

// Whether linking reads the same of both.
bool LinksAlike(const MemoryItem& a, const MemoryItem& b) {
  return a.parent == b.parent && a.fields == b.fields && a.live() == b.live();
}

bool IsAbsent(const MemoryItem& item, int64_t pull_number) { return !item.gone && item.seen_pull != pull_number; }

bool Passes(const MemoryListing& listing, const ListingFilter& filter) {
  if (filter.unlinked && listing.linked()) return false;
  return !filter.attention || !listing.attentions.empty();
}

}  // namespace

absl::StatusOr<ProductWriteResult> MemoryStorage::WriteProducts(const ProductBatch& batch, absl::Time now) {
  if (absl::Status status = storage::CheckProducts(batch); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  ProductWriteResult result;
  for (int64_t row = 0; row < batch.size(); ++row) WriteProduct(batch, row, now, &result);
  return result;
}

void MemoryStorage::WriteProduct(const ProductBatch& batch, int64_t row, absl::Time now, ProductWriteResult* result) {
  const auto [found, inserted] = product_by_key_.emplace(std::string(batch.key[row]), next_id_);
  if (inserted) {
    MemoryProduct& product = products_[NextId()];
    static_cast<storage::ProductState&>(product) = storage::MergeProduct({}, batch, row, now);
    product.product_id = found->second;
    product.key = found->first;
    products_by_sku_.emplace(product.sku, product.product_id);
    ++result->inserted;
    return;
  }
  MemoryProduct& product = products_.at(found->second);
  storage::ProductState merged = storage::MergeProduct(product, batch, row, now);
  const storage::ProductChange change = storage::CompareProducts(product, merged);
  const bool stated_quantity = !batch.quantity.empty();
  products_by_sku_.erase({product.sku, product.product_id});
  products_by_sku_.emplace(merged.sku, product.product_id);
  static_cast<storage::ProductState&>(product) = std::move(merged);
  ++(change.any ? result->changed : result->unchanged);
  if (change.values || stated_quantity) result->dirtied += MarkProductDirty(product, !change.values, now);
}

int64_t MemoryStorage::MarkProductDirty(const MemoryProduct& product, bool only_guarded, absl::Time now) {
  int64_t marked = 0;
  for (const auto& [channel_id, listing_id] : product.listings) {
    MemoryChannel& channel = channels_.at(channel_id);
    MemoryListing& listing = channel.listings.at(listing_id);
    if (!listing.linked() || (only_guarded && listing.guarded_at == absl::InfinitePast())) continue;
    channel.MarkDirty(listing, now);
    ++marked;
  }
  return marked;
}

absl::StatusOr<ProductBatch> MemoryStorage::ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                         int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckRows(skus.size(), "SKUs");
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  ProductBatch batch;
  const auto add = [&](const MemoryProduct& product) {
    if (batch.size() == limit || (batch.size() > 0 && product.currency != batch.currency)) return false;
    AddProduct(product, &batch);
    return true;
  };
  if (skus.empty()) {
    for (auto product = products_.upper_bound(after_id); product != products_.end(); ++product) {
      if (!add(product->second)) break;
    }
    return batch;
  }
  absl::btree_set<int64_t> wanted;
  for (const std::string& sku : skus) {
    for (auto entry = products_by_sku_.upper_bound({sku, after_id});
         entry != products_by_sku_.end() && entry->first == sku; ++entry) {
      wanted.insert(entry->second);
    }
  }
  for (const int64_t product_id : wanted) {
    if (!add(products_.at(product_id))) break;
  }
  return batch;
}

absl::StatusOr<std::vector<BuildOutcome>> MemoryStorage::WriteListings(const Fence& fence, const ListingBatch& batch,
                                                                       absl::Time now) {
  if (absl::Status status = storage::CheckListings(batch); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  for (const int64_t product_id : batch.product_id) {
    if (!products_.contains(product_id)) return storage::NoSuchProduct(product_id);
  }
  std::vector<BuildOutcome> outcomes;
  outcomes.reserve(batch.product_id.size());
  for (int64_t row = 0; row < batch.size(); ++row) {
    outcomes.push_back(WriteListing(**channel, ToListing(batch, row), now));
  }
  return outcomes;
}

BuildOutcome MemoryStorage::WriteListing(MemoryChannel& channel, MemoryListing row, absl::Time now) {
  const auto [found, created] = channel.listing_by_sku.emplace(row.sku, next_id_);
  if (created) {
    row.listing_id = NextId();
    channel.RecordNew(LinkSide::kListing, row.listing_id);
    products_.at(row.product_id).listings.insert({channel.channel.channel_id, row.listing_id});
    channel.listings.emplace(row.listing_id, std::move(row));
    return BuildOutcome::kCreated;
  }
  MemoryListing& listing = channel.listings.at(found->second);
  if (listing.product_id != row.product_id) return BuildOutcome::kRepeatedSku;
  if (listing.parent == row.parent && listing.fields == row.fields) return BuildOutcome::kUnchanged;
  channel.RecordChange(listing);
  const std::vector<std::string>& synced = channel.channel.config.sync_fields.content();
  const bool is_other_content =
      storage::SyncedContent(listing.fields, synced) != storage::SyncedContent(row.fields, synced);
  listing.parent = std::move(row.parent);
  listing.fields = std::move(row.fields);
  if (is_other_content) channel.MarkDirty(listing, now);
  return BuildOutcome::kRefreshed;
}

absl::StatusOr<std::vector<ListingRow>> MemoryStorage::ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                                    int64_t after_id, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckRows(filter.skus.size(), "SKUs");
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(channel_id);
  if (!found.ok()) return found.status();
  const MemoryChannel& channel = **found;
  std::vector<ListingRow> rows;
  const auto add = [&](const MemoryListing& listing) {
    if (Passes(listing, filter)) rows.push_back(ToListingRow(channel, listing));
    return static_cast<int64_t>(rows.size()) < limit;
  };
  if (filter.skus.empty()) {
    for (auto listing = channel.listings.upper_bound(after_id); listing != channel.listings.end(); ++listing) {
      if (!add(listing->second)) break;
    }
    return rows;
  }
  for (const MemoryListing* listing : channel.ListingsBySku(filter.skus)) {
    if (listing->listing_id > after_id && !add(*listing)) break;
  }
  return rows;
}

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
  row.status = listing.status;
  if (product.price != kAbsent) row.price = Money{product.price, product.currency};
  if (product.quantity != kAbsent) row.quantity = product.quantity;
  row.sync_priority = listing.sync_priority;
  row.dirty = listing.dirty();
  row.in_doubt = listing.in_doubt;
  row.attentions = listing.attentions;
  return row;
}

absl::StatusOr<PullState> MemoryStorage::BeginPull(const Fence& fence) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  PullState& pull = (*channel)->channel.pull;
  ++pull.pull_number;
  pull.cursor.clear();
  pull.cursor_at.reset();
  pull.job_id = fence.job_id;
  pull.running = true;
  return pull;
}

absl::StatusOr<MemoryChannel*> MemoryStorage::FindPulling(const Fence& fence, int64_t pull_number) {
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel;
  const PullState& pull = (*channel)->channel.pull;
  if (!pull.running || pull.pull_number != pull_number)
    return storage::PullNotRunning((*channel)->channel, pull_number);
  return channel;
}

absl::StatusOr<PullWriteResult> MemoryStorage::WritePulledPage(const Fence& fence, int64_t pull_number,
                                                               const PullPage& page, absl::Time now) {
  if (absl::Status status = storage::CheckChannelVariants(page.items); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindPulling(fence, pull_number);
  if (!channel.ok()) return channel.status();
  const std::vector<int64_t> rows = storage::RowsToStore(page.items);
  PullWriteResult result;
  result.repeated = page.items.size() - static_cast<int64_t>(rows.size());
  for (const int64_t row : rows) {
    WriteItem(**channel, ToItem(page.items, row, pull_number, now), {fence.job_id, now}, &result);
  }
  PullState& pull = (*channel)->channel.pull;
  pull.cursor = page.next_cursor;
  pull.cursor_at = now;
  pull.job_id = fence.job_id;
  return result;
}

void MemoryStorage::WriteItem(MemoryChannel& channel, MemoryItem row, const Author& author, PullWriteResult* result) {
  const auto [found, inserted] = channel.item_by_external_id.emplace(row.external_id, next_id_);
  if (inserted) {
    row.channel_variant_id = NextId();
    channel.RecordNew(LinkSide::kChannel, row.channel_variant_id);
    channel.items_by_parent.emplace(row.parent, row.channel_variant_id);
    channel.items.emplace(row.channel_variant_id, std::move(row));
    ++result->inserted;
    return;
  }
  MemoryItem& item = channel.items.at(found->second);
  const bool alike = LinksAlike(item, row);
  if (!alike) channel.RecordChange(item);
  ++(alike ? result->unchanged : result->changed);
  channel.items_by_parent.erase({item.parent, item.channel_variant_id});
  channel.items_by_parent.emplace(row.parent, item.channel_variant_id);
  row.channel_variant_id = item.channel_variant_id;
  row.listing_id = item.listing_id;
  item = std::move(row);
  if (item.listing_id == 0) return;
  MemoryListing& listing = channel.listings.at(item.listing_id);
  if (listing.state == LinkState::kBroken) {
    channel.Heal(listing, author);
    ++result->healed;
  }
  channel.Reindex(listing);
}

absl::StatusOr<int64_t> MemoryStorage::CountAbsentLinks(int64_t channel_id, int64_t pull_number) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  int64_t count = 0;
  for (const auto& [id, item] : (*channel)->items) {
    if (IsAbsent(item, pull_number) && item.listing_id != 0) ++count;
  }
  return count;
}

absl::StatusOr<SweepResult> MemoryStorage::SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                       absl::Time now) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindPulling(fence, pull_number);
  if (!channel.ok()) return channel.status();
  SweepResult result;
  for (auto& [id, item] : (*channel)->items) {
    if (!IsAbsent(item, pull_number)) continue;
    if (result.gone == limit) {
      result.more = true;
      break;
    }
    ++result.gone;
    if ((*channel)->LoseItem(item, {fence.job_id, now})) ++result.broken;
  }
  return result;
}

absl::Status MemoryStorage::EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view revision,
                                    absl::Time now) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  PullState& pull = (*channel)->channel.pull;
  if (pull.pull_number != pull_number || pull_number == 0)
    return storage::PullNotRunning((*channel)->channel, pull_number);
  if (!pull.running) return absl::OkStatus();
  pull.running = false;
  pull.cursor.clear();
  pull.cursor_at.reset();
  pull.job_id = 0;
  pull.revision = std::string(revision);
  if (complete) {
    ++pull.complete_pulls;
    pull.completed_at = now;
  }
  return absl::OkStatus();
}

}  // namespace flxlink::memory
