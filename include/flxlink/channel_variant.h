// Channel variants: flxlink's mirror of the items that exist on a channel, as a pull last saw them.
//
// Limits. Text is UTF-8 without U+0000; external and parent id have at most 1,000 bytes, the value of a field at most 1
// MiB. A pull passes over an item beyond that, says which, and goes on.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_CHANNEL_VARIANT_H_
#define FLXLINK_CHANNEL_VARIANT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/field.h"
#include "flxlink/link_state.h"
#include "flxlink/listing_status.h"
#include "flxlink/money.h"
#include "flxlink/string_column.h"

namespace flxlink {

// Items of one channel in columns: row i of the batch is entry i of every column.
struct ChannelVariantBatch {
  StringColumn external_id;           // The channel's id of the item: unique, never empty.
  StringColumn parent_id;             // The channel's id of what it belongs to; empty: none.
  std::vector<int64_t> price;         // In minor units of the channel's currency; kAbsent: none shown.
  std::vector<int64_t> quantity;      // kAbsent: none shown.
  std::vector<ChannelStatus> status;  // kUnknown: none shown.
  FieldColumns fields;                // What link rules can compare: sku, barcode, title …

  int64_t size() const { return external_id.size(); }
};

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
