// Rows for tests of sync planning.

#ifndef FLXLINK_TESTS_SYNC_SYNC_ROWS_H_
#define FLXLINK_TESTS_SYNC_SYNC_ROWS_H_

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flxlink/sync.h"

namespace flxlink::sync {

// Adds a link to the batch; its SKU, external id and handle are made of its listing id.
inline void AddSyncRow(SyncRow row, absl::string_view parent_id, SyncBatch* batch) {
  batch->sku.Add(absl::StrCat("SKU", row.listing_id));
  batch->external_id.Add(absl::StrCat("item/", row.listing_id));
  batch->parent_id.Add(parent_id);
  batch->handle.Add(absl::StrCat("handle/", row.listing_id));
  batch->rows.push_back(std::move(row));
}

inline SyncBatch OneRow(const SyncRow& row) {
  SyncBatch batch;
  AddSyncRow(row, "", &batch);
  return batch;
}

// A policy that syncs `fields` in USD, by one kind that sets them all.
inline SyncPolicy PolicyOf(const SyncFields& fields) {
  SyncPolicy policy;
  policy.fields = fields;
  policy.kinds = {fields};
  return policy;
}

// Price, quantity and status.
inline SyncPolicy FullPolicy() { return PolicyOf({SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}); }

}  // namespace flxlink::sync

#endif  // FLXLINK_TESTS_SYNC_SYNC_ROWS_H_
