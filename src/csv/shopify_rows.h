// The variants in a product CSV in Shopify's export format.
//
// A row with a `Variant Price` is a variant; the others (further images, continuations) are not. Consecutive rows with
// the same `Handle` are one product, and what belongs to the whole product (title, vendor, status) stands on its first
// row. Source: https://help.shopify.com/en/manual/products/import-export/using-csv

#ifndef FLXLINK_CSV_SHOPIFY_ROWS_H_
#define FLXLINK_CSV_SHOPIFY_ROWS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "src/csv/csv_reader.h"

namespace flxlink::csv {

// Where a file has its columns; CsvReader::kNoColumn for those that it lacks.
struct ShopifyColumns {
  int handle = CsvReader::kNoColumn;  // Always there.
  int price = CsvReader::kNoColumn;   // Always there.
  int title = CsvReader::kNoColumn;
  int vendor = CsvReader::kNoColumn;
  int sku = CsvReader::kNoColumn;
  int barcode = CsvReader::kNoColumn;
  int compare_at_price = CsvReader::kNoColumn;
  int quantity = CsvReader::kNoColumn;
  int tracker = CsvReader::kNoColumn;  // `Variant Inventory Tracker`, as it is called today `Inventory tracker`.
  int status = CsvReader::kNoColumn;   // `Status`, else `Published`.
  std::array<int, 3> options{CsvReader::kNoColumn, CsvReader::kNoColumn, CsvReader::kNoColumn};

  // INVALID_ARGUMENT where `Handle` or `Variant Price` is missing.
  static absl::StatusOr<ShopifyColumns> Find(const CsvReader& reader);
};

// One variant. Values are the cells' text as it stands; empty for a column that the file lacks.
struct ShopifyVariant {
  CsvPosition row;          // The variant's record: price and quantity stand here.
  CsvPosition product_row;  // The first record of its product: the status stands here.
  std::string id;           // See ShopifyId(). Empty where the variant has no handle.
  std::string handle;
  std::string sku;
  std::string barcode;
  std::string price;
  std::string compare_at_price;
  std::string quantity;
  // Off where the file says who tracks inventories and names nobody for this one.
  bool is_tracked = true;
  std::array<std::string, 3> options;
  // The product's, from its first row.
  std::string title;
  std::string vendor;
  std::string status;
  // The status cell of the variant's own row, usually empty but on the first one.
  std::string row_status;
};

// Handle and option values joined by '/', with '\' before '/' and '\' inside a part, and without trailing empty
// options.
std::string ShopifyId(absl::string_view handle, absl::Span<const std::string> options);

// The fields that link rules can name: "id", "sku", "barcode", "handle", "title", "vendor", "price", "quantity",
// "status", "option1", "option2", "option3".
absl::Span<const absl::string_view> ShopifyFields();

// The number of a field in ShopifyFields(). INVALID_ARGUMENT, naming the file, where there is no such field or the file
// lacks the columns that it is read from.
absl::StatusOr<int> RequireShopifyField(const CsvReader& reader, absl::string_view name);

// The value of ShopifyFields()[field].
absl::string_view ShopifyFieldValue(const ShopifyVariant& variant, int field);

// Reads a file's variants in order. Not thread-safe.
class ShopifyRows {
 public:
  // `reader` must outlive this and stand before its first record.
  static absl::StatusOr<ShopifyRows> Create(CsvReader* reader);

  const ShopifyColumns& columns() const { return columns_; }

  // Reads the next variant; false when there is none. Errors as CsvReader::Next. Whether a variant has a handle
  // (CheckHandle) and an id of its own is for the caller to check.
  absl::StatusOr<bool> Next(ShopifyVariant* variant);

  // INVALID_ARGUMENT where it has none.
  absl::Status CheckHandle(const ShopifyVariant& variant) const;

 private:
  // What a product's first row says about all its variants.
  struct Product {
    CsvPosition row;
    std::string handle;
    std::string title;
    std::string vendor;
    std::string status;
  };

  ShopifyRows(CsvReader* reader, const ShopifyColumns& columns) : reader_(reader), columns_(columns) {}

  absl::string_view Cell(int column) const;
  void StartProduct();
  void ReadVariant(ShopifyVariant* variant) const;

  CsvReader* reader_;
  ShopifyColumns columns_;
  CsvRecord record_;
  absl::optional<Product> product_;  // That of the last record.
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_SHOPIFY_ROWS_H_
