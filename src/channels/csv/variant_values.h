// Prices, quantity and status as the cells of a product CSV say them.

#ifndef FLXLINK_SRC_CHANNELS_CSV_VARIANT_VALUES_H_
#define FLXLINK_SRC_CHANNELS_CSV_VARIANT_VALUES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "flxlink/listing_status.h"
#include "flxlink/money.h"
#include "flxlink/problem.h"
#include "flxlink/push.h"
#include "src/csv/csv_reader.h"
#include "src/csv/number_text.h"
#include "src/csv/shopify_rows.h"

namespace flxlink::csv_channel {

// Which words a file has for the status of a product.
enum class StatusWords : uint8_t {
  kNone,       // None: it has neither column.
  kStatus,     // Column `Status`: active, draft, archived.
  kPublished,  // Column `Published`: true, false.
};

StatusWords StatusWordsOf(const csv::ShopifyColumns& columns);

// The statuses that have a word, in the order of ChannelStatus.
std::vector<ChannelStatus> StatusesWith(StatusWords words);

// In any case; kNotUnderstood for an empty cell and for every other word. kUnknown with kNone.
ChannelStatus ParseStatusWord(StatusWords words, absl::string_view cell);

// nullopt where there is no word for it.
absl::optional<absl::string_view> StatusWord(StatusWords words, ChannelStatus status);

// What the channel says of the cells of its file.
struct CellFormat {
  Currency currency;                      // Of the prices.
  absl::optional<DecimalMark> decimal{};  // The setting. nullopt: as csv::PlainNumber() tells.
};

// Reads what the cells of a file's variants say.
//
// kAbsent for a blank price, quantity or compare-at price. INVALID_ARGUMENT with the problem unreadable_item names
// file, line and column of a cell that is not a number, of a price that the currency does not have, and of a status
// that is none of the words; unclear_numbers, of a number that can be read in two ways.
//
// Thread-safe.
class VariantCells {
 public:
  // Keeps nothing of the reader but names.
  VariantCells(const csv::CsvReader& reader, const csv::ShopifyColumns& columns, const CellFormat& format);

  StatusWords words() const { return words_; }
  // Off: no number of the file can be read in two ways.
  bool may_be_unclear() const { return !numbers_.said.has_value() && numbers_.separator != ','; }
  // The decimal mark that a row's prices show. nullopt: they show none.
  absl::optional<DecimalMark> MarkOf(absl::string_view price, absl::string_view compare_at_price) const;
  // INVALID_ARGUMENT where a price written like this could be read in two ways.
  absl::Status CheckPriceText(absl::string_view text) const;

  // Where a field stands, and what that column is called in the file; where it has none, in older exports.
  int ColumnOf(SyncField field) const;
  std::string NameOf(SyncField field) const;

  absl::StatusOr<int64_t> ReadPrice(const csv::ShopifyVariant& variant) const;
  absl::StatusOr<int64_t> ReadCompareAtPrice(const csv::ShopifyVariant& variant) const;
  absl::StatusOr<int64_t> ReadQuantity(const csv::ShopifyVariant& variant) const;
  // It stands on the product's first row.
  absl::StatusOr<ChannelStatus> ReadStatus(const csv::ShopifyVariant& variant) const;
  // All of them. A compare-at price that cannot be read is none here: nobody may have asked for it, so it fails no
  // pull.
  absl::StatusOr<ItemValues> ReadValues(const csv::ShopifyVariant& variant) const;
  // What is to be told where a row says another status than its product, whose status is the item's. nullopt: nothing.
  absl::optional<Problem> FindOtherStatus(const csv::ShopifyVariant& variant) const;
  // The same error for a variant without a handle, which has no external id.
  absl::Status NoHandle(const csv::ShopifyVariant& variant) const;

 private:
  absl::StatusOr<int64_t> ReadMoney(const csv::ShopifyVariant& variant, SyncField field, absl::string_view cell) const;
  absl::Status Refused(const csv::ShopifyVariant& variant, SyncField field, absl::string_view cell,
                       absl::string_view what) const;
  absl::Status Unreadable(const csv::ShopifyVariant& variant, int64_t line, absl::string_view column,
                          absl::string_view what, absl::string_view code = problem_code::kUnreadableItem) const;

  const std::string file_;
  const csv::ShopifyColumns columns_;
  const std::vector<std::string> header_;
  const StatusWords words_;
  const Currency currency_;
  const csv::NumberFormat numbers_;
};

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_VARIANT_VALUES_H_
