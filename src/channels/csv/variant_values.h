// Prices, quantity and status as the cells of a product CSV say them.

#ifndef FLXLINK_SRC_CHANNELS_CSV_VARIANT_VALUES_H_
#define FLXLINK_SRC_CHANNELS_CSV_VARIANT_VALUES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "flxlink/listing_status.h"
#include "flxlink/money.h"
#include "flxlink/push.h"
#include "src/csv/csv_reader.h"
#include "src/csv/shopify_rows.h"

namespace flxlink::csv_channel {

// Which words a file has for the status of a product.
enum class StatusWords : uint8_t {
  kNone,       // None: it has neither column.
  kStatus,     // Column `Status`: active, draft, archived.
  kPublished,  // Column `Published`: true, false.
};

StatusWords StatusWordsOf(const csv::CsvReader& reader, const csv::ShopifyColumns& columns);

// The statuses that have a word, in the order of ChannelStatus.
std::vector<ChannelStatus> StatusesWith(StatusWords words);

// The name of their column; empty for kNone.
absl::string_view StatusColumn(StatusWords words);

// In any case; kUnknown for an empty cell and for every other word.
ChannelStatus ParseStatusWord(StatusWords words, absl::string_view cell);

// nullopt where there is no word for it.
absl::optional<absl::string_view> StatusWord(StatusWords words, ChannelStatus status);

// What a variant's cells say; kAbsent, or kUnknown, for a blank price, quantity or compare-at price and for an
// empty status. INVALID_ARGUMENT
// with the problem unreadable_item names file, line and column of a cell that is not a number, of a price that the
// currency does not have, and of a status that is none of the words.
absl::StatusOr<int64_t> ReadPrice(const csv::CsvReader& reader, const csv::ShopifyVariant& variant, Currency currency);
absl::StatusOr<int64_t> ReadCompareAtPrice(const csv::CsvReader& reader, const csv::ShopifyVariant& variant,
                                           Currency currency);
absl::StatusOr<int64_t> ReadQuantity(const csv::CsvReader& reader, const csv::ShopifyVariant& variant);
absl::StatusOr<ChannelStatus> ReadStatus(const csv::CsvReader& reader, const csv::ShopifyVariant& variant,
                                         StatusWords words);
// All of them. A compare-at price or status that cannot be read is none here: nobody may have asked for it, so it fails
// no pull.
absl::StatusOr<ItemValues> ReadItemValues(const csv::CsvReader& reader, const csv::ShopifyVariant& variant,
                                          StatusWords words, Currency currency);
// The same for a variant without a handle, which has no external id.
absl::Status NoHandle(const csv::CsvReader& reader, const csv::ShopifyVariant& variant);

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_VARIANT_VALUES_H_
