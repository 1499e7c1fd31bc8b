#include <algorithm>
#include <utility>

#include "flxlink/storage_kit/limits.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

#define FLXLINK_SELECT_PRODUCT                                                                                     \
  "SELECT product_id, key, sku, parent, price, compare_at_price, currency, quantity, quantity_at, sync_priority, " \
  "fields, removed "                                                                                               \
  "FROM product_variant "

// A row of FLXLINK_SELECT_PRODUCT but for its fields, whose text is column kFieldsColumn.
constexpr int kFieldsColumn = 10;
storage::ProductState ReadState(Connection& db, const Query& query) {
  storage::ProductState state;
  state.sku = query.String(2);
  state.parent = query.String(3);
  state.price = query.IntOrAbsent(4);
  state.compare_at_price = query.IntOrAbsent(5);
  state.currency = ReadCurrency(db, query.Text(6));
  state.quantity = query.IntOrAbsent(7);
  state.quantity_at = query.Time(8);
  state.sync_priority = query.Int(9);
  state.removed = query.Bool(11);
  return state;
}

// The links of listing variants built from a product.
class ProductLinks {
 public:
  explicit ProductLinks(Connection& db)
      : db_(db), find_(db, "SELECT channel_id, listing_id FROM listing_variant WHERE product_id = ?1") {}

  // Marks them dirty; where the change is none of values, only those that the oversell guard holds. Returns how many.
  int64_t Mark(int64_t product_id, const storage::ProductChange& change, absl::Time now) {
    int64_t marked = 0;
    find_.Bind(product_id);
    while (find_.Next()) {
      const int64_t channel_id = find_.Int(0);
      const int64_t listing_id = find_.Int(1);
      if (!change.values && !IsGuarded(channel_id, listing_id)) continue;
      if (MarkDirty(db_, channel_id, listing_id, now, change.rank)) ++marked;
    }
    return marked;
  }

 private:
  bool IsGuarded(int64_t channel_id, int64_t listing_id) {
    return Query(db_, "SELECT 1 FROM link WHERE channel_id = ?1 AND listing_id = ?2 AND guarded_at IS NOT NULL")
        .Bind(channel_id, listing_id)
        .Next();
  }

  Connection& db_;
  Query find_;
};

// Writes the rows of one batch of product variants.
class ProductWriter {
 public:
  ProductWriter(Connection& db, const ProductBatch& batch, absl::Time now)
      : db_(db),
        batch_(batch),
        now_(now),
        fields_(batch.fields),
        find_(db, FLXLINK_SELECT_PRODUCT "WHERE key = ?1"),
        links_(db),
        some_guarded_(Query(db, "SELECT 1 FROM link WHERE guarded_at IS NOT NULL LIMIT 1").Bind().Next()) {}

  void Write(int64_t row) {
    find_.Bind(batch_.key[row]);
    if (!find_.Next()) {
      Insert(batch_.key[row], storage::MergeProduct({}, batch_, row, now_));
      ++result_.inserted;
      return;
    }
    const int64_t product_id = find_.Int(0);
    storage::ProductState known = ReadState(db_, find_);
    // Most rows say what is known: then there is nothing to merge, and the stored text is not taken apart.
    const bool same_fields = fields_.Encode(row) == find_.Text(kFieldsColumn);
    if (!same_fields) known.fields = ReadFields(db_, find_.Text(kFieldsColumn));
    storage::ProductState merged = storage::MergeProduct(known, batch_, row, now_);
    if (same_fields) merged.fields.clear();
    const storage::ProductChange change = storage::CompareProducts(known, merged);
    if (change.any) {
      Update(product_id, merged, same_fields);
      ++result_.changed;
    } else {
      if (!batch_.quantity.empty()) StateQuantity(product_id);
      ++result_.unchanged;
    }
    const bool may_be_guarded = !batch_.quantity.empty() && some_guarded_;
    if (change.values || may_be_guarded) result_.dirtied += links_.Mark(product_id, change, now_);
  }

  const ProductWriteResult& result() const { return result_; }

 private:
  void Insert(absl::string_view key, const storage::ProductState& state) {
    Query(db_,
          "INSERT INTO product_variant (key, sku, parent, price, compare_at_price, currency, quantity, quantity_at, "
          "sync_priority, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
        .Run(key, NullIfEmpty{state.sku}, NullIfEmpty{state.parent}, NullIfAbsent{state.price},
             NullIfAbsent{state.compare_at_price}, state.currency.code(), NullIfAbsent{state.quantity},
             state.quantity_at, state.sync_priority, EncodeFields(state.fields));
  }

  void Update(int64_t product_id, const storage::ProductState& state, bool same_fields) {
    Query(db_,
          "UPDATE product_variant SET sku = ?2, parent = ?3, price = ?4, compare_at_price = ?5, currency = ?6, "
          "quantity = ?7, quantity_at = ?8, sync_priority = ?9, removed = 0 WHERE product_id = ?1")
        .Run(product_id, NullIfEmpty{state.sku}, NullIfEmpty{state.parent}, NullIfAbsent{state.price},
             NullIfAbsent{state.compare_at_price}, state.currency.code(), NullIfAbsent{state.quantity},
             state.quantity_at, state.sync_priority);
    if (same_fields) return;
    Query(db_, "UPDATE product_variant SET fields = ?2 WHERE product_id = ?1")
        .Run(product_id, EncodeFields(state.fields));
  }

  void StateQuantity(int64_t product_id) {
    Query(db_, "UPDATE product_variant SET quantity_at = ?2 WHERE product_id = ?1").Run(product_id, now_);
  }

  Connection& db_;
  const ProductBatch& batch_;
  const absl::Time now_;
  FieldsEncoder fields_;
  Query find_;
  ProductLinks links_;
  const bool some_guarded_;
  ProductWriteResult result_;
};

// Adds the query's rows while they fit into one batch: at most `limit`, all in one currency. False: the batch is full.
bool AddProducts(Connection& db, Query& query, int64_t limit, ProductBatch* batch) {
  while (query.Next()) {
    const storage::ProductState state = ReadState(db, query);
    if (batch->size() == limit || (batch->size() > 0 && state.currency != batch->currency)) return false;
    storage::AddRowFields(ReadFields(db, query.Text(kFieldsColumn)), batch->size(), &batch->fields);
    batch->product_id.push_back(query.Int(0));
    batch->key.Add(query.Text(1));
    batch->sku.Add(state.sku);
    batch->parent.Add(state.parent);
    batch->price.push_back(state.price);
    batch->compare_at_price.push_back(state.compare_at_price);
    batch->quantity.push_back(state.quantity);
    batch->sync_priority.push_back(state.sync_priority);
    batch->currency = state.currency;
  }
  return true;
}

// The ids above `after_id` of product variants with one of the SKUs, ascending, each once.
std::vector<int64_t> FindProducts(Connection& db, bool removed, int64_t after_id, absl::Span<const std::string> skus) {
  Query query(db, "SELECT product_id FROM product_variant WHERE sku IS ?1 AND product_id > ?2 AND removed = ?3");
  std::vector<int64_t> product_ids;
  for (const std::string& sku : skus) {
    query.Bind(NullIfEmpty{sku}, after_id, removed);
    while (query.Next()) product_ids.push_back(query.Int(0));
  }
  std::sort(product_ids.begin(), product_ids.end());
  product_ids.erase(std::unique(product_ids.begin(), product_ids.end()), product_ids.end());
  return product_ids;
}

void ReadProductsThat(Connection& db, bool removed, int64_t after_id, absl::Span<const std::string> skus, int64_t limit,
                      ProductBatch* batch) {
  if (skus.empty()) {
    Query query(db, FLXLINK_SELECT_PRODUCT "WHERE product_id > ?1 AND removed = ?2 ORDER BY product_id LIMIT ?3");
    AddProducts(db, query.Bind(after_id, removed, limit), limit, batch);
    return;
  }
  Query query(db, FLXLINK_SELECT_PRODUCT "WHERE product_id = ?1");
  for (const int64_t product_id : FindProducts(db, removed, after_id, skus)) {
    if (!AddProducts(db, query.Bind(product_id), limit, batch)) return;
  }
}

absl::Status CheckRead(absl::Span<const std::string> skus, int64_t limit) {
  const absl::Status status = storage::CheckLimit(limit);
  return status.ok() ? storage::CheckRows(skus.size(), "SKUs") : status;
}

// Removes product variants by SKU.
class ProductRemover {
 public:
  ProductRemover(Connection& db, absl::Time now)
      : db_(db), now_(now), find_(db, FLXLINK_SELECT_PRODUCT "WHERE sku = ?1 ORDER BY product_id"), links_(db) {}

  void Remove(absl::string_view sku) {
    ProductRemoval outcome = ProductRemoval::kNoProduct;
    find_.Bind(sku);
    while (find_.Next()) {
      const storage::ProductState known = ReadState(db_, find_);
      if (known.removed) {
        if (outcome == ProductRemoval::kNoProduct) outcome = ProductRemoval::kRemovedBefore;
        continue;
      }
      Remove(find_.Int(0), known);
      outcome = ProductRemoval::kRemoved;
    }
    result_.outcomes.push_back(outcome);
  }

  const ProductRemovalResult& result() const { return result_; }

 private:
  void Remove(int64_t product_id, const storage::ProductState& known) {
    const storage::ProductState removed = storage::RemovedProduct(known, now_);
    Query(db_, "UPDATE product_variant SET removed = 1, quantity = ?2, quantity_at = ?3 WHERE product_id = ?1")
        .Run(product_id, NullIfAbsent{removed.quantity}, removed.quantity_at);
    result_.dirtied += links_.Mark(product_id, storage::CompareProducts(known, removed), now_);
  }

  Connection& db_;
  const absl::Time now_;
  Query find_;
  ProductLinks links_;
  ProductRemovalResult result_;
};

}  // namespace

absl::StatusOr<ProductWriteResult> SqliteStorage::WriteProducts(const ProductBatch& batch, absl::Time now) {
  absl::Status status = storage::CheckProducts(batch);
  if (!status.ok()) return status;
  storage::RowChoice rows = storage::ChooseProducts(batch);
  ProductWriteResult result;
  status = Write(KindOfRows(static_cast<size_t>(batch.size())), [&](Connection& db) {
    ProductWriter writer(db, batch, now);
    for (const int64_t row : rows.kept) writer.Write(row);
    result = writer.result();
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  result.refused = std::move(rows.refused);
  return result;
}

absl::StatusOr<ProductBatch> SqliteStorage::ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                         int64_t limit) {
  absl::Status status = CheckRead(skus, limit);
  if (!status.ok()) return status;
  ProductBatch batch;
  status = Read([&](Connection& db) {
    ReadProductsThat(db, /*removed=*/false, after_id, skus, limit, &batch);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return batch;
}

absl::StatusOr<int64_t> SqliteStorage::CountProducts(int64_t after_id) {
  int64_t count = 0;
  const absl::Status status = Read([&](Connection& db) {
    Query query(db, "SELECT count(*) FROM product_variant WHERE product_id > ?1 AND removed = 0");
    if (query.Bind(after_id).Next()) count = query.Int(0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return count;
}

absl::StatusOr<ProductBatch> SqliteStorage::ReadRemovedProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                                int64_t limit) {
  absl::Status status = CheckRead(skus, limit);
  if (!status.ok()) return status;
  ProductBatch batch;
  status = Read([&](Connection& db) {
    ReadProductsThat(db, /*removed=*/true, after_id, skus, limit, &batch);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return batch;
}

absl::StatusOr<ProductRemovalResult> SqliteStorage::RemoveProducts(absl::Span<const std::string> skus, absl::Time now) {
  absl::Status status = storage::CheckRows(skus.size(), "SKUs");
  if (!status.ok()) return status;
  ProductRemovalResult result;
  status = Write(KindOfRows(skus.size()), [&](Connection& db) {
    ProductRemover remover(db, now);
    for (const std::string& sku : skus) remover.Remove(sku);
    result = remover.result();
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

}  // namespace flxlink::sqlite
