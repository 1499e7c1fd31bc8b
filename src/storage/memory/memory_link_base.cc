#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/memory/memory_storage.h"

namespace flxlink::memory {
namespace {

MemoryKey ToKey(const KeyColumn& column, const KeyEntry& entry) { return {column.side, column.key_number, entry}; }

// Erases rows from the front, at most `limit`. Returns how many.
template <typename Rows>
int64_t EraseUpTo(int64_t limit, Rows* rows) {
  const int64_t count = std::min(limit, static_cast<int64_t>(rows->size()));
  rows->erase(rows->begin(), std::next(rows->begin(), count));
  return count;
}

// Adds the entries of `keys` that the lookup asks for, at most `limit`.
void FindEntries(const absl::btree_set<MemoryKey>& keys, const KeyColumn& column, const KeyLookup& lookup,
                 int64_t limit, std::vector<KeyEntry>* entries) {
  const MemoryKey last = ToKey(column, {lookup.hash, std::numeric_limits<int64_t>::max()});
  auto key = keys.upper_bound(ToKey(column, {lookup.hash, lookup.after_id}));
  for (int64_t found = 0; found < limit && key != keys.end() && !(last < *key); ++key, ++found) {
    entries->push_back(std::get<KeyEntry>(*key));
  }
}

// The part of the row's name that never changes, and its name as a field.
struct NamedField {
  absl::string_view name;
  absl::string_view value;
};

NamedField OwnName(const MemoryChannel& channel, LinkSide side, int64_t id) {
  if (side == LinkSide::kListing) return {"sku", channel.listings.at(id).sku};
  return {"id", channel.items.at(id).external_id};
}

void AddChange(const MemoryChannel& channel, LinkSide side, int64_t id, const MemoryLinkChange& change,
               absl::Span<const std::string> fields, LinkChangePage* page) {
  page->id.push_back(id);
  page->known.push_back(change.known ? 1 : 0);
  page->live.push_back(change.live ? 1 : 0);
  page->edited.push_back(change.edit_version > 0 ? 1 : 0);
  page->parent.Add(change.parent);
  const NamedField own = change.known ? OwnName(channel, side, id) : NamedField();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i] == own.name) {
      page->columns[i].Add(own.value);
    } else {
      page->columns[i].Add(fields[i] == "parent" ? change.parent : FieldValue(change.fields, fields[i]));
    }
  }
}

}  // namespace

absl::StatusOr<LinkBase> MemoryStorage::ReadLinkBase(int64_t channel_id) {
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const MemoryLinkBase& base = (*channel)->link_base;
  LinkBase result;
  result.text = base.text;
  result.entries = static_cast<int64_t>(base.written.size());
  result.added = static_cast<int64_t>(base.added.size());
  result.changes = static_cast<int64_t>(base.changes.size());
  return result;
}

absl::StatusOr<bool> MemoryStorage::DropLinkBase(const Fence& fence, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  MemoryLinkBase& base = (*channel)->link_base;
  base.text.clear();
  limit -= EraseUpTo(limit, &base.written);
  limit -= EraseUpTo(limit, &base.added);
  EraseUpTo(limit, &base.changes);
  return !base.written.empty() || !base.added.empty() || !base.changes.empty();
}

absl::Status MemoryStorage::WriteKeyEntries(const Fence& fence, KeyColumn column, absl::Span<const KeyEntry> entries) {
  if (absl::Status status = storage::CheckKeyEntries(entries); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  MemoryLinkBase& base = (*channel)->link_base;
  if (!base.text.empty()) return storage::LinkBaseIsSet((*channel)->channel);
  for (const KeyEntry& entry : entries) base.written.insert(ToKey(column, entry));
  return absl::OkStatus();
}

absl::Status MemoryStorage::SetLinkBase(const Fence& fence, absl::string_view text) {
  if (absl::Status status = storage::CheckLinkBaseText(text); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  (*channel)->link_base.text = std::string(text);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<KeyEntry>> MemoryStorage::FindKeyEntries(int64_t channel_id, KeyColumn column,
                                                                    absl::Span<const KeyLookup> lookups,
                                                                    int64_t limit) {
  if (absl::Status status = storage::CheckLookups(lookups.size(), limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const MemoryLinkBase& base = (*channel)->link_base;
  std::vector<KeyEntry> entries;
  for (const KeyLookup& lookup : lookups) {
    const size_t first = entries.size();
    FindEntries(base.written, column, lookup, limit, &entries);
    FindEntries(base.added, column, lookup, limit, &entries);
    std::sort(entries.begin() + static_cast<std::ptrdiff_t>(first), entries.end());
    entries.resize(std::min(entries.size(), first + static_cast<size_t>(limit)));
  }
  return entries;
}

absl::StatusOr<LinkChangePage> MemoryStorage::ReadLinkChanges(int64_t channel_id, LinkSide side,
                                                              absl::Span<const std::string> fields, int64_t after_id,
                                                              int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindChannel(channel_id);
  if (!channel.ok()) return channel.status();
  const auto& changes = (*channel)->link_base.changes;
  LinkChangePage page;
  page.columns.resize(fields.size());
  for (auto change = changes.upper_bound({side, after_id});
       change != changes.end() && change->first.first == side && page.size() < limit; ++change) {
    AddChange(**channel, side, change->first.second, change->second, fields, &page);
  }
  return page;
}

absl::Status MemoryStorage::AddKeyEntries(const Fence& fence, absl::Span<const KeyAddition> additions) {
  if (absl::Status status = storage::CheckRows(additions.size(), "key entries"); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  MemoryLinkBase& base = (*channel)->link_base;
  if (base.text.empty()) return storage::NoLinkBase((*channel)->channel);
  for (const KeyAddition& addition : additions) {
    const MemoryKey key = ToKey(addition.column, addition.entry);
    if (!base.written.contains(key)) base.added.insert(key);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> MemoryStorage::ForgetLinkChanges(const Fence& fence, int64_t read_edit_version, int64_t limit) {
  if (absl::Status status = storage::CheckLimit(limit); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<MemoryChannel*> channel = FindFenced(fence);
  if (!channel.ok()) return channel.status();
  auto& changes = (*channel)->link_base.changes;
  for (auto change = changes.begin(); change != changes.end();) {
    if (change->second.edit_version > read_edit_version) {
      ++change;
    } else if (limit-- > 0) {
      change = changes.erase(change);
    } else {
      return true;
    }
  }
  return false;
}

}  // namespace flxlink::memory
