#include <utility>

#include "absl/container/flat_hash_set.h"
#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/memory/memory_storage.h"

namespace flxlink::memory {
namespace {

absl::string_view KeyValue(const MemoryListing& listing, absl::string_view field) {
  if (field == "sku") return listing.sku;
  if (field == "parent") return listing.parent;
  return FieldValue(listing.fields, field);
}

absl::string_view KeyValue(const MemoryItem& item, absl::string_view field) {
  if (field == "id") return item.external_id;
  if (field == "parent") return item.parent;
  return FieldValue(item.fields, field);
}

template <typename Record>
void AddKeys(const Record& record, absl::Span<const std::string> fields, std::vector<StringColumn>* columns) {
  for (size_t i = 0; i < fields.size(); ++i) (*columns)[i].Add(KeyValue(record, fields[i]));
}

void AddRow(const MemoryListing& listing, absl::Span<const std::string> fields, ListingKeyPage* page) {
  AddKeys(listing, fields, &page->columns);
  page->listing_id.push_back(listing.listing_id);
  page->parent.Add(listing.parent);
  page->live.push_back(IsLive(listing.status) ? 1 : 0);
  page->linked_to.push_back(listing.channel_variant_id);
  page->broken.push_back(listing.state == LinkState::kBroken ? 1 : 0);
  page->reason.push_back(listing.reason);
  page->rule.push_back(listing.rule);
}

void AddRow(const MemoryItem& item, absl::Span<const std::string> fields, ChannelKeyPage* page) {
  AddKeys(item, fields, &page->columns);
  page->channel_variant_id.push_back(item.channel_variant_id);
  page->external_id.Add(item.external_id);
  page->parent.Add(item.parent);
  page->live.push_back(item.live() ? 1 : 0);
}

// The rows of the map with ids above `after_id`, at most `limit`.
template <typename Page, typename Rows>
Page PageAfter(const Rows& rows, absl::Span<const std::string> fields, int64_t after_id, int64_t limit) {
  Page page;
  page.columns.resize(fields.size());
  for (auto row = rows.upper_bound(after_id); row != rows.end() && page.size() < limit; ++row) {
    AddRow(row->second, fields, &page);
  }
  return page;
}

// The rows of the map with these ids.
template <typename Page, typename Rows>
Page PageOf(const Rows& rows, absl::Span<const std::string> fields, absl::Span<const int64_t> ids) {
  Page page;
  page.columns.resize(fields.size());
  for (const int64_t id : ids) {
    const auto row = rows.find(id);
    if (row != rows.end()) AddRow(row->second, fields, &page);
  }
  return page;
}

// Whether every new link among `rows` can be made: both sides are there, free, and named by no other row.
absl::Status CheckLinkWrites(MemoryChannel& channel, absl::Span<const LinkWrite> rows) {
  absl::flat_hash_set<int64_t> linked_listings;
  absl::flat_hash_set<int64_t> linked_items;
  for (const LinkWrite& row : rows) {
    absl::StatusOr<MemoryListing*> listing = channel.FindListing(row.listing_id);
    if (!listing.ok()) return listing.status();
    if (row.channel_variant_id == 0) continue;
    absl::StatusOr<MemoryItem*> item = channel.FindItem(row.channel_variant_id);
    if (!item.ok()) return item.status();
    if ((*listing)->channel_variant_id == row.channel_variant_id) continue;
    if (absl::Status status = channel.CheckFree(**listing, **item); !status.ok()) return status;
    const bool first_of_listing = linked_listings.insert(row.listing_id).second;
    const bool first_of_item = linked_items.insert(row.channel_variant_id).second;
    if (!first_of_listing || !first_of_item) return storage::AlreadyLinked((*listing)->sku, (*item)->external_id);
  }
  return absl::OkStatus();
}

void WriteLink(MemoryChannel& channel, const LinkWrite& row, const Author& author) {
  MemoryListing& listing = channel.listings.at(row.listing_id);
  if (row.channel_variant_id != 0) {
    if (listing.channel_variant_id == row.channel_variant_id) return;
    channel.Link(listing, channel.items.at(row.channel_variant_id), row.rule, row.reason, author, row.record_change);
    return;
  }
  if (listing.channel_variant_id != 0) return;
  listing.rule = row.rule;
  listing.reason = row.reason;
}

bool IsEditedAfter(const MemoryChannel& channel, LinkSide side, int64_t id, int64_t edit_version) {
  const auto change = channel.link_base.changes.find({side, id});
  return change != channel.link_base.changes.end() && change->second.edit_version > edit_version;
}

// The places of rows of which a side was touched by hand after `edit_version`.
std::vector<int64_t> FindOvertaken(const MemoryChannel& channel, absl::Span<const LinkWrite> rows,
                                   int64_t edit_version) {
  std::vector<int64_t> overtaken;
  if (channel.channel.edit_version == edit_version) return overtaken;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (IsEditedAfter(channel, LinkSide::kListing, rows[i].listing_id, edit_version) ||
        IsEditedAfter(channel, LinkSide::kChannel, rows[i].channel_variant_id, edit_version)) {
      overtaken.push_back(static_cast<int64_t>(i));
    }
  }
  return overtaken;
}

// Others were judged as if these links had been made.
absl::Status RecordOvertaken(MemoryChannel& channel, absl::Span<const LinkWrite> rows,
                             absl::Span<const int64_t> overtaken) {
  for (const int64_t at : overtaken) {
    const LinkWrite& row = rows[static_cast<size_t>(at)];
    absl::StatusOr<MemoryListing*> listing = channel.FindListing(row.listing_id);
    if (!listing.ok()) return listing.status();
    if (row.channel_variant_id == 0) continue;
    absl::StatusOr<MemoryItem*> item = channel.FindItem(row.channel_variant_id);
    if (!item.ok()) return item.status();
    channel.RecordEdit(**listing);
    channel.RecordEdit(**item);
  }
  return absl::OkStatus();
}

absl::Status LinkByHand(MemoryChannel& channel, MemoryListing& listing, absl::string_view external_id, absl::Time now) {
  absl::StatusOr<MemoryItem*> found = channel.FindItemByExternalId(external_id);
  if (!found.ok()) return found.status();
  MemoryItem& item = **found;
  if (listing.linked() && listing.channel_variant_id == item.channel_variant_id) return absl::OkStatus();
  if (absl::Status status = channel.CheckFree(listing, item); !status.ok()) return status;
  if (!item.live()) return storage::ItemNotLive(item.external_id);
  ++channel.channel.edit_version;
  channel.RecordEdit(listing);
  channel.RecordEdit(item);
  channel.Link(listing, item, 0, LinkReason::kNone, {0, now});
  channel.hand_unlinks.erase({listing.listing_id, item.channel_variant_id});
  return absl::OkStatus();
}

absl::Status UnlinkByHand(MemoryChannel& channel, MemoryListing& listing, absl::Time now) {
  if (listing.channel_variant_id == 0) {
    return listing.reason == LinkReason::kUnlinkedByHand ? absl::OkStatus() : storage::NotLinked(listing.sku);
  }
  ++channel.channel.edit_version;
  channel.RecordEdit(listing);
  channel.RecordEdit(channel.items.at(listing.channel_variant_id));
  channel.hand_unlinks.insert({listing.listing_id, listing.channel_variant_id});
  channel.Unlink(listing, LinkEvent::Kind::kUnlinked, LinkReason::kUnlinkedByHand, {0, now});
  return absl::OkStatus();
}

void ClearHandUnlinks(MemoryChannel& channel, const MemoryListing& listing) {
  const auto first = channel.hand_unlinks.lower_bound({listing.listing_id, 0});
  const auto last = channel.hand_unlinks.lower_bound({listing.listing_id + 1, 0});
  if (first == last) return;
  ++channel.channel.edit_version;
  channel.RecordEdit(listing);
  channel.hand_unlinks.erase(first, last);
}

// A person states, or gives back, the status of a listing variant.
void State(MemoryChannel& channel, MemoryListing& listing, const ListingStatus& status, absl::Time now) {
  const ListingStatus before = listing.status;
  if (IsLive(status) != IsLive(before)) {
    ++channel.channel.edit_version;
    channel.RecordEdit(listing);
  }
  channel.SetStatedStatus(listing, status);
  if (!(status == before) && IsLive(status)) channel.MarkDirty(listing, now);
}

absl::Status StateStatus(MemoryChannel& channel, MemoryListing& listing, Health wanted, absl::Time now) {
  absl::StatusOr<ListingStatus> status =
      storage::StatusAfterEdit(listing.status, wanted, listing.channel_variant_id != 0, listing.sku);
  if (!status.ok()) return status.status();
  State(channel, listing, *status, now);
  return absl::OkStatus();
}

absl::Status Confirm(MemoryChannel& channel, MemoryListing& listing, absl::Time now) {
  if (!listing.linked()) return storage::NotLinked(listing.sku);
  listing.by_hand = true;
  if (!listing.doubtful) return absl::OkStatus();
  listing.doubtful = false;
  const MemoryItem& item = channel.items.at(listing.channel_variant_id);
  listing.attentions = storage::WithSightings(listing.attentions, channel.SightingAttentions(listing, item));
  channel.EndHeld(listing, ChangeKind::kUnlink, now);
  channel.MarkDirty(listing, now);
  return absl::OkStatus();
}

// Whether a job may dissolve the link: it is still that, and broken or doubtful.
bool MayRelease(const MemoryListing& listing, const LinkPair& link) {
  return listing.channel_variant_id == link.channel_variant_id &&
         (listing.state == LinkState::kBroken || listing.doubtful);
}

void Resume(MemoryChannel& channel, MemoryListing& listing, absl::Time now) {
  if (!listing.status.paused) return;
  listing.status.paused = false;
  channel.MarkDirty(listing, now);
}

absl::Status ApplyEdit(MemoryChannel& channel, MemoryListing& listing, const ListingEdit& edit, absl::Time now) {
  switch (edit.kind) {
    case ListingEdit::Kind::kLink:
      return LinkByHand(channel, listing, edit.external_id, now);
    case ListingEdit::Kind::kUnlink:
      return UnlinkByHand(channel, listing, now);
    case ListingEdit::Kind::kClearUnlink:
      ClearHandUnlinks(channel, listing);
      return absl::OkStatus();
    case ListingEdit::Kind::kSetPriority:
      channel.SetPriority(listing, edit.sync_priority, now);
      break;
    case ListingEdit::Kind::kPause:
      listing.status.paused = true;
      break;
    case ListingEdit::Kind::kResume:
      Resume(channel, listing, now);
      break;
    case ListingEdit::Kind::kSetStatus:
      if (absl::Status status = StateStatus(channel, listing, edit.status, now); !status.ok()) return status;
      break;
    case ListingEdit::Kind::kAdoptStatus:
      State(channel, listing, Adopt(listing.status), now);
      break;
    case ListingEdit::Kind::kConfirm:
      if (absl::Status status = Confirm(channel, listing, now); !status.ok()) return status;
      break;
  }
  channel.Reindex(listing);
  return absl::OkStatus();
}

EditOutcome MakeEdit(MemoryChannel& channel, const ListingEdit& edit, absl::Time now) {
  absl::StatusOr<MemoryListing*> listing = channel.FindListingBySku(edit.sku);
  if (!listing.ok()) return {listing.status(), false};
  const int64_t linked_to = (*listing)->channel_variant_id;
  EditOutcome outcome;
  outcome.status = ApplyEdit(channel, **listing, edit, now);
  outcome.changed_link = (*listing)->channel_variant_id != linked_to;
  return outcome;
}

}  // namespace

absl::StatusOr<ListingKeyPage> MemoryStorage::ReadListingKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                              int64_t after_id, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  return PageAfter<ListingKeyPage>((*channel)->listings, fields, after_id, limit);
}

absl::StatusOr<ChannelKeyPage> MemoryStorage::ReadChannelKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                              int64_t after_id, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  return PageAfter<ChannelKeyPage>((*channel)->items, fields, after_id, limit);
}

absl::StatusOr<ListingKeyPage> MemoryStorage::ReadListingKeysById(int64_t channel_id,
                                                                  absl::Span<const std::string> fields,
                                                                  absl::Span<const int64_t> ids) {
  if (absl::Status status = storage::CheckRows(ids.size(), "ids"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  return PageOf<ListingKeyPage>((*channel)->listings, fields, ids);
}

absl::StatusOr<ChannelKeyPage> MemoryStorage::ReadChannelKeysById(int64_t channel_id,
                                                                  absl::Span<const std::string> fields,
                                                                  absl::Span<const int64_t> ids) {
  if (absl::Status status = storage::CheckRows(ids.size(), "ids"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  return PageOf<ChannelKeyPage>((*channel)->items, fields, ids);
}

absl::StatusOr<std::vector<LinkHolder>> MemoryStorage::ReadHolders(int64_t channel_id,
                                                                   absl::Span<const int64_t> channel_variant_ids) {
  if (absl::Status status = storage::CheckRows(channel_variant_ids.size(), "ids"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  std::vector<LinkHolder> holders;
  for (const int64_t id : channel_variant_ids) {
    const auto item = (*channel)->items.find(id);
    if (item == (*channel)->items.end() || item->second.listing_id == 0) continue;
    const MemoryListing& listing = (*channel)->listings.at(item->second.listing_id);
    holders.push_back({id, listing.listing_id, listing.state == LinkState::kBroken});
  }
  return holders;
}

absl::StatusOr<std::vector<LinkPair>> MemoryStorage::ReadHandUnlinks(int64_t channel_id, LinkPair after,
                                                                     int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const auto& pairs = (*channel)->hand_unlinks;
  std::vector<LinkPair> page;
  for (auto pair = pairs.upper_bound({after.listing_id, after.channel_variant_id});
       pair != pairs.end() && static_cast<int64_t>(page.size()) < limit; ++pair) {
    page.push_back({pair->first, pair->second});
  }
  return page;
}

absl::StatusOr<LinkWriteResult> MemoryStorage::WriteLinks(const Fence& fence, int64_t read_edit_version,
                                                          absl::Span<const LinkWrite> rows, absl::Time now) {
  if (absl::Status status = storage::CheckRows(rows.size(), "links"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> found = FindFenced(fence);
  if (!found.ok()) return found.status();
  MemoryChannel& channel = **found;
  LinkWriteResult result;
  result.overtaken = FindOvertaken(channel, rows, read_edit_version);
  std::vector<LinkWrite> writes(rows.begin(), rows.end());
  for (auto at = result.overtaken.rbegin(); at != result.overtaken.rend(); ++at) writes.erase(writes.begin() + *at);
  if (absl::Status status = CheckLinkWrites(channel, writes); !status.ok()) return status;
  if (absl::Status status = RecordOvertaken(channel, rows, result.overtaken); !status.ok()) return status;
  for (const LinkWrite& row : writes) WriteLink(channel, row, {fence.job_id, now});
  return result;
}

absl::StatusOr<std::vector<LinkPair>> MemoryStorage::ReadBrokenLinks(int64_t channel_id, int64_t after_id,
                                                                     int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  std::vector<LinkPair> links;
  const auto& listings = (*channel)->listings;
  for (auto at = listings.upper_bound(after_id); at != listings.end(); ++at) {
    if (static_cast<int64_t>(links.size()) == limit) break;
    if (at->second.state != LinkState::kBroken) continue;
    links.push_back({at->second.listing_id, at->second.channel_variant_id});
  }
  return links;
}

absl::StatusOr<std::vector<DoubtfulLink>> MemoryStorage::ReadDoubtfulLinks(int64_t channel_id, int64_t after_id,
                                                                           int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  std::vector<DoubtfulLink> links;
  const auto& listings = (*channel)->listings;
  for (auto at = listings.upper_bound(after_id); at != listings.end(); ++at) {
    if (static_cast<int64_t>(links.size()) == limit) break;
    const MemoryListing& listing = at->second;
    if (!listing.doubtful || !listing.linked()) continue;
    links.push_back({{listing.listing_id, listing.channel_variant_id}, storage::UnlinkState(listing.held)});
  }
  return links;
}

absl::StatusOr<std::vector<SightedAttention>> MemoryStorage::HoldUnlinks(const Fence& fence,
                                                                         absl::Span<const LinkPair> links,
                                                                         absl::Time now) {
  if (absl::Status status = storage::CheckRows(links.size(), "links"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  std::vector<SightedAttention> raised;
  for (const LinkPair& link : links) {
    const auto listing = (*channel)->listings.find(link.listing_id);
    if (listing == (*channel)->listings.end()) continue;
    const MemoryListing& found = listing->second;
    if (found.channel_variant_id != link.channel_variant_id) continue;
    if (!storage::IsUndecidedDoubt(found.state, found.doubtful, found.held)) continue;
    (*channel)->Hold(listing->second, ChangeKind::kUnlink, {fence.job_id, now}, &raised);
  }
  return raised;
}

absl::StatusOr<int64_t> MemoryStorage::ReleaseLinks(const Fence& fence, absl::Span<const LinkPair> links,
                                                    const ChangeCounts& changes, absl::Time now) {
  if (absl::Status status = storage::CheckRows(links.size(), "links"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  int64_t released = 0;
  for (const LinkPair& link : links) {
    const auto listing = (*channel)->listings.find(link.listing_id);
    if (listing == (*channel)->listings.end() || !MayRelease(listing->second, link)) continue;
    (*channel)->Unlink(listing->second, LinkEvent::Kind::kReleased, LinkReason::kNone, {fence.job_id, now});
    ++released;
  }
  (*channel)->CountChanges(storage::AtMost(changes, released), now);
  return released;
}

absl::StatusOr<std::vector<EditOutcome>> MemoryStorage::EditListings(int64_t channel_id,
                                                                     absl::Span<const ListingEdit> edits,
                                                                     absl::Time now) {
  if (absl::Status status = storage::CheckRows(edits.size(), "edits"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  std::vector<EditOutcome> outcomes;
  for (const ListingEdit& edit : edits) outcomes.push_back(MakeEdit(**channel, edit, now));
  return outcomes;
}

}  // namespace flxlink::memory
