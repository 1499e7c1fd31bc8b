// Product variants: the merchant's source inventory, the one truth about price and quantity. The host, or a product
// file, states them; flxlink never changes one.
//
// A product variant that was removed is kept: its quantity is 0, stated when it was removed, so that the next sync
// sends 0 to its links; nothing is built from it any more, and reading products passes over it. Its listings, links and
// statuses stay. Stated again under its key, whatever is stated, it is there as before, with the quantity that is
// stated then or else none.
//
// Limits. Text is UTF-8 without U+0000; key, SKU and parent have at most 1,000 bytes, the value of a field at most 1
// MiB. A row beyond that is refused, and the others are written.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_PRODUCT_H_
#define FLXLINK_PRODUCT_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "flxlink/field.h"
#include "flxlink/money.h"
#include "flxlink/row_refusal.h"
#include "flxlink/string_column.h"

namespace flxlink {

// Product variants in columns: row i of the batch is entry i of every column.
//
// A batch that is written states the columns that it has. A column without entries, or a field that is not named, is
// not stated: what is known of it stays as it was. An entry that is empty (kAbsent for numbers) is stated empty: it
// takes the value away. A batch that is read has all columns.
struct ProductBatch {
  // Storage's number for the variant. Empty in a batch that is written: the key decides.
  std::vector<int64_t> product_id;
  // The merchant's own id of the variant: always stated, unique, never empty.
  StringColumn key;
  // May be empty: then it cannot be built into a listing. Of several variants with one SKU only the first that is built
  // can.
  StringColumn sku;
  // The product that it belongs to; empty: a product of its own.
  StringColumn parent;
  // In minor units of `currency`; kAbsent: no price.
  std::vector<int64_t> price;
  // What the price was before a reduction, as shops show it. In minor units of `currency`; kAbsent: none.
  std::vector<int64_t> compare_at_price;
  // May be negative (oversold); kAbsent: no quantity.
  std::vector<int64_t> quantity;
  // What a listing variant built from it starts with; higher goes out first. kAbsent: 0.
  std::vector<int64_t> sync_priority;
  // Of every price in the batch, and stated with them: a price that a batch in another currency does not state is taken
  // away.
  Currency currency;
  // Everything else: upc, title, description, attributes. `sku` is not repeated here.
  FieldColumns fields;

  int64_t size() const { return key.size(); }
};

// Rows [first, first + count) of a batch, with the columns that it has.
ProductBatch SliceProducts(const ProductBatch& batch, int64_t first, int64_t count);

// What writing a batch of product variants did.
struct ProductWriteResult {
  int64_t inserted = 0;
  int64_t changed = 0;
  int64_t unchanged = 0;
  // Links marked dirty because their price or quantity changed, over all channels.
  int64_t dirtied = 0;
  // Rows that were not kept, ascending: value_too_long, invalid_text, missing_key, repeated_key.
  std::vector<RowRefusal> refused;
};

// How far writing any number of product variants, page by page, has come.
struct ProductWriteRun {
  // What became of the first `rows` rows of the batch.
  ProductWriteResult result;
  int64_t rows = 0;
  // OK: these were all. Else why it ended early. The page that follows may have been written all the same where the
  // error is UNKNOWN; writing the whole batch again finishes the work and does nothing twice.
  absl::Status status;
};

// Adds what became of the rows that follow those of `run`.
void Append(ProductWriteRun next, ProductWriteRun* run);

// What removing the product variants of one SKU came to.
enum class ProductRemoval : uint8_t {
  kRemoved,        // They are removed now, all that have the SKU.
  kRemovedBefore,  // All that have the SKU were removed already.
  kNoProduct,      // No product variant has the SKU.
};

struct ProductRemovalResult {
  // One a SKU, in the order of the SKUs.
  std::vector<ProductRemoval> outcomes;
  // Links marked dirty, over all channels.
  int64_t dirtied = 0;
};

// How far removing any number of SKUs, page by page, has come.
struct ProductRemovalRun {
  // What became of the first `result.outcomes.size()` SKUs.
  ProductRemovalResult result;
  // OK: these were all. Else why it ended early. Removing all of them again finishes the work.
  absl::Status status;
};

}  // namespace flxlink

#endif  // FLXLINK_PRODUCT_H_
