#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "flxlink/catalog_csv.h"
#include "src/csv/csv_reader.h"
#include "src/csv/id_index.h"
#include "src/csv/paged_strings.h"
#include "src/csv/shopify_rows.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

// A page is handed over early when its text reaches this, far below what a StringColumn holds.
constexpr int64_t kMaxPageBytes = 64 << 20;

bool IsBlank(absl::string_view text) { return absl::StripAsciiWhitespace(text).empty(); }

// One product as a file states it.
struct ProductRow {
  int64_t line = 0;
  absl::string_view key;
  absl::string_view sku;
  absl::string_view parent;
  absl::string_view price;
  absl::string_view quantity;
  absl::string_view sync_priority;
  std::vector<absl::string_view> fields;
};

// Gathers rows into pages.
class ProductPages {
 public:
  using Visitor = absl::FunctionRef<absl::Status(const ProductBatch&)>;

  // `columns` names the number columns in errors.
  ProductPages(const csv::CsvReader* reader, const ProductCsvOptions& options, absl::string_view price_column,
               absl::string_view quantity_column, Visitor visit)
      : reader_(reader),
        options_(options),
        price_column_(price_column),
        quantity_column_(quantity_column),
        visit_(visit),
        index_(&keys_) {
    page_.currency = options.currency;
  }

  void AddField(absl::string_view name) {
    page_.fields.names.emplace_back(name);
    page_.fields.columns.emplace_back();
  }

  absl::Status Add(const ProductRow& row);
  absl::Status Flush();

 private:
  absl::Status AddKey(const ProductRow& row);
  absl::StatusOr<int64_t> ReadPrice(const ProductRow& row) const;
  absl::StatusOr<int64_t> ReadInteger(int64_t line, absl::string_view column, absl::string_view text,
                                      int64_t blank) const;

  const csv::CsvReader* reader_;
  const ProductCsvOptions& options_;
  absl::string_view price_column_;
  absl::string_view quantity_column_;
  Visitor visit_;
  csv::PagedStrings keys_;  // Of the whole file.
  csv::IdIndex index_;
  ProductBatch page_;
  int64_t page_bytes_ = 0;
};

absl::StatusOr<int64_t> ProductPages::ReadPrice(const ProductRow& row) const {
  if (IsBlank(row.price)) return kAbsent;
  absl::StatusOr<Money> money = ParseMoney(row.price, options_.currency);
  if (money.ok() && money->minor_units != kAbsent) return money->minor_units;
  return reader_->ErrorAt(row.line, absl::StrCat("column ", model::Quote(price_column_), ": ", model::Quote(row.price),
                                                 " is not a price in ", options_.currency.code(),
                                                 "; write a plain decimal number like 19.90"));
}

absl::StatusOr<int64_t> ProductPages::ReadInteger(int64_t line, absl::string_view column, absl::string_view text,
                                                  int64_t blank) const {
  if (IsBlank(text)) return blank;
  int64_t value = 0;
  if (absl::SimpleAtoi(text, &value) && value != kAbsent) return value;
  return reader_->ErrorAt(line, absl::StrCat("column ", model::Quote(column), ": ", model::Quote(text),
                                             " is not a whole number; write digits only"));
}

absl::Status ProductPages::AddKey(const ProductRow& row) {
  const absl::string_view what = options_.dialect == CsvDialect::kShopify ? "id" : "sku";
  if (IsBlank(row.key))
    return reader_->ErrorAt(row.line, absl::StrCat("the ", what, " is empty; give every variant one"));
  keys_.Add(row.key);
  if (index_.Insert(keys_.size() - 1, row.key)) return absl::OkStatus();
  return reader_->ErrorAt(
      row.line, absl::StrCat("the ", what, " ", model::Quote(row.key), " is there twice; give every variant its own"));
}

absl::Status ProductPages::Add(const ProductRow& row) {
  if (absl::Status status = AddKey(row); !status.ok()) return status;
  absl::StatusOr<int64_t> price = ReadPrice(row);
  if (!price.ok()) return price.status();
  absl::StatusOr<int64_t> quantity = ReadInteger(row.line, quantity_column_, row.quantity, kAbsent);
  if (!quantity.ok()) return quantity.status();
  absl::StatusOr<int64_t> sync_priority = ReadInteger(row.line, "sync_priority", row.sync_priority, 0);
  if (!sync_priority.ok()) return sync_priority.status();
  page_.key.Add(row.key);
  page_.sku.Add(row.sku);
  page_.parent.Add(row.parent);
  page_.price.push_back(*price);
  page_.quantity.push_back(*quantity);
  page_.sync_priority.push_back(*sync_priority);
  page_bytes_ += static_cast<int64_t>(row.key.size() + row.sku.size() + row.parent.size());
  for (size_t i = 0; i < row.fields.size(); ++i) {
    page_.fields.columns[i].Add(row.fields[i]);
    page_bytes_ += static_cast<int64_t>(row.fields[i].size());
  }
  return page_.size() >= options_.page_rows || page_bytes_ >= kMaxPageBytes ? Flush() : absl::OkStatus();
}

absl::Status ProductPages::Flush() {
  if (page_.size() == 0) return absl::OkStatus();
  if (absl::Status status = visit_(page_); !status.ok()) return status;
  for (StringColumn* column : {&page_.key, &page_.sku, &page_.parent}) column->Clear();
  for (std::vector<int64_t>* column : {&page_.price, &page_.quantity, &page_.sync_priority}) column->clear();
  for (StringColumn& column : page_.fields.columns) column.Clear();
  page_bytes_ = 0;
  return absl::OkStatus();
}

// Where a generic file has its columns.
struct GenericColumns {
  int sku = csv::CsvReader::kNoColumn;
  int parent = csv::CsvReader::kNoColumn;
  int price = csv::CsvReader::kNoColumn;
  int quantity = csv::CsvReader::kNoColumn;
  int sync_priority = csv::CsvReader::kNoColumn;
  std::vector<int> fields;

  static absl::StatusOr<GenericColumns> Find(const csv::CsvReader& reader) {
    absl::StatusOr<int> sku = reader.RequireColumn("sku");
    if (!sku.ok()) return sku.status();
    GenericColumns columns;
    columns.sku = *sku;
    columns.parent = reader.FindColumn("parent");
    columns.price = reader.FindColumn("price");
    columns.quantity = reader.FindColumn("quantity");
    columns.sync_priority = reader.FindColumn("sync_priority");
    const int special[] = {columns.sku, columns.parent, columns.price, columns.quantity, columns.sync_priority};
    for (int i = 0; i < static_cast<int>(reader.columns().size()); ++i) {
      const bool is_special = std::find(std::begin(special), std::end(special), i) != std::end(special);
      if (!is_special && !reader.columns()[static_cast<size_t>(i)].empty()) columns.fields.push_back(i);
    }
    return columns;
  }
};

absl::Status ReadGenericProducts(csv::CsvReader* reader, const ProductCsvOptions& options,
                                 ProductPages::Visitor visit) {
  absl::StatusOr<GenericColumns> columns = GenericColumns::Find(*reader);
  if (!columns.ok()) return columns.status();
  ProductPages pages(reader, options, "price", "quantity", visit);
  for (const int column : columns->fields) pages.AddField(reader->columns()[static_cast<size_t>(column)]);
  csv::CsvRecord record;
  const auto cell = [&](int column) {
    return column == csv::CsvReader::kNoColumn ? absl::string_view() : record.fields[column];
  };
  ProductRow row;
  for (;;) {
    absl::StatusOr<bool> found = reader->Next(&record);
    if (!found.ok()) return found.status();
    if (!*found) return pages.Flush();
    row.line = record.position.line;
    row.key = row.sku = cell(columns->sku);
    row.parent = cell(columns->parent);
    row.price = cell(columns->price);
    row.quantity = cell(columns->quantity);
    row.sync_priority = cell(columns->sync_priority);
    row.fields.clear();
    for (const int column : columns->fields) row.fields.push_back(cell(column));
    if (absl::Status status = pages.Add(row); !status.ok()) return status;
  }
}

// The Shopify fields that have no column of their own in a ProductBatch.
std::vector<int> ShopifyProductFields() {
  std::vector<int> numbers;
  for (int i = 0; i < static_cast<int>(csv::ShopifyFields().size()); ++i) {
    const absl::string_view name = csv::ShopifyFields()[static_cast<size_t>(i)];
    if (name != "sku" && name != "price" && name != "quantity") numbers.push_back(i);
  }
  return numbers;
}

absl::Status ReadShopifyProducts(csv::CsvReader* reader, const ProductCsvOptions& options,
                                 ProductPages::Visitor visit) {
  absl::StatusOr<csv::ShopifyRows> rows = csv::ShopifyRows::Create(reader);
  if (!rows.ok()) return rows.status();
  ProductPages pages(reader, options, "Variant Price", "Variant Inventory Qty", visit);
  const std::vector<int> fields = ShopifyProductFields();
  for (const int field : fields) pages.AddField(csv::ShopifyFields()[static_cast<size_t>(field)]);
  csv::ShopifyVariant variant;
  ProductRow row;
  for (;;) {
    absl::StatusOr<bool> found = rows->Next(&variant);
    if (!found.ok()) return found.status();
    if (!*found) return pages.Flush();
    row.line = variant.row.line;
    row.key = variant.id;
    row.sku = variant.sku;
    row.parent = variant.handle;
    row.price = variant.price;
    row.quantity = variant.quantity;
    row.fields.clear();
    for (const int field : fields) row.fields.push_back(csv::ShopifyFieldValue(variant, field));
    if (absl::Status status = pages.Add(row); !status.ok()) return status;
  }
}

}  // namespace

absl::Status ReadProductCsv(const std::string& path, const ProductCsvOptions& options,
                            absl::FunctionRef<absl::Status(const ProductBatch&)> visit) {
  absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  return options.dialect == CsvDialect::kShopify ? ReadShopifyProducts(&*reader, options, visit)
                                                 : ReadGenericProducts(&*reader, options, visit);
}

}  // namespace flxlink
