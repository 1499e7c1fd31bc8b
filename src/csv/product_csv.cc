#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/catalog_csv.h"
#include "src/csv/column_names.h"
#include "src/csv/csv_reader.h"
#include "src/csv/csv_text.h"
#include "src/csv/id_index.h"
#include "src/csv/number_text.h"
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
  absl::string_view compare_at_price;
  absl::string_view quantity;
  absl::string_view sync_priority;
  std::vector<absl::string_view> fields;
};

// The columns of a file that a page states; those without a name the file lacks.
struct StatedColumns {
  bool sku = true;
  bool parent = false;
  absl::string_view price;
  absl::string_view compare_at_price;
  absl::string_view quantity;
  absl::string_view sync_priority;
};

absl::string_view NameOf(const csv::CsvReader& reader, int column) {
  return column == csv::CsvReader::kNoColumn ? absl::string_view() : reader.columns()[static_cast<size_t>(column)];
}

// Gathers rows into pages.
class ProductPages {
 public:
  using Visitor = absl::FunctionRef<absl::Status(const ProductBatch&)>;

  ProductPages(const csv::CsvReader* reader, const ProductCsvOptions& options,
               const absl::optional<absl::Time>& written_at, const StatedColumns& stated, Visitor visit)
      : reader_(reader),
        options_(options),
        numbers_{reader->separator(), options.decimal},
        stated_(stated),
        visit_(visit),
        index_(&keys_) {
    page_.currency = options.currency;
    page_.quantity_written_at = written_at;
  }

  void AddField(absl::string_view name) {
    page_.fields.names.emplace_back(name);
    page_.fields.columns.emplace_back();
  }

  absl::Status Add(const ProductRow& row);
  absl::Status Flush();

 private:
  absl::Status AddKey(const ProductRow& row);
  // Read a cell and add it to the page's column, if the file has that column.
  absl::Status AddPrice(int64_t line, absl::string_view name, absl::string_view cell,
                        std::vector<int64_t>* column) const;
  absl::Status AddInteger(int64_t line, absl::string_view name, absl::string_view cell,
                          std::vector<int64_t>* column) const;

  absl::Status CellError(int64_t line, absl::string_view name, absl::string_view what) const;

  const csv::CsvReader* reader_;
  const ProductCsvOptions& options_;
  const csv::NumberFormat numbers_;
  const StatedColumns stated_;
  Visitor visit_;
  csv::PagedStrings keys_;  // Of the whole file.
  csv::IdIndex index_;
  ProductBatch page_;
  int64_t page_bytes_ = 0;
};

absl::Status ProductPages::CellError(int64_t line, absl::string_view name, absl::string_view what) const {
  return reader_->ErrorAt(line, absl::StrCat("column ", model::Quote(name), ": ", what));
}

absl::Status ProductPages::AddPrice(int64_t line, absl::string_view name, absl::string_view cell,
                                    std::vector<int64_t>* column) const {
  if (name.empty()) return absl::OkStatus();
  int64_t price = kAbsent;
  if (!IsBlank(cell)) {
    const absl::StatusOr<std::string> plain = csv::PlainNumber(cell, numbers_);
    if (!plain.ok()) return CellError(line, name, plain.status().message());
    const absl::StatusOr<Money> money = ParseMoney(*plain, options_.currency);
    if (!money.ok() || money->minor_units == kAbsent) {
      return CellError(line, name,
                       absl::StrCat(model::Quote(cell), " is not a price in ", options_.currency.code(),
                                    "; write a plain decimal number like 19.90"));
    }
    if (money->minor_units < 0) {
      return CellError(line, name, absl::StrCat(model::Quote(cell), csv::kBelowZero));
    }
    price = money->minor_units;
  }
  column->push_back(price);
  return absl::OkStatus();
}

absl::Status ProductPages::AddInteger(int64_t line, absl::string_view name, absl::string_view cell,
                                      std::vector<int64_t>* column) const {
  if (name.empty()) return absl::OkStatus();
  int64_t value = kAbsent;
  if (!IsBlank(cell)) {
    const absl::StatusOr<int64_t> number = csv::ParseWholeNumber(cell, numbers_);
    if (!number.ok()) return CellError(line, name, absl::StrCat(number.status().message(), "; write digits only"));
    value = *number;
  }
  column->push_back(value);
  return absl::OkStatus();
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
  absl::Status status = AddPrice(row.line, stated_.price, row.price, &page_.price);
  if (status.ok()) {
    status = AddPrice(row.line, stated_.compare_at_price, row.compare_at_price, &page_.compare_at_price);
  }
  if (status.ok()) status = AddInteger(row.line, stated_.quantity, row.quantity, &page_.quantity);
  if (status.ok()) status = AddInteger(row.line, stated_.sync_priority, row.sync_priority, &page_.sync_priority);
  if (!status.ok()) return status;
  page_.key.Add(row.key);
  if (stated_.sku) page_.sku.Add(row.sku);
  if (stated_.parent) page_.parent.Add(row.parent);
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
  for (std::vector<int64_t>* column : {&page_.price, &page_.compare_at_price, &page_.quantity, &page_.sync_priority}) {
    column->clear();
  }
  for (StringColumn& column : page_.fields.columns) column.Clear();
  page_bytes_ = 0;
  return absl::OkStatus();
}

// Where a generic file has its columns.
struct GenericColumns {
  int sku = csv::CsvReader::kNoColumn;
  int parent = csv::CsvReader::kNoColumn;
  int price = csv::CsvReader::kNoColumn;
  int compare_at_price = csv::CsvReader::kNoColumn;
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
    columns.compare_at_price = reader.FindColumn("compare_at_price");
    columns.quantity = reader.FindColumn("quantity");
    columns.sync_priority = reader.FindColumn("sync_priority");
    const int special[] = {columns.sku,      columns.parent,       columns.price, columns.compare_at_price,
                           columns.quantity, columns.sync_priority};
    for (int i = 0; i < static_cast<int>(reader.columns().size()); ++i) {
      const bool is_special = std::find(std::begin(special), std::end(special), i) != std::end(special);
      if (!is_special && !reader.names()[static_cast<size_t>(i)].empty()) columns.fields.push_back(i);
    }
    return columns;
  }
};

absl::Status ReadGenericProducts(csv::CsvReader* reader, const ProductCsvOptions& options,
                                 const absl::optional<absl::Time>& written_at, ProductPages::Visitor visit) {
  absl::StatusOr<GenericColumns> columns = GenericColumns::Find(*reader);
  if (!columns.ok()) return columns.status();
  StatedColumns stated;
  stated.parent = columns->parent != csv::CsvReader::kNoColumn;
  stated.price = NameOf(*reader, columns->price);
  stated.compare_at_price = NameOf(*reader, columns->compare_at_price);
  stated.quantity = NameOf(*reader, columns->quantity);
  stated.sync_priority = NameOf(*reader, columns->sync_priority);
  ProductPages pages(reader, options, written_at, stated, visit);
  for (const int column : columns->fields) pages.AddField(reader->names()[static_cast<size_t>(column)]);
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
    row.compare_at_price = cell(columns->compare_at_price);
    row.quantity = cell(columns->quantity);
    row.sync_priority = cell(columns->sync_priority);
    row.fields.clear();
    for (const int column : columns->fields) row.fields.push_back(cell(column));
    if (absl::Status status = pages.Add(row); !status.ok()) return status;
  }
}

// The Shopify fields that the file has and that have no column of their own in a ProductBatch.
std::vector<int> ShopifyProductFields(const csv::CsvReader& reader) {
  std::vector<int> numbers;
  for (int i = 0; i < static_cast<int>(csv::ShopifyFields().size()); ++i) {
    const absl::string_view name = csv::ShopifyFields()[static_cast<size_t>(i)];
    const bool has_own_column = name == "sku" || name == "price" || name == "quantity";
    if (!has_own_column && csv::RequireShopifyField(reader, name).ok()) numbers.push_back(i);
  }
  return numbers;
}

absl::Status ReadShopifyProducts(csv::CsvReader* reader, const ProductCsvOptions& options,
                                 const absl::optional<absl::Time>& written_at, ProductPages::Visitor visit) {
  absl::StatusOr<csv::ShopifyRows> rows = csv::ShopifyRows::Create(reader);
  if (!rows.ok()) return rows.status();
  const csv::ShopifyColumns& columns = rows->columns();
  StatedColumns stated;
  stated.sku = columns.sku != csv::CsvReader::kNoColumn;
  stated.parent = true;
  stated.price = NameOf(*reader, columns.price);
  stated.compare_at_price = NameOf(*reader, columns.compare_at_price);
  stated.quantity = NameOf(*reader, columns.quantity);
  ProductPages pages(reader, options, written_at, stated, visit);
  const std::vector<int> fields = ShopifyProductFields(*reader);
  for (const int field : fields) pages.AddField(csv::ShopifyFields()[static_cast<size_t>(field)]);
  csv::ShopifyVariant variant;
  ProductRow row;
  for (;;) {
    absl::StatusOr<bool> found = rows->Next(&variant);
    if (!found.ok()) return found.status();
    if (!*found) return pages.Flush();
    if (absl::Status status = rows->CheckHandle(variant); !status.ok()) return status;
    row.line = variant.row.line;
    row.key = variant.id;
    row.sku = variant.sku;
    row.parent = variant.handle;
    row.price = variant.price;
    row.compare_at_price = variant.compare_at_price;
    row.quantity = variant.quantity;
    row.fields.clear();
    for (const int field : fields) row.fields.push_back(csv::ShopifyFieldValue(variant, field));
    if (absl::Status status = pages.Add(row); !status.ok()) return status;
  }
}

using Columns = std::vector<std::pair<std::string, std::string>>;

// ProductCsvOptions::columns, with the name that the reader of the dialect looks for in place of the field.
absl::StatusOr<Columns> ColumnsByHeader(const csv::CsvReader& reader, const ProductCsvOptions& options) {
  if (options.dialect == CsvDialect::kGeneric) return options.columns;
  Columns columns;
  for (const auto& [field, header] : options.columns) {
    const absl::optional<csv::ShopifyColumn> column = csv::FindShopifyColumn(field);
    if (!column.has_value()) {
      return reader.ErrorAt(1, absl::StrCat("a Shopify file has no field ", model::Quote(field),
                                            " that is read from a column; use compare_at_price or one of ",
                                            absl::StrJoin(csv::ShopifyFields().subspan(1), ", ")));
    }
    columns.emplace_back(csv::ShopifyNames(*column)[0], header);
  }
  return columns;
}

}  // namespace

absl::Status ReadProductCsv(const std::string& path, const ProductCsvOptions& options,
                            absl::FunctionRef<absl::Status(const ProductBatch&)> visit) {
  absl::StatusOr<csv::CsvText> file = csv::CsvText::Open(path);
  if (!file.ok()) return file.status();
  const absl::optional<absl::Time> written_at = file->modified_at();
  absl::StatusOr<std::string> text = file->Release();
  if (!text.ok()) return text.status();
  absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText(path, *std::move(text));
  if (!reader.ok()) return reader.status();
  absl::StatusOr<Columns> columns = ColumnsByHeader(*reader, options);
  if (!columns.ok()) return columns.status();
  if (absl::Status status = reader->Rename(*columns); !status.ok()) return status;
  return options.dialect == CsvDialect::kShopify ? ReadShopifyProducts(&*reader, options, written_at, visit)
                                                 : ReadGenericProducts(&*reader, options, written_at, visit);
}

}  // namespace flxlink
