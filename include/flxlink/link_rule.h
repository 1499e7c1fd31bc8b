// Link rules and the link priority: how a merchant says which listing variant is which item of the channel.
//
// A *link rule* compares one field of the listing variants with one field of the channel variants, exactly, after
// optional normalizers. A channel's *link priority* is its ordered list of rules; each rule runs over the whole channel
// before the next (see linker.h for what comes of it).
//
// The values of these types are plain data: copy them, and share them between threads while nobody writes.

#ifndef FLXLINK_LINK_RULE_H_
#define FLXLINK_LINK_RULE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace flxlink {

// A change made to the values of both sides before they are compared.
enum class Normalizer {
  // Drops ASCII whitespace (space \t \n \v \f \r) at both ends.
  kTrim,
  // Unicode full case folding (statuses C and F of CaseFolding.txt, Unicode 15): "STRASSE" equals "straße". Does not
  // normalize: a precomposed and a decomposed é stay different. Bytes that are not UTF-8 are kept as they are.
  kCasefold,
  // Drops spaces and hyphens; what is left must be a GTIN-8, -12, -13 or -14 with a right check digit and not all
  // zeros, and is padded with zeros to 14 digits, so that a UPC equals the same number written as an EAN. Anything else
  // is null. Check digit: GS1 General Specifications, section 7.9.
  kGtin,
  // Undoes what spreadsheets and copying do, in this order. Soft hyphens, zero-width spaces, joiners and non-joiners,
  // word joiners and byte-order marks go, wherever they stand (U+00AD, U+200B to U+200D, U+2060, U+FEFF). The fullwidth
  // characters U+FF01 to U+FF5E become those of ASCII. White space of any kind (Unicode's property White_Space) goes at
  // both ends. ="0123" becomes 0123; any other value loses one leading apostrophe. White space goes at both ends again.
  kSpreadsheet,
};

// What a rule that finds more than one variant with a key, on either side, does with the variants that have it.
enum class Ambiguity {
  kStop,  // No later rule is tried for them: a person has to correct the data. The default.
  kNext,  // Later rules may still link them.
};

struct LinkRule {
  std::string listing_field;
  std::string channel_field;
  std::vector<Normalizer> normalizers = {};  // Applied in this order. Default: none, bytes compare as they are.
  Ambiguity ambiguous = Ambiguity::kStop;

  friend bool operator==(const LinkRule& a, const LinkRule& b) {
    return a.listing_field == b.listing_field && a.channel_field == b.channel_field && a.normalizers == b.normalizers &&
           a.ambiguous == b.ambiguous;
  }
};

// Rules are numbered from 1, in this order.
using LinkPriority = std::vector<LinkRule>;

// "trim", "casefold", "gtin", "spreadsheet".
absl::string_view ToString(Normalizer normalizer);
// "stop", "next".
absl::string_view ToString(Ambiguity ambiguous);

// Reads "LF=CF[,norm=trim+casefold+gtin+spreadsheet][,ambiguous=next|stop]", as in "upc=barcode,norm=gtin".
// INVALID_ARGUMENT names the part that cannot be read and what may stand there. Field names cannot hold '=' or ','.
absl::StatusOr<LinkRule> ParseLinkRule(absl::string_view text);

// The text that ParseLinkRule reads back to an equal rule; options at their defaults are left out.
std::string FormatLinkRule(const LinkRule& rule);

// The key of a value under a rule's normalizers: nullopt where it is null, that is, empty or only ASCII whitespace,
// before or after any normalizer, or refused by `gtin`. Null never matches anything; "0" is a value. `scratch` receives
// the bytes of a key that differs from the value; the result points into it or into `value`, and scratch may be reused
// between calls to save the allocation.
absl::optional<absl::string_view> NormalizeKey(const std::vector<Normalizer>& normalizers, absl::string_view value,
                                               std::string* scratch);

}  // namespace flxlink

#endif  // FLXLINK_LINK_RULE_H_
