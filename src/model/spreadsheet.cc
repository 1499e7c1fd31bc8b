#include "src/model/spreadsheet.h"

#include <utf8proc.h>

#include <cstddef>
#include <cstdint>

#include "absl/strings/match.h"
#include "src/model/utf8.h"

namespace flxlink::model {
namespace {

// Soft hyphen, zero-width space, non-joiner and joiner, word joiner, byte-order mark.
bool IsInvisible(int32_t c) { return c == 0xAD || (c >= 0x200B && c <= 0x200D) || c == 0x2060 || c == 0xFEFF; }

// The fullwidth forms of ! to ~.
bool IsFullwidth(int32_t c) { return c >= 0xFF01 && c <= 0xFF5E; }

// Unicode's property White_Space: the categories Zs, Zl and Zp, and six control characters (PropList.txt).
bool IsWhiteSpace(int32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  const utf8proc_category_t category = utf8proc_category(c);
  return c == 0x85 || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

// The text without what cannot be seen, and its fullwidth characters as those of ASCII.
absl::string_view WithPlainCharacters(absl::string_view text, std::string* scratch) {
  const std::string copy(text);
  scratch->clear();
  for (absl::string_view rest = copy; !rest.empty();) {
    const Utf8Character next = FirstCharacter(rest);
    if (IsFullwidth(next.code_point)) {
      scratch->push_back(static_cast<char>(next.code_point - 0xFEE0));
    } else if (!IsInvisible(next.code_point)) {
      scratch->append(rest.data(), next.size);
    }
    rest.remove_prefix(next.size);
  }
  return *scratch;
}

absl::string_view WithoutSpaceAround(absl::string_view text) {
  size_t begin = 0;
  size_t end = 0;  // Behind the last character that is no space.
  for (size_t at = 0; at < text.size();) {
    const Utf8Character next = FirstCharacter(text.substr(at));
    const bool is_space = IsWhiteSpace(next.code_point);
    if (is_space && end == 0) begin = at + next.size;
    at += next.size;
    if (!is_space) end = at;
  }
  return end == 0 ? absl::string_view() : text.substr(begin, end - begin);
}

// ="0123" and '0123 are how one keeps a spreadsheet from taking 0123 for a number.
absl::string_view WithoutTextMark(absl::string_view text) {
  if (text.size() > 2 && absl::StartsWith(text, "=\"") && absl::EndsWith(text, "\"")) {
    return text.substr(2, text.size() - 3);
  }
  return absl::StartsWith(text, "'") ? text.substr(1) : text;
}

}  // namespace

absl::string_view UndoSpreadsheet(absl::string_view text, std::string* scratch) {
  if (!IsAscii(text)) text = WithPlainCharacters(text, scratch);
  return WithoutSpaceAround(WithoutTextMark(WithoutSpaceAround(text)));
}

}  // namespace flxlink::model
