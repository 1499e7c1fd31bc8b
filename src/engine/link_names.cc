#include "src/engine/link_names.h"

namespace flxlink::engine {

absl::StatusOr<std::vector<std::string>> ReadNames(linking::LinkLookup& lookup, LinkSide side,
                                                   absl::Span<const int64_t> ids) {
  std::vector<std::string> names;
  const size_t page_rows = static_cast<size_t>(lookup.page_rows());
  for (size_t at = 0; at < ids.size(); at += page_rows) {
    const absl::Span<const int64_t> some = ids.subspan(at, page_rows);
    if (side == LinkSide::kListing) {
      absl::StatusOr<ListingKeyPage> page = lookup.ReadListingKeysById({"sku"}, some);
      if (!page.ok()) return page.status();
      for (int64_t i = 0; i < page->size(); ++i) names.emplace_back(page->columns[0][i]);
    } else {
      absl::StatusOr<ChannelKeyPage> page = lookup.ReadChannelKeysById({}, some);
      if (!page.ok()) return page.status();
      for (int64_t i = 0; i < page->size(); ++i) names.emplace_back(page->external_id[i]);
    }
  }
  if (names.size() != ids.size()) return absl::AbortedError("the channel changed while it was read; try again");
  return names;
}

}  // namespace flxlink::engine
