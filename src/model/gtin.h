// Global Trade Item Numbers: UPC, EAN and their kin.
// Source: GS1 General Specifications, section 7.9 (check digit) and 3.3.2 (a shorter GTIN is right-aligned in 14
// digits).

#ifndef FLXLINK_MODEL_GTIN_H_
#define FLXLINK_MODEL_GTIN_H_

#include <array>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace flxlink::model {

// The 14 digits of a GTIN-8, -12, -13 or -14, padded with zeros on the left. Spaces (U+0020) and hyphens in `text` do
// not count. nullopt for anything else: other characters or lengths, a wrong check digit, all zeros.
absl::optional<std::array<char, 14>> ParseGtin(absl::string_view text);

}  // namespace flxlink::model

#endif  // FLXLINK_MODEL_GTIN_H_
