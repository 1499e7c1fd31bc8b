#include "src/linking/link_index.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "src/linking/link_changes.h"
#include "src/linking/link_scope.h"

namespace flxlink::linking {
namespace {

bool Precedes(const KeyAddition& a, const KeyAddition& b) {
  return std::tie(a.column.side, a.column.key_number, a.entry) < std::tie(b.column.side, b.column.key_number, b.entry);
}

// The entries of some lookups, gathered by one reading of a side.
class EntryCollector {
 public:
  EntryCollector(absl::Span<const KeyLookup> lookups, int64_t limit)
      : lookups_(lookups), limit_(static_cast<size_t>(limit)), found_(lookups.size()) {
    for (size_t i = 0; i < lookups.size(); ++i) index_.emplace(lookups[i].hash, i);
  }

  void Add(const KeyEntry& entry) {
    const auto at = index_.find(entry.hash);
    if (at == index_.end() || entry.id <= lookups_[at->second].after_id) return;
    std::vector<KeyEntry>& entries = found_[at->second];
    if (entries.size() < limit_) entries.push_back(entry);
  }

  std::vector<KeyEntry> Take() {
    std::vector<KeyEntry> all;
    for (const std::vector<KeyEntry>& entries : found_) all.insert(all.end(), entries.begin(), entries.end());
    return all;
  }

 private:
  const absl::Span<const KeyLookup> lookups_;
  const size_t limit_;
  absl::flat_hash_map<uint64_t, size_t> index_;
  std::vector<std::vector<KeyEntry>> found_;
};

template <typename Page>
void CollectPage(const LinkKeys& keys, const KeyColumn& column, const Page& page, const std::vector<int64_t>& ids,
                 EntryCollector* collector) {
  const int field = keys.FieldOf(column.side, column.key_number);
  const StringColumn& values =
      field == VariantSource::kParentColumn ? page.parent : page.columns[static_cast<size_t>(field)];
  std::string scratch;
  for (int64_t i = 0; i < page.size(); ++i) {
    const absl::optional<uint64_t> hash = keys.IndexHash(column.key_number, values[i], &scratch);
    if (hash.has_value()) collector->Add({*hash, ids[static_cast<size_t>(i)]});
  }
}

}  // namespace

absl::Status UpdatedIndex::ReadChanges(const LinkKeys& keys) {
  LinkScope scope(inner(), keys, HandUnlinks(), 0);
  for (const LinkSide side : {LinkSide::kListing, LinkSide::kChannel}) {
    absl::StatusOr<LinkChanges> changes = LinkChanges::Read(scope, side);
    if (!changes.ok()) return changes.status();
    changes->AddMissingKeys(&additions_);
  }
  std::sort(additions_.begin(), additions_.end(), Precedes);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<KeyEntry>> UpdatedIndex::FindKeyEntries(KeyColumn column,
                                                                   absl::Span<const KeyLookup> lookups, int64_t limit) {
  absl::StatusOr<std::vector<KeyEntry>> stored = inner().FindKeyEntries(column, lookups, limit);
  if (!stored.ok() || additions_.empty()) return stored;
  std::vector<KeyEntry> entries;
  auto next = stored->begin();
  for (const KeyLookup& lookup : lookups) {
    const auto first = static_cast<ptrdiff_t>(entries.size());
    for (; next != stored->end() && next->hash == lookup.hash; ++next) entries.push_back(*next);
    auto added = std::upper_bound(additions_.begin(), additions_.end(),
                                  KeyAddition{column, {lookup.hash, lookup.after_id}}, Precedes);
    for (; added != additions_.end() && added->column.side == column.side &&
           added->column.key_number == column.key_number && added->entry.hash == lookup.hash;
         ++added) {
      entries.push_back(added->entry);
    }
    std::sort(entries.begin() + first, entries.end());
    entries.erase(std::unique(entries.begin() + first, entries.end()), entries.end());
    entries.resize(std::min(entries.size(), static_cast<size_t>(first + limit)));
  }
  return entries;
}

absl::StatusOr<std::vector<KeyEntry>> ScannedIndex::FindKeyEntries(KeyColumn column,
                                                                   absl::Span<const KeyLookup> lookups, int64_t limit) {
  EntryCollector collector(lookups, limit);
  const std::vector<std::string>& fields = keys_.fields().of(column.side);
  for (int64_t after_id = 0;;) {
    if (column.side == LinkSide::kListing) {
      absl::StatusOr<ListingKeyPage> page = inner().ReadListingKeys(fields, after_id);
      if (!page.ok()) return page.status();
      if (page->size() == 0) return collector.Take();
      CollectPage(keys_, column, *page, page->listing_id, &collector);
      after_id = page->listing_id.back();
    } else {
      absl::StatusOr<ChannelKeyPage> page = inner().ReadChannelKeys(fields, after_id);
      if (!page.ok()) return page.status();
      if (page->size() == 0) return collector.Take();
      CollectPage(keys_, column, *page, page->channel_variant_id, &collector);
      after_id = page->channel_variant_id.back();
    }
  }
}

}  // namespace flxlink::linking
