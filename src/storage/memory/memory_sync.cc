#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "flxlink/storage_kit/content.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/held.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/memory/memory_storage.h"

namespace flxlink::memory {
namespace {

// OK where all of these listing variants are there. `id` tells a row's listing variant.
template <typename Rows, typename Id>
absl::Status CheckListingsExist(const MemoryChannel& channel, const Rows& rows, Id id) {
  for (const auto& row : rows) {
    if (!channel.listings.contains(id(row))) return storage::NoSuchListing(id(row));
  }
  return absl::OkStatus();
}

// The listing variant's values after the masked fields of `acknowledged`, and what was seen, are known to be on the
// channel.
void AcknowledgeFields(MemoryChannel& channel, const Settlement& row, const MemoryProduct& product, absl::Time now,
                       MemoryListing& listing) {
  const SyncFields seen = PresentFields(row.seen);
  CopyFields(row.mask, row.acknowledged, &listing.acknowledged);
  CopyFields(seen, row.seen, &listing.acknowledged);
  if (!row.mask.empty() || !seen.empty()) listing.acknowledged_at = now;
  channel.SetStatus(listing, storage::StatusAfterSettlement(listing.status, row, [&] { return product.removed; }));
}

void SettleLink(MemoryChannel& channel, MemoryListing& listing, const Settlement& row, const SettlementBatch& batch,
                const MemoryProduct& product, absl::Time now) {
  AcknowledgeFields(channel, row, product, now, listing);
  if (row.settled) {
    listing.synced_version = std::max(listing.synced_version, row.dirty_version);
  }
  listing.guarded_at = storage::GuardAfterSettlement(listing.guarded_at, product.quantity_at, row, batch);
  listing.refused = row.refused;
  channel.SetHeld(listing, storage::HeldAfterSettlement(listing.held, listing.dirty_version, row));
  listing.forced = storage::ForcedAfterSettlement(listing.forced, listing.dirty_version, row);
  if (row.attentions != kKeepAttentions) {
    listing.attentions = storage::AttentionsOf(row, batch, listing.attentions);
  }
  channel.Reindex(listing);
}

// Returns whether that gave the link its attentions.
bool Settle(MemoryChannel& channel, const Settlement& row, const SettlementBatch& batch, const MemoryProduct& product,
            const Author& author) {
  MemoryListing& listing = channel.listings.at(row.listing_id);
  // What was sent for an earlier link, which may have been to another item, tells nothing about this one.
  const bool is_other = listing.channel_variant_id != 0 && listing.channel_variant_id != row.channel_variant_id;
  if (is_other || (listing.linked() && row.dirty_version < listing.linked_version)) return false;
  if (listing.channel_variant_id == 0) return false;
  listing.doubt = storage::DoubtAfter(row);
  if (listing.linked() && !row.gone) {
    SettleLink(channel, listing, row, batch, product, author.at);
    if (row.decided) channel.MarkDirty(listing, author.at);
    return row.attentions != kKeepAttentions;
  }
  if (!listing.linked()) return false;
  std::vector<SightedAttention> raised;  // The settlement's to tell.
  channel.LoseItem(channel.items.at(listing.channel_variant_id), author.at, storage::GoneBy::kPush, author, &raised);
  return true;
}

// The link is still the one that the item was planned for, with nothing that was overtaken.
bool IsAsPlanned(const MemoryListing& listing, const PushItem& item) {
  return listing.dirty_key.has_value() && listing.linked_to(item.channel_variant_id) &&
         listing.dirty_version == item.dirty_version;
}

OpenItem RecordedItem(const PushItem& item) {
  OpenItem open{item, "", ""};
  open.item.handle.clear();
  open.item.idempotency_key.clear();
  open.item.known = ItemValues();
  return open;
}

std::pair<absl::Time, int64_t> LookKey(const OpenPush& push) {
  return {push.look_at.value_or(absl::InfinitePast()), push.push_id};
}

void SetLook(MemoryChannel& channel, absl::optional<absl::Time> look_at, OpenPush* push) {
  channel.push_looks.erase(LookKey(*push));
  push->look_at = look_at;
  channel.push_looks.insert(LookKey(*push));
}

// Keeps what can be sent of the record, if anything.
void KeepRecord(MemoryChannel& channel, const PushRecord& record) {
  if (record.policy_version != channel.channel.policy_version) return;
  std::map<int64_t, OpenItem> items;
  for (const PushItem& item : record.items) {
    MemoryListing& listing = channel.listings.at(item.listing_id);
    if (!IsAsPlanned(listing, item)) continue;
    listing.doubt = storage::DoubtWith(listing.doubt, item);
    channel.SetStatus(listing, storage::StatusOnPush(listing.status, item));
    items.insert_or_assign(item.listing_id, RecordedItem(item));
  }
  if (items.empty()) return;
  OpenPush& push = channel.pushes[record.push_id];
  push.push_id = record.push_id;
  push.kind = record.kind;
  push.call_deadline = record.call_deadline;
  push.receipt_deadline = record.receipt_deadline;
  for (auto& [listing_id, open] : items) push.items.push_back(std::move(open));
  channel.push_looks.insert(LookKey(push));
}

// What the record that is kept does not have.
std::vector<int64_t> LeftOut(const MemoryChannel& channel, const PushRecord& record) {
  absl::flat_hash_set<int64_t> kept;
  const auto push = channel.pushes.find(record.push_id);
  if (push != channel.pushes.end()) {
    for (const OpenItem& open : push->second.items) kept.insert(open.item.listing_id);
  }
  std::vector<int64_t> left_out;
  for (const PushItem& item : record.items) {
    if (!kept.contains(item.listing_id)) left_out.push_back(item.listing_id);
  }
  return left_out;
}

// Takes items out of a record, and the record away once it is empty. `leaves` may change an item that stays. What has a
// receipt is to be asked about from `receipts_at` on; nullopt: from the call's deadline on.
template <typename Leaves>
void TakeOut(MemoryChannel& channel, int64_t push_id, absl::optional<absl::Time> receipts_at, Leaves leaves) {
  const auto push = channel.pushes.find(push_id);
  if (push == channel.pushes.end()) return;
  std::vector<OpenItem>& items = push->second.items;
  const auto takes_out = [&](OpenItem& open) {
    const bool out = leaves(open);
    const std::pair<int64_t, int64_t> key = {open.item.listing_id, push_id};
    if (out || open.receipt.empty()) {
      channel.awaited.erase(key);
    } else {
      channel.awaited.insert(key);
    }
    return out;
  };
  items.erase(std::remove_if(items.begin(), items.end(), takes_out), items.end());
  OpenPush& record = push->second;
  SetLook(
      channel,
      storage::LookAfter(record.look_at, items, receipts_at.value_or(record.call_deadline), record.receipt_deadline),
      &record);
  if (!items.empty()) return;
  channel.push_looks.erase(LookKey(record));
  channel.pushes.erase(push);
}

// Whether the link for which that was sent has been dissolved since, whatever links its sides have now.
bool IsOfEarlierLink(const MemoryChannel& channel, const PushItem& sent) {
  const MemoryListing& listing = channel.listings.at(sent.listing_id);
  return listing.channel_variant_id != sent.channel_variant_id || sent.dirty_version < listing.linked_version;
}

// What an item has by now nobody knows, whatever was sent to it since. Its link is told, or the one that it gets.
void DoubtAnew(MemoryChannel& channel, const PushItem& sent, absl::Time now) {
  const auto found = channel.items.find(sent.channel_variant_id);
  if (found == channel.items.end()) return;
  MemoryItem& item = found->second;
  if (item.listing_id == 0) {
    item.doubt = storage::DoubtWith(item.doubt, sent);
    return;
  }
  MemoryListing& listing = channel.listings.at(item.listing_id);
  if (!listing.linked()) return;
  listing.doubt = storage::DoubtWith(listing.doubt, sent);
  channel.MarkDirty(listing, now);
}

// What has a row leaves the record or, accepted, stays with its receipt. Where a receipt is decided after its link,
// what the item got late lies over what a link has sent since.
void SettleRecord(MemoryChannel& channel, const SettlementBatch& batch, absl::Time now) {
  absl::flat_hash_map<int64_t, const Settlement*> row_of;
  for (const Settlement& row : batch.rows) row_of.emplace(row.listing_id, &row);
  TakeOut(channel, batch.push_id, now, [&](OpenItem& open) {
    const auto row = row_of.find(open.item.listing_id);
    if (row == row_of.end()) return false;
    if (row->second->decided && IsOfEarlierLink(channel, open.item)) DoubtAnew(channel, open.item, now);
    open.receipt = row->second->receipt;
    open.lingers = false;
    return open.receipt.empty();
  });
}

// Calls `visit` with what has a receipt of the listing variant, by push_id.
template <typename Visit>
void ForEachAwaited(const MemoryChannel& channel, int64_t listing_id, Visit visit) {
  for (auto key = channel.awaited.lower_bound({listing_id, 0});
       key != channel.awaited.end() && key->first == listing_id; ++key) {
    for (const OpenItem& open : channel.pushes.at(key->second).items) {
      if (open.item.listing_id == listing_id && !open.receipt.empty()) visit(key->second, open);
    }
  }
}

// Fills in what the channel has accepted of the link and not decided. Pushes have ascending ids.
void AddAwaited(const MemoryChannel& channel, const MemoryListing& listing, SyncRow* row) {
  ForEachAwaited(channel, listing.listing_id, [&](int64_t /*push_id*/, const OpenItem& open) {
    const PushItem& item = open.item;
    if (item.channel_variant_id != listing.channel_variant_id || item.dirty_version < listing.linked_version) return;
    AwaitedValues awaited = {item.mask, {}};
    CopyFields(item.mask, item.values, &awaited.values);
    row->awaited.Mutable().push_back(std::move(awaited));
  });
}

// The record, its items with what they are called.
OpenPush NamedPush(const MemoryChannel& channel, const OpenPush& push) {
  OpenPush named = push;
  for (OpenItem& open : named.items) {
    open.sku = channel.listings.at(open.item.listing_id).sku;
    const auto item = channel.items.find(open.item.channel_variant_id);
    if (item == channel.items.end()) continue;
    open.item.external_id = item->second.external_id;
    open.item.parent_id = item->second.parent;
  }
  return named;
}

}  // namespace

void MemoryStorage::AddSyncRow(const MemoryChannel& channel, const MemoryListing& listing, SyncBatch* batch) const {
  const MemoryProduct& product = products_.at(listing.product_id);
  const MemoryItem& item = channel.items.at(listing.channel_variant_id);
  SyncRow row;
  row.listing_id = listing.listing_id;
  row.channel_variant_id = listing.channel_variant_id;
  row.dirty_version = listing.dirty_version;
  row.product_price = product.price;
  row.product_compare_at_price = product.compare_at_price;
  row.product_currency = product.currency;
  row.product_quantity = product.quantity;
  row.quantity_at = product.quantity_at;
  row.product_removed = product.removed;
  row.product_absent = product.absent;
  row.status = listing.status;
  row.acknowledged = listing.acknowledged;
  row.seen = item.seen;
  const std::vector<std::string>& content = channel.channel.config.sync_fields.content();
  row.content = storage::SyncedContent(listing.fields, content);
  row.acknowledged.content = storage::SyncedContent(listing.acknowledged.content, content);
  row.seen.content = storage::SeenContent(item.fields, content);
  row.seen_at = item.seen_at;
  row.guarded_at = storage::EffectiveGuard(listing.guarded_at, product.quantity_at);
  row.refused = listing.refused;
  row.held = listing.held;
  row.forced = listing.forced;
  row.in_doubt = listing.doubt.fields;
  row.confirmed = listing.doubt.confirmed;
  if (row.in_doubt.Has(SyncField::kQuantity)) row.quantities_in_doubt = listing.doubt.quantities;
  if (!row.in_doubt.empty()) AddAwaited(channel, listing, &row);
  row.fixed = channel.FixedOf(item.channel_variant_id);
  row.doubtful = listing.doubtful;
  row.dirty = listing.dirty();
  row.sync_priority = listing.sync_priority;
  row.dirty_rank = listing.dirty_rank;
  row.dirty_since = listing.dirty_since;
  row.acknowledged_at = listing.acknowledged_at;
  batch->rows.push_back(row);
  batch->sku.Add(listing.sku);
  batch->external_id.Add(item.external_id);
  batch->parent_id.Add(item.parent);
  const auto handle = channel.handles.find(item.channel_variant_id);
  batch->handle.Add(handle == channel.handles.end() ? absl::string_view() : handle->second);
}

absl::StatusOr<SyncBatch> MemoryStorage::ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(channel_id);
  if (!found.ok()) return found.status();
  const MemoryChannel& channel = **found;
  auto key = cursor->started ? channel.dirty.upper_bound({~cursor->sync_priority, cursor->dirty_rank,
                                                          cursor->dirty_since, cursor->listing_id})
                             : channel.dirty.begin();
  SyncBatch batch;
  for (; key != channel.dirty.end() && batch.size() < limit; ++key) {
    const MemoryListing& listing = channel.listings.at(std::get<3>(*key));
    AddSyncRow(channel, listing, &batch);
    *cursor = {true, listing.sync_priority, listing.dirty_rank, listing.dirty_since, listing.listing_id};
  }
  return batch;
}

absl::StatusOr<int64_t> MemoryStorage::CountDirty(int64_t channel_id, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  return std::min(static_cast<int64_t>((*channel)->dirty.size()), limit);
}

absl::StatusOr<SyncBatch> MemoryStorage::ReadLinks(int64_t channel_id, int64_t after_id, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const auto& listings = (*channel)->listings;
  SyncBatch batch;
  for (auto entry = listings.upper_bound(after_id); entry != listings.end() && batch.size() < limit; ++entry) {
    if (entry->second.linked()) AddSyncRow(**channel, entry->second, &batch);
  }
  return batch;
}

absl::StatusOr<SyncBatch> MemoryStorage::ReadLinksBySku(int64_t channel_id, absl::Span<const std::string> skus) {
  if (absl::Status status = storage::CheckRows(skus.size(), "SKUs"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  SyncBatch batch;
  for (const MemoryListing* listing : (*channel)->ListingsBySku(skus)) {
    if (listing->linked()) AddSyncRow(**channel, *listing, &batch);
  }
  return batch;
}

absl::StatusOr<SyncBatch> MemoryStorage::ReadLinksByParent(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                                           int64_t after_id, int64_t limit) {
  if (absl::Status status = storage::CheckRows(parent_ids.size(), "parents"); !status.ok()) return status;
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  SyncBatch batch;
  for (const MemoryListing* listing : (*channel)->LinkedByParent(parent_ids)) {
    if (listing->listing_id > after_id && batch.size() < limit) AddSyncRow(**channel, *listing, &batch);
  }
  return batch;
}

absl::Status MemoryStorage::WriteReconciliations(const Fence& fence, absl::Span<const Reconciliation> rows,
                                                 absl::Time now) {
  absl::Status status = storage::CheckRows(rows.size(), "reconciliations");
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  status = CheckListingsExist(**channel, rows, [](const Reconciliation& row) { return row.listing_id; });
  if (!status.ok()) return status;
  for (const Reconciliation& row : rows) {
    MemoryListing& listing = (*channel)->listings.at(row.listing_id);
    if (!listing.linked_to(row.channel_variant_id)) continue;
    listing.acknowledged = row.acknowledged;
    if (row.ends_refusals) listing.EndRefusals({});
    if (row.guard_quantity) listing.guarded_at = (*channel)->items.at(listing.channel_variant_id).seen_at;
    (*channel)->MarkDirty(listing, now, DirtyRank::kFound);
  }
  return absl::OkStatus();
}

absl::Status MemoryStorage::ForceLinks(const Fence& fence, absl::Span<const LinkPair> links, absl::Time now) {
  absl::Status status = storage::CheckRows(links.size(), "links");
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  status = CheckListingsExist(**channel, links, [](const LinkPair& link) { return link.listing_id; });
  if (!status.ok()) return status;
  for (const LinkPair& link : links) {
    MemoryListing& listing = (*channel)->listings.at(link.listing_id);
    if (!listing.linked_to(link.channel_variant_id)) continue;
    listing.EndRefusals({});
    listing.forced = (*channel)->channel.config.sync_fields;
    (*channel)->MarkDirty(listing, now);
  }
  return absl::OkStatus();
}

absl::Status MemoryStorage::WriteEvaluatedVersion(const Fence& fence, int64_t policy_version) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  int64_t& evaluated = (*channel)->channel.evaluated_version;
  evaluated = std::max(evaluated, policy_version);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> MemoryStorage::BeginPush(const Fence& fence, const PushRecord& record) {
  absl::Status status = storage::CheckRows(record.items.size(), "push items");
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  status = CheckListingsExist(**channel, record.items, [](const PushItem& item) { return item.listing_id; });
  if (!status.ok()) return status;
  if (!(*channel)->pushes.contains(record.push_id)) KeepRecord(**channel, record);
  return LeftOut(**channel, record);
}

absl::StatusOr<std::vector<OpenPush>> MemoryStorage::ReadOpenPushes(int64_t channel_id, absl::Time due,
                                                                    PushCursor* cursor, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindChannel(channel_id);
  if (!found.ok()) return found.status();
  const MemoryChannel& channel = **found;
  auto look = cursor->started
                  ? channel.push_looks.upper_bound({cursor->look_at.value_or(absl::InfinitePast()), cursor->push_id})
                  : channel.push_looks.begin();
  std::vector<OpenPush> pushes;
  size_t items = 0;
  for (; look != channel.push_looks.end() && look->first <= due && items < static_cast<size_t>(limit); ++look) {
    pushes.push_back(NamedPush(channel, channel.pushes.at(look->second)));
    items += pushes.back().items.size();
    *cursor = {true, pushes.back().look_at, look->second};
  }
  return pushes;
}

absl::StatusOr<absl::Time> MemoryStorage::ReadNextLook(int64_t channel_id) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const auto& looks = (*channel)->push_looks;
  const auto first = looks.upper_bound({absl::InfinitePast(), std::numeric_limits<int64_t>::max()});
  return first == looks.end() ? absl::InfiniteFuture() : first->first;
}

absl::StatusOr<std::vector<AwaitedItem>> MemoryStorage::ReadAwaited(int64_t channel_id,
                                                                    absl::Span<const int64_t> listing_ids) {
  if (absl::Status status = storage::CheckRows(listing_ids.size(), "listing variants"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  std::vector<AwaitedItem> awaited;
  for (const int64_t listing_id : std::set<int64_t>(listing_ids.begin(), listing_ids.end())) {
    ForEachAwaited(**channel, listing_id, [&](int64_t push_id, const OpenItem& open) {
      awaited.push_back({push_id, listing_id, open.item.mask});
    });
  }
  return awaited;
}

absl::Status MemoryStorage::WritePushLooks(const Fence& fence, absl::Span<const PushLook> looks) {
  if (absl::Status status = storage::CheckRows(looks.size(), "pushes"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  for (const PushLook& look : looks) {
    const auto push = (*channel)->pushes.find(look.push_id);
    if (push == (*channel)->pushes.end() || !push->second.look_at.has_value()) continue;
    SetLook(**channel, look.at, &push->second);
  }
  return absl::OkStatus();
}

absl::StatusOr<SettlementResult> MemoryStorage::WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                                 absl::Time now) {
  absl::Status status = storage::CheckSettlements(batch);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  status = CheckListingsExist(**channel, batch.rows, [](const Settlement& row) { return row.listing_id; });
  if (!status.ok()) return status;
  SettlementResult result;
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    const MemoryListing& listing = (*channel)->listings.at(batch.rows[i].listing_id);
    const std::vector<Problem> before = listing.attentions;
    if (!Settle(**channel, batch.rows[i], batch, products_.at(listing.product_id), {fence.job_id, now})) continue;
    storage::AddAttentionChanges(static_cast<int64_t>(i), before, listing.attentions, &result);
  }
  if ((*channel)->pushes.contains(batch.push_id)) (*channel)->CountChanges(batch.changes, now);
  SettleRecord(**channel, batch, now);
  return result;
}

absl::Status MemoryStorage::LetPushLinger(const Fence& fence, int64_t push_id) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  TakeOut(**channel, push_id, absl::nullopt, [](OpenItem& open) {
    open.lingers = open.receipt.empty();
    return false;
  });
  return absl::OkStatus();
}

absl::Status MemoryStorage::AbandonPush(const Fence& fence, int64_t push_id, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  TakeOut(**channel, push_id, now, [&](const OpenItem& open) {
    if (!open.receipt.empty()) return false;
    if (open.lingers) DoubtAnew(**channel, open.item, now);
    return true;
  });
  return absl::OkStatus();
}

absl::StatusOr<int64_t> MemoryStorage::WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                                     absl::Time now) {
  absl::Status status = storage::CheckRows(rows.size(), "statuses");
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  status = CheckListingsExist(**channel, rows, [](const StatusWrite& row) { return row.listing_id; });
  if (!status.ok()) return status;
  int64_t written = 0;
  for (const StatusWrite& row : rows) {
    MemoryListing& listing = (*channel)->listings.at(row.listing_id);
    if (!(listing.status == row.expected)) continue;
    (*channel)->SetStatedStatus(listing, row.status);
    if (DesiredStatus(row.status) != DesiredStatus(row.expected)) (*channel)->MarkDirty(listing, now);
    ++written;
  }
  return written;
}

}  // namespace flxlink::memory
