// What a push can tell a row of the file by.

#ifndef FLXLINK_SRC_CHANNELS_CSV_ITEM_HANDLE_H_
#define FLXLINK_SRC_CHANNELS_CSV_ITEM_HANDLE_H_

#include <string>

#include "src/csv/shopify_rows.h"

namespace flxlink::csv_channel {

// A digest of what identifies the variant's row: its external id, SKU and barcode. Where it is another one, the row may
// be another product's.
std::string HandleOf(const csv::ShopifyVariant& variant);

}  // namespace flxlink::csv_channel

#endif  // FLXLINK_SRC_CHANNELS_CSV_ITEM_HANDLE_H_
