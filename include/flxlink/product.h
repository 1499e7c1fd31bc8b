// Product variants: the merchant's source inventory, the one truth about price and quantity. The host, or a product
// file, states them; flxlink never changes one.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_PRODUCT_H_
#define FLXLINK_PRODUCT_H_

#include <cstdint>
#include <vector>

#include "flxlink/field.h"
#include "flxlink/money.h"
#include "flxlink/string_column.h"

namespace flxlink {

// Product variants in columns: row i of the batch is entry i of every column.
struct ProductBatch {
  std::vector<int64_t>
      product_id;              // Storage's number for the variant. Empty in a batch that is written: the key decides.
  StringColumn key;            // The merchant's own id of the variant: unique, never empty.
  StringColumn sku;            // May be empty or repeated; such a variant cannot be built into a listing.
  StringColumn parent;         // The product that it belongs to; empty: a product of its own.
  std::vector<int64_t> price;  // In minor units of `currency`; kAbsent: no price.
  std::vector<int64_t> quantity;       // May be negative (oversold); kAbsent: no quantity.
  std::vector<int64_t> sync_priority;  // What a listing variant built from it starts with; higher goes out first.
  Currency currency;                   // Of every price in the batch.
  FieldColumns fields;  // Everything else: upc, title, description, attributes. `sku` is not repeated here.

  int64_t size() const { return key.size(); }
};

// What writing a batch of product variants did.
struct ProductWriteResult {
  int64_t inserted = 0;
  int64_t changed = 0;
  int64_t unchanged = 0;
  int64_t dirtied = 0;  // Links marked dirty because their price or quantity changed, over all channels.
};

}  // namespace flxlink

#endif  // FLXLINK_PRODUCT_H_
