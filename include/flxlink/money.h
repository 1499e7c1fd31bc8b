// Money: an amount in a currency's minor unit (cents for USD, yen for JPY) and the currency's ISO 4217 code. No
// floating point anywhere: an amount is read from decimal text and written back to decimal text without loss, or
// refused.
//
// Plain values: copy them, and share them between threads while nobody writes.

#ifndef FLXLINK_MONEY_H_
#define FLXLINK_MONEY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flxlink {

// An ISO 4217 alphabetic code. The default is "USD".
class Currency {
 public:
  Currency() = default;

  // Takes three capital ASCII letters; INVALID_ARGUMENT otherwise. Codes that ISO 4217 has not assigned are taken, with
  // two minor digits, so that a new currency needs no new release.
  static absl::StatusOr<Currency> Parse(absl::string_view code);

  absl::string_view code() const { return absl::string_view(code_, 3); }

  // Digits after the decimal point: 2 for most, 0 for JPY and its like, 3 for KWD and its like, 4 for CLF and UYW.
  // Source: ISO 4217, list one ("Minor unit"), as of 2024.
  int minor_digits() const;

  friend bool operator==(Currency a, Currency b) { return a.code() == b.code(); }
  friend bool operator!=(Currency a, Currency b) { return !(a == b); }

 private:
  char code_[3] = {'U', 'S', 'D'};
};

struct Money {
  int64_t minor_units = 0;
  Currency currency;

  friend bool operator==(const Money& a, const Money& b) {
    return a.minor_units == b.minor_units && a.currency == b.currency;
  }
};

// Reads a plain decimal number: an optional sign, digits, optionally a point and more digits ("19.9", "-3", "0.50").
// Digits beyond the currency's minor unit must be zeros. INVALID_ARGUMENT otherwise, also for separators, exponents,
// currency signs and amounts that do not fit; the message says what stands there and what is expected.
absl::StatusOr<Money> ParseMoney(absl::string_view decimal, Currency currency);

// The decimal text with all of the currency's minor digits: "19.90", "1990" for JPY, "-0.05".
std::string FormatMoney(const Money& money);

}  // namespace flxlink

#endif  // FLXLINK_MONEY_H_
