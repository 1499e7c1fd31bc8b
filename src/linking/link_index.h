// Key indexes for looking at a channel without changing it: the link base's with what changed since, and one that reads
// the channel because there is no base.

#ifndef FLXLINK_SRC_LINKING_LINK_INDEX_H_
#define FLXLINK_SRC_LINKING_LINK_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_lookup.h"

namespace flxlink::linking {

// Hands everything on to another lookup, but for the index.
class IndexOverlay : public LinkLookup {
 public:
  // `inner` must outlive it.
  explicit IndexOverlay(LinkLookup& inner) : inner_(inner) {}

  int64_t page_rows() const override { return inner_.page_rows(); }
  absl::StatusOr<ListingKeyPage> ReadListingKeys(absl::Span<const std::string> fields, int64_t after_id) override {
    return inner_.ReadListingKeys(fields, after_id);
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeys(absl::Span<const std::string> fields, int64_t after_id) override {
    return inner_.ReadChannelKeys(fields, after_id);
  }
  absl::StatusOr<std::vector<LinkPair>> ReadHandUnlinks(LinkPair after) override {
    return inner_.ReadHandUnlinks(after);
  }
  absl::StatusOr<LinkChangePage> ReadLinkChanges(LinkSide side, absl::Span<const std::string> fields,
                                                 int64_t after_id) override {
    return inner_.ReadLinkChanges(side, fields, after_id);
  }
  absl::StatusOr<ListingKeyPage> ReadListingKeysById(absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    return inner_.ReadListingKeysById(fields, ids);
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeysById(absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    return inner_.ReadChannelKeysById(fields, ids);
  }
  absl::StatusOr<std::vector<LinkHolder>> ReadHolders(absl::Span<const int64_t> channel_variant_ids) override {
    return inner_.ReadHolders(channel_variant_ids);
  }

 protected:
  LinkLookup& inner() const { return inner_; }

 private:
  LinkLookup& inner_;
};

// The index of the link base and the keys of the rows that changed since, which a link job would add to it.
class UpdatedIndex : public IndexOverlay {
 public:
  explicit UpdatedIndex(LinkLookup& inner) : IndexOverlay(inner) {}

  // Reads the changes. To be called before the index is used.
  absl::Status ReadChanges(const LinkKeys& keys);
  absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(KeyColumn column, absl::Span<const KeyLookup> lookups,
                                                       int64_t limit) override;

 private:
  std::vector<KeyAddition> additions_;  // By side, key number, entry.
};

// Answers each call by reading one side, page by page: slow, and needs no memory.
class ScannedIndex : public IndexOverlay {
 public:
  // `keys` must outlive it.
  ScannedIndex(LinkLookup& inner, const LinkKeys& keys) : IndexOverlay(inner), keys_(keys) {}

  absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(KeyColumn column, absl::Span<const KeyLookup> lookups,
                                                       int64_t limit) override;

 private:
  const LinkKeys& keys_;
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_INDEX_H_
