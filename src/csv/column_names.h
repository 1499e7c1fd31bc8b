// What columns of product files are called: the one table of names.

#ifndef FLXLINK_CSV_COLUMN_NAMES_H_
#define FLXLINK_CSV_COLUMN_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace flxlink::csv {

// A column of Shopify's product format that somebody here reads.
enum class ShopifyColumn {
  kHandle,
  kTitle,
  kVendor,
  kSku,
  kBarcode,
  kPrice,
  kCompareAtPrice,
  kQuantity,
  kTracker,
  kPolicy,
  kStatus,
  kPublished,
  kOption1,
  kOption2,
  kOption3,
};

// Its names in a file: the one of older exports first, then today's where that is another. Shopify reads both. A file
// that has both is taken to mean the older one.
absl::Span<const absl::string_view> ShopifyNames(ShopifyColumn column);

// The column that is meant by one of its names, in a file of this format or a generic one ("sku"). nullopt: none is.
absl::optional<ShopifyColumn> FindShopifyColumn(absl::string_view name);

// The column of `header` that somebody may have meant by one of `names`: the same letters and digits in any case, or
// another name of the same thing ("Variant SKU" for "sku"), or else the one that is mistyped least, by a character or
// two. Empty: there is none.
absl::string_view FindNearColumn(const std::vector<std::string>& header, absl::Span<const absl::string_view> names);

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_COLUMN_NAMES_H_
