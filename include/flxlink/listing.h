// Listings: what the merchant intends on one channel. A listing variant is *built* from a product variant; its content
// (SKU, parent, fields) is frozen then, until a rebuild refreshes it, while price and quantity keep flowing from the
// product.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_LISTING_H_
#define FLXLINK_LISTING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "flxlink/field.h"
#include "flxlink/link_state.h"
#include "flxlink/listing_status.h"
#include "flxlink/money.h"
#include "flxlink/problem.h"
#include "flxlink/string_column.h"
#include "flxlink/sync_fields.h"

namespace flxlink {

// Listing variants of one channel to be written by a build, in columns.
struct ListingBatch {
  // What they are built from.
  std::vector<int64_t> product_id;
  // Never empty; one listing variant a channel and SKU.
  StringColumn sku;
  // Empty: a listing of its own.
  StringColumn parent;
  // Taken when the listing variant is new; a rebuild leaves it.
  std::vector<int64_t> sync_priority;
  FieldColumns fields;

  int64_t size() const { return sku.size(); }
};

// What a build did with one row.
enum class BuildOutcome : uint8_t {
  kCreated,
  kRefreshed,  // It was there, and its content changed. Its link stays.
  kUnchanged,
  kRepeatedSku,  // Another product variant has this SKU on this channel; nothing was written.
};

// An attention that a job gave a listing variant, or ended.
struct SightedAttention {
  std::string sku;
  std::string external_id;
  Problem attention;
};

// One listing variant as people and programs look at it. Values are read together, in one transaction.
struct ListingRow {
  int64_t listing_id = 0;
  std::string sku;
  std::string parent;
  std::vector<Field> fields;

  LinkState link_state = LinkState::kUnlinked;
  // Of the link, or of the broken link. Empty where unlinked.
  std::string external_id;
  // The rule that linked it or gave the reason, from 1. 0: none, or linked by hand.
  int32_t rule = 0;
  LinkReason reason = LinkReason::kNone;
  // Linked, or confirmed, by a person: a pin that automatic linking respects.
  bool by_hand = false;
  // The link's item may have become another product; see attention link_doubtful.
  bool doubtful = false;

  ListingStatus status;
  // The product is removed: the listing variant is to be hidden, whatever is stated (PendingOf).
  bool product_removed = false;
  // The product's price now.
  absl::optional<Money> price;
  // The product's quantity now.
  absl::optional<int64_t> quantity;
  int64_t sync_priority = 0;
  // Has something to send.
  bool dirty = false;
  // A push of it was begun and its outcome is not known.
  bool in_doubt = false;
  // At most one a code, ascending by code.
  std::vector<Problem> attentions;
  // What drifted of it (DriftedFields of sync.h). Only told where it was asked for: by ListingFilter::drifted.
  SyncFields drifted;
};

// A change that a person makes to one listing variant. Effective at once, also while a job runs.
struct ListingEdit {
  enum class Kind {
    kLink,         // Links it to `external_id` by hand. Dissolves no other link.
    kUnlink,       // Dissolves its link and remembers the pair: no rule links it again until it is cleared.
    kClearUnlink,  // Forgets the pairs that were unlinked by hand.
    kSetPriority,  // Sets `sync_priority`.
    kPause,        // Stops its sync.
    kResume,       // Starts its sync again; what changed meanwhile goes out.
    kSetStatus,    // States `status`; the next sync tells the channel. See StateStatus in listing_status.h.
    kAdoptStatus,  // Gives the status back to the channel; see Adopt in listing_status.h.
    kConfirm,      // Its link is right, whatever the rules say: it counts as linked by hand, and is not doubtful.
  };
  Kind kind = Kind::kPause;
  // kLink: the item.
  std::string external_id;
  // kSetPriority: higher goes out first.
  int64_t sync_priority = 0;
  // kSetStatus: kListed, kHidden or kDelisted. FAILED_PRECONDITION: the variant has no link and is to be hidden, or the
  // channel shows a status that is not understood.
  Health status = Health::kListed;
  // The listing variant.
  std::string sku;
};

}  // namespace flxlink

#endif  // FLXLINK_LISTING_H_
