// What the Linker reads of a channel's variants, and the ids behind its row numbers.

#ifndef FLXLINK_SRC_LINKING_LINK_INPUT_H_
#define FLXLINK_SRC_LINKING_LINK_INPUT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/linker.h"
#include "flxlink/storage.h"
#include "flxlink/string_column.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_lookup.h"

namespace flxlink::linking {

// Whether the channel can be linked: it has rules, and it was pulled completely once. FAILED_PRECONDITION says what to
// do.
absl::Status CheckReadyToLink(const Channel& channel);

// How a match of the channel is configured.
MatchOptions ConfiguredOptions(const ChannelConfig& config);

// A field that a rule names and that no variant of its side has.
struct UnknownField {
  LinkSide side = LinkSide::kListing;
  std::string field;
};

// Rows and pairs of both sides. Filled row by row, then read.
class LinkInput {
 public:
  // A listing variant as storage has it.
  struct Listing {
    int64_t listing_id = 0;
    bool live = false;
    LinkReason reason = LinkReason::kNone;  // Of an unlinked one.
    int32_t rule = 0;
  };
  struct Item {
    int64_t channel_variant_id = 0;
    bool live = false;
  };
  explicit LinkInput(const LinkFields& fields);

  // Reads the whole channel, page by page.
  static absl::StatusOr<std::unique_ptr<LinkInput>> Load(LinkLookup& lookup, const LinkFields& fields);

  // Adds a row with the values of its side's fields; returns its number.
  int64_t AddListing(const Listing& listing, absl::Span<const absl::string_view> values, absl::string_view parent);
  int64_t AddItem(const Item& item, absl::Span<const absl::string_view> values, absl::string_view parent);
  // See MatchInput for the three kinds of pairs.
  void AddLink(RowPair pair) { links_.push_back(pair); }
  void AddBrokenLink(RowPair pair) { broken_links_.push_back(pair); }
  void AddHandUnlink(RowPair pair) { hand_unlinks_.push_back(pair); }

  // Valid until a row or pair is added.
  MatchInput match_input();

  int64_t listing_count() const { return static_cast<int64_t>(listing_ids_.size()); }
  int64_t listing_id(int64_t row) const { return listing_ids_[static_cast<size_t>(row)]; }
  int64_t channel_variant_id(int64_t row) const { return channel_ids_[static_cast<size_t>(row)]; }
  absl::Span<const int64_t> ids(LinkSide side) const {
    return side == LinkSide::kListing ? listing_ids_ : channel_ids_;
  }
  // What storage says of an unlinked listing row now.
  LinkReason stored_reason(int64_t row) const { return reasons_[static_cast<size_t>(row)]; }
  int32_t stored_rule(int64_t row) const { return rules_[static_cast<size_t>(row)]; }
  // The fields that Load found on no row of a side that has rows.
  std::vector<UnknownField> UnknownFields() const;
  // The row of a listing id, kNoRow where it is not there. Only where rows were added by ascending id, as Load does.
  int64_t ListingRowOf(int64_t listing_id) const;

 private:
  absl::Status LoadChannel(LinkLookup& lookup);
  absl::Status LoadListings(LinkLookup& lookup);
  absl::Status LoadHandUnlinks(LinkLookup& lookup);

  LinkFields fields_;
  // By field: whether some row has a value.
  std::vector<bool> listing_fields_seen_;
  std::vector<bool> channel_fields_seen_;
  VariantTable listings_;
  VariantTable channel_;
  std::vector<RowPair> links_;
  std::vector<RowPair> broken_links_;
  std::vector<RowPair> hand_unlinks_;
  PairSpan link_source_{{}};
  PairSpan broken_source_{{}};
  PairSpan hand_unlink_source_{{}};

  std::vector<int64_t> listing_ids_;
  std::vector<LinkReason> reasons_;
  std::vector<int32_t> rules_;
  std::vector<int64_t> channel_ids_;
};

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_INPUT_H_
