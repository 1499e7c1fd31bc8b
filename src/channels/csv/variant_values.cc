#include "src/channels/csv/variant_values.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"
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

absl::Status UnreadableCell(const csv::CsvReader& reader, const csv::ShopifyVariant& variant, int64_t line,
                            absl::string_view column, absl::string_view what) {
  return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kUnreadableItem,
                       {{"external_id", variant.id},
                        {"file", reader.name()},
                        {"line", absl::StrCat(line)},
                        {"column", std::string(column)}},
                       absl::StrCat(reader.name(), ":", line, ": column ", model::Quote(column), ": ", what));
}

absl::Status UnreadableCell(const csv::CsvReader& reader, const csv::ShopifyVariant& variant, absl::string_view column,
                            absl::string_view what) {
  return UnreadableCell(reader, variant, variant.row.line, column, what);
}

}  // namespace

StatusWords StatusWordsOf(const csv::CsvReader& reader, const csv::ShopifyColumns& columns) {
  if (columns.status == csv::CsvReader::kNoColumn) return StatusWords::kNone;
  return columns.status == reader.FindColumn("Status") ? StatusWords::kStatus : StatusWords::kPublished;
}

std::vector<ChannelStatus> StatusesWith(StatusWords words) {
  std::vector<ChannelStatus> statuses;
  for (const Word& word : kWords) {
    if (word.words == words) statuses.push_back(word.status);
  }
  return statuses;
}

absl::string_view StatusColumn(StatusWords words) {
  switch (words) {
    case StatusWords::kNone:
      return "";
    case StatusWords::kStatus:
      return "Status";
    case StatusWords::kPublished:
      return "Published";
  }
  return "";
}

ChannelStatus ParseStatusWord(StatusWords words, absl::string_view cell) {
  for (const Word& word : kWords) {
    if (word.words == words && absl::EqualsIgnoreCase(word.text, cell)) return word.status;
  }
  return ChannelStatus::kUnknown;
}

absl::optional<absl::string_view> StatusWord(StatusWords words, ChannelStatus status) {
  for (const Word& word : kWords) {
    if (word.words == words && word.status == status) return word.text;
  }
  return absl::nullopt;
}

absl::StatusOr<int64_t> ReadPrice(const csv::CsvReader& reader, const csv::ShopifyVariant& variant, Currency currency) {
  if (IsBlank(variant.price)) return kAbsent;
  const absl::StatusOr<Money> price = ParseMoney(variant.price, currency);
  if (price.ok()) return price->minor_units;
  return UnreadableCell(reader, variant, "Variant Price", price.status().message());
}

absl::StatusOr<int64_t> ReadCompareAtPrice(const csv::CsvReader& reader, const csv::ShopifyVariant& variant,
                                           Currency currency) {
  if (IsBlank(variant.compare_at_price)) return kAbsent;
  const absl::StatusOr<Money> price = ParseMoney(variant.compare_at_price, currency);
  if (price.ok()) return price->minor_units;
  return UnreadableCell(reader, variant, "Variant Compare At Price", price.status().message());
}

absl::StatusOr<int64_t> ReadQuantity(const csv::CsvReader& reader, const csv::ShopifyVariant& variant) {
  if (IsBlank(variant.quantity)) return kAbsent;
  int64_t quantity = 0;
  if (absl::SimpleAtoi(variant.quantity, &quantity) && quantity != kAbsent) return quantity;
  return UnreadableCell(
      reader, variant, "Variant Inventory Qty",
      absl::StrCat(model::Quote(variant.quantity), " is not a whole number; write one, or leave the cell empty"));
}

// It stands on the product's first row.
absl::StatusOr<ChannelStatus> ReadStatus(const csv::CsvReader& reader, const csv::ShopifyVariant& variant,
                                         StatusWords words) {
  const ChannelStatus status = ParseStatusWord(words, variant.status);
  if (status != ChannelStatus::kUnknown || variant.status.empty()) return status;
  return UnreadableCell(reader, variant, variant.product_row.line, StatusColumn(words),
                        absl::StrCat(model::Quote(variant.status),
                                     " is no status of this file; write one of its words, or leave the cell empty"));
}

absl::Status NoHandle(const csv::CsvReader& reader, const csv::ShopifyVariant& variant) {
  return UnreadableCell(reader, variant, "Handle", "the variant has none; give its product's");
}

absl::StatusOr<ItemValues> ReadItemValues(const csv::CsvReader& reader, const csv::ShopifyVariant& variant,
                                          StatusWords words, Currency currency) {
  const absl::StatusOr<int64_t> price = ReadPrice(reader, variant, currency);
  if (!price.ok()) return price.status();
  const absl::StatusOr<int64_t> quantity = ReadQuantity(reader, variant);
  if (!quantity.ok()) return quantity.status();
  return ItemValues{*price, *quantity, ParseStatusWord(words, variant.status),
                    ReadCompareAtPrice(reader, variant, currency).value_or(kAbsent)};
}

}  // namespace flxlink::csv_channel
