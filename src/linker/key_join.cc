#include "src/linker/key_join.h"

#include <algorithm>

#include "src/model/prefetch.h"

namespace flxlink::linker {
namespace {

constexpr size_t kMinSlots = 16;

// How many rows ahead memory is fetched that is written to at random.
constexpr size_t kLookahead = 16;

}  // namespace

void KeyJoin::Join(absl::Span<const KeyWriter> writers, size_t partition, RuleKeys* keys) {
  FindGroups(writers, partition);
  WriteCodes(keys);
}

void KeyJoin::Group(absl::Span<const KeyWriter> writers, size_t partition, BigArray<KeyCode>* codes) {
  FindGroups(writers, partition);
  for (KeyGroup& group : groups_) group.id = kUnmatched;
  for (const RowGroup& row : listing_groups_) {
    KeyId& first = groups_[row.group].id;
    first = std::min(first, static_cast<KeyId>(row.row));
  }
  for (const RowGroup& row : listing_groups_) (*codes)[static_cast<size_t>(row.row)] = groups_[row.group].id;
}

void KeyJoin::FindGroups(absl::Span<const KeyWriter> writers, size_t partition) {
  if (!JoinByHash(writers, partition)) JoinBySorting(writers, partition);
}

bool KeyJoin::JoinByHash(absl::Span<const KeyWriter> writers, size_t partition) {
  listing_keys_.clear();
  listing_groups_.clear();
  channel_groups_.clear();
  groups_.clear();
  for (const KeyWriter& writer : writers) {
    writer.ForEach(MatchSide::kListings, partition, [&](const PartitionKey& key) { listing_keys_.push_back(key); });
  }
  size_t slots = kMinSlots;
  while (slots < listing_keys_.size() * 2) slots *= 2;
  slots_.assign(slots, Slot{0, kNoGroup});
  for (const PartitionKey& key : listing_keys_) {
    if (!AddListing(key)) return false;
  }
  bool found_all = true;
  for (const KeyWriter& writer : writers) {
    writer.ForEach(MatchSide::kChannel, partition,
                   [&](const PartitionKey& key) { found_all = found_all && AddChannelRow(key); });
  }
  return found_all;
}

KeyJoin::Slot* KeyJoin::FindSlot(const PartitionKey& key) {
  const size_t mask = slots_.size() - 1;
  size_t at = key.hash & mask;
  for (int probe = 0; probe < max_probes_; ++probe, at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.group == kNoGroup) return &slot;
    if (slot.hash == key.hash && groups_[slot.group].key == key.bytes) return &slot;
  }
  return nullptr;
}

bool KeyJoin::AddListing(const PartitionKey& key) {
  Slot* const slot = FindSlot(key);
  if (slot == nullptr) return false;
  if (slot->group == kNoGroup) {
    *slot = {key.hash, static_cast<uint32_t>(groups_.size())};
    groups_.push_back({key.bytes});
  }
  ++groups_[slot->group].listing_rows;
  listing_groups_.push_back({key.row, slot->group});
  return true;
}

bool KeyJoin::AddChannelRow(const PartitionKey& key) {
  const Slot* const slot = FindSlot(key);
  if (slot == nullptr) return false;
  if (slot->group != kNoGroup) CountChannelRow(slot->group, key.row);
  return true;
}

void KeyJoin::CountChannelRow(uint32_t group, int32_t row) {
  KeyGroup& counted = groups_[group];
  if (counted.channel_rows++ == 0) counted.id = static_cast<KeyId>(row);
  channel_groups_.push_back({row, group});
}

// Takes as long for keys that collide as for any others.
void KeyJoin::JoinBySorting(absl::Span<const KeyWriter> writers, size_t partition) {
  std::vector<SortedKey> sorted;
  for (const MatchSide side : {MatchSide::kListings, MatchSide::kChannel}) {
    for (const KeyWriter& writer : writers) {
      writer.ForEach(side, partition, [&](const PartitionKey& key) { sorted.push_back({key.bytes, key.row, side}); });
    }
  }
  std::sort(sorted.begin(), sorted.end(), [](const SortedKey& a, const SortedKey& b) { return a.bytes < b.bytes; });
  listing_groups_.clear();
  channel_groups_.clear();
  groups_.clear();
  for (const SortedKey& key : sorted) {
    if (groups_.empty() || groups_.back().key != key.bytes) groups_.push_back({key.bytes});
    const auto group = static_cast<uint32_t>(groups_.size() - 1);
    if (key.side == MatchSide::kListings) {
      ++groups_[group].listing_rows;
      listing_groups_.push_back({key.row, group});
    } else {
      CountChannelRow(group, key.row);
    }
  }
}

void KeyJoin::WriteCodes(RuleKeys* keys) {
  for (size_t i = 0; i < channel_groups_.size(); ++i) {
    if (i + kLookahead < channel_groups_.size()) {
      model::PrefetchToWrite(&keys->channel[static_cast<size_t>(channel_groups_[i + kLookahead].row)]);
    }
    const KeyGroup& group = groups_[channel_groups_[i].group];
    if (group.listing_rows == 0) continue;
    keys->channel[static_cast<size_t>(channel_groups_[i].row)] = group.id | (group.listing_rows > 1 ? kShared : 0);
  }
  for (size_t i = 0; i < listing_groups_.size(); ++i) {
    if (i + kLookahead < listing_groups_.size()) {
      model::PrefetchToWrite(&keys->listings[static_cast<size_t>(listing_groups_[i + kLookahead].row)]);
    }
    const KeyGroup& group = groups_[listing_groups_[i].group];
    if (group.channel_rows == 0) continue;
    const bool unique = group.listing_rows == 1 && group.channel_rows == 1;
    keys->listings[static_cast<size_t>(listing_groups_[i].row)] = group.id | (unique ? 0 : kShared);
  }
  for (const KeyGroup& group : groups_) {
    if (group.channel_rows > 1 && group.listing_rows > 0) carriers_.push_back({group.id, group.channel_rows});
  }
}

}  // namespace flxlink::linker
