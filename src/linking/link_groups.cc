#include "src/linking/link_groups.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace flxlink::linking {
namespace {

// By how much a lookup that found as many entries as it asked for asks for more the next time.
constexpr int64_t kLimitGrowth = 8;

}  // namespace

GroupIndex LinkGroups::Find(int number, const LinkKey& key) {
  const auto [found, is_new] = index_.try_emplace({number, key}, size());
  if (is_new) {
    Group& group = groups_.emplace_back();
    group.number = number;
    group.key = key;
  }
  return found->second;
}

absl::Status LinkGroups::Read(std::vector<GroupIndex> wanted, absl::FunctionRef<bool(const Group&)> enough) {
  const auto order = [&](GroupIndex a, GroupIndex b) {
    return std::make_tuple(group(a).number, group(a).key.hash, a) <
           std::make_tuple(group(b).number, group(b).key.hash, b);
  };
  const auto done = [&](GroupIndex index) { return group(index).complete || enough(group(index)); };
  wanted.erase(std::remove_if(wanted.begin(), wanted.end(), done), wanted.end());
  std::sort(wanted.begin(), wanted.end(), order);
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (int64_t limit = std::min(first_limit_, page_rows_); !wanted.empty();
       limit = std::min(limit * kLimitGrowth, page_rows_)) {
    const absl::Status status = ReadOnce(wanted, limit);
    if (!status.ok()) return status;
    wanted.erase(std::remove_if(wanted.begin(), wanted.end(), done), wanted.end());
  }
  return absl::OkStatus();
}

// Looks each group up once. `groups` are sorted by kind and hash.
absl::Status LinkGroups::ReadOnce(const std::vector<GroupIndex>& groups, int64_t limit) {
  const size_t page = static_cast<size_t>(std::max<int64_t>(1, page_rows_ / limit));
  std::vector<Found> found;
  std::vector<GroupIndex> lookups;
  for (const GroupIndex next : groups) {
    // One call is about one kind of key, and names a hash once, so that entries tell which lookup they are of.
    const bool fits = lookups.empty() || (lookups.size() < page && group(lookups.back()).number == group(next).number &&
                                          group(lookups.back()).key.hash != group(next).key.hash);
    if (!fits) {
      const absl::Status status = LookUp(lookups, limit, &found);
      if (!status.ok()) return status;
      lookups.clear();
    }
    lookups.push_back(next);
  }
  absl::Status status = LookUp(lookups, limit, &found);
  if (!status.ok()) return status;
  std::vector<int64_t> ids;
  ids.reserve(found.size());
  for (const Found& entry : found) ids.push_back(entry.id);
  status = rows_.Read(&ids);
  if (status.ok()) AddMembers(found);
  return status;
}

absl::Status LinkGroups::LookUp(absl::Span<const GroupIndex> groups, int64_t limit, std::vector<Found>* found) {
  std::vector<KeyLookup> lookups;
  lookups.reserve(groups.size());
  for (const GroupIndex index : groups) lookups.push_back({group(index).key.hash, group(index).after_id});
  absl::StatusOr<std::vector<KeyEntry>> entries =
      lookup_.FindKeyEntries({side_, group(groups[0]).number}, lookups, limit);
  if (!entries.ok()) return entries.status();
  entries_left_ -= static_cast<int64_t>(entries->size());
  if (entries_left_ < 0) return absl::OutOfRangeError("a change affects too many rows to look at them one by one");
  size_t at = 0;
  for (const GroupIndex index : groups) {
    Group& of = group(index);
    int64_t count = 0;
    for (; at < entries->size() && (*entries)[at].hash == of.key.hash; ++at, ++count) {
      found->push_back({index, (*entries)[at].id});
      of.after_id = (*entries)[at].id;
    }
    of.complete = count < limit;
  }
  return absl::OkStatus();
}

void LinkGroups::AddMembers(const std::vector<Found>& found) {
  for (const Found& entry : found) {
    const RowIndex index = rows_.Find(entry.id);
    if (index == kNotRead) continue;
    Group& of = group(entry.group);
    const LinkRows::Row& row = rows_.row(index);
    if (rows_.key(index, of.number) != of.key) continue;
    if (!row.live && of.number != keys_.parent_number()) {
      of.not_live.push_back(index);
      continue;
    }
    of.members.push_back(index);
    if (!row.changed) ++of.stable;
  }
}

}  // namespace flxlink::linking
