#include "src/model/quote.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace flxlink::model {
namespace {

constexpr size_t kMaxShown = 80;

// The longest beginning of `text` of at most kMaxShown bytes that does not cut a UTF-8 character in two.
absl::string_view Beginning(absl::string_view text) {
  size_t size = kMaxShown;
  while (size > kMaxShown - 3 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

std::string Quote(absl::string_view text) {
  if (text.size() <= kMaxShown) return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
  return absl::StrCat("\"", absl::Utf8SafeCEscape(Beginning(text)), "…\"");
}

}  // namespace flxlink::model
