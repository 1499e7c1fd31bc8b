// A channel's variants as the Linker reads them, loaded from storage page by page, and the ids behind its row numbers.

#ifndef FLXLINK_SRC_ENGINE_LINK_INPUT_H_
#define FLXLINK_SRC_ENGINE_LINK_INPUT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flxlink/channel.h"
#include "flxlink/linker.h"
#include "flxlink/listing_status.h"
#include "flxlink/storage.h"
#include "flxlink/string_column.h"

namespace flxlink {

// Whether the channel can be linked: it has rules, and it was pulled completely once. FAILED_PRECONDITION says what to
// do.
absl::Status CheckReadyToLink(const Channel& channel);

class LinkInput {
 public:
  // Reads everything that a match by `priority` needs, in pages of `page_rows`.
  static absl::StatusOr<std::unique_ptr<LinkInput>> Load(Storage& storage, int64_t channel_id,
                                                         const LinkPriority& priority, int64_t page_rows);

  // Valid as long as this object.
  MatchInput match_input() const;

  int64_t listing_count() const { return static_cast<int64_t>(listing_ids_.size()); }
  int64_t channel_count() const { return static_cast<int64_t>(channel_ids_.size()); }
  int64_t listing_id(int64_t row) const { return listing_ids_[static_cast<size_t>(row)]; }
  int64_t channel_variant_id(int64_t row) const { return channel_ids_[static_cast<size_t>(row)]; }
  absl::string_view sku(int64_t row) const { return skus_[static_cast<size_t>(row)]; }
  absl::string_view external_id(int64_t row) const { return external_ids_[static_cast<size_t>(row)]; }
  ChannelStatus channel_status(int64_t row) const { return channel_statuses_[static_cast<size_t>(row)]; }
  // What storage says of an unlinked listing row now.
  LinkReason stored_reason(int64_t row) const { return reasons_[static_cast<size_t>(row)]; }
  int32_t stored_rule(int64_t row) const { return rules_[static_cast<size_t>(row)]; }
  // The row of a listing id, kNoRow where it is not there.
  int64_t ListingRowOf(int64_t listing_id) const;

 private:
  explicit LinkInput(const LinkPriority& priority);

  absl::Status LoadChannel(Storage& storage, int64_t channel_id, int64_t page_rows);
  absl::Status LoadListings(Storage& storage, int64_t channel_id, int64_t page_rows);
  absl::Status LoadHandUnlinks(Storage& storage, int64_t channel_id, int64_t page_rows);

  // The fields that the rules name, each once.
  std::vector<std::string> listing_fields_;
  std::vector<std::string> channel_fields_;
  std::vector<MatchInput::RuleColumns> rule_columns_;

  VariantTable listings_;
  VariantTable channel_;
  std::vector<RowPair> links_;
  std::vector<RowPair> broken_links_;
  std::vector<RowPair> hand_unlinks_;
  PairSpan link_source_{{}};
  PairSpan broken_source_{{}};
  PairSpan hand_unlink_source_{{}};

  std::vector<int64_t> listing_ids_;
  std::vector<std::string> skus_;
  std::vector<LinkReason> reasons_;
  std::vector<int32_t> rules_;
  std::vector<int64_t> channel_ids_;
  std::vector<std::string> external_ids_;
  std::vector<ChannelStatus> channel_statuses_;
};

}  // namespace flxlink

#endif  // FLXLINK_SRC_ENGINE_LINK_INPUT_H_
