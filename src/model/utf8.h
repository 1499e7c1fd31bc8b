#ifndef FLXLINK_SRC_MODEL_UTF8_H_
#define FLXLINK_SRC_MODEL_UTF8_H_

#include "absl/strings/string_view.h"

namespace flxlink::model {

// Whether the text is valid UTF-8. Quick where it is ASCII.
bool IsValidUtf8(absl::string_view text);

}  // namespace flxlink::model

#endif  // FLXLINK_SRC_MODEL_UTF8_H_
