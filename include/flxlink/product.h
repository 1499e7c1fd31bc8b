// Product variants: the merchant's source inventory, the one truth about price and quantity. The host, or a product
// file, states them; flxlink never changes one.
//
// A product variant that was removed is kept: its quantity is 0, stated when it was removed, so that the next sync
// sends 0 to its links and hides them; nothing is built from it any more, and reading products passes over it. Its
// listings, links and statuses stay. Stated again under its key, whatever is stated, it is there as before, with the
// quantity that is stated then or else none.
//
// Quantities are true as of some time. A batch may say which (quantity_as_of): then one that is older than what is
// known does not replace it. Where a batch does not say, its quantities replace what was there whatever its time; they
// are true as of now, or of when they were written down (quantity_written_at). The oversell guard (sync.h) goes by
// these times: what was true before the channel sold something does not tell that it was counted since.
//
// Sources. An import of a source, one file feed or one system, says by that which products the source has. What an
// earlier import of it stated and this one does not is *absent*; what is to become of that is for who imports to say
// (AbsentProducts). A row that was refused is stated all the same. Where a row's key cannot be read, it may be any of
// those that seem to be absent: then none is. A product that another source states is not absent, so that sources do
// not take each other's products away.
//
// Limits. Text is UTF-8 without U+0000; key, SKU and parent have at most 1,000 bytes, the value of a field at most 1
// MiB. A row beyond that is refused, and the others are written.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_PRODUCT_H_
#define FLXLINK_PRODUCT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/field.h"
#include "flxlink/money.h"
#include "flxlink/row_refusal.h"
#include "flxlink/string_column.h"

namespace flxlink {

// An import of a source; see above.
struct ProductImport {
  // The source's name, as a key is. Empty: no import of a source.
  std::string source;
  // Which of its imports it is; see Engine::BeginImport.
  int64_t number = 0;
};

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
  // As of when the quantities are true, where that was said; not later than storage's now. nullopt: it was not.
  absl::optional<absl::Time> quantity_as_of;
  // Where that was not said: when they were written down, as far as is known. Later than now counts as now. nullopt:
  // now.
  absl::optional<absl::Time> quantity_written_at;
  // What a listing variant built from it starts with; higher goes out first. kAbsent: 0.
  std::vector<int64_t> sync_priority;
  // Of every price in the batch, and stated with them: a price that a batch in another currency does not state is taken
  // away.
  Currency currency;
  // Everything else: upc, title, description, attributes. `sku` is not repeated here.
  FieldColumns fields;
  // The import that states the rows, if one does.
  ProductImport import;

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
  // Rows whose quantity is older than what is known, which therefore stays; they count above as well.
  int64_t outdated = 0;
  // Rows that were not kept, ascending: value_too_long, invalid_text, negative_price, missing_key, repeated_key.
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

// What becomes of the product variants that an import shows to be absent.
enum class AbsentProducts : uint8_t {
  kKeep,    // Nothing.
  kZero,    // Their quantity is stated as 0.
  kRemove,  // They are removed, as by RemoveProducts.
};

// What ending an import came to.
struct AbsentResult {
  int64_t absent = 0;   // Product variants that were set to 0, or removed; those that were so before do not count.
  int64_t dirtied = 0;  // Links marked dirty, over all channels.
  // The key of a row could not be read: nothing is absent.
  bool unproved = false;
  bool more = false;  // Storage only: call again.
};

}  // namespace flxlink

#endif  // FLXLINK_PRODUCT_H_
