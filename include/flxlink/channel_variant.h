// Channel variants: flxlink's mirror of the items that exist on a channel, as a pull last saw them.
//
// Limits. Text is UTF-8 without U+0000; external and parent id have at most 1,000 bytes, the value of a field at most 1
// MiB. A pull passes over an item beyond that, says which, and goes on.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_CHANNEL_VARIANT_H_
#define FLXLINK_CHANNEL_VARIANT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/field.h"
#include "flxlink/item_values.h"
#include "flxlink/link_state.h"
#include "flxlink/listing_status.h"
#include "flxlink/money.h"
#include "flxlink/rare_vector.h"
#include "flxlink/string_column.h"

namespace flxlink {

// Why a field of an item is fixed: no push can set it.
enum class FixedReason : uint8_t {
  kNotTracked,      // The channel does not track the item's inventory.
  kKeptByParent,    // What it belongs to has the value, and the item only shows it.
  kKeptByPlatform,  // The platform's own fulfilment has the value.
  kMadeOfOthers,    // The item is a bundle: the value follows from those of its parts.
  kNotStocked,      // The channel's location does not stock the item.
};

// "not_tracked", "kept_by_parent", "kept_by_platform", "made_of_others", "not_stocked".
absl::string_view ToString(FixedReason reason);
// What ToString gives; nullopt for any other text.
absl::optional<FixedReason> ParseFixedReason(absl::string_view text);

// A field of an item that no push can set, though it can be set of other items.
struct FixedField {
  // A name of SyncFields::Names().
  std::string field;
  FixedReason reason = FixedReason::kNotTracked;

  friend bool operator==(const FixedField& a, const FixedField& b) {
    return a.field == b.field && a.reason == b.reason;
  }
};

// Items of one channel in columns: row i of the batch is entry i of every column, and each column of `fields` has one
// text a row, empty where there is none. The entries of a RareVector are changed by its Mutable().
struct ChannelVariantBatch {
  // The channel's id of the item: unique, never empty.
  StringColumn external_id;
  // The channel's id of what it belongs to; empty: none.
  StringColumn parent_id;
  // In minor units of the channel's currency; kAbsent: none shown.
  std::vector<int64_t> price;
  // kAbsent: none shown.
  std::vector<int64_t> quantity;
  // kUnknown: none shown.
  std::vector<ChannelStatus> status;
  // What the adapter wants back with a push of the item: the ids by which the platform's other calls know it, or a
  // digest of what it was made of. Nobody else reads it; at most 1,000 bytes. Without entries: the adapter wants
  // nothing back.
  StringColumn handle;
  // In minor units of the channel's currency; kAbsent: none shown. Without entries: the channel shows none of any item.
  std::vector<int64_t> compare_at_price;
  // The fields that cannot be set of that item, in any order; where one is named twice the first reason counts. They
  // are never sent: where something else is desired, that is an attention, once. Where one comes all the same, since
  // the item has changed after the pull, the push answers kRejected with field_fixed and sets nothing of the item.
  // Without entries: none is fixed.
  std::vector<RareVector<FixedField>> fixed;
  // Other ids by which the platform's notices name the item (its inventory item's, say): at most 1,000 bytes each. Two
  // items may share one. Without entries: there is none of any item.
  std::vector<RareVector<std::string>> aliases;
  // What the item is, where its external id can be used again for another (a catalog number and condition, say); at
  // most 1,000 bytes, compared as it is. Under another identity the external id names another item: the link to the one
  // before breaks, and heals when that one is back. Empty, or without entries: not said, which is no other identity.
  StringColumn identity;
  // What link rules can compare, and the content that can be set: sku, barcode, title …
  FieldColumns fields;
  // AdapterCapabilities::own_ids. The engine sets it in what it stores.
  bool own_ids = false;

  int64_t size() const { return external_id.size(); }
};

// The values of row `row`, and the same added to a batch as those of its next row. Content is not among them: it stands
// in the batch's fields.
inline ItemValues ValuesAt(const ChannelVariantBatch& batch, int64_t row) {
  const size_t at = static_cast<size_t>(row);
  return {batch.price[at], batch.quantity[at], batch.status[at],
          batch.compare_at_price.empty() ? kAbsent : batch.compare_at_price[at]};
}

inline void AddValues(const ItemValues& values, ChannelVariantBatch* batch) {
  batch->price.push_back(values.price);
  batch->quantity.push_back(values.quantity);
  batch->status.push_back(values.status);
  batch->compare_at_price.push_back(values.compare_at_price);
}

// One item of a channel as people and programs look at it. Values are as a pull last saw them, and read together, in
// one transaction.
struct ItemRow {
  int64_t channel_variant_id = 0;
  std::string external_id;
  // Empty: none.
  std::string parent_id;
  std::vector<Field> fields;

  // Not stated: none shown.
  absl::optional<Money> price;
  absl::optional<int64_t> quantity;
  // kUnknown: none shown.
  ChannelStatus status = ChannelStatus::kUnknown;
  // The fields that no push can set, ascending by name, each once.
  RareVector<FixedField> fixed;
  // Ascending, each once.
  RareVector<std::string> aliases;
  // Empty: none was said.
  std::string identity;
  // Rules link it and pushes go to it: it is neither gone from the channel nor archived there.
  bool live = true;
  // When a pull last saw it.
  absl::Time seen_at;

  // Of the listing variant that it is linked to, or was when it was lost. Empty: of none.
  std::string sku;
  // Of that link. kUnlinked: there is none.
  LinkState link_state = LinkState::kUnlinked;
};

}  // namespace flxlink

#endif  // FLXLINK_CHANNEL_VARIANT_H_
