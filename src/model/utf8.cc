#include "src/model/utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/strings/ascii.h"

namespace flxlink::model {
namespace {

// Whether the 8 bytes from there are ASCII.
bool IsAsciiWord(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return (word & 0x8080808080808080) == 0;
}

}  // namespace

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(static_cast<unsigned char>(c)); });
}

Utf8Character FirstCharacter(absl::string_view text) {
  utf8proc_int32_t code_point;
  const utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                 static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  return size > 0 ? Utf8Character{code_point, static_cast<size_t>(size)} : Utf8Character{-1, 1};
}

bool IsValidUtf8(absl::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (end - at >= 8 && IsAsciiWord(at)) {
      at += 8;
      continue;
    }
    const Utf8Character next = FirstCharacter(absl::string_view(at, static_cast<size_t>(end - at)));
    if (next.code_point < 0) return false;
    at += next.size;
  }
  return true;
}

}  // namespace flxlink::model
