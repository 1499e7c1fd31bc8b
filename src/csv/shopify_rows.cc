#include "src/csv/shopify_rows.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/model/quote.h"

namespace flxlink::csv {
namespace {

constexpr absl::string_view kFields[] = {"id",    "sku",      "barcode", "handle",  "title",   "vendor",
                                         "price", "quantity", "status",  "option1", "option2", "option3"};

// The column that each field of kFields is read from, as far as it is one.
constexpr absl::string_view kFieldColumns[] = {"Handle", "Variant SKU",   "Variant Barcode", "Handle",
                                               "Title",  "Vendor",        "Variant Price",   "Variant Inventory Qty",
                                               "Status", "Option1 Value", "Option2 Value",   "Option3 Value"};

void AppendIdPart(absl::string_view part, std::string* id) {
  for (const char c : part) {
    if (c == '/' || c == '\\') id->push_back('\\');
    id->push_back(c);
  }
}

}  // namespace

absl::StatusOr<ShopifyColumns> ShopifyColumns::Find(const CsvReader& reader) {
  ShopifyColumns columns;
  absl::StatusOr<int> handle = reader.RequireColumn("Handle");
  if (!handle.ok()) return handle.status();
  absl::StatusOr<int> price = reader.RequireColumn("Variant Price");
  if (!price.ok()) return price.status();
  columns.handle = *handle;
  columns.price = *price;
  columns.title = reader.FindColumn("Title");
  columns.vendor = reader.FindColumn("Vendor");
  columns.sku = reader.FindColumn("Variant SKU");
  columns.barcode = reader.FindColumn("Variant Barcode");
  columns.compare_at_price = reader.FindColumn("Variant Compare At Price");
  columns.quantity = reader.FindColumn("Variant Inventory Qty");
  columns.tracker = reader.FindColumn("Variant Inventory Tracker");
  if (columns.tracker == CsvReader::kNoColumn) columns.tracker = reader.FindColumn("Inventory tracker");
  columns.status = reader.FindColumn("Status");
  if (columns.status == CsvReader::kNoColumn) columns.status = reader.FindColumn("Published");
  columns.options = {reader.FindColumn("Option1 Value"), reader.FindColumn("Option2 Value"),
                     reader.FindColumn("Option3 Value")};
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

absl::Span<const absl::string_view> ShopifyFields() { return kFields; }

absl::StatusOr<int> RequireShopifyField(const CsvReader& reader, absl::string_view name) {
  const auto* found = std::find(std::begin(kFields), std::end(kFields), name);
  if (found == std::end(kFields)) {
    return reader.ErrorAt(1, absl::StrCat("a Shopify file has no field ", model::Quote(name), "; use one of ",
                                          absl::StrJoin(kFields, ", ")));
  }
  const int field = static_cast<int>(found - std::begin(kFields));
  const bool has_published = name == "status" && reader.FindColumn("Published") != CsvReader::kNoColumn;
  if (!has_published) {
    absl::StatusOr<int> column = reader.RequireColumn(kFieldColumns[field]);
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

absl::StatusOr<ShopifyRows> ShopifyRows::Create(CsvReader* reader) {
  absl::StatusOr<ShopifyColumns> columns = ShopifyColumns::Find(*reader);
  if (!columns.ok()) return columns.status();
  return ShopifyRows(reader, *columns);
}

absl::string_view ShopifyRows::Cell(int column) const {
  return column == CsvReader::kNoColumn ? absl::string_view() : record_.fields[column];
}

void ShopifyRows::StartProduct() {
  product_.emplace();
  product_->row = record_.position;
  product_->handle = std::string(Cell(columns_.handle));
  product_->title = std::string(Cell(columns_.title));
  product_->vendor = std::string(Cell(columns_.vendor));
  product_->status = std::string(Cell(columns_.status));
}

void ShopifyRows::ReadVariant(ShopifyVariant* variant) const {
  variant->row = record_.position;
  variant->product_row = product_->row;
  variant->handle = product_->handle;
  variant->sku = std::string(Cell(columns_.sku));
  variant->barcode = std::string(Cell(columns_.barcode));
  variant->price = std::string(Cell(columns_.price));
  variant->compare_at_price = std::string(Cell(columns_.compare_at_price));
  variant->quantity = std::string(Cell(columns_.quantity));
  variant->is_tracked =
      columns_.tracker == CsvReader::kNoColumn || !absl::StripAsciiWhitespace(Cell(columns_.tracker)).empty();
  for (size_t i = 0; i < variant->options.size(); ++i) {
    variant->options[i] = std::string(Cell(columns_.options[i]));
  }
  variant->title = product_->title;
  variant->vendor = product_->vendor;
  variant->status = product_->status;
  variant->row_status = std::string(Cell(columns_.status));
  variant->id = variant->handle.empty() ? std::string() : ShopifyId(variant->handle, variant->options);
}

absl::StatusOr<bool> ShopifyRows::Next(ShopifyVariant* variant) {
  for (;;) {
    absl::StatusOr<bool> found = reader_->Next(&record_);
    if (!found.ok() || !*found) return found;
    if (!product_.has_value() || Cell(columns_.handle) != product_->handle) StartProduct();
    if (Cell(columns_.price).empty()) continue;
    ReadVariant(variant);
    return true;
  }
}

absl::Status ShopifyRows::CheckHandle(const ShopifyVariant& variant) const {
  if (!variant.handle.empty()) return absl::OkStatus();
  return reader_->ErrorAt(variant.row.line, "the variant has no \"Handle\"; give its product's");
}

}  // namespace flxlink::csv
