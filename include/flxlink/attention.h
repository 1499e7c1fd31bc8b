// Attention: a problem with one variant that a person has to solve, said in three parts: a code that programs can act
// on, what happened, and what to do about it.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_ATTENTION_H_
#define FLXLINK_ATTENTION_H_

#include <string>

#include "absl/strings/string_view.h"

namespace flxlink {

struct Attention {
  std::string code;        // One of the codes below, or an adapter's own. Empty: no attention.
  std::string detail;      // What happened, with the values.
  std::string suggestion;  // What a person should do.

  bool empty() const { return code.empty(); }
  friend bool operator==(const Attention& a, const Attention& b) {
    return a.code == b.code && a.detail == b.detail && a.suggestion == b.suggestion;
  }
};

// The codes that flxlink itself gives.
namespace attention_code {
// The channel refused a value and would refuse it again.
constexpr absl::string_view kRejected = "rejected";
// The channel shows less stock than was last acknowledged: it may have sold some. See the oversell guard in sync.h.
constexpr absl::string_view kQuantityBelowAcknowledged = "quantity_below_acknowledged";
// The channel's item changed under a push by compare-and-set.
constexpr absl::string_view kConflict = "conflict";
// The item is gone from the channel; the link is broken.
constexpr absl::string_view kItemGone = "item_gone";
// The item is in a status that its adapter declares dead (archived); nothing is pushed to it.
constexpr absl::string_view kItemDead = "item_dead";
// The product's price is in another currency than the channel.
constexpr absl::string_view kCurrencyMismatch = "currency_mismatch";
// The channel has one status for the whole product and its listing variants want different ones.
constexpr absl::string_view kSiblingsDisagree = "siblings_disagree";
// A product variant cannot be built: it has no SKU.
constexpr absl::string_view kNoSku = "no_sku";
// A product variant cannot be built: another one has its SKU.
constexpr absl::string_view kRepeatedSku = "repeated_sku";
// A SKU was named that no product variant has.
constexpr absl::string_view kNoProduct = "no_product";
// A SKU was named that has no link on the channel.
constexpr absl::string_view kNotLinked = "not_linked";
// A status rule would change the listing variant's status; the rules job does.
constexpr absl::string_view kStatusRule = "status_rule";
// The next fire of a schedule cannot be computed any more, since its time zone is gone, say: it is disabled.
constexpr absl::string_view kScheduleCannotFire = "schedule_cannot_fire";
}  // namespace attention_code

// What a person should do about `code`; for an unknown code, general advice. Never empty for a non-empty code.
absl::string_view SuggestionFor(absl::string_view code);

// An attention with SuggestionFor(code).
Attention MakeAttention(absl::string_view code, std::string detail);

}  // namespace flxlink

#endif  // FLXLINK_ATTENTION_H_
