// Who has a key: groups of rows, found through the link base's key index and verified.

#ifndef FLXLINK_SRC_LINKING_LINK_GROUPS_H_
#define FLXLINK_SRC_LINKING_LINK_GROUPS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_lookup.h"
#include "src/linking/link_rows.h"

namespace flxlink::linking {

// A group by its number.
using GroupIndex = int32_t;

// The groups of one side. Not thread-safe.
class LinkGroups {
 public:
  struct Group {
    int number = 0;  // The kind of key.
    LinkKey key;
    // Live rows that have the key, ascending by id, as far as they were read; of a parent id also rows that are not
    // live.
    std::vector<RowIndex> members;
    // Those that are not live and no members, as far as they were read.
    std::vector<RowIndex> not_live;
    int32_t stable = 0;     // Members that have not changed.
    int64_t after_id = 0;   // How far the index was read.
    bool complete = false;  // All members were read.

    bool has(size_t count) const { return members.size() >= count; }
    bool has_stable(int32_t count) const { return stable >= count; }
    // The only one there is; kNotRead where there are more, or none, or who knows.
    RowIndex only_member() const { return complete && members.size() == 1 ? members[0] : kNotRead; }
  };

  // All must outlive it. A lookup asks for `first_limit` entries at first. More than `max_entries` entries are not read
  // from the index.
  LinkGroups(LinkLookup& lookup, LinkSide side, const LinkKeys& keys, LinkRows& rows, int64_t first_limit,
             int64_t max_entries)
      : lookup_(lookup),
        side_(side),
        keys_(keys),
        rows_(rows),
        page_rows_(lookup.page_rows()),
        first_limit_(first_limit),
        entries_left_(max_entries) {}

  // The group of a key that is not null and stays valid as long as this object.
  GroupIndex Find(int number, const LinkKey& key);
  Group& group(GroupIndex index) { return groups_[static_cast<size_t>(index)]; }
  const Group& group(GroupIndex index) const { return groups_[static_cast<size_t>(index)]; }
  GroupIndex size() const { return static_cast<GroupIndex>(groups_.size()); }

  // Reads members of each of `wanted` until it is complete or has enough. OUT_OF_RANGE: that takes too many entries.
  absl::Status Read(std::vector<GroupIndex> wanted, absl::FunctionRef<bool(const Group&)> enough);

 private:
  // What identifies a group. The key's bytes are compared, so two keys of one hash are two groups.
  struct Id {
    int number;
    LinkKey key;

    friend bool operator==(const Id& a, const Id& b) { return a.number == b.number && a.key == b.key; }
    template <typename H>
    friend H AbslHashValue(H state, const Id& id) {
      return H::combine(std::move(state), id.number, id.key.hash);
    }
  };
  // An index entry of a group that was looked up.
  struct Found {
    GroupIndex group;
    int64_t id;
  };

  absl::Status ReadOnce(const std::vector<GroupIndex>& groups, int64_t limit);
  absl::Status LookUp(absl::Span<const GroupIndex> groups, int64_t limit, std::vector<Found>* found);
  void AddMembers(const std::vector<Found>& found);

  LinkLookup& lookup_;
  const LinkSide side_;
  const LinkKeys& keys_;
  LinkRows& rows_;
  const int64_t page_rows_;
  const int64_t first_limit_;
  int64_t entries_left_;
  absl::flat_hash_map<Id, GroupIndex> index_;
  std::vector<Group> groups_;
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_GROUPS_H_
