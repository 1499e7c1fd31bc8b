#include "src/channels/csv/variant_values.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/csv/column_names.h"
#include "src/model/quote.h"

namespace flxlink::csv_channel {
namespace {

struct Word {
  StatusWords words;
  ChannelStatus status;
  absl::string_view text;
};

constexpr Word kWords[] = {
    {StatusWords::kStatus, ChannelStatus::kListed, "active"},
    {StatusWords::kStatus, ChannelStatus::kHidden, "draft"},
    {StatusWords::kStatus, ChannelStatus::kDead, "archived"},
    {StatusWords::kPublished, ChannelStatus::kListed, "true"},
    {StatusWords::kPublished, ChannelStatus::kHidden, "false"},
};

// A blank cell states nothing, as in an import of products.
bool IsBlank(absl::string_view cell) { return absl::StripAsciiWhitespace(cell).empty(); }

csv::ShopifyColumn NamedColumn(SyncField field, StatusWords words) {
  switch (field) {
    case SyncField::kPrice:
      return csv::ShopifyColumn::kPrice;
    case SyncField::kQuantity:
      return csv::ShopifyColumn::kQuantity;
    case SyncField::kCompareAtPrice:
      return csv::ShopifyColumn::kCompareAtPrice;
    case SyncField::kStatus:
      break;
  }
  return words == StatusWords::kPublished ? csv::ShopifyColumn::kPublished : csv::ShopifyColumn::kStatus;
}

}  // namespace

StatusWords StatusWordsOf(const csv::ShopifyColumns& columns) {
  if (columns.status == csv::CsvReader::kNoColumn) return StatusWords::kNone;
  return columns.is_published ? StatusWords::kPublished : StatusWords::kStatus;
}

std::vector<ChannelStatus> StatusesWith(StatusWords words) {
  std::vector<ChannelStatus> statuses;
  for (const Word& word : kWords) {
    if (word.words == words) statuses.push_back(word.status);
  }
  return statuses;
}

ChannelStatus ParseStatusWord(StatusWords words, absl::string_view cell) {
  for (const Word& word : kWords) {
    if (word.words == words && absl::EqualsIgnoreCase(word.text, cell)) return word.status;
  }
  return words == StatusWords::kNone ? ChannelStatus::kUnknown : ChannelStatus::kNotUnderstood;
}

absl::optional<absl::string_view> StatusWord(StatusWords words, ChannelStatus status) {
  for (const Word& word : kWords) {
    if (word.words == words && word.status == status) return word.text;
  }
  return absl::nullopt;
}

VariantCells::VariantCells(const csv::CsvReader& reader, const csv::ShopifyColumns& columns, const CellFormat& format)
    : file_(reader.name()),
      columns_(columns),
      header_(reader.columns()),
      words_(StatusWordsOf(columns)),
      currency_(format.currency),
      numbers_{reader.separator(), format.decimal} {}

int VariantCells::ColumnOf(SyncField field) const {
  switch (field) {
    case SyncField::kPrice:
      return columns_.price;
    case SyncField::kQuantity:
      return columns_.quantity;
    case SyncField::kCompareAtPrice:
      return columns_.compare_at_price;
    case SyncField::kStatus:
      return columns_.status;
  }
  return csv::CsvReader::kNoColumn;
}

std::string VariantCells::NameOf(SyncField field) const {
  const int column = ColumnOf(field);
  if (column != csv::CsvReader::kNoColumn) return header_[static_cast<size_t>(column)];
  return std::string(csv::ShopifyNames(NamedColumn(field, words_)).front());
}

// A cell of the variant's own row that says no number.
absl::Status VariantCells::Refused(const csv::ShopifyVariant& variant, SyncField field, absl::string_view cell,
                                   absl::string_view what) const {
  return Unreadable(variant, variant.row.line, NameOf(field), what,
                    csv::IsUnclear(cell, numbers_) ? problem_code::kUnclearNumbers : problem_code::kUnreadableItem);
}

absl::Status VariantCells::Unreadable(const csv::ShopifyVariant& variant, int64_t line, absl::string_view column,
                                      absl::string_view what, absl::string_view code) const {
  return ProblemStatus(
      absl::StatusCode::kInvalidArgument, code,
      {{"external_id", variant.id}, {"file", file_}, {"line", absl::StrCat(line)}, {"column", std::string(column)}},
      absl::StrCat(file_, ":", line, ": column ", model::Quote(column), ": ", what));
}

absl::StatusOr<int64_t> VariantCells::ReadMoney(const csv::ShopifyVariant& variant, SyncField field,
                                                absl::string_view cell) const {
  if (IsBlank(cell)) return kAbsent;
  const absl::StatusOr<std::string> plain = csv::PlainNumber(cell, numbers_);
  if (!plain.ok()) return Refused(variant, field, cell, plain.status().message());
  const absl::StatusOr<Money> price = ParseMoney(*plain, currency_);
  if (!price.ok()) return Refused(variant, field, cell, price.status().message());
  if (price->minor_units >= 0) return price->minor_units;
  return Unreadable(variant, variant.row.line, NameOf(field), absl::StrCat(model::Quote(cell), csv::kBelowZero),
                    problem_code::kNegativePrice);
}

absl::optional<DecimalMark> VariantCells::MarkOf(absl::string_view price, absl::string_view compare_at_price) const {
  const absl::optional<DecimalMark> mark = csv::DecimalMarkOf(price, numbers_);
  return mark.has_value() ? mark : csv::DecimalMarkOf(compare_at_price, numbers_);
}

absl::Status VariantCells::CheckPriceText(absl::string_view text) const {
  return csv::PlainNumber(text, numbers_).status();
}

absl::StatusOr<int64_t> VariantCells::ReadPrice(const csv::ShopifyVariant& variant) const {
  return ReadMoney(variant, SyncField::kPrice, variant.price);
}

absl::StatusOr<int64_t> VariantCells::ReadCompareAtPrice(const csv::ShopifyVariant& variant) const {
  return ReadMoney(variant, SyncField::kCompareAtPrice, variant.compare_at_price);
}

absl::StatusOr<int64_t> VariantCells::ReadQuantity(const csv::ShopifyVariant& variant) const {
  const absl::string_view cell = absl::StripAsciiWhitespace(variant.quantity);
  if (cell.empty()) return kAbsent;
  const absl::StatusOr<int64_t> quantity = csv::ParseWholeNumber(cell, numbers_);
  if (quantity.ok()) return quantity;
  // What is no plain number says itself what to do.
  const absl::string_view what = quantity.status().message();
  return Refused(variant, SyncField::kQuantity, cell,
                 csv::PlainNumber(cell, numbers_).ok() ? absl::StrCat(what, "; write one, or leave the cell empty")
                                                       : std::string(what));
}

absl::StatusOr<ChannelStatus> VariantCells::ReadStatus(const csv::ShopifyVariant& variant) const {
  const ChannelStatus status = ParseStatusWord(words_, variant.status);
  if (status != ChannelStatus::kNotUnderstood) return status;
  return Unreadable(variant, variant.product_row.line, NameOf(SyncField::kStatus),
                    absl::StrCat(model::Quote(variant.status), " is no status of this file; write one of its words"));
}

absl::optional<Problem> VariantCells::FindOtherStatus(const csv::ShopifyVariant& variant) const {
  if (IsBlank(variant.row_status) || absl::EqualsIgnoreCase(variant.row_status, variant.status)) return absl::nullopt;
  const std::string column = NameOf(SyncField::kStatus);
  return MakeProblem(problem_code::kStatusDisagrees,
                     {{"external_id", variant.id},
                      {"file", file_},
                      {"line", absl::StrCat(variant.row.line)},
                      {"first_line", absl::StrCat(variant.product_row.line)},
                      {"column", column}},
                     absl::StrCat(file_, ":", variant.row.line, ": column ", model::Quote(column), ": the variant ",
                                  model::Quote(variant.id), " says ", model::Quote(variant.row_status),
                                  ", and its product's first row, line ", variant.product_row.line, ", says ",
                                  model::Quote(variant.status),
                                  ", which counts; write one word on all rows of the product, or on its first only"));
}

absl::Status VariantCells::NoHandle(const csv::ShopifyVariant& variant) const {
  return Unreadable(variant, variant.row.line, header_[static_cast<size_t>(columns_.handle)],
                    "the variant has none; give its product's");
}

absl::StatusOr<ItemValues> VariantCells::ReadValues(const csv::ShopifyVariant& variant) const {
  const absl::StatusOr<int64_t> price = ReadPrice(variant);
  if (!price.ok()) return price.status();
  const absl::StatusOr<int64_t> quantity = ReadQuantity(variant);
  if (!quantity.ok()) return quantity.status();
  return ItemValues{*price, *quantity, ParseStatusWord(words_, variant.status),
                    ReadCompareAtPrice(variant).value_or(kAbsent)};
}

}  // namespace flxlink::csv_channel
