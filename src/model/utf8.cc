#include "src/model/utf8.h"

#include <utf8proc.h>

#include <cstdint>
#include <cstring>

namespace flxlink::model {
namespace {

// Whether the 8 bytes from there are ASCII.
bool IsAsciiWord(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return (word & 0x8080808080808080) == 0;
}

}  // namespace

bool IsValidUtf8(absl::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (end - at >= 8 && IsAsciiWord(at)) {
      at += 8;
      continue;
    }
    utf8proc_int32_t code_point;
    const utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(at), end - at, &code_point);
    if (size <= 0) return false;
    at += size;
  }
  return true;
}

}  // namespace flxlink::model
