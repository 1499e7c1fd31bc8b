#include <algorithm>
#include <utility>

#include "flxlink/storage_kit/content.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/limits.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/memory/memory_storage.h"

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

MemoryItem ToItem(const ChannelVariantBatch& batch, int64_t row, int64_t pull_number, absl::Time seen_at) {
  MemoryItem item;
  item.external_id = std::string(batch.external_id[row]);
  item.parent = std::string(batch.parent_id[row]);
  item.fields = storage::RowFields(batch.fields, row);
  item.seen = ValuesAt(batch, row);
  item.seen_at = seen_at;
  item.seen_pull = pull_number;
  return item;
}

// Whether linking reads the same of both.
bool LinksAlike(const MemoryItem& a, const MemoryItem& b) {
  return a.parent == b.parent && a.fields == b.fields && a.live() == b.live();
}

// Whether what a sighting as of `at` says of the item is older than what is known of it.
bool KnowsLater(const MemoryChannel& channel, absl::string_view external_id, absl::Time at) {
  const auto found = channel.item_by_external_id.find(external_id);
  if (found == channel.item_by_external_id.end()) return false;
  const MemoryItem& item = channel.items.at(found->second);
  return storage::IsOvertaken(at, item.seen_at, item.gone_at);
}

// The channel's last pull saw the item, which is otherwise as before.
void SeeItem(MemoryChannel& channel, absl::string_view external_id) {
  const auto found = channel.item_by_external_id.find(external_id);
  if (found != channel.item_by_external_id.end()) {
    channel.items.at(found->second).seen_pull = channel.channel.pull.pull_number;
  }
}

// The item is there and could not be read: it may be another than what the channel refused to change.
void SeeUnread(MemoryChannel& channel, absl::string_view external_id, absl::Time now) {
  const auto found = channel.item_by_external_id.find(external_id);
  if (found == channel.item_by_external_id.end()) return;
  MemoryItem& item = channel.items.at(found->second);
  item.seen_pull = channel.channel.pull.pull_number;
  if (item.listing_id == 0) return;
  MemoryListing& listing = channel.listings.at(item.listing_id);
  channel.EndHeld(listing, ChangeKind::kBreak, now);
  if (listing.EndRefusals({})) channel.MarkDirty(listing, now);
}

bool IsGone(const MemoryChannel& channel, absl::string_view external_id) {
  const auto found = channel.item_by_external_id.find(external_id);
  return found != channel.item_by_external_id.end() && channel.items.at(found->second).gone;
}

// What is known of an item before a sighting of it is stored.
struct KnownItem {
  ItemValues seen;
  std::vector<Field> fields;
  RareVector<FixedField> fixed;
};

KnownItem FindKnown(const MemoryChannel& channel, absl::string_view external_id) {
  const auto found = channel.item_by_external_id.find(external_id);
  if (found == channel.item_by_external_id.end()) return {};
  const MemoryItem& item = channel.items.at(found->second);
  return {item.seen, item.fields, channel.FixedOf(item.channel_variant_id)};
}

bool IsAbsent(const MemoryItem& item, int64_t pull_number) { return !item.gone && item.seen_pull != pull_number; }

// A sweep breaks it, and that counts.
bool BreaksWhenAbsent(const MemoryListing& listing) {
  return listing.linked() &&
         storage::JudgeBreak(listing.held, storage::GoneBy::kLook) == storage::BreakVerdict::kBreaks;
}

void LoseItems(MemoryChannel& channel, const storage::Sighting& sighting, const Author& author,
               PullWriteResult* result) {
  const absl::Time as_of = storage::SeenAt(sighting, author.at);
  for (const absl::string_view external_id : storage::MissingItems(sighting)) {
    const auto found = channel.item_by_external_id.find(external_id);
    if (found == channel.item_by_external_id.end()) continue;
    MemoryItem& item = channel.items.at(found->second);
    if (item.gone || storage::IsOvertaken(as_of, item.seen_at, item.gone_at)) continue;
    storage::CountLoss(channel.LoseItem(item, as_of, storage::LookOf(sighting.holds_breaks), author, &result->raised),
                       result);
  }
}

}  // namespace

absl::StatusOr<ProductWriteResult> MemoryStorage::WriteProducts(const ProductBatch& batch, absl::Time now) {
  absl::Status status = storage::CheckProducts(batch);
  if (status.ok()) status = storage::CheckQuantityTime(batch, now);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  if (status = StateKeys(batch); !status.ok()) return status;
  storage::RowChoice rows = storage::ChooseProducts(batch);
  ProductWriteResult result;
  for (const int64_t row : rows.kept) WriteProduct(batch, row, now, &result);
  result.refused = std::move(rows.refused);
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
  if (storage::IsOutdated(product, batch)) ++result->outdated;
  products_by_sku_.erase({product.sku, product.product_id});
  products_by_sku_.emplace(merged.sku, product.product_id);
  static_cast<storage::ProductState&>(product) = std::move(merged);
  ++(change.any ? result->changed : result->unchanged);
  result->dirtied += MarkProductDirty(product, change, now);
}

int64_t MemoryStorage::MarkProductDirty(const MemoryProduct& product, const storage::ProductChange& change,
                                        absl::Time now) {
  int64_t marked = 0;
  for (const auto& [channel_id, listing_id] : product.listings) {
    MemoryChannel& channel = channels_.at(channel_id);
    MemoryListing& listing = channel.listings.at(listing_id);
    if (!listing.linked() || !storage::MarksLink(change, listing.guarded_at)) continue;
    channel.MarkDirty(listing, now, change.rank);
    ++marked;
  }
  return marked;
}

std::vector<int64_t> MemoryStorage::ProductsOf(const std::string& sku) const {
  std::vector<int64_t> product_ids;
  for (auto entry = products_by_sku_.lower_bound({sku, 0}); entry != products_by_sku_.end() && entry->first == sku;
       ++entry) {
    product_ids.push_back(entry->second);
  }
  return product_ids;
}

absl::StatusOr<ProductRemovalResult> MemoryStorage::RemoveProducts(absl::Span<const std::string> skus, absl::Time now) {
  if (absl::Status status = storage::CheckRows(skus.size(), "SKUs"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  ProductRemovalResult result;
  for (const std::string& sku : skus) result.outcomes.push_back(RemoveProduct(sku, now, &result.dirtied));
  return result;
}

int64_t MemoryStorage::BecomeProduct(MemoryProduct& product, storage::ProductState state, absl::Time now) {
  const storage::ProductChange change = storage::CompareProducts(product, state);
  static_cast<storage::ProductState&>(product) = std::move(state);
  return MarkProductDirty(product, change, now);
}

ProductRemoval MemoryStorage::RemoveProduct(const std::string& sku, absl::Time now, int64_t* dirtied) {
  if (sku.empty()) return ProductRemoval::kNoProduct;
  ProductRemoval outcome = ProductRemoval::kNoProduct;
  for (const int64_t product_id : ProductsOf(sku)) {
    MemoryProduct& product = products_.at(product_id);
    if (product.removed) {
      if (outcome == ProductRemoval::kNoProduct) outcome = ProductRemoval::kRemovedBefore;
      continue;
    }
    *dirtied += BecomeProduct(product, storage::RemovedProduct(product, now), now);
    outcome = ProductRemoval::kRemoved;
  }
  return outcome;
}

absl::StatusOr<ProductImport> MemoryStorage::BeginImport(absl::string_view source) {
  if (absl::Status status = storage::CheckSource(source); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  MemorySource& known = sources_[std::string(source)];
  known.unproved = false;
  return ProductImport{std::string(source), ++known.imports};
}

absl::StatusOr<MemorySource*> MemoryStorage::FindSource(const ProductImport& import) {
  const auto found = sources_.find(import.source);
  const int64_t begun = found == sources_.end() ? 0 : found->second.imports;
  if (absl::Status status = storage::CheckImport(import, begun); !status.ok()) return status;
  return &found->second;
}

absl::Status MemoryStorage::StateKeys(const ProductBatch& batch) {
  if (batch.import.source.empty()) return absl::OkStatus();
  const absl::StatusOr<MemorySource*> source = FindSource(batch.import);
  if (!source.ok()) return source.status();
  const storage::NamedKeys named = storage::KeysOf(batch);
  for (const absl::string_view key : named.keys) (*source)->imported[std::string(key)] = batch.import.number;
  if (named.some_unnamed) (*source)->unproved = true;
  return absl::OkStatus();
}

bool MemoryStorage::IsStated(const std::string& key) const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [&](const auto& source) { return source.second.imported.contains(key); });
}

absl::StatusOr<AbsentResult> MemoryStorage::SweepImport(const ProductImport& import, AbsentProducts absent,
                                                        int64_t limit, absl::Time now) {
  absl::Status status = storage::CheckAbsent(absent);
  if (status.ok()) status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  const absl::StatusOr<MemorySource*> source = FindSource(import);
  if (!source.ok()) return source.status();
  AbsentResult result;
  result.unproved = (*source)->unproved;
  if (result.unproved) return result;
  std::vector<std::string> keys;
  for (const auto& [key, number] : (*source)->imported) {
    if (number == import.number) continue;
    result.more = static_cast<int64_t>(keys.size()) == limit;
    if (result.more) break;
    keys.push_back(key);
  }
  for (const std::string& key : keys) {
    (*source)->imported.erase(key);
    LoseProduct(key, absent, now, &result);
  }
  return result;
}

void MemoryStorage::LoseProduct(const std::string& key, AbsentProducts absent, absl::Time now, AbsentResult* result) {
  const auto found = product_by_key_.find(key);
  if (found == product_by_key_.end() || IsStated(key)) return;
  MemoryProduct& product = products_.at(found->second);
  storage::ProductState state = storage::AbsentProduct(product, absent, now);
  if (!storage::CompareProducts(product, state).any) return;
  ++result->absent;
  result->dirtied += BecomeProduct(product, std::move(state), now);
}

absl::StatusOr<ProductBatch> MemoryStorage::ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                         int64_t limit) {
  return ReadProductsThat(/*removed=*/false, after_id, skus, limit);
}

absl::StatusOr<int64_t> MemoryStorage::CountProducts(int64_t after_id) {
  absl::MutexLock lock(&mutex_);
  return std::count_if(products_.upper_bound(after_id), products_.end(),
                       [](const auto& product) { return !product.second.removed; });
}

absl::StatusOr<ProductBatch> MemoryStorage::ReadRemovedProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                                int64_t limit) {
  return ReadProductsThat(/*removed=*/true, after_id, skus, limit);
}

absl::StatusOr<ProductBatch> MemoryStorage::ReadProductsThat(bool removed, int64_t after_id,
                                                             absl::Span<const std::string> skus, int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckRows(skus.size(), "SKUs");
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  ProductBatch batch;
  // False: the batch is full.
  const auto add = [&](const MemoryProduct& product) {
    if (product.removed != removed) return true;
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
    for (const int64_t product_id : ProductsOf(sku)) wanted.insert(product_id);
  }
  for (auto product_id = wanted.upper_bound(after_id); product_id != wanted.end(); ++product_id) {
    if (!add(products_.at(*product_id))) break;
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

absl::StatusOr<PullState> MemoryStorage::BeginPull(const Fence& fence, absl::string_view since) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  PullState& pull = (*channel)->channel.pull;
  if (!storage::HasJustBegun(pull, fence, since)) pull = storage::Begun(pull, fence, since);
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

absl::StatusOr<PullWriteResult> MemoryStorage::WritePulledPages(const Fence& fence, int64_t pull_number,
                                                                absl::Span<const PullPage> pages, absl::Time now) {
  if (absl::Status status = storage::CheckPulledPages(pages); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindPulling(fence, pull_number);
  if (!channel.ok()) return channel.status();
  PullWriteResult result;
  for (const PullPage& page : pages) WritePage(fence, **channel, page, now, &result);
  return result;
}

void MemoryStorage::WritePage(const Fence& fence, MemoryChannel& channel, const PullPage& page, absl::Time now,
                              PullWriteResult* result) {
  WriteSighting(channel, storage::SightingOf(page), {fence.job_id, now}, result);
  PullState& pull = channel.channel.pull;
  pull.cursor = page.next_cursor;
  pull.cursor_at = now;
  pull.job_id = fence.job_id;
}

void MemoryStorage::WriteSighting(MemoryChannel& channel, const storage::Sighting& sighting, const Author& author,
                                  PullWriteResult* result) {
  PullState& pull = channel.channel.pull;
  const ChannelVariantBatch& items = sighting.items;
  const absl::Time seen_at = storage::SeenAt(sighting, author.at);
  storage::PulledRowChoice rows = storage::ChoosePulledRows(items, sighting.problems);
  for (const int64_t row : rows.kept) {
    if (KnowsLater(channel, items.external_id[row], seen_at)) {
      SeeItem(channel, items.external_id[row]);
      ++result->unchanged;
      continue;
    }
    const bool was_gone = IsGone(channel, items.external_id[row]);
    const KnownItem known = FindKnown(channel, items.external_id[row]);
    const int64_t item_id = WriteItem(channel, ToItem(items, row, pull.pull_number, seen_at), result);
    channel.SetHandle(item_id, storage::HandleAt(items, row));
    channel.SetAliases(item_id, storage::AliasesAt(items, row));
    const bool is_another = channel.SetIdentity(item_id, storage::IdentityAt(items, row, channel.IdentityOf(item_id)));
    const MemoryItem& item = channel.items.at(item_id);
    const storage::SeenItem before = {known.seen, known.fields, known.fixed};
    channel.FollowItem(item, {before, was_gone || is_another, items.own_ids}, author, result);
    const bool is_other = channel.SetFixed(item_id, storage::FixedAt(items, row));
    const bool ends_refusals = channel.EndRefusals(item, before);
    const bool marks = (is_other || ends_refusals) && item.listing_id != 0;
    if (marks) channel.MarkDirty(channel.listings.at(item.listing_id), author.at);
  }
  for (const absl::string_view external_id : rows.seen) SeeUnread(channel, external_id, author.at);
  pull.saw_unnamed = pull.saw_unnamed || (pull.running && rows.unnamed > 0);
  storage::AddPage(std::move(rows), result);
  LoseItems(channel, sighting, author, result);
}

int64_t MemoryStorage::WriteItem(MemoryChannel& channel, MemoryItem row, PullWriteResult* result) {
  const auto [found, inserted] = channel.item_by_external_id.emplace(row.external_id, next_id_);
  if (inserted) {
    row.channel_variant_id = NextId();
    channel.RecordNew(LinkSide::kChannel, row.channel_variant_id);
    channel.items_by_parent.emplace(row.parent, row.channel_variant_id);
    channel.items.emplace(row.channel_variant_id, std::move(row));
    ++result->inserted;
    return found->second;
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
  return item.channel_variant_id;
}

absl::StatusOr<int64_t> MemoryStorage::CountAbsentLinks(int64_t channel_id, int64_t pull_number) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  int64_t count = 0;
  for (const auto& [id, item] : (*channel)->items) {
    if (!IsAbsent(item, pull_number) || item.listing_id == 0) continue;
    if (BreaksWhenAbsent((*channel)->listings.at(item.listing_id))) ++count;
  }
  return count;
}

absl::StatusOr<SweepResult> MemoryStorage::HoldAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                      absl::Time now) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  if (absl::Status status = storage::CheckSweep((*channel)->channel, pull_number); !status.ok()) return status;
  SweepResult result;
  for (const auto& [id, item] : (*channel)->items) {
    if (!IsAbsent(item, pull_number) || item.listing_id == 0) continue;
    MemoryListing& listing = (*channel)->listings.at(item.listing_id);
    if (!BreaksWhenAbsent(listing)) continue;
    if (result.held == limit) {
      result.more = true;
      break;
    }
    ++result.held;
    (*channel)->Hold(listing, ChangeKind::kBreak, {fence.job_id, now}, &result.raised);
  }
  return result;
}

absl::StatusOr<SweepResult> MemoryStorage::SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                       absl::Time now) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  if (absl::Status status = storage::CheckSweep((*channel)->channel, pull_number); !status.ok()) return status;
  SweepResult result;
  for (auto& [id, item] : (*channel)->items) {
    if (!IsAbsent(item, pull_number)) continue;
    if (result.gone == limit) {
      result.more = true;
      break;
    }
    storage::CountLoss((*channel)->LoseItem(item, now, storage::GoneBy::kLook, {fence.job_id, now}, &result.raised),
                       &result);
  }
  return result;
}

absl::Status MemoryStorage::EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view mark,
                                    absl::Time now) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  PullState& pull = (*channel)->channel.pull;
  if (pull.pull_number != pull_number || pull_number == 0)
    return storage::PullNotRunning((*channel)->channel, pull_number);
  if (pull.running) pull = storage::Ended(pull, complete, mark, now);
  return absl::OkStatus();
}

absl::StatusOr<PullWriteResult> MemoryStorage::WriteFetched(const Fence& fence, const FetchReply& reply,
                                                            absl::Time now) {
  if (absl::Status status = storage::CheckFetched(reply); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  PullWriteResult result;
  WriteSighting(**channel, storage::SightingOf(reply), {fence.job_id, now}, &result);
  return result;
}

}  // namespace flxlink::memory
