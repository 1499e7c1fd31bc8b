// Channel variants: flxlink's mirror of the items that exist on a channel, as a pull last saw them.
//
// Limits. Text is UTF-8 without U+0000; external and parent id have at most 1,000 bytes, the value of a field at most 1
// MiB. A pull passes over an item beyond that, says which, and goes on.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_CHANNEL_VARIANT_H_
#define FLXLINK_CHANNEL_VARIANT_H_

#include <cstdint>
#include <vector>

#include "flxlink/field.h"
#include "flxlink/listing_status.h"
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

}  // namespace flxlink

#endif  // FLXLINK_CHANNEL_VARIANT_H_
