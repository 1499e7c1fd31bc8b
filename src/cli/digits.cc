#include "src/cli/digits.h"

#include <cstddef>

#include "absl/strings/str_cat.h"

namespace flxlink::cli {

std::string GroupDigits(int64_t count) {
  std::string text = absl::StrCat(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

}  // namespace flxlink::cli
