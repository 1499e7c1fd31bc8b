#include "flxlink/product.h"

#include <utility>

namespace flxlink {
namespace {

std::vector<int64_t> Slice(const std::vector<int64_t>& column, int64_t first, int64_t count) {
  if (column.empty()) return {};
  return std::vector<int64_t>(column.begin() + first, column.begin() + first + count);
}

StringColumn Slice(const StringColumn& column, int64_t first, int64_t count) {
  StringColumn slice;
  if (column.size() == 0) return slice;
  for (int64_t row = first; row < first + count; ++row) slice.Add(column[row]);
  return slice;
}

}  // namespace

ProductBatch SliceProducts(const ProductBatch& batch, int64_t first, int64_t count) {
  ProductBatch slice;
  slice.product_id = Slice(batch.product_id, first, count);
  slice.key = Slice(batch.key, first, count);
  slice.sku = Slice(batch.sku, first, count);
  slice.parent = Slice(batch.parent, first, count);
  slice.price = Slice(batch.price, first, count);
  slice.compare_at_price = Slice(batch.compare_at_price, first, count);
  slice.quantity = Slice(batch.quantity, first, count);
  slice.sync_priority = Slice(batch.sync_priority, first, count);
  slice.quantity_as_of = batch.quantity_as_of;
  slice.quantity_written_at = batch.quantity_written_at;
  slice.import = batch.import;
  slice.currency = batch.currency;
  slice.fields.names = batch.fields.names;
  for (const StringColumn& column : batch.fields.columns) slice.fields.columns.push_back(Slice(column, first, count));
  return slice;
}

void Append(ProductWriteRun next, ProductWriteRun* run) {
  run->result.inserted += next.result.inserted;
  run->result.changed += next.result.changed;
  run->result.unchanged += next.result.unchanged;
  run->result.dirtied += next.result.dirtied;
  run->result.outdated += next.result.outdated;
  for (RowRefusal& refusal : next.result.refused) {
    refusal.row += run->rows;
    run->result.refused.push_back(std::move(refusal));
  }
  run->rows += next.rows;
  run->status = std::move(next.status);
}

}  // namespace flxlink
