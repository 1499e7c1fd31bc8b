#include "src/csv/utf16.h"

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace flxlink::csv {
namespace {

constexpr uint32_t kHighSurrogate = 0xD800;
constexpr uint32_t kLowSurrogate = 0xDC00;
constexpr uint32_t kAfterSurrogates = 0xE000;
constexpr uint32_t kFirstOfPairs = 0x10000;

uint32_t ByteAt(absl::string_view text, size_t at) { return static_cast<unsigned char>(text[at]); }

uint32_t UnitAt(absl::string_view text, size_t at, TextEncoding encoding) {
  const uint32_t first = ByteAt(text, at);
  const uint32_t second = ByteAt(text, at + 1);
  return encoding == TextEncoding::kUtf16Be ? first << 8 | second : second << 8 | first;
}

void AppendUnit(uint32_t unit, TextEncoding encoding, std::string* out) {
  const char high = static_cast<char>(unit >> 8);
  const char low = static_cast<char>(unit & 0xFF);
  const bool is_big = encoding == TextEncoding::kUtf16Be;
  out->push_back(is_big ? high : low);
  out->push_back(is_big ? low : high);
}

void AppendUtf8(uint32_t point, std::string* out) {
  const auto continuation = [&](int shift) { out->push_back(static_cast<char>(0x80 | (point >> shift & 0x3F))); };
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | point >> 6));
    continuation(0);
  } else if (point < kFirstOfPairs) {
    out->push_back(static_cast<char>(0xE0 | point >> 12));
    continuation(6);
    continuation(0);
  } else {
    out->push_back(static_cast<char>(0xF0 | point >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

// The code point at `*at` of valid UTF-8; moves behind it.
uint32_t NextPoint(absl::string_view text, size_t* at) {
  const uint32_t first = ByteAt(text, (*at)++);
  if (first < 0x80) return first;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  uint32_t point = first & (0x3Fu >> more);
  for (int i = 0; i < more && *at < text.size(); ++i) point = point << 6 | (ByteAt(text, (*at)++) & 0x3F);
  return point;
}

}  // namespace

TextEncoding EncodingOf(absl::string_view text) {
  if (absl::StartsWith(text, "\xFF\xFE")) return TextEncoding::kUtf16Le;
  if (absl::StartsWith(text, "\xFE\xFF")) return TextEncoding::kUtf16Be;
  return TextEncoding::kUtf8;
}

absl::StatusOr<std::string> ToUtf8(absl::string_view file, std::string text) {
  const TextEncoding encoding = EncodingOf(text);
  if (encoding == TextEncoding::kUtf8) return text;
  bool is_valid = text.size() % 2 == 0;
  std::string utf8;
  utf8.reserve(text.size());
  for (size_t at = 0; is_valid && at < text.size(); at += 2) {
    uint32_t point = UnitAt(text, at, encoding);
    if (point >= kHighSurrogate && point < kAfterSurrogates) {
      const bool has_second = point < kLowSurrogate && at + 2 < text.size();
      const uint32_t second = has_second ? UnitAt(text, at + 2, encoding) : 0;
      is_valid = second >= kLowSurrogate && second < kAfterSurrogates;
      point = kFirstOfPairs + ((point - kHighSurrogate) << 10) + (second - kLowSurrogate);
      at += 2;
    }
    if (is_valid) AppendUtf8(point, &utf8);
  }
  if (is_valid) return utf8;
  return absl::InvalidArgumentError(
      absl::StrCat(file, ": begins as UTF-16 does and is not valid UTF-16; save the file as UTF-8"));
}

std::string FromUtf8(std::string text, TextEncoding encoding) {
  if (encoding == TextEncoding::kUtf8) return text;
  std::string utf16;
  utf16.reserve(2 * text.size());
  for (size_t at = 0; at < text.size();) {
    const uint32_t point = NextPoint(text, &at);
    if (point < kFirstOfPairs) {
      AppendUnit(point, encoding, &utf16);
    } else {
      AppendUnit(kHighSurrogate + ((point - kFirstOfPairs) >> 10), encoding, &utf16);
      AppendUnit(kLowSurrogate + ((point - kFirstOfPairs) & 0x3FF), encoding, &utf16);
    }
  }
  return utf16;
}

}  // namespace flxlink::csv
