// The variants in a product CSV in Shopify's export format.
//
// A row with an option value, SKU, barcode, price or quantity is a variant; the others (further images, continuations)
// are not. Rows with the same `Handle` are one product, wherever they stand, and what belongs to the whole product
// (title, vendor, status) stands on its first row in the file. Source:
// https://help.shopify.com/en/manual/products/import-export/using-csv

#ifndef FLXLINK_CSV_SHOPIFY_ROWS_H_
#define FLXLINK_CSV_SHOPIFY_ROWS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"
#include "src/csv/csv_reader.h"
#include "src/csv/id_index.h"
#include "src/csv/paged_strings.h"

namespace flxlink::csv {

// Where a file has its columns, by any of their names (column_names.h); CsvReader::kNoColumn for those that it lacks.
struct ShopifyColumns {
  int handle = CsvReader::kNoColumn;  // Always there.
  int price = CsvReader::kNoColumn;   // Always there.
  int title = CsvReader::kNoColumn;
  int vendor = CsvReader::kNoColumn;
  int sku = CsvReader::kNoColumn;
  int barcode = CsvReader::kNoColumn;
  int compare_at_price = CsvReader::kNoColumn;
  int quantity = CsvReader::kNoColumn;
  int tracker = CsvReader::kNoColumn;
  int policy = CsvReader::kNoColumn;
  int status = CsvReader::kNoColumn;  // `Status`, else `Published`.
  bool is_published = false;          // It is `Published`.
  std::array<int, 3> options{CsvReader::kNoColumn, CsvReader::kNoColumn, CsvReader::kNoColumn};

  // INVALID_ARGUMENT where the handle or the price has no column.
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
  std::string policy;      // What is to happen when it is sold out: "continue" or "deny".
  std::string row_status;  // What this row says where the first one says the product's status.
  // Off where the file says who tracks inventories and names nobody for this one.
  bool is_tracked = true;
  std::array<std::string, 3> options;
  // The product's, from its first row.
  std::string title;
  std::string vendor;
  std::string status;
};

// Handle and option values joined by '/', with '\' before '/' and '\' inside a part, and without trailing empty
// options.
std::string ShopifyId(absl::string_view handle, absl::Span<const std::string> options);

// The handle of an id that ShopifyId() made.
std::string ShopifyHandleOf(absl::string_view id);

// The fields that link rules can name: "id", "sku", "barcode", "handle", "title", "vendor", "price", "quantity",
// "status", "option1", "option2", "option3".
absl::Span<const absl::string_view> ShopifyFields();

// The number of a field in ShopifyFields(). INVALID_ARGUMENT, naming the file, where there is no such field or the file
// lacks the columns that it is read from.
absl::StatusOr<int> RequireShopifyField(const CsvReader& reader, absl::string_view name);

// The value of ShopifyFields()[field].
absl::string_view ShopifyFieldValue(const ShopifyVariant& variant, int field);

// What to read of a file's products.
struct ShopifySelection {
  // The handles of the products whose variants are wanted; of others nothing is kept. Must outlive the reading.
  // nullptr: all.
  const absl::flat_hash_set<std::string>* handles = nullptr;
  // Titles and vendors. Without them these are empty, and no memory goes into them.
  bool texts = true;
  // Asked at each row; its error ends the reading. None: nothing does.
  std::function<absl::Status()> check{};
  // Told of the price and the compare-at price of each row, wanted or not. None: nobody is.
  std::function<void(absl::string_view price, absl::string_view compare_at_price)> see_prices{};
};

// Reads a file's variants in order. What its products say on their first rows is kept, about 70 bytes a product and
// those texts.
//
// Not thread-safe.
class ShopifyRows {
 public:
  // `reader` must outlive this and stand before its first record.
  static absl::StatusOr<ShopifyRows> Create(CsvReader* reader, const ShopifySelection& selection = {});

  const ShopifyColumns& columns() const { return columns_; }
  CsvReader& reader() const { return *reader_; }

  // Reads the next variant; false when there is none. Errors as CsvReader::Next. Whether a variant has a handle
  // (CheckHandle) and an id of its own is for the caller to check. When all rows were read once, the reader may seek or
  // rewind: what the products say is known by then.
  absl::StatusOr<bool> Next(ShopifyVariant* variant);

  // INVALID_ARGUMENT where it has none.
  absl::Status CheckHandle(const ShopifyVariant& variant) const;

 private:
  // What the first rows of products say about all their variants, in the order of those rows.
  struct Products {
    PagedStrings handles;
    IdIndex index{&handles};
    std::vector<CsvPosition> rows;
    PagedStrings titles;
    PagedStrings vendors;
    PagedStrings statuses;
    int64_t last = kNoRow;  // That of the last record: most rows stand beside others of their product.
  };

  ShopifyRows(CsvReader* reader, const ShopifyColumns& columns, const ShopifySelection& selection)
      : reader_(reader), columns_(columns), selection_(selection), products_(std::make_unique<Products>()) {}

  absl::string_view Cell(int column) const;
  bool IsFilled(int column) const;
  bool IsWanted() const;
  bool IsVariant() const;
  int64_t FindProduct();
  int64_t AddProduct(absl::string_view handle);
  void ReadVariant(int64_t product, ShopifyVariant* variant) const;

  CsvReader* reader_;
  ShopifyColumns columns_;
  ShopifySelection selection_;
  CsvRecord record_;
  std::unique_ptr<Products> products_;
};

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_SHOPIFY_ROWS_H_
