// The `csv` channel: a product CSV in Shopify's export format as a sales channel.
//
// The file has a header row, one row a variant (it has a `Variant Price`), and rows that are not variants (further
// images), which are left alone. An item's external id is its handle and option values joined by '/', with '\' before a
// '/' or '\' inside a part; its parent is the handle. Status is the column `Status` (active, draft, archived), else
// `Published` (true, false), on the first row of a product; a file with neither column has no status.
//
// Link fields: id, sku, barcode, handle, title, vendor, option1, option2, option3.
//
// Price, quantity and compare-at price stand in the columns `Variant Price`, `Variant Inventory Qty` and `Variant
// Compare At Price` of the variant's row; the last two can be set where the file has them. A compare-at price that
// cannot be read counts as none. Content cannot be set.
//
// A pull reads the file once, whatever its pages, and is aborted where the file changes before its last one. Only a
// regular file is read. A push replaces it: under a lock on the file `PATH.lock` it checks that the file is still the
// one that was read (else every item is a conflict), rewrites the cells of its items, and
// renames a temporary file of the same folder over it, synced to disk, with the file's mode and owner. Every other byte
// stays. Cells that already say the value, as numbers or words, are left as they are written.
//
// Settings: `path`, required.

#ifndef FLXLINK_CSV_CHANNEL_H_
#define FLXLINK_CSV_CHANNEL_H_

#include "flxlink/channel_adapter.h"

namespace flxlink {

// Registers it as "csv".
void RegisterCsvChannel(AdapterRegistry& registry);

}  // namespace flxlink

#endif  // FLXLINK_CSV_CHANNEL_H_
