// What a link pass needs of the world: a look at one channel, and a place for what it finds. Whoever implements these
// knows the storage, the fence, retries and the job that the pass belongs to; the pass knows none of them.

#ifndef FLXLINK_SRC_LINKING_LINK_LOOKUP_H_
#define FLXLINK_SRC_LINKING_LINK_LOOKUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"

namespace flxlink::linking {

// Reads of one channel. The functions are those of Storage that have their names.
class LinkLookup {
 public:
  virtual ~LinkLookup() = default;

  // The most rows that one call takes or returns.
  virtual int64_t page_rows() const = 0;

  // A page of at most page_rows().
  virtual absl::StatusOr<ListingKeyPage> ReadListingKeys(absl::Span<const std::string> fields, int64_t after_id) = 0;
  virtual absl::StatusOr<ChannelKeyPage> ReadChannelKeys(absl::Span<const std::string> fields, int64_t after_id) = 0;
  virtual absl::StatusOr<std::vector<LinkPair>> ReadHandUnlinks(LinkPair after) = 0;
  virtual absl::StatusOr<LinkChangePage> ReadLinkChanges(LinkSide side, absl::Span<const std::string> fields,
                                                         int64_t after_id) = 0;

  virtual absl::StatusOr<ListingKeyPage> ReadListingKeysById(absl::Span<const std::string> fields,
                                                             absl::Span<const int64_t> ids) = 0;
  virtual absl::StatusOr<ChannelKeyPage> ReadChannelKeysById(absl::Span<const std::string> fields,
                                                             absl::Span<const int64_t> ids) = 0;
  virtual absl::StatusOr<std::vector<LinkHolder>> ReadHolders(absl::Span<const int64_t> channel_variant_ids) = 0;
  virtual absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(KeyColumn column, absl::Span<const KeyLookup> lookups,
                                                               int64_t limit) = 0;
};

// Writes of one link pass. Any error ends the pass, which returns it.
class LinkStore {
 public:
  virtual ~LinkStore() = default;

  // Called between two steps: how far the pass is. An error where it must not go on.
  virtual absl::Status Report(int64_t rows_total) = 0;

  // Any number of rows. Returns the places of those that were not written because a hand edit overtook them.
  virtual absl::StatusOr<std::vector<int64_t>> WriteLinks(absl::Span<const LinkWrite> rows) = 0;
  virtual absl::Status AddKeyEntries(absl::Span<const KeyAddition> additions) = 0;
  // All the entries of a column, ascending.
  virtual absl::Status WriteKeyEntries(KeyColumn column, absl::Span<const KeyEntry> entries) = 0;
  virtual absl::Status DropBase() = 0;
  virtual absl::Status SetBase(absl::string_view text) = 0;
  virtual absl::Status ForgetChanges() = 0;
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_LOOKUP_H_
