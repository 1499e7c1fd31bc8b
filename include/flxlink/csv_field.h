// One field of CSV text, as RFC 4180 writes it.

#ifndef FLXLINK_CSV_FIELD_H_
#define FLXLINK_CSV_FIELD_H_

#include <string>

#include "absl/strings/string_view.h"

namespace flxlink {

// Appends a field to a row of CSV, in quotes only where it holds a comma, a quote, CR or LF. Commas between fields and
// line ends are the caller's. Thread-safe.
void AppendCsvField(absl::string_view field, std::string* out);

}  // namespace flxlink

#endif  // FLXLINK_CSV_FIELD_H_
