// Comparing what a link should have with what its channel has, field by field.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_
#define FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_

#include "flxlink/channel.h"
#include "flxlink/push.h"
#include "flxlink/sync.h"

namespace flxlink {

// The fields that have a value.
SyncFields PresentFields(const Pqs& values);

// The fields that have a value in `desired` and another one, or none, in `acknowledged`.
SyncFields DifferingFields(const Pqs& desired, const Pqs& acknowledged);

// `values` without the fields outside `mask`.
Pqs Masked(const SyncFields& mask, const Pqs& values);

// Whether the product's price is one that the channel cannot be sent: it is synced, there, and in another currency.
bool HasCurrencyMismatch(const SyncRow& row, const SyncPolicy& policy);

// The quantity that the channel shows, as far as known: what it acknowledged, else what the last pull saw.
int64_t ShownQuantity(const SyncRow& row);

// Whether the oversell guard holds the desired quantity back. Never where it is what the channel shows: that overwrites
// nothing.
bool IsQuantityHeld(const SyncRow& row, const Pqs& desired, const SyncPolicy& policy);

}  // namespace flxlink

#endif  // FLXLINK_SRC_SYNC_FIELD_DIFFERENCE_H_
