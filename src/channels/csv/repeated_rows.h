// The variants of a product CSV whose external id an earlier row has.

#ifndef FLXLINK_SRC_CHANNELS_CSV_REPEATED_ROWS_H_
#define FLXLINK_SRC_CHANNELS_CSV_REPEATED_ROWS_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "flxlink/channel_adapter.h"
#include "src/csv/csv_reader.h"
#include "src/csv/shopify_rows.h"

namespace flxlink::csv_channel {

// Immutable, and so safe for any number of threads.
class RepeatedRows {
 public:
  // Reads the whole file, so that a mistake that makes it no CSV is found wherever it stands, and leaves the reader at
  // the first record. Of all rows it knows the products from then on. `see_first` is told of each variant that has an
  // id and is the first with it.
  //
  // INVALID_ARGUMENT names file and line of such a mistake. CANCELLED: the call was.
  static absl::StatusOr<RepeatedRows> Find(
      csv::ShopifyRows* rows, const CallContext& call,
      absl::FunctionRef<void(const csv::ShopifyVariant&)> see_first = [](const csv::ShopifyVariant&) {});

  // The line of the first variant with the id of that row. nullopt: it is the first itself.
  absl::optional<int64_t> FirstLine(const csv::CsvPosition& row) const;

 private:
  absl::flat_hash_map<int64_t, int64_t> first_lines_;  // By CsvPosition::index.
};

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_REPEATED_ROWS_H_
