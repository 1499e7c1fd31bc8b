#include "flxlink/money.h"

#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

// The currencies that have not two digits.
constexpr absl::string_view kNoDigits[] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
                                           "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr absl::string_view kThreeDigits[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
constexpr absl::string_view kFourDigits[] = {"CLF", "UYW"};

template <size_t N>
bool Contains(const absl::string_view (&codes)[N], absl::string_view code) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

bool IsDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

absl::Status AmountError(absl::string_view decimal, Currency currency, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(model::Quote(decimal), " is not an amount of ", currency.code(), ": ", what));
}

// nullopt where the number does not fit. So INT64_MIN is never read, which stands for an absent value in columns of
// prices.
absl::optional<int64_t> ParseDigits(absl::string_view digits) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  int64_t value = 0;
  for (const char c : digits) {
    const int64_t digit = c - '0';
    if (value > (kMax - digit) / 10) return absl::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace

absl::StatusOr<Currency> Currency::Parse(absl::string_view code) {
  const auto is_capital = [](char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); };
  if (code.size() != 3 || !std::all_of(code.begin(), code.end(), is_capital)) {
    return absl::InvalidArgumentError(
        absl::StrCat(model::Quote(code), " is not a currency; use the three capital letters of ISO 4217, such as USD"));
  }
  Currency currency;
  std::copy(code.begin(), code.end(), currency.code_);
  return currency;
}

int Currency::minor_digits() const {
  if (Contains(kNoDigits, code())) return 0;
  if (Contains(kThreeDigits, code())) return 3;
  if (Contains(kFourDigits, code())) return 4;
  return 2;
}

absl::StatusOr<Money> ParseMoney(absl::string_view decimal, Currency currency) {
  absl::string_view digits = decimal;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (negative || (!digits.empty() && digits[0] == '+')) digits.remove_prefix(1);
  const size_t point = digits.find('.');
  const absl::string_view whole = digits.substr(0, point);
  absl::string_view fraction;
  if (point != absl::string_view::npos) fraction = digits.substr(point + 1);
  if (!IsDigits(whole) || (point != absl::string_view::npos && !IsDigits(fraction))) {
    return AmountError(decimal, currency, "write digits and at most one decimal point, such as 19.90");
  }

  const size_t minor_digits = static_cast<size_t>(currency.minor_digits());
  if (fraction.size() > minor_digits) {
    if (fraction.find_first_not_of('0', minor_digits) != absl::string_view::npos) {
      return AmountError(decimal, currency, absl::StrCat("it has more than ", minor_digits, " decimal digits"));
    }
    fraction = fraction.substr(0, minor_digits);
  }
  const std::string padding(minor_digits - fraction.size(), '0');
  const absl::optional<int64_t> minor_units = ParseDigits(absl::StrCat(whole, fraction, padding));
  if (!minor_units.has_value()) return AmountError(decimal, currency, "it is too large");
  return Money{negative ? -*minor_units : *minor_units, currency};
}

std::string FormatMoney(const Money& money) {
  const bool negative = money.minor_units < 0;
  // Negated as an unsigned number, so that the lowest int64 has a magnitude too.
  const uint64_t bits = static_cast<uint64_t>(money.minor_units);
  std::string digits = absl::StrCat(negative ? uint64_t{0} - bits : bits);
  const size_t minor_digits = static_cast<size_t>(money.currency.minor_digits());
  if (digits.size() <= minor_digits) digits.insert(0, minor_digits + 1 - digits.size(), '0');
  if (minor_digits > 0) digits.insert(digits.size() - minor_digits, 1, '.');
  return absl::StrCat(negative ? "-" : "", digits);
}

}  // namespace flxlink
