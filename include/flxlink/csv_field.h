// One field of CSV text, as RFC 4180 writes it, and what its numbers look like.

#ifndef FLXLINK_CSV_FIELD_H_
#define FLXLINK_CSV_FIELD_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flxlink {

// Appends a field to a row of CSV, in quotes only where it holds a comma, a quote, CR or LF. Commas between fields and
// line ends are the caller's. Thread-safe.
void AppendCsvField(absl::string_view field, std::string* out);

// What stands before the decimals of a number.
enum class DecimalMark {
  kPoint,
  kComma,
};

// "point", "comma".
absl::string_view ToString(DecimalMark mark);
// INVALID_ARGUMENT names the two.
absl::StatusOr<DecimalMark> ParseDecimalMark(absl::string_view text);

}  // namespace flxlink

#endif  // FLXLINK_CSV_FIELD_H_
