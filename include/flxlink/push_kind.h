// Push kinds: the calls by which a platform's fields are set. Platforms set price, quantity and status by different
// calls with different limits; an adapter declares each of them as a kind.
//
//   flxlink::PushKind kind;
//   kind.name = "items";
//   kind.fields = {flxlink::SyncField::kPrice, flxlink::SyncField::kQuantity};
//   kind.max_items = 100;
//   capabilities.push_kinds = {kind};
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_PUSH_KIND_H_
#define FLXLINK_PUSH_KIND_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "flxlink/account.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

// What a kind does with idempotency keys. Declared only where the platform remembers them for hours: a push in doubt is
// sent again within minutes, or when flxlink runs again.
enum class IdempotencyKeys : uint8_t {
  kNone,  // They are ignored.
  kItem,  // An item whose key was taken before is answered as then, and not done again (PushItem::idempotency_key).
  kCall,  // The same for a call with the same items (PushRequest::idempotency_key).
};

struct PushKind {
  // What the adapter knows it by: PushRequest::kind.
  std::string name;
  // What a call of this kind can set; of an item it may be told to set some of them only.
  SyncFields fields;

  // Items in one call at the most. 0: no limit.
  int64_t max_items = 0;
  // Bytes in one call at the most, as the engine counts them: of each item `item_bytes`, its external id, its parent
  // id, its handle and the texts of its content. 0: no limit. Where a call grows too long all the same, the adapter
  // leaves items out and answers kNotTried for them.
  int64_t max_bytes = 0;
  int64_t item_bytes = 0;
  // A call takes items of one parent only.
  bool one_parent = false;
  // From how many items on it is worth using, where another kind can set the same fields. Default: always. Of several
  // that are, the first declared is used.
  int64_t worth_from = 1;

  // What a call takes of the account.
  CallCost cost;
  // Calls under way at the same time, at the most; see ChannelAdapter::PushSeveral.
  int32_t in_flight = 1;

  // Takes the good items of a call and refuses the bad ones. Without it a bad item refuses the whole call
  // (INVALID_ARGUMENT), and the engine halves the call to find it.
  bool takes_good_items = false;
  // The fields whose last known value (PushItem::known) is compared before they are set: an item that has neither that
  // one nor the new one is a conflict, and nothing of it is set.
  SyncFields compares;
  IdempotencyKeys keys = IdempotencyKeys::kNone;

  // Nothing of a call can land later than this after it began, accepted items aside.
  absl::Duration timeout = absl::Minutes(1);
  // Calls may answer kAccepted, and what is accepted is decided, and lands if it does, within this time after the call
  // began. Zero: they never do.
  absl::Duration receipt_timeout = absl::ZeroDuration();
  // Of several submissions of a field the last one stands, whichever of them is decided first: a new value is sent
  // while an older one is awaited. Default: a field that is awaited waits until it is decided, a lower quantity aside.
  // Only with a receipt_timeout.
  bool later_wins = false;
};

}  // namespace flxlink

#endif  // FLXLINK_PUSH_KIND_H_
