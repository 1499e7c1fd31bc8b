#include "flxlink/attention.h"

#include <utility>

namespace flxlink {
namespace {

struct Advice {
  absl::string_view code;
  absl::string_view suggestion;
};

constexpr Advice kAdvice[] = {
    {attention_code::kRejected,
     "Correct the value in the product file and run flxlink product import FILE; a new value is sent by the next "
     "sync. If the channel was at fault, send it again with flxlink sync CHANNEL --force SKU."},
    {attention_code::kQuantityBelowAcknowledged,
     "Count the stock, subtract what the channel sold, and state the quantity anew with flxlink product import "
     "FILE; the next sync sends it."},
    {attention_code::kConflict,
     "Look at the channel again and send what still differs with flxlink sync CHANNEL --full."},
    {attention_code::kItemGone,
     "If the item returns, flxlink pull CHANNEL restores the link. If it is gone for good, dissolve the link with "
     "flxlink listing unlink CHANNEL SKU; if the store was imported anew, run flxlink link CHANNEL "
     "--release-broken."},
    {attention_code::kItemDead,
     "Take the item out of the channel's archive and run flxlink pull CHANNEL, or dissolve the link with flxlink "
     "listing unlink CHANNEL SKU."},
    {attention_code::kCurrencyMismatch,
     "State the product's price in the channel's currency, or change that with flxlink channel set CHANNEL "
     "--currency CODE."},
    {attention_code::kSiblingsDisagree,
     "The channel has one status for all variants of a product: change the status rules so that its variants "
     "agree, then run flxlink rules CHANNEL."},
    {attention_code::kNoSku,
     "Give the product variant a SKU, run flxlink product import FILE, then flxlink build CHANNEL."},
    {attention_code::kNoProduct, "Check how the SKU is written; products come in with flxlink product import FILE."},
    {attention_code::kNotLinked,
     "See why with flxlink listing explain CHANNEL SKU, or link it with flxlink link CHANNEL."},
    {attention_code::kStatusRule, "Run flxlink rules CHANNEL."},
    {attention_code::kScheduleCannotFire,
     "Give the schedule a time and a time zone that this machine knows, or install the zone, and enable it again."},
    {"missing_column",
     "Export the file again with that column, or leave the field out: flxlink channel set "
     "CHANNEL --sync-fields FIELDS."},
    {"unsupported_status",
     "Set a status that the channel has, or leave it out: flxlink channel set CHANNEL "
     "--sync-fields price,quantity."},
    {attention_code::kRepeatedSku,
     "Give each product variant a SKU of its own, run flxlink product import FILE, then flxlink build CHANNEL."},
};

// An adapter's own code: it is the channel that refused something.
constexpr absl::string_view kGeneralAdvice =
    "Correct what the message names, in the product or on the channel, then send it again with flxlink sync "
    "CHANNEL --force SKU.";

}  // namespace

absl::string_view SuggestionFor(absl::string_view code) {
  if (code.empty()) return absl::string_view();
  for (const Advice& advice : kAdvice) {
    if (advice.code == code) return advice.suggestion;
  }
  return kGeneralAdvice;
}

Attention MakeAttention(absl::string_view code, std::string detail) {
  return Attention{std::string(code), std::move(detail), std::string(SuggestionFor(code))};
}

}  // namespace flxlink
