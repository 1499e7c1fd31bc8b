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

// What is kept by id of the few that have one.
template <typename Value>
Value ValueOf(const absl::btree_map<int64_t, Value>& values, int64_t id) {
  const auto found = values.find(id);
  return found == values.end() ? Value() : found->second;
}

template <typename Value>
void SetValue(int64_t id, Value value, absl::btree_map<int64_t, Value>* values) {
  if (value.empty()) {
    values->erase(id);
  } else {
    values->insert_or_assign(id, std::move(value));
  }
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

absl::optional<int64_t> MemoryChannel::DirtyPriority() const {
  if (dirty.empty()) return absl::nullopt;
  return ~std::get<0>(*dirty.begin());
}

absl::Status MemoryChannel::CheckFree(const MemoryListing& listing, const MemoryItem& item) {
  if (listing.channel_variant_id != 0) {
    return storage::AlreadyLinked(listing.sku, items.at(listing.channel_variant_id).external_id);
  }
  if (item.listing_id != 0) return storage::AlreadyLinked(listings.at(item.listing_id).sku, item.external_id);
  return absl::OkStatus();
}

void MemoryChannel::Link(MemoryListing& listing, MemoryItem& item, int32_t rule, LinkReason reason,
                         const Author& author, bool recorded) {
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
  listing.status = storage::StatusAfterLink(listing.status, item.seen.status);
  listing.acknowledged = item.seen;  // Without content: its fields may be older than what was last pushed.
  listing.doubt = std::exchange(item.doubt, {});
  listing.guarded_at = absl::InfinitePast();
  listing.refused.clear();
  SetHeld(listing, {});
  listing.forced = SyncFields();
  listing.doubtful = false;
  listing.attentions = SightingAttentions(listing, item);
  // Whatever an earlier link left to send is not this one's.
  listing.synced_version = listing.dirty_version;
  listing.linked_version = listing.dirty_version + 1;
  SetValue(listing.listing_id, IdentityOf(item.channel_variant_id), &link_identities);
  listing.history.push_back({LinkEvent::Kind::kLinked, item.external_id, rule, author.job_id, author.at});
  MarkDirty(listing, author.at);
}

void MemoryChannel::Unlink(MemoryListing& listing, LinkEvent::Kind kind, LinkReason reason, const Author& author) {
  MemoryItem& item = items.at(listing.channel_variant_id);
  RecordChange(listing);
  RecordChange(item);
  item.listing_id = 0;
  item.seen = storage::SeenAfterUnlink(item.seen, listing.acknowledged, listing.doubt.fields);
  item.doubt = std::exchange(listing.doubt, {});
  item.doubt.confirmed = SyncFields();
  listing.state = LinkState::kUnlinked;
  listing.channel_variant_id = 0;
  link_identities.erase(listing.listing_id);
  listing.rule = 0;
  listing.reason = reason;
  listing.by_hand = false;
  listing.doubtful = false;
  SetHeld(listing, {});
  listing.status = storage::StatusAfterUnlink(listing.status);
  listing.attentions.clear();
  listing.history.push_back({kind, item.external_id, 0, author.job_id, author.at});
  Reindex(listing);
}

void MemoryChannel::SetHeld(MemoryListing& listing, RareVector<HeldChange> held) {
  if (held.empty()) {
    holding.erase(listing.listing_id);
  } else {
    holding.insert(listing.listing_id);
  }
  listing.held = std::move(held);
}

std::set<int64_t> MemoryChannel::HoldingJobs() const {
  std::set<int64_t> jobs;
  for (const int64_t listing_id : holding) {
    for (const HeldChange& change : listings.at(listing_id).held) {
      if (change.state == HeldChange::State::kHeld) jobs.insert(change.job_id);
    }
  }
  return jobs;
}

void MemoryChannel::SetHandle(int64_t channel_variant_id, absl::string_view handle) {
  SetValue(channel_variant_id, std::string(handle), &handles);
}

bool MemoryChannel::SetFixed(int64_t channel_variant_id, RareVector<FixedField> fields) {
  if (FixedOf(channel_variant_id) == fields) return false;
  SetValue(channel_variant_id, std::move(fields), &fixed);
  return true;
}

RareVector<FixedField> MemoryChannel::FixedOf(int64_t channel_variant_id) const {
  return ValueOf(fixed, channel_variant_id);
}

bool MemoryChannel::EndRefusals(const MemoryItem& item, const storage::SeenItem& before) {
  if (item.listing_id == 0) return false;
  MemoryListing& listing = listings.at(item.listing_id);
  const RareVector<FixedField> fixed_now = FixedOf(item.channel_variant_id);
  return listing.EndRefusals(
      storage::RefusedAfterSighting(listing.refused, before, {item.seen, item.fields, fixed_now}));
}

void MemoryChannel::SetAliases(int64_t channel_variant_id, RareVector<std::string> names) {
  for (const std::string& alias : AliasesOf(channel_variant_id)) items_by_alias.erase({alias, channel_variant_id});
  for (const std::string& alias : names) items_by_alias.emplace(alias, channel_variant_id);
  SetValue(channel_variant_id, std::move(names), &aliases);
}

RareVector<std::string> MemoryChannel::AliasesOf(int64_t channel_variant_id) const {
  return ValueOf(aliases, channel_variant_id);
}

bool MemoryChannel::SetIdentity(int64_t channel_variant_id, absl::string_view identity) {
  if (IdentityOf(channel_variant_id) == identity) return false;
  SetValue(channel_variant_id, std::string(identity), &identities);
  return true;
}

std::string MemoryChannel::IdentityOf(int64_t channel_variant_id) const {
  return ValueOf(identities, channel_variant_id);
}

bool MemoryChannel::Break(MemoryListing& listing, Problem attention, const Author& author,
                          std::vector<SightedAttention>* raised) {
  listing.attentions = storage::WithWaiting({attention}, listing.attentions);
  if (!listing.linked()) return false;
  raised->push_back({listing.sku, items.at(listing.channel_variant_id).external_id, std::move(attention)});
  const MemoryItem& item = items.at(listing.channel_variant_id);
  RecordChange(listing);
  RecordChange(item);
  listing.state = LinkState::kBroken;
  SetHeld(listing, storage::HeldOnceBroken(listing.held));
  listing.history.push_back({LinkEvent::Kind::kBroken, item.external_id, 0, author.job_id, author.at});
  Reindex(listing);
  return true;
}

storage::ItemLoss MemoryChannel::LoseItem(MemoryItem& item, absl::Time gone_at, storage::GoneBy by,
                                          const Author& author, std::vector<SightedAttention>* raised) {
  using storage::BreakVerdict;
  MemoryListing* listing = item.listing_id == 0 ? nullptr : &listings.at(item.listing_id);
  const bool has_link = listing != nullptr && listing->linked();
  const BreakVerdict verdict = has_link ? storage::JudgeBreak(listing->held, by) : BreakVerdict::kApproved;
  if (verdict == BreakVerdict::kStays) return storage::ItemLoss::kStays;
  if (verdict == BreakVerdict::kHolds) {
    Hold(*listing, ChangeKind::kBreak, author, raised);
    return storage::ItemLoss::kHeld;
  }
  if (item.live()) RecordChange(item);
  const bool breaks = listing != nullptr && Break(*listing, storage::ItemGone(item.external_id), author, raised);
  item.gone = true;
  item.gone_at = gone_at;
  if (!breaks) return storage::ItemLoss::kGone;
  if (verdict != BreakVerdict::kBreaks) return storage::ItemLoss::kBrokenAsApproved;
  ChangeCounts counted;
  counted[ChangeKind::kBreak] = 1;
  CountChanges(counted, author.at);
  return storage::ItemLoss::kBroken;
}

void MemoryChannel::Hold(MemoryListing& listing, ChangeKind kind, const Author& author,
                         std::vector<SightedAttention>* raised) {
  const std::string& external_id = items.at(listing.channel_variant_id).external_id;
  RareVector<HeldChange> held = listing.held;
  HeldChange change = storage::HeldOfLink(kind, author.job_id, external_id);
  const Problem attention = change.problem;
  held.Mutable().push_back(std::move(change));
  listing.attentions = storage::WithHeld(listing.attentions, attention);
  raised->push_back({listing.sku, external_id, attention});
  SetHeld(listing, std::move(held));
  MarkDirty(listing, author.at);
}

void MemoryChannel::EndHeld(MemoryListing& listing, ChangeKind kind, absl::Time now) {
  RareVector<HeldChange> left = storage::WithoutKind(listing.held, kind);
  if (left == listing.held) return;
  listing.attentions = storage::WithoutHeld(listing.attentions, kind);
  SetHeld(listing, std::move(left));
  MarkDirty(listing, now);
}

void MemoryChannel::CountChanges(const ChangeCounts& changes, absl::Time now) {
  if (changes.empty()) return;
  change_counts.erase(change_counts.begin(), change_counts.lower_bound({storage::OldestHour(now), kChangeKinds[0]}));
  for (const ChangeKind kind : kChangeKinds) {
    if (changes[kind] > 0) change_counts[{storage::HourOf(now), kind}] += changes[kind];
  }
}

void MemoryChannel::Heal(MemoryListing& listing, const Author& author) {
  RecordChange(listing);
  const MemoryItem& item = items.at(listing.channel_variant_id);
  RecordChange(item);
  listing.state = LinkState::kLinked;
  listing.attentions = storage::WithWaiting({}, listing.attentions);
  listing.synced_version = listing.dirty_version;
  listing.history.push_back({LinkEvent::Kind::kHealed, item.external_id, 0, author.job_id, author.at});
  MarkDirty(listing, author.at);
}

void MemoryChannel::FollowItem(const MemoryItem& item, const ItemSighting& sighting, const Author& author,
                               PullWriteResult* result) {
  if (item.listing_id == 0) return;
  MemoryListing& listing = listings.at(item.listing_id);
  const std::string seen = IdentityOf(item.channel_variant_id);
  const storage::LinkAfterSighting after = storage::AfterSighting(ValueOf(link_identities, listing.listing_id), seen);
  SetValue(listing.listing_id, after.identity, &link_identities);
  if (after.state == LinkState::kBroken) {
    const bool breaks =
        sighting.is_news &&
        Break(listing, storage::ItemReplaced(item.external_id, after.identity, seen), author, &result->raised);
    if (breaks) ++result->broken;
    return Reindex(listing);
  }
  EndHeld(listing, ChangeKind::kBreak, author.at);
  const bool heals = !listing.linked();
  if (heals) {
    Heal(listing, author);
    ++result->healed;
  }
  const std::vector<Problem> attentions = listing.attentions;
  const bool can_send = FollowValues(listing, item);
  const bool other_keys = HasOtherKeys(listing, item, sighting);
  const bool other_doubt = other_keys && Judge(listing, item, heals, result);
  listing.attentions = storage::WithSightings(attentions, SightingAttentions(listing, item));
  storage::AddSightedChanges(listing.sku, item.external_id, attentions, listing.attentions, result);
  // With other keys it is another doubt.
  if (!listing.doubtful || other_keys) EndHeld(listing, ChangeKind::kUnlink, author.at);
  if (can_send || other_doubt) MarkDirty(listing, author.at);
  Reindex(listing);
}

bool MemoryChannel::FollowValues(MemoryListing& listing, const MemoryItem& item) {
  if (item.seen_at <= listing.acknowledged_at) return false;
  const ListingStatus before = listing.status;
  SetStatus(listing, FollowChannel(before, item.seen.status, channel.config.on_status_drift));
  listing.acknowledged = storage::KnownAfterSighting(listing.acknowledged, item.seen, listing.status,
                                                     listing.is_settled(), listing.doubt.fields);
  return !DesiredStatus(before).has_value() && DesiredStatus(listing.status).has_value();
}

bool MemoryChannel::HasOtherKeys(const MemoryListing& listing, const MemoryItem& item,
                                 const ItemSighting& sighting) const {
  if (item.fields == sighting.before.fields || !storage::CanBeDoubted(listing.by_hand, sighting.own_ids)) return false;
  return storage::HasOtherKeys(channel.config.link_priority,
                               storage::ItemKeys(item.external_id, sighting.before.fields),
                               storage::ItemKeys(item.external_id, item.fields));
}

bool MemoryChannel::Judge(MemoryListing& listing, const MemoryItem& item, bool heals, PullWriteResult* result) {
  const storage::PairVerdict verdict = storage::JudgePair(
      channel.config.link_priority, storage::ListingKeys(listing.sku, listing.parent, listing.fields),
      storage::ItemKeys(item.external_id, item.fields));
  const bool was_doubtful = listing.doubtful;
  listing.doubtful = storage::IsDoubtfulAfter(was_doubtful, heals, verdict);
  if (listing.doubtful == was_doubtful) return false;
  ++(listing.doubtful ? result->doubtful : result->agreed);
  return true;
}

std::vector<Problem> MemoryChannel::SightingAttentions(const MemoryListing& listing, const MemoryItem& item) const {
  absl::optional<storage::PairVerdict> doubt;
  if (listing.doubtful) {
    doubt = storage::JudgePair(channel.config.link_priority,
                               storage::ListingKeys(listing.sku, listing.parent, listing.fields),
                               storage::ItemKeys(item.external_id, item.fields));
  }
  return storage::SightingAttentions(item.external_id, item.seen.status, item.fields, listing.status, doubt);
}

void MemoryChannel::SetStatus(MemoryListing& listing, const ListingStatus& status) {
  if (IsLive(listing.status) != IsLive(status)) RecordChange(listing);
  listing.status = status;
}

void MemoryChannel::SetStatedStatus(MemoryListing& listing, const ListingStatus& status) {
  SetStatus(listing, status);
  listing.attentions = storage::WithStatedStatus(listing.attentions, status);
}

void MemoryChannel::MarkDirty(MemoryListing& listing, absl::Time now, DirtyRank rank) {
  if (!listing.linked()) return;
  if (!listing.dirty() || rank < listing.dirty_rank) {
    listing.dirty_rank = rank;
    listing.dirty_since = now;
  }
  ++listing.dirty_version;
  Reindex(listing);
}

void MemoryChannel::SetPriority(MemoryListing& listing, int64_t sync_priority, absl::Time now) {
  if (listing.sync_priority == sync_priority) return;
  listing.sync_priority = sync_priority;
  listing.dirty_since = now;
  Reindex(listing);
}

void MemoryChannel::Reindex(MemoryListing& listing) {
  absl::optional<DirtyKey> key;
  if (listing.dirty() && !listing.status.paused && IsLive(listing.status)) {
    // Negated without overflow: ~n falls as n grows.
    if (items.at(listing.channel_variant_id).live()) {
      key.emplace(~listing.sync_priority, listing.dirty_rank, listing.dirty_since, listing.listing_id);
    }
  }
  if (key == listing.dirty_key) return;
  if (listing.dirty_key.has_value()) dirty.erase(*listing.dirty_key);
  if (key.has_value()) dirty.insert(*key);
  listing.dirty_key = key;
}

}  // namespace flxlink::memory
