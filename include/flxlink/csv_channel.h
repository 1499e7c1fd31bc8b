// The `csv` channel: a product CSV in Shopify's export format as a sales channel.
//
// The file has a header row, one row a variant (an option value, SKU, barcode, price or quantity is filled), and rows
// that are not variants (further images), which are left alone. A variant without a price states none. Rows of one
// handle are one product, wherever they stand. An item's external id is its handle and option values joined by '/',
// with '\' before a
// '/' or '\' inside a part; its parent is the handle. Status is the column `Status` (active, draft, archived), else
// `Published` (true, false), on the first row of a product in the file; a file with neither column has no status. A
// further variant whose row says another word, in any case, is an item with its product's status, and an item problem
// tells of it (status_disagrees). A push writes the status on the first row, and on those of the product's further
// variants that said the same as that one.
//
// Columns are called as in older exports, as here, or as Shopify calls them today: `URL handle`, `SKU`, `Barcode`,
// `Price`, `Compare-at price`, `Inventory quantity`, `Inventory tracker`, `Option1 value`, `Published on online store`.
// Of two names for one thing the older one counts.
//
// Link fields: id, sku, barcode, handle, title, vendor, option1, option2, option3, inventory_policy. The last one is
// the column `Variant Inventory Policy`, today's `Continue selling when out of stock`, as it is written there.
//
// Price, quantity and compare-at price stand in the columns `Variant Price`, `Variant Inventory Qty` and `Variant
// Compare At Price` of the variant's row; the last two can be set where the file has them. To a pull, a compare-at
// price or a status that cannot be read counts as none. Content cannot be set. Where the file has the column `Variant
// Inventory Tracker`, the quantity of a row with nothing in it is
// fixed, not_tracked.
//
// A pull reads the file once, whatever its pages, has it in memory until the last of them, and is aborted where the
// file changes before its last page is read. A variant whose price or quantity is no number, whose price is below
// zero, that has no handle, or whose external id an earlier row has, is an item problem (unreadable_item,
// negative_price, repeated_item, unclear_numbers), and the others are read; what is no CSV fails the pull before
// anything of it is taken in. A fetch is one pass over the file for up to 10,000 items, and UNAVAILABLE where the file
// changes meanwhile. Only a regular file is read.
//
// Of its one push kind, "rows", a push may have any number of items: it is one pass over the file, under a lock on the
// file `PATH.lock`, which is waited for up to two seconds, and one writing of it where anything changes. An item's
// handle is a digest of its external id, SKU and barcode. Where the row's handle is another one, or one of the cells to
// set has neither the value that was last known nor the new one, that item alone is a conflict. An empty cell is never
// one: it is set, whatever was known. A cell that cannot be read (no number, a price below zero, no word of the status)
// is not written over: that item is rejected, unreadable_item. A temporary file of the same folder is renamed over the
// file, synced to disk, with its mode and owner. Every other byte stays, the file's own separators, line ends and
// encoding (UTF-8, or UTF-16 with a byte-order mark, which is in memory whole during a push) among them. Cells that
// already say the value, as numbers or words, are left as they are written. Neither time nor memory of a push grow with
// what the file has in other columns beyond the reading and writing of them. A file that somebody changes during the
// push is left alone (ABORTED).
//
// Settings: `path`, required. `decimal`: `point` or `comma`, the decimal mark of its prices; the other one may stand
// between thousands. Default: the point in a file separated by commas, and in others what each number tells. A variant
// whose price or quantity could be either (1.234) is an item problem then, the same for all of them (unclear_numbers):
// it names the first one in the file and how many more there are. A fetch names each. Prices are written with the mark
// that was set, else with the one that the rows of the push show, else with a point.

#ifndef FLXLINK_CSV_CHANNEL_H_
#define FLXLINK_CSV_CHANNEL_H_

#include "flxlink/channel_adapter.h"

namespace flxlink {

// Registers it as "csv".
void RegisterCsvChannel(AdapterRegistry& registry);

}  // namespace flxlink

#endif  // FLXLINK_CSV_CHANNEL_H_
