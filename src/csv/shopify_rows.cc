#include "src/csv/shopify_rows.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/csv/column_names.h"
#include "src/model/quote.h"

namespace flxlink::csv {
namespace {

constexpr absl::string_view kFields[] = {"id",    "sku",      "barcode", "handle",  "title",   "vendor",
                                         "price", "quantity", "status",  "option1", "option2", "option3"};

// The column that each field of kFields is read from, as far as it is one.
constexpr ShopifyColumn kFieldColumns[] = {ShopifyColumn::kHandle,  ShopifyColumn::kSku,      ShopifyColumn::kBarcode,
                                           ShopifyColumn::kHandle,  ShopifyColumn::kTitle,    ShopifyColumn::kVendor,
                                           ShopifyColumn::kPrice,   ShopifyColumn::kQuantity, ShopifyColumn::kStatus,
                                           ShopifyColumn::kOption1, ShopifyColumn::kOption2,  ShopifyColumn::kOption3};

void AppendIdPart(absl::string_view part, std::string* id) {
  for (const char c : part) {
    if (c == '/' || c == '\\') id->push_back('\\');
    id->push_back(c);
  }
}

}  // namespace

absl::StatusOr<ShopifyColumns> ShopifyColumns::Find(const CsvReader& reader) {
  const auto find = [&](ShopifyColumn column) { return reader.FindColumn(ShopifyNames(column)); };
  ShopifyColumns columns;
  absl::StatusOr<int> handle = reader.RequireColumn(ShopifyNames(ShopifyColumn::kHandle));
  if (!handle.ok()) return handle.status();
  absl::StatusOr<int> price = reader.RequireColumn(ShopifyNames(ShopifyColumn::kPrice));
  if (!price.ok()) return price.status();
  columns.handle = *handle;
  columns.price = *price;
  columns.title = find(ShopifyColumn::kTitle);
  columns.vendor = find(ShopifyColumn::kVendor);
  columns.sku = find(ShopifyColumn::kSku);
  columns.barcode = find(ShopifyColumn::kBarcode);
  columns.compare_at_price = find(ShopifyColumn::kCompareAtPrice);
  columns.quantity = find(ShopifyColumn::kQuantity);
  columns.tracker = find(ShopifyColumn::kTracker);
  columns.policy = find(ShopifyColumn::kPolicy);
  columns.status = find(ShopifyColumn::kStatus);
  if (columns.status == CsvReader::kNoColumn) {
    columns.status = find(ShopifyColumn::kPublished);
    columns.is_published = columns.status != CsvReader::kNoColumn;
  }
  columns.options = {find(ShopifyColumn::kOption1), find(ShopifyColumn::kOption2), find(ShopifyColumn::kOption3)};
  return columns;
}

std::string ShopifyId(absl::string_view handle, absl::Span<const std::string> options) {
  size_t count = options.size();
  while (count > 0 && options[count - 1].empty()) --count;
  std::string id;
  AppendIdPart(handle, &id);
  for (size_t i = 0; i < count; ++i) {
    id.push_back('/');
    AppendIdPart(options[i], &id);
  }
  return id;
}

std::string ShopifyHandleOf(absl::string_view id) {
  std::string handle;
  for (size_t at = 0; at < id.size() && id[at] != '/'; ++at) {
    if (id[at] == '\\' && at + 1 < id.size()) ++at;
    handle.push_back(id[at]);
  }
  return handle;
}

absl::Span<const absl::string_view> ShopifyFields() { return kFields; }

absl::StatusOr<int> RequireShopifyField(const CsvReader& reader, absl::string_view name) {
  const auto* found = std::find(std::begin(kFields), std::end(kFields), name);
  if (found == std::end(kFields)) {
    return reader.ErrorAt(1, absl::StrCat("a Shopify file has no field ", model::Quote(name), "; use one of ",
                                          absl::StrJoin(kFields, ", ")));
  }
  const int field = static_cast<int>(found - std::begin(kFields));
  const bool has_published =
      name == "status" && reader.FindColumn(ShopifyNames(ShopifyColumn::kPublished)) != CsvReader::kNoColumn;
  if (!has_published) {
    absl::StatusOr<int> column = reader.RequireColumn(ShopifyNames(kFieldColumns[field]));
    if (!column.ok()) return column.status();
  }
  return field;
}

absl::string_view ShopifyFieldValue(const ShopifyVariant& variant, int field) {
  const absl::string_view values[] = {variant.id,     variant.sku,        variant.barcode,    variant.handle,
                                      variant.title,  variant.vendor,     variant.price,      variant.quantity,
                                      variant.status, variant.options[0], variant.options[1], variant.options[2]};
  return values[field];
}

absl::StatusOr<ShopifyRows> ShopifyRows::Create(CsvReader* reader, const ShopifySelection& selection) {
  absl::StatusOr<ShopifyColumns> columns = ShopifyColumns::Find(*reader);
  if (!columns.ok()) return columns.status();
  return ShopifyRows(reader, *columns, selection);
}

absl::string_view ShopifyRows::Cell(int column) const {
  return column == CsvReader::kNoColumn ? absl::string_view() : record_.fields[column];
}

bool ShopifyRows::IsFilled(int column) const { return !absl::StripAsciiWhitespace(Cell(column)).empty(); }

bool ShopifyRows::IsWanted() const {
  return selection_.handles == nullptr || selection_.handles->contains(Cell(columns_.handle));
}

bool ShopifyRows::IsVariant() const {
  const auto is_filled = [this](int column) { return IsFilled(column); };
  const int own[] = {columns_.sku, columns_.barcode, columns_.price, columns_.quantity};
  return std::any_of(std::begin(own), std::end(own), is_filled) ||
         std::any_of(columns_.options.begin(), columns_.options.end(), is_filled);
}

// The product of the record, which is its first row where it was not known.
int64_t ShopifyRows::FindProduct() {
  const absl::string_view handle = Cell(columns_.handle);
  int64_t& product = products_->last;
  if (product != kNoRow && products_->handles[product] == handle) return product;
  product = products_->index.Find(handle);
  if (product == kNoRow) product = AddProduct(handle);
  return product;
}

int64_t ShopifyRows::AddProduct(absl::string_view handle) {
  const int64_t product = products_->handles.size();
  products_->handles.Add(handle);
  products_->index.Insert(product, handle);
  products_->rows.push_back(record_.position);
  products_->titles.Add(selection_.texts ? Cell(columns_.title) : "");
  products_->vendors.Add(selection_.texts ? Cell(columns_.vendor) : "");
  products_->statuses.Add(Cell(columns_.status));
  return product;
}

void ShopifyRows::ReadVariant(int64_t product, ShopifyVariant* variant) const {
  variant->row = record_.position;
  variant->product_row = products_->rows[static_cast<size_t>(product)];
  variant->handle = std::string(products_->handles[product]);
  variant->sku = std::string(Cell(columns_.sku));
  variant->barcode = std::string(Cell(columns_.barcode));
  variant->price = std::string(Cell(columns_.price));
  variant->compare_at_price = std::string(Cell(columns_.compare_at_price));
  variant->quantity = std::string(Cell(columns_.quantity));
  variant->policy = std::string(Cell(columns_.policy));
  variant->row_status = std::string(Cell(columns_.status));
  variant->is_tracked = columns_.tracker == CsvReader::kNoColumn || IsFilled(columns_.tracker);
  for (size_t i = 0; i < variant->options.size(); ++i) {
    variant->options[i] = std::string(Cell(columns_.options[i]));
  }
  variant->title = std::string(products_->titles[product]);
  variant->vendor = std::string(products_->vendors[product]);
  variant->status = std::string(products_->statuses[product]);
  variant->id = variant->handle.empty() ? std::string() : ShopifyId(variant->handle, variant->options);
}

absl::StatusOr<bool> ShopifyRows::Next(ShopifyVariant* variant) {
  for (;;) {
    absl::StatusOr<bool> found = reader_->Next(&record_);
    if (!found.ok() || !*found) return found;
    if (selection_.check) {
      if (absl::Status status = selection_.check(); !status.ok()) return status;
    }
    if (selection_.see_prices) selection_.see_prices(Cell(columns_.price), Cell(columns_.compare_at_price));
    if (!IsWanted()) continue;
    const int64_t product = FindProduct();
    if (!IsVariant()) continue;
    ReadVariant(product, variant);
    return true;
  }
}

absl::Status ShopifyRows::CheckHandle(const ShopifyVariant& variant) const {
  if (!variant.handle.empty()) return absl::OkStatus();
  const std::string& name = reader_->columns()[static_cast<size_t>(columns_.handle)];
  return reader_->ErrorAt(variant.row.line,
                          absl::StrCat("the variant has no ", model::Quote(name), "; give its product's"));
}

}  // namespace flxlink::csv
