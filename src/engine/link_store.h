// Storage and a job, as link passes see them: this is where pages, fences, retries and reports come in.

#ifndef FLXLINK_SRC_ENGINE_LINK_STORE_H_
#define FLXLINK_SRC_ENGINE_LINK_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"
#include "src/engine/job_context.h"
#include "src/engine/link_writer.h"
#include "src/linking/link_lookup.h"

namespace flxlink::engine {

// A channel of a storage. The storage must outlive it; changes and key entries may be asked for only where it has a
// link index.
class StorageLinkLookup : public linking::LinkLookup {
 public:
  StorageLinkLookup(Storage& storage, int64_t channel_id, int64_t page_rows)
      : storage_(storage), channel_id_(channel_id), page_rows_(page_rows) {}

  int64_t page_rows() const override { return page_rows_; }
  absl::StatusOr<ListingKeyPage> ReadListingKeys(absl::Span<const std::string> fields, int64_t after_id) override {
    return storage_.ReadListingKeys(channel_id_, fields, after_id, page_rows_);
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeys(absl::Span<const std::string> fields, int64_t after_id) override {
    return storage_.ReadChannelKeys(channel_id_, fields, after_id, page_rows_);
  }
  absl::StatusOr<std::vector<LinkPair>> ReadHandUnlinks(LinkPair after) override {
    return storage_.ReadHandUnlinks(channel_id_, after, page_rows_);
  }
  absl::StatusOr<LinkChangePage> ReadLinkChanges(LinkSide side, absl::Span<const std::string> fields,
                                                 int64_t after_id) override {
    return storage_.link_index()->ReadLinkChanges(channel_id_, side, fields, after_id, page_rows_);
  }
  absl::StatusOr<ListingKeyPage> ReadListingKeysById(absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    return storage_.ReadListingKeysById(channel_id_, fields, ids);
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeysById(absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    return storage_.ReadChannelKeysById(channel_id_, fields, ids);
  }
  absl::StatusOr<std::vector<LinkHolder>> ReadHolders(absl::Span<const int64_t> channel_variant_ids) override {
    return storage_.ReadHolders(channel_id_, channel_variant_ids);
  }
  absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(KeyColumn column, absl::Span<const KeyLookup> lookups,
                                                       int64_t limit) override {
    return storage_.link_index()->FindKeyEntries(channel_id_, column, lookups, limit);
  }

 private:
  Storage& storage_;
  const int64_t channel_id_;
  const int64_t page_rows_;
};

// The writes of one pass of a link job, which read the channel's edit version before anything else. What concerns the
// link base may be called only where storage has a link index.
class JobLinkStore : public linking::LinkStore {
 public:
  // Both must outlive it.
  JobLinkStore(JobContext& context, LinkWriter& writer, int64_t edit_version)
      : context_(context), writer_(writer), edit_version_(edit_version) {}

  absl::Status Report(int64_t rows_total) override;
  absl::StatusOr<std::vector<int64_t>> WriteLinks(absl::Span<const LinkWrite> rows) override;
  absl::Status AddKeyEntries(absl::Span<const KeyAddition> additions) override;
  absl::Status WriteKeyEntries(KeyColumn column, absl::Span<const KeyEntry> entries) override;
  absl::Status DropBase() override;
  absl::Status SetBase(absl::string_view text) override;
  absl::Status ForgetChanges() override;

 private:
  LinkIndex& index() { return *context_.storage().link_index(); }

  JobContext& context_;
  LinkWriter& writer_;
  const int64_t edit_version_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_STORE_H_
