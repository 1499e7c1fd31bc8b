#include "src/model/gtin.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace flxlink::model {
namespace {

using Digits = std::array<char, 14>;

// Weights are 3 and 1 in turn, counted from the right, the check digit having 1.
bool HasRightCheckDigit(const Digits& digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) sum += (digits[i] - '0') * (i % 2 == 0 ? 3 : 1);
  return sum % 10 == 0;
}

bool IsAllZeros(const Digits& digits) {
  return std::all_of(digits.begin(), digits.end(), [](char c) { return c == '0'; });
}

}  // namespace

absl::optional<Digits> ParseGtin(absl::string_view text) {
  Digits digits;
  size_t count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c)) || count == digits.size()) return absl::nullopt;
    digits[count++] = c;
  }
  if (count != 8 && count != 12 && count != 13 && count != 14) return absl::nullopt;
  const auto begin = digits.begin();
  std::copy_backward(begin, begin + static_cast<std::ptrdiff_t>(count), digits.end());
  std::fill_n(begin, digits.size() - count, '0');
  if (IsAllZeros(digits) || !HasRightCheckDigit(digits)) return absl::nullopt;
  return digits;
}

}  // namespace flxlink::model
