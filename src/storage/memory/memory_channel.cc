#include "src/storage/memory/memory_channel.h"

#include "absl/strings/str_cat.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"

namespace flxlink::memory {
namespace {

std::vector<const MemoryListing*> ListingsById(const absl::btree_map<int64_t, MemoryListing>& listings,
                                               const absl::btree_set<int64_t>& ids) {
  std::vector<const MemoryListing*> found;
  for (const int64_t id : ids) found.push_back(&listings.at(id));
  return found;
}

}  // namespace

bool MemoryItem::live() const { return storage::IsLiveItem(gone, seen.status); }

absl::StatusOr<MemoryListing*> MemoryChannel::FindListing(int64_t listing_id) {
  const auto found = listings.find(listing_id);
  if (found == listings.end()) return storage::NoSuchListing(listing_id);
  return &found->second;
}

absl::StatusOr<MemoryListing*> MemoryChannel::FindListingBySku(absl::string_view sku) {
  const auto found = listing_by_sku.find(sku);
  if (found == listing_by_sku.end()) return storage::NoSuchSku(channel, sku);
  return &listings.at(found->second);
}

absl::StatusOr<MemoryItem*> MemoryChannel::FindItem(int64_t channel_variant_id) {
  const auto found = items.find(channel_variant_id);
  if (found == items.end()) return storage::NoSuchItem(channel, absl::StrCat("with id ", channel_variant_id));
  return &found->second;
}

absl::StatusOr<MemoryItem*> MemoryChannel::FindItemByExternalId(absl::string_view external_id) {
  const auto found = item_by_external_id.find(external_id);
  if (found == item_by_external_id.end()) return storage::NoSuchItem(channel, external_id);
  return &items.at(found->second);
}

std::vector<const MemoryListing*> MemoryChannel::ListingsBySku(absl::Span<const std::string> skus) const {
  absl::btree_set<int64_t> ids;
  for (const std::string& sku : skus) {
    const auto found = listing_by_sku.find(sku);
    if (found != listing_by_sku.end()) ids.insert(found->second);
  }
  return ListingsById(listings, ids);
}

std::vector<const MemoryListing*> MemoryChannel::LinkedByParent(absl::Span<const std::string> parents) const {
  absl::btree_set<int64_t> ids;
  for (const std::string& parent : parents) {
    for (auto entry = items_by_parent.lower_bound({parent, 0});
         entry != items_by_parent.end() && entry->first == parent; ++entry) {
      const int64_t listing_id = items.at(entry->second).listing_id;
      if (listing_id != 0 && listings.at(listing_id).linked()) ids.insert(listing_id);
    }
  }
  return ListingsById(listings, ids);
}

void MemoryChannel::RecordChange(const MemoryListing& listing) {
  if (!link_base.text.empty()) ChangeOf(listing);
}

void MemoryChannel::RecordChange(const MemoryItem& item) {
  if (!link_base.text.empty()) ChangeOf(item);
}

void MemoryChannel::RecordEdit(const MemoryListing& listing) { ChangeOf(listing).edit_version = channel.edit_version; }

void MemoryChannel::RecordEdit(const MemoryItem& item) { ChangeOf(item).edit_version = channel.edit_version; }

MemoryLinkChange& MemoryChannel::ChangeOf(const MemoryListing& listing) {
  const MemoryLinkChange now{true, IsLive(listing.status), listing.parent, listing.fields};
  return link_base.changes.try_emplace({LinkSide::kListing, listing.listing_id}, now).first->second;
}

MemoryLinkChange& MemoryChannel::ChangeOf(const MemoryItem& item) {
  const MemoryLinkChange now{true, item.live(), item.parent, item.fields};
  return link_base.changes.try_emplace({LinkSide::kChannel, item.channel_variant_id}, now).first->second;
}

void MemoryChannel::RecordNew(LinkSide side, int64_t id) {
  if (!link_base.text.empty()) link_base.changes.try_emplace({side, id});
}

absl::Status MemoryChannel::CheckFree(const MemoryListing& listing, const MemoryItem& item) {
  if (listing.channel_variant_id != 0) {
    return storage::AlreadyLinked(listing.sku, items.at(listing.channel_variant_id).external_id);
  }
  if (item.listing_id != 0) return storage::AlreadyLinked(listings.at(item.listing_id).sku, item.external_id);
  return absl::OkStatus();
}

void MemoryChannel::Link(MemoryListing& listing, MemoryItem& item, int32_t rule, LinkReason reason,
                         const ListingStatus& status, const Author& author, bool recorded) {
  if (recorded) {
    RecordChange(listing);
    RecordChange(item);
  }
  listing.state = LinkState::kLinked;
  listing.channel_variant_id = item.channel_variant_id;
  item.listing_id = listing.listing_id;
  listing.rule = rule;
  listing.reason = reason;
  listing.by_hand = rule == 0;
  listing.status = status;
  listing.acknowledged = item.seen;  // Without content: its fields may be older than what was last pushed.
  listing.guarded_at = absl::InfinitePast();
  listing.refused.clear();
  listing.attentions.clear();
  // Whatever an earlier link left to send is not this one's.
  listing.synced_version = listing.dirty_version;
  listing.linked_version = listing.dirty_version + 1;
  listing.history.push_back({LinkEvent::Kind::kLinked, item.external_id, rule, author.job_id, author.at});
  MarkDirty(listing, author.at);
}

void MemoryChannel::Unlink(MemoryListing& listing, LinkEvent::Kind kind, LinkReason reason, const Author& author) {
  MemoryItem& item = items.at(listing.channel_variant_id);
  RecordChange(listing);
  RecordChange(item);
  item.listing_id = 0;
  item.seen = storage::SeenAfterUnlink(item.seen, listing.acknowledged, listing.in_doubt);
  listing.state = LinkState::kUnlinked;
  listing.channel_variant_id = 0;
  listing.rule = 0;
  listing.reason = reason;
  listing.by_hand = false;
  listing.status = storage::StatusAfterUnlink(listing.status);
  listing.attentions.clear();
  listing.history.push_back({kind, item.external_id, 0, author.job_id, author.at});
  Reindex(listing);
}

void MemoryChannel::SetHandle(int64_t channel_variant_id, absl::string_view handle) {
  if (handle.empty()) {
    handles.erase(channel_variant_id);
  } else {
    handles.insert_or_assign(channel_variant_id, std::string(handle));
  }
}

bool MemoryChannel::SetFixed(int64_t channel_variant_id, RareVector<FixedField> fields) {
  if (FixedOf(channel_variant_id) == fields) return false;
  if (fields.empty()) {
    fixed.erase(channel_variant_id);
  } else {
    fixed.insert_or_assign(channel_variant_id, std::move(fields));
  }
  return true;
}

RareVector<FixedField> MemoryChannel::FixedOf(int64_t channel_variant_id) const {
  const auto found = fixed.find(channel_variant_id);
  return found == fixed.end() ? RareVector<FixedField>() : found->second;
}

bool MemoryChannel::LoseItem(MemoryItem& item, absl::Time gone_at, const Author& author) {
  if (item.listing_id != 0 || item.live()) RecordChange(item);
  item.gone = true;
  item.gone_at = gone_at;
  if (item.listing_id == 0) return false;
  MemoryListing& listing = listings.at(item.listing_id);
  RecordChange(listing);
  listing.state = LinkState::kBroken;
  listing.attentions = {storage::ItemGone(item.external_id)};
  listing.history.push_back({LinkEvent::Kind::kBroken, item.external_id, 0, author.job_id, author.at});
  Reindex(listing);
  return true;
}

void MemoryChannel::Heal(MemoryListing& listing, const Author& author) {
  RecordChange(listing);
  const MemoryItem& item = items.at(listing.channel_variant_id);
  RecordChange(item);
  listing.state = LinkState::kLinked;
  listing.attentions.clear();
  listing.synced_version = listing.dirty_version;
  listing.history.push_back({LinkEvent::Kind::kHealed, item.external_id, 0, author.job_id, author.at});
  MarkDirty(listing, author.at);
}

void MemoryChannel::SetStatus(MemoryListing& listing, const ListingStatus& status) {
  if (IsLive(listing.status) != IsLive(status)) RecordChange(listing);
  listing.status = status;
}

void MemoryChannel::MarkDirty(MemoryListing& listing, absl::Time now) {
  if (!listing.linked()) return;
  if (!listing.dirty()) listing.dirty_since = now;
  ++listing.dirty_version;
  Reindex(listing);
}

void MemoryChannel::Reindex(MemoryListing& listing) {
  absl::optional<DirtyKey> key;
  if (listing.dirty() && !listing.status.paused && IsLive(listing.status)) {
    // Negated without overflow: ~n falls as n grows.
    if (items.at(listing.channel_variant_id).live()) {
      key.emplace(~listing.sync_priority, listing.dirty_since, listing.listing_id);
    }
  }
  if (key == listing.dirty_key) return;
  if (listing.dirty_key.has_value()) dirty.erase(*listing.dirty_key);
  if (key.has_value()) dirty.insert(*key);
  listing.dirty_key = key;
}

}  // namespace flxlink::memory
