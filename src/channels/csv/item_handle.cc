#include "src/channels/csv/item_handle.h"

#include <xxhash.h>

#include "absl/strings/str_cat.h"

namespace flxlink::csv_channel {

std::string HandleOf(const csv::ShopifyVariant& variant) {
  // With the lengths in front, two rows never give the same text.
  const std::string text =
      absl::StrCat(variant.id.size(), ",", variant.sku.size(), ",", variant.id, variant.sku, variant.barcode);
  return absl::StrCat(absl::Hex(XXH3_64bits(text.data(), text.size()), absl::kZeroPad16));
}

}  // namespace flxlink::csv_channel
