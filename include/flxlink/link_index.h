// LinkIndex: the role of a storage that keeps an index of keys, so that a link job looks only at what changed. It is
// optional: a storage without one has no more to do than to return none (Storage::link_index). See storage.h for what
// holds of every operation.

#ifndef FLXLINK_LINK_INDEX_H_
#define FLXLINK_LINK_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/job.h"
#include "flxlink/string_column.h"

namespace flxlink {

// ---------------------------------------------------------------------------------------------------------------------
// The link base
// ---------------------------------------------------------------------------------------------------------------------
//
// A link job that has judged a whole channel leaves a *link base*: a key index of both sides, from hashes of keys to
// ids, and the text of the rules that it was made by. From then on storage records, in the transaction of each change,
// how every row that linking must look at again was before its first change: a *link change*. The next link job reads
// those, judges only what they can affect, adds the new keys to the index and forgets the changes. Without a base a
// link job judges the whole channel.
//
// Hand edits do not wait for a link job, so each that changes a link, a hand-unlink or whether a listing variant is
// live grows the channel's edit version, and a link change that it makes or touches is stamped with the new one: what
// has a later stamp than the version that a job read is what the job may not have seen. They are recorded also while
// there is no base, so that those which are made while one comes to be are on record when it is set. Nothing else is
// recorded while there is no base.
//
// What is recorded, once a row until it is forgotten:
//   a listing variant    that was made; whose parent or fields a build changed; whose liveness changed; whose link was
//                        made, dissolved, broken, healed or released; whose hand-unlinks were cleared
//   a channel variant    that was first seen; whose parent, fields or liveness a pull, sweep or sync changed; whose
//                        link was made, dissolved, broken, healed or released
//
// The key index may name rows that do not have the key any more, or not yet: who looks something up reads the rows and
// compares.

enum class LinkSide : uint8_t { kListing, kChannel };

// A row that has a key of this hash.
struct KeyEntry {
  uint64_t hash = 0;
  int64_t id = 0;  // A listing_id or channel_variant_id.

  friend bool operator==(const KeyEntry& a, const KeyEntry& b) { return a.hash == b.hash && a.id == b.id; }
  friend bool operator<(const KeyEntry& a, const KeyEntry& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.id < b.id;
  }
};

// The entries of one kind of key. Which kinds `key_number` counts is the engine's to say.
struct KeyColumn {
  LinkSide side = LinkSide::kListing;
  int32_t key_number = 0;
};

// An entry that is added to an index that is in use.
struct KeyAddition {
  KeyColumn column;
  KeyEntry entry;
};

// Which entries to look up: those of a hash, with ids above `after_id`.
struct KeyLookup {
  uint64_t hash = 0;
  int64_t after_id = 0;
};

struct LinkBase {
  // As given to SetLinkBase. Empty: there is no base.
  std::string text;
  // In the key index, as WriteKeyEntries wrote them.
  int64_t entries = 0;
  // In the key index, added since; it may have had some of them.
  int64_t added = 0;
  // Link changes on record, both sides.
  int64_t changes = 0;
};

// How rows of one side were when the base was last up to date. Ascending by id.
struct LinkChangePage {
  std::vector<int64_t> id;
  // 0: the row was not there, and has no keys and no parent here.
  std::vector<uint8_t> known;
  std::vector<uint8_t> live;
  // 1: stamped by a hand edit (see above). A job that ran meanwhile may have seen the row in a state between.
  std::vector<uint8_t> edited;
  // One a requested field, one string a row.
  std::vector<StringColumn> columns;
  StringColumn parent;

  int64_t size() const { return static_cast<int64_t>(id.size()); }
};

// Thread-safe.
class LinkIndex {
 public:
  virtual ~LinkIndex() = default;

  // The most key entries that WriteKeyEntries takes: they are small and are stored many to a row.
  static constexpr int64_t kMaxKeyEntries = 250000;

  virtual absl::StatusOr<LinkBase> ReadLinkBase(int64_t channel_id) = 0;

  // Forgets the base at once, and its index and link changes in steps of at most `limit` stored rows. Returns whether
  // there is more to forget: call again.
  virtual absl::StatusOr<bool> DropLinkBase(const Fence& fence, int64_t limit) = 0;

  // Adds entries to the index of a base that is being made. Those of one column ascend, over all calls; entries that
  // are there already are as good as written, so that a call can be repeated. FAILED_PRECONDITION where a base is
  // set; INVALID_ARGUMENT where entries of a call descend.
  virtual absl::Status WriteKeyEntries(const Fence& fence, KeyColumn column, absl::Span<const KeyEntry> entries) = 0;

  // Sets the base that WriteKeyEntries has made: from now on all link changes are recorded. `text` is not empty.
  virtual absl::Status SetLinkBase(const Fence& fence, absl::string_view text) = 0;

  // The index's entries for each lookup, in the lookups' order, then by id, at most `limit` a lookup. There are at most
  // kMaxRows lookups, and limit times lookups is not above it either.
  virtual absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(int64_t channel_id, KeyColumn column,
                                                               absl::Span<const KeyLookup> lookups, int64_t limit) = 0;

  // Link changes of one side, from above `after_id`.
  virtual absl::StatusOr<LinkChangePage> ReadLinkChanges(int64_t channel_id, LinkSide side,
                                                         absl::Span<const std::string> fields, int64_t after_id,
                                                         int64_t limit) = 0;

  // Adds entries to the base's index; ones that are there already are as good as added. FAILED_PRECONDITION where no
  // base is set.
  virtual absl::Status AddKeyEntries(const Fence& fence, absl::Span<const KeyAddition> additions) = 0;

  // Forgets link changes, at most `limit`; those with a later stamp than `read_edit_version` stay. Returns whether
  // there are more to forget: call again.
  virtual absl::StatusOr<bool> ForgetLinkChanges(const Fence& fence, int64_t read_edit_version, int64_t limit) = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_LINK_INDEX_H_
