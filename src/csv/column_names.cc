#include "src/csv/column_names.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"

namespace flxlink::csv {
namespace {

struct Names {
  ShopifyColumn column;
  absl::string_view names[2];  // The older, and today's.
  size_t count;
  absl::string_view generic;  // In a generic file; empty where those have none.
};

// Today's names are those of Shopify's help on product CSV files and of the sample file that it links,
// https://help.shopify.com/en/manual/products/import-export/using-csv; the older ones are those of its exports up to
// 2025, which it still reads.
constexpr Names kNames[] = {
    {ShopifyColumn::kHandle, {"Handle", "URL handle"}, 2, "parent"},
    {ShopifyColumn::kTitle, {"Title"}, 1, "title"},
    {ShopifyColumn::kVendor, {"Vendor"}, 1, "vendor"},
    {ShopifyColumn::kSku, {"Variant SKU", "SKU"}, 2, "sku"},
    {ShopifyColumn::kBarcode, {"Variant Barcode", "Barcode"}, 2, "barcode"},
    {ShopifyColumn::kPrice, {"Variant Price", "Price"}, 2, "price"},
    {ShopifyColumn::kCompareAtPrice, {"Variant Compare At Price", "Compare-at price"}, 2, "compare_at_price"},
    {ShopifyColumn::kQuantity, {"Variant Inventory Qty", "Inventory quantity"}, 2, "quantity"},
    {ShopifyColumn::kTracker, {"Variant Inventory Tracker", "Inventory tracker"}, 2, ""},
    {ShopifyColumn::kPolicy, {"Variant Inventory Policy", "Continue selling when out of stock"}, 2, ""},
    {ShopifyColumn::kStatus, {"Status"}, 1, "status"},
    {ShopifyColumn::kPublished, {"Published", "Published on online store"}, 2, ""},
    {ShopifyColumn::kOption1, {"Option1 Value", "Option1 value"}, 2, "option1"},
    {ShopifyColumn::kOption2, {"Option2 Value", "Option2 value"}, 2, "option2"},
    {ShopifyColumn::kOption3, {"Option3 Value", "Option3 value"}, 2, "option3"},
};

absl::Span<const absl::string_view> InFiles(const Names& names) { return {names.names, names.count}; }

// Letters and digits, small. Other alphabets stay as they are.
std::string Bare(absl::string_view name) {
  std::string bare;
  for (const char c : name) {
    const bool is_plain = static_cast<unsigned char>(c) < 0x80;
    if (!is_plain || absl::ascii_isalnum(static_cast<unsigned char>(c))) bare.push_back(absl::ascii_tolower(c));
  }
  return bare;
}

bool Means(const Names& names, absl::string_view bare) {
  const auto is_it = [&](absl::string_view name) { return Bare(name) == bare; };
  return (!names.generic.empty() && is_it(names.generic)) || absl::c_any_of(InFiles(names), is_it);
}

bool IsNear(absl::string_view a, absl::string_view b) {
  const std::string bare_a = Bare(a);
  const std::string bare_b = Bare(b);
  if (bare_a.empty() || bare_b.empty()) return false;
  if (bare_a == bare_b) return true;
  return absl::c_any_of(kNames, [&](const Names& names) { return Means(names, bare_a) && Means(names, bare_b); });
}

}  // namespace

absl::Span<const absl::string_view> ShopifyNames(ShopifyColumn column) {
  return InFiles(*absl::c_find_if(kNames, [&](const Names& names) { return names.column == column; }));
}

absl::optional<ShopifyColumn> FindShopifyColumn(absl::string_view name) {
  const std::string bare = Bare(name);
  const auto* found = absl::c_find_if(kNames, [&](const Names& names) { return Means(names, bare); });
  if (found == std::end(kNames)) return absl::nullopt;
  return found->column;
}

absl::string_view FindNearColumn(const std::vector<std::string>& header, absl::Span<const absl::string_view> names) {
  for (const std::string& column : header) {
    if (absl::c_any_of(names, [&](absl::string_view name) { return IsNear(name, column); })) return column;
  }
  return "";
}

}  // namespace flxlink::csv
