#ifndef FLXLINK_CSV_UTF8_H_
#define FLXLINK_CSV_UTF8_H_

#include "absl/strings/string_view.h"

namespace flxlink::csv {

// Whether the text is valid UTF-8. Quick where it is ASCII.
bool IsValidUtf8(absl::string_view text);

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_UTF8_H_
