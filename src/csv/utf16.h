// Texts that spreadsheets save as UTF-16.

#ifndef FLXLINK_CSV_UTF16_H_
#define FLXLINK_CSV_UTF16_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flxlink::csv {

enum class TextEncoding {
  kUtf8,
  kUtf16Le,
  kUtf16Be,
};

// What the byte-order mark at the begin of a text tells; kUtf8 without one.
TextEncoding EncodingOf(absl::string_view text);

// The text in UTF-8, its byte-order mark with it. INVALID_ARGUMENT, naming the file, where it has the mark of UTF-16
// and is none.
absl::StatusOr<std::string> ToUtf8(absl::string_view file, std::string text);

// The reverse, for valid UTF-8.
std::string FromUtf8(std::string text, TextEncoding encoding);

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_UTF16_H_
