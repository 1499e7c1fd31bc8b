#ifndef FLXLINK_SRC_MODEL_UTF8_H_
#define FLXLINK_SRC_MODEL_UTF8_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace flxlink::model {

// Whether all of the text is ASCII.
bool IsAscii(absl::string_view text);

struct Utf8Character {
  int32_t code_point = 0;  // Negative: the text begins with a byte that is no character.
  size_t size = 1;         // In bytes.
};

// The first character of a text that is not empty.
Utf8Character FirstCharacter(absl::string_view text);

// Whether the text is valid UTF-8. Quick where it is ASCII.
bool IsValidUtf8(absl::string_view text);

}  // namespace flxlink::model

#endif  // FLXLINK_SRC_MODEL_UTF8_H_
