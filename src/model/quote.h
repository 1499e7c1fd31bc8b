// How a text that somebody gave is shown in an error message.

#ifndef FLXLINK_SRC_MODEL_QUOTE_H_
#define FLXLINK_SRC_MODEL_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace flxlink::model {

// `text` in double quotes, on one line whatever is in it. Only the beginning of a long text is shown.
std::string Quote(absl::string_view text);

}  // namespace flxlink::model

#endif  // FLXLINK_SRC_MODEL_QUOTE_H_
