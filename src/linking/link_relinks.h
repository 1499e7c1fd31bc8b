// Where broken links would lead: the items that the rules would link their listing variants to.

#ifndef FLXLINK_SRC_LINKING_LINK_RELINKS_H_
#define FLXLINK_SRC_LINKING_LINK_RELINKS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/linker.h"
#include "flxlink/storage.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_lookup.h"

namespace flxlink::linking {

// Of these listing variants those whose links are broken and that a match of the channel would link to another item, if
// just these links were dissolved; with the item, ascending by listing_id. `lookup` has an index that is up
// to date. None of a listing variant that is delisted. Where linking has judged the channel as it is, a release of just
// these links them like that.
absl::StatusOr<std::vector<LinkPair>> FindRelinks(LinkLookup& lookup, const LinkKeys& keys, const Linker& linker,
                                                  const ChannelConfig& config, absl::Span<const int64_t> listing_ids);

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_RELINKS_H_
