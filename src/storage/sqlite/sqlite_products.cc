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
  "fields, removed, absent "                                                                                       \
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
  state.absent = query.Bool(12);
  return state;
}

// The links of listing variants built from a product.
class ProductLinks {
 public:
  explicit ProductLinks(Connection& db)
      : db_(db), find_(db, "SELECT channel_id, listing_id FROM listing_variant WHERE product_id = ?1") {}

  // Marks them dirty; where the change is none of values, only those whose oversell guard has waited for the
  // statement. Returns how many.
  int64_t Mark(int64_t product_id, const storage::ProductChange& change, absl::Time now) {
    int64_t marked = 0;
    find_.Bind(product_id);
    while (find_.Next()) {
      const int64_t channel_id = find_.Int(0);
      const int64_t listing_id = find_.Int(1);
      if (!change.values && !storage::MarksLink(change, GuardOf(channel_id, listing_id))) continue;
      if (MarkDirty(db_, channel_id, listing_id, now, change.rank)) ++marked;
    }
    return marked;
  }

 private:
  absl::Time GuardOf(int64_t channel_id, int64_t listing_id) {
    Query query(db_,
                "SELECT guarded_at FROM link WHERE channel_id = ?1 AND listing_id = ?2 AND guarded_at IS NOT NULL");
    return query.Bind(channel_id, listing_id).Next() ? query.Time(0) : absl::InfinitePast();
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
    if (storage::IsOutdated(known, batch_)) ++result_.outdated;
    const storage::ProductChange change = storage::CompareProducts(known, merged);
    const bool is_restated = change.quantity_was_at != change.quantity_is_at;
    if (change.any) {
      Update(product_id, merged, same_fields);
      ++result_.changed;
    } else {
      if (is_restated) StateQuantity(product_id, merged.quantity_at);
      ++result_.unchanged;
    }
    const bool may_be_guarded = is_restated && some_guarded_;
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
          "quantity = ?7, quantity_at = ?8, sync_priority = ?9, removed = 0, absent = ?10 WHERE product_id = ?1")
        .Run(product_id, NullIfEmpty{state.sku}, NullIfEmpty{state.parent}, NullIfAbsent{state.price},
             NullIfAbsent{state.compare_at_price}, state.currency.code(), NullIfAbsent{state.quantity},
             state.quantity_at, state.sync_priority, state.absent);
    if (same_fields) return;
    Query(db_, "UPDATE product_variant SET fields = ?2 WHERE product_id = ?1")
        .Run(product_id, EncodeFields(state.fields));
  }

  void StateQuantity(int64_t product_id, absl::Time quantity_at) {
    Query(db_, "UPDATE product_variant SET quantity_at = ?2 WHERE product_id = ?1").Run(product_id, quantity_at);
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

// Takes the quantity of product variants away, or themselves.
class ProductLoss {
 public:
  ProductLoss(Connection& db, absl::Time now) : db_(db), now_(now), links_(db) {}

  // The product variant, which was `known`, is to be as `lost`. Returns how many links that marks.
  int64_t Write(int64_t product_id, const storage::ProductState& known, const storage::ProductState& lost) {
    Query(db_,
          "UPDATE product_variant SET removed = ?2, quantity = ?3, quantity_at = ?4, absent = ?5 WHERE "
          "product_id = ?1")
        .Run(product_id, lost.removed, NullIfAbsent{lost.quantity}, lost.quantity_at, lost.absent);
    return links_.Mark(product_id, storage::CompareProducts(known, lost), now_);
  }

  absl::Time now() const { return now_; }

 private:
  Connection& db_;
  const absl::Time now_;
  ProductLinks links_;
};

// Removes product variants by SKU.
class ProductRemover {
 public:
  ProductRemover(Connection& db, absl::Time now)
      : db_(db), find_(db, FLXLINK_SELECT_PRODUCT "WHERE sku = ?1 ORDER BY product_id"), loss_(db, now) {}

  void Remove(absl::string_view sku) {
    ProductRemoval outcome = ProductRemoval::kNoProduct;
    find_.Bind(sku);
    while (find_.Next()) {
      const storage::ProductState known = ReadState(db_, find_);
      if (known.removed) {
        if (outcome == ProductRemoval::kNoProduct) outcome = ProductRemoval::kRemovedBefore;
        continue;
      }
      result_.dirtied += loss_.Write(find_.Int(0), known, storage::RemovedProduct(known, loss_.now()));
      outcome = ProductRemoval::kRemoved;
    }
    result_.outcomes.push_back(outcome);
  }

  const ProductRemovalResult& result() const { return result_; }

 private:
  Connection& db_;
  Query find_;
  ProductLoss loss_;
  ProductRemovalResult result_;
};

// A source as it is stored.
struct Source {
  int64_t source_id = 0;
  bool unproved = false;
};

// The source whose last import it is.
absl::StatusOr<Source> FindSource(Connection& db, const ProductImport& import) {
  Query query(db, "SELECT source_id, imports, unproved FROM source WHERE name = ?1");
  const bool is_there = query.Bind(import.source).Next();
  const absl::Status status = storage::CheckImport(import, is_there ? query.Int(1) : 0);
  if (!status.ok()) return status;
  return Source{query.Int(0), query.Bool(2)};
}

// Notes what the batch's import states, if it is of one.
absl::Status StateKeys(Connection& db, const ProductBatch& batch) {
  if (batch.import.source.empty()) return absl::OkStatus();
  const absl::StatusOr<Source> source = FindSource(db, batch.import);
  if (!source.ok()) return source.status();
  const storage::NamedKeys named = storage::KeysOf(batch);
  Query state(db,
              "INSERT INTO source_product (key, source_id, import) VALUES (?1, ?2, ?3) "
              "ON CONFLICT (key, source_id) DO UPDATE SET import = ?3");
  for (const absl::string_view key : named.keys) state.Run(key, source->source_id, batch.import.number);
  if (named.some_unnamed) Query(db, "UPDATE source SET unproved = 1 WHERE source_id = ?1").Run(source->source_id);
  return absl::OkStatus();
}

// Lets a source state some keys no more.
class SourceSweep {
 public:
  SourceSweep(Connection& db, int64_t source_id, AbsentProducts absent, absl::Time now)
      : db_(db),
        source_id_(source_id),
        absent_(absent),
        forget_(db, "DELETE FROM source_product WHERE key = ?1 AND source_id = ?2"),
        others_(db, "SELECT 1 FROM source_product WHERE key = ?1 LIMIT 1"),
        find_(db, FLXLINK_SELECT_PRODUCT "WHERE key = ?1"),
        loss_(db, now) {}

  // What the imports before `import` stated and it did not, at most `limit` of it.
  AbsentResult Run(int64_t import, int64_t limit) {
    const std::vector<std::string> keys = AbsentKeys(import, limit + 1);
    const auto count = std::min(limit, static_cast<int64_t>(keys.size()));
    for (int64_t i = 0; i < count; ++i) Lose(keys[static_cast<size_t>(i)]);
    result_.more = count < static_cast<int64_t>(keys.size());
    return result_;
  }

 private:
  std::vector<std::string> AbsentKeys(int64_t import, int64_t limit) {
    Query query(db_,
                "SELECT key FROM source_product WHERE source_id = ?1 AND import < ?2 ORDER BY import, key LIMIT ?3");
    std::vector<std::string> keys;
    query.Bind(source_id_, import, limit);
    while (query.Next()) keys.push_back(query.String(0));
    return keys;
  }

  void Lose(const std::string& key) {
    forget_.Run(key, source_id_);
    if (others_.Bind(key).Next() || !find_.Bind(key).Next()) return;
    const storage::ProductState known = ReadState(db_, find_);
    const storage::ProductState lost = storage::AbsentProduct(known, absent_, loss_.now());
    if (!storage::CompareProducts(known, lost).any) return;
    ++result_.absent;
    result_.dirtied += loss_.Write(find_.Int(0), known, lost);
  }

  Connection& db_;
  const int64_t source_id_;
  const AbsentProducts absent_;
  Query forget_;
  Query others_;
  Query find_;
  ProductLoss loss_;
  AbsentResult result_;
};

}  // namespace

absl::StatusOr<ProductWriteResult> SqliteStorage::WriteProducts(const ProductBatch& batch, absl::Time now) {
  absl::Status status = storage::CheckProducts(batch);
  if (status.ok()) status = storage::CheckQuantityTime(batch, now);
  if (!status.ok()) return status;
  storage::RowChoice rows = storage::ChooseProducts(batch);
  ProductWriteResult result;
  status = Write(KindOfRows(static_cast<size_t>(batch.size())), [&](Connection& db) {
    if (absl::Status stated = StateKeys(db, batch); !stated.ok()) return stated;
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

absl::StatusOr<ProductImport> SqliteStorage::BeginImport(absl::string_view source) {
  absl::Status status = storage::CheckSource(source);
  if (!status.ok()) return status;
  ProductImport import = {std::string(source)};
  status = Write(WriteKind::kSmall, [&](Connection& db) {
    Query(db,
          "INSERT INTO source (name, imports) VALUES (?1, 1) "
          "ON CONFLICT (name) DO UPDATE SET imports = imports + 1, unproved = 0")
        .Run(source);
    Query query(db, "SELECT imports FROM source WHERE name = ?1");
    if (query.Bind(source).Next()) import.number = query.Int(0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return import;
}

absl::StatusOr<AbsentResult> SqliteStorage::SweepImport(const ProductImport& import, AbsentProducts absent,
                                                        int64_t limit, absl::Time now) {
  absl::Status status = storage::CheckAbsent(absent);
  if (status.ok()) status = storage::CheckLimit(limit);
  if (!status.ok()) return status;
  AbsentResult result;
  status = Write(KindOfRows(static_cast<size_t>(limit)), [&](Connection& db) {
    const absl::StatusOr<Source> source = FindSource(db, import);
    if (!source.ok()) return source.status();
    result = AbsentResult();
    result.unproved = source->unproved;
    if (!source->unproved) result = SourceSweep(db, source->source_id, absent, now).Run(import.number, limit);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

}  // namespace flxlink::sqlite
