#include "src/csv/column_names.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

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

// How many characters are other ones, too many, missing, or in the place of their neighbour: a row of the usual table
// at a time, the last two kept.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> before_last;
  std::vector<size_t> last;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last = std::move(last);
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t other = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({other, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

// How far a name may be from one that is meant by it: a short one is soon another.
size_t FarthestOf(absl::string_view bare) { return std::min<size_t>(bare.size() / 3, 2); }

// Longer names are not compared: the time grows with the square.
constexpr size_t kLongestName = 100;

// The first of the names in `header` that are nearest to `name`. Empty: none is near.
absl::string_view FindMistyped(const std::vector<std::string>& header, absl::string_view name) {
  const std::string bare = Bare(name);
  if (bare.empty() || bare.size() > kLongestName) return "";
  absl::string_view nearest;
  size_t least = FarthestOf(bare) + 1;
  for (const std::string& column : header) {
    if (column.size() > kLongestName) continue;
    const size_t distance = Distance(bare, Bare(column));
    if (distance < least) {
      least = distance;
      nearest = column;
    }
  }
  return nearest;
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
  for (const absl::string_view name : names) {
    const absl::string_view mistyped = FindMistyped(header, name);
    if (!mistyped.empty()) return mistyped;
  }
  return "";
}

}  // namespace flxlink::csv
