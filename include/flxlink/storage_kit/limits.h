// What can be kept: one set of limits for all storages, so that an odd value is its row's problem everywhere and a
// merchant can move from one storage to another.
//
// Text is valid UTF-8 without U+0000. What storages index, and look up by the value itself, has at most
// kMaxIndexedBytes: keys, SKUs and parents of product variants, external ids and parent ids of items, and the names of
// fields. An item's handle, identity and aliases have no more either, since storages hold them by item. Other text,
// that is the values of fields, has at most kMaxTextBytes; link rules may compare any of it, since link keys are looked
// up by their hash (see link_index.h).
//
// Listing variants are built from product variants that were kept and need no check of their own.
//
// Pure functions, thread-safe.

#ifndef FLXLINK_STORAGE_KIT_LIMITS_H_
#define FLXLINK_STORAGE_KIT_LIMITS_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/channel_variant.h"
#include "flxlink/problem.h"
#include "flxlink/product.h"
#include "flxlink/row_refusal.h"

namespace flxlink::storage {

constexpr int64_t kMaxIndexedBytes = 1000;
constexpr int64_t kMaxTextBytes = int64_t{1} << 20;

// What is wrong with a text of the field `field`: value_too_long above `max_bytes`, or invalid_text. nullopt: nothing.
absl::optional<Problem> CheckText(absl::string_view field, absl::string_view value, int64_t max_bytes);

// Which rows of a batch are kept. Every row is in one of both.
struct RowChoice {
  // Ascending.
  std::vector<int64_t> kept;
  // Ascending, each row with the first of its problems.
  std::vector<RowRefusal> refused;
};

// Refused is a row with a text beyond the limits, with a price below zero (negative_price), without a key
// (missing_key), or with the key of a row before it (repeated_key). The batch must have passed CheckProducts (rules.h).
RowChoice ChooseProducts(const ProductBatch& batch);

// Which keys a batch names.
struct NamedKeys {
  // Of refused rows, too; some may be there twice. They look at the batch.
  std::vector<absl::string_view> keys;
  // A row's key cannot be kept.
  bool some_unnamed = false;
};
NamedKeys KeysOf(const ProductBatch& batch);

// Which rows of a pulled page are kept, and what the others say.
struct PulledRowChoice {
  // Ascending. Of rows that can be kept and have one external id, the last.
  std::vector<int64_t> kept;
  // Ascending, each row with the first of its problems: a text beyond the limits, a price below zero
  // (negative_price), or no external id (missing_key).
  std::vector<RowRefusal> refused;
  // The external ids that can be kept of refused rows, then of problems: these items were seen, and are otherwise as
  // before. They look at what the choice was made of.
  std::vector<absl::string_view> seen;
  // Rows that can be kept and whose external id is on the page once more, further down.
  int64_t repeated = 0;
  // Refused rows and problems whose external id cannot be kept: nobody knows which items were seen there, so that
  // nothing is gone for not having been seen.
  int64_t unnamed = 0;
};

// Of a pulled page's items and problems, or a fetch's. The items must have passed CheckChannelVariants (rules.h).
PulledRowChoice ChoosePulledRows(const ChannelVariantBatch& items, absl::Span<const ItemProblem> problems);

}  // namespace flxlink::storage

#endif  // FLXLINK_STORAGE_KIT_LIMITS_H_
