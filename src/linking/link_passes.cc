#include "src/linking/link_passes.h"

#include <cstddef>

namespace flxlink::linking {

absl::Status WriteOutcomes(LinkStore& store, absl::Span<const LinkWrite> writes, PassResult* result) {
  absl::StatusOr<std::vector<int64_t>> overtaken = store.WriteLinks(writes);
  if (!overtaken.ok()) return overtaken.status();
  for (const int64_t at : *overtaken) {
    const bool is_link = writes[static_cast<size_t>(at)].channel_variant_id != 0;
    ++(is_link ? result->overtaken_links : result->overtaken_reasons);
  }
  return absl::OkStatus();
}

}  // namespace flxlink::linking
