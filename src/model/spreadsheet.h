// What spreadsheets and copying do to a value that people then take for the same.

#ifndef FLXLINK_SRC_MODEL_SPREADSHEET_H_
#define FLXLINK_SRC_MODEL_SPREADSHEET_H_

#include <string>

#include "absl/strings/string_view.h"

namespace flxlink::model {

// The value without it, as Normalizer::kSpreadsheet says. What is not UTF-8 stays. `scratch` receives the bytes of a
// value that is not a part of `text`, which may be a part of *scratch itself.
absl::string_view UndoSpreadsheet(absl::string_view text, std::string* scratch);

}  // namespace flxlink::model

#endif  // FLXLINK_SRC_MODEL_SPREADSHEET_H_
