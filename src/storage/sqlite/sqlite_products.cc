#include <algorithm>
#include <utility>

#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"
#include "src/storage/storage_rules.h"

namespace flxlink::sqlite {
namespace {

// Writes the rows of one batch of product variants.
class ProductWriter {
 public:
  ProductWriter(Connection& db, const ProductBatch& batch, absl::Time now)
      : db_(db),
        batch_(batch),
        now_(now),
        fields_(batch.fields),
        find_(db,
              "SELECT product_id, price IS ?2 AND currency = ?3 AND quantity IS ?4, sku IS ?5 AND parent IS ?6 AND "
              "sync_priority = ?7 AND fields = ?8 FROM product_variant WHERE key = ?1"),
        links_(db, "SELECT channel_id, listing_id FROM listing_variant WHERE product_id = ?1"),
        some_guarded_(Query(db, "SELECT 1 FROM link WHERE guarded_at IS NOT NULL LIMIT 1").Bind().Next()) {}

  void Write(int64_t row) {
    const size_t at = static_cast<size_t>(row);
    find_.Bind(batch_.key[row], NullIfAbsent{batch_.price[at]}, batch_.currency.code(),
               NullIfAbsent{batch_.quantity[at]}, NullIfEmpty{batch_.sku[row]}, NullIfEmpty{batch_.parent[row]},
               batch_.sync_priority[at], fields_.Encode(row));
    if (!find_.Next()) {
      Insert(row);
      ++result_.inserted;
      return;
    }
    const int64_t product_id = find_.Int(0);
    const bool same_values = find_.Bool(1);
    const bool same = same_values && find_.Bool(2);
    if (same) {
      Query(db_, "UPDATE product_variant SET quantity_at = ?2 WHERE product_id = ?1").Run(product_id, now_);
      ++result_.unchanged;
    } else {
      Update(product_id, row);
      ++result_.changed;
    }
    if (!same_values || some_guarded_) MarkLinks(product_id, same_values);
  }

  const ProductWriteResult& result() const { return result_; }

 private:
  void Insert(int64_t row) {
    const size_t at = static_cast<size_t>(row);
    Query(
        db_,
        "INSERT INTO product_variant (key, sku, parent, price, currency, quantity, quantity_at, sync_priority, fields) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        .Run(batch_.key[row], NullIfEmpty{batch_.sku[row]}, NullIfEmpty{batch_.parent[row]},
             NullIfAbsent{batch_.price[at]}, batch_.currency.code(), NullIfAbsent{batch_.quantity[at]}, now_,
             batch_.sync_priority[at], fields_.Encode(row));
  }

  void Update(int64_t product_id, int64_t row) {
    const size_t at = static_cast<size_t>(row);
    Query(db_,
          "UPDATE product_variant SET sku = ?2, parent = ?3, price = ?4, currency = ?5, quantity = ?6, "
          "quantity_at = ?7, sync_priority = ?8, fields = ?9 WHERE product_id = ?1")
        .Run(product_id, NullIfEmpty{batch_.sku[row]}, NullIfEmpty{batch_.parent[row]}, NullIfAbsent{batch_.price[at]},
             batch_.currency.code(), NullIfAbsent{batch_.quantity[at]}, now_, batch_.sync_priority[at],
             fields_.Encode(row));
  }

  // Marks the links of listing variants built from the product dirty, all or only those that the oversell guard holds.
  void MarkLinks(int64_t product_id, bool only_guarded) {
    links_.Bind(product_id);
    while (links_.Next()) {
      const int64_t channel_id = links_.Int(0);
      const int64_t listing_id = links_.Int(1);
      if (only_guarded && !IsGuarded(channel_id, listing_id)) continue;
      if (MarkDirty(db_, channel_id, listing_id, now_)) ++result_.dirtied;
    }
  }

  bool IsGuarded(int64_t channel_id, int64_t listing_id) {
    return Query(db_, "SELECT 1 FROM link WHERE channel_id = ?1 AND listing_id = ?2 AND guarded_at IS NOT NULL")
        .Bind(channel_id, listing_id)
        .Next();
  }

  Connection& db_;
  const ProductBatch& batch_;
  const absl::Time now_;
  FieldsEncoder fields_;
  Query find_;
  Query links_;
  const bool some_guarded_;
  ProductWriteResult result_;
};

#define FLXLINK_SELECT_PRODUCT \
  "SELECT product_id, key, sku, parent, price, currency, quantity, sync_priority, fields FROM product_variant "

// Adds the query's rows while they fit into one batch: at most `limit`, all in one currency. False: the batch is full.
bool AddProducts(Connection& db, Query& query, int64_t limit, ProductBatch* batch) {
  while (query.Next()) {
    const Currency currency = ReadCurrency(db, query.Text(5));
    if (batch->size() == limit || (batch->size() > 0 && currency != batch->currency)) return false;
    storage::AddRowFields(ReadFields(db, query.Text(8)), batch->size(), &batch->fields);
    batch->product_id.push_back(query.Int(0));
    batch->key.Add(query.Text(1));
    batch->sku.Add(query.Text(2));
    batch->parent.Add(query.Text(3));
    batch->price.push_back(query.IntOrAbsent(4));
    batch->quantity.push_back(query.IntOrAbsent(6));
    batch->sync_priority.push_back(query.Int(7));
    batch->currency = currency;
  }
  return true;
}

// The ids above `after_id` of product variants with one of the SKUs, ascending, each once.
std::vector<int64_t> FindProducts(Connection& db, int64_t after_id, absl::Span<const std::string> skus) {
  Query query(db, "SELECT product_id FROM product_variant WHERE sku IS ?1 AND product_id > ?2");
  std::vector<int64_t> product_ids;
  for (const std::string& sku : skus) {
    query.Bind(NullIfEmpty{sku}, after_id);
    while (query.Next()) product_ids.push_back(query.Int(0));
  }
  std::sort(product_ids.begin(), product_ids.end());
  product_ids.erase(std::unique(product_ids.begin(), product_ids.end()), product_ids.end());
  return product_ids;
}

}  // namespace

absl::StatusOr<ProductWriteResult> SqliteStorage::WriteProducts(const ProductBatch& batch, absl::Time now) {
  absl::Status status = storage::CheckProducts(batch);
  if (!status.ok()) return status;
  ProductWriteResult result;
  status = Write([&](Connection& db) {
    ProductWriter writer(db, batch, now);
    for (int64_t row = 0; row < batch.size(); ++row) writer.Write(row);
    result = writer.result();
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<ProductBatch> SqliteStorage::ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                         int64_t limit) {
  absl::Status status = storage::CheckLimit(limit);
  if (status.ok()) status = storage::CheckRows(skus.size(), "SKUs");
  if (!status.ok()) return status;
  ProductBatch batch;
  status = Read([&](Connection& db) {
    if (skus.empty()) {
      Query query(db, FLXLINK_SELECT_PRODUCT "WHERE product_id > ?1 ORDER BY product_id LIMIT ?2");
      AddProducts(db, query.Bind(after_id, limit), limit, &batch);
      return absl::OkStatus();
    }
    Query query(db, FLXLINK_SELECT_PRODUCT "WHERE product_id = ?1");
    for (const int64_t product_id : FindProducts(db, after_id, skus)) {
      if (!AddProducts(db, query.Bind(product_id), limit, &batch)) break;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return batch;
}

}  // namespace flxlink::sqlite
