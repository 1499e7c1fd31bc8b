// What a file is that is no CSV text, so that it can be named for that.

#ifndef FLXLINK_CSV_FILE_KIND_H_
#define FLXLINK_CSV_FILE_KIND_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flxlink::csv {

// OK, or INVALID_ARGUMENT, naming the file, where its first bytes are those of a workbook or of UTF-16 that has no
// byte-order mark.
absl::Status CheckIsText(absl::string_view file, absl::string_view first_bytes);

// Whether a text that is not UTF-8 can be one in Windows-1252, as older programs save it.
bool LooksLikeWindows1252(absl::string_view text);

// Whether a cell holds a number: digits, with a sign and marks at the most.
bool LooksLikeNumber(absl::string_view cell);

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_FILE_KIND_H_
