// ItemValues: the values of one item of a channel that a sync can set: price, quantity, status, and what else
// SyncFields names. What is desired, acknowledged, seen and pushed are all of this kind.
//
// A field without a value is absent, which is not the same as empty: content that is there with an empty text is empty.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_ITEM_VALUES_H_
#define FLXLINK_ITEM_VALUES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "flxlink/field.h"
#include "flxlink/listing_status.h"
#include "flxlink/rare_vector.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

struct ItemValues {
  // In minor units of the channel's currency. kAbsent: none.
  int64_t price = kAbsent;
  // kAbsent: none.
  int64_t quantity = kAbsent;
  // kUnknown: none.
  ChannelStatus status = ChannelStatus::kUnknown;
  // What the price was before a reduction, as shops show it. In minor units of the channel's currency. kAbsent: none.
  int64_t compare_at_price = kAbsent;
  // Ascending by name, each name once. What is not there is absent.
  RareVector<Field> content{};

  // The value of a field as a number, kAbsent where there is none; a status as that of its enumerator. With these,
  // kSyncFields and `content` all fields can be walked.
  int64_t Get(SyncField field) const;
  void Set(SyncField field, int64_t value);

  // The text of a content field; nullptr where it is absent.
  const std::string* FindContent(absl::string_view name) const;
  void SetContent(absl::string_view name, absl::string_view value);
  void RemoveContent(absl::string_view name);

  friend bool operator==(const ItemValues& a, const ItemValues& b) {
    return a.price == b.price && a.quantity == b.quantity && a.status == b.status &&
           a.compare_at_price == b.compare_at_price && a.content == b.content;
  }
};

// The fields that have a value.
SyncFields PresentFields(const ItemValues& values);

// Makes the masked fields of `to` what they are in `from`, absent where they are absent there.
void CopyFields(const SyncFields& mask, const ItemValues& from, ItemValues* to);

inline int64_t ItemValues::Get(SyncField field) const {
  switch (field) {
    case SyncField::kPrice:
      return price;
    case SyncField::kQuantity:
      return quantity;
    case SyncField::kStatus:
      return status == ChannelStatus::kUnknown ? kAbsent : static_cast<int64_t>(status);
    case SyncField::kCompareAtPrice:
      return compare_at_price;
  }
  return kAbsent;
}

inline void ItemValues::Set(SyncField field, int64_t value) {
  switch (field) {
    case SyncField::kPrice:
      price = value;
      return;
    case SyncField::kQuantity:
      quantity = value;
      return;
    case SyncField::kStatus:
      status = value == kAbsent ? ChannelStatus::kUnknown : static_cast<ChannelStatus>(value);
      return;
    case SyncField::kCompareAtPrice:
      compare_at_price = value;
      return;
  }
}

}  // namespace flxlink

#endif  // FLXLINK_ITEM_VALUES_H_
