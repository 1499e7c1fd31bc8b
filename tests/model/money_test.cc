#include "flxlink/money.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

using ::testing::HasSubstr;

Currency Of(absl::string_view code) { return Currency::Parse(code).value(); }

int64_t Minor(absl::string_view decimal, absl::string_view code = "USD") {
  const absl::StatusOr<Money> money = ParseMoney(decimal, Of(code));
  EXPECT_TRUE(money.ok()) << money.status();
  return money.ok() ? money->minor_units : -999999;
}

TEST(CurrencyTest, IsUsDollarsByDefault) { EXPECT_EQ(Currency().code(), "USD"); }

TEST(CurrencyTest, TakesThreeCapitals) {
  EXPECT_EQ(Of("EUR").code(), "EUR");
  EXPECT_EQ(Of("ZZZ").minor_digits(), 2);
  for (const absl::string_view wrong : {"", "US", "usd", "USDX", "U$D", "EÜR", " USD"}) {
    const absl::StatusOr<Currency> currency = Currency::Parse(wrong);
    EXPECT_EQ(currency.status().code(), absl::StatusCode::kInvalidArgument) << wrong;
    EXPECT_THAT(currency.status().message(), HasSubstr("ISO 4217"));
  }
}

TEST(CurrencyTest, KnowsMinorDigits) {
  EXPECT_EQ(Of("USD").minor_digits(), 2);
  EXPECT_EQ(Of("HUF").minor_digits(), 2);
  EXPECT_EQ(Of("JPY").minor_digits(), 0);
  EXPECT_EQ(Of("ISK").minor_digits(), 0);
  EXPECT_EQ(Of("KWD").minor_digits(), 3);
  EXPECT_EQ(Of("TND").minor_digits(), 3);
  EXPECT_EQ(Of("CLF").minor_digits(), 4);
  EXPECT_EQ(Of("UYW").minor_digits(), 4);
}

TEST(MoneyTest, ReadsDecimals) {
  EXPECT_EQ(Minor("19.9"), 1990);
  EXPECT_EQ(Minor("19.90"), 1990);
  EXPECT_EQ(Minor("-3"), -300);
  EXPECT_EQ(Minor("+3"), 300);
  EXPECT_EQ(Minor("0.05"), 5);
  EXPECT_EQ(Minor("-0"), 0);
  EXPECT_EQ(Minor("007.00"), 700);
  EXPECT_EQ(Minor("1990", "JPY"), 1990);
  EXPECT_EQ(Minor("1990.000", "JPY"), 1990);
  EXPECT_EQ(Minor("1.005", "KWD"), 1005);
  EXPECT_EQ(Minor("1.5", "CLF"), 15000);
}

TEST(MoneyTest, TakesZerosBeyondTheMinorUnit) { EXPECT_EQ(Minor("2.5000000000000000000000000000000000"), 250); }

TEST(MoneyTest, RefusesWhatIsNotAPlainDecimal) {
  for (const absl::string_view wrong :
       {"", "-", "+", ".", "1.", ".5", "1,5", "1.2.3", "1e3", "$5", "5 ", " 5", "0x10", "--1", "+-1", "1.-5", "٣"}) {
    const absl::StatusOr<Money> money = ParseMoney(wrong, Currency());
    EXPECT_EQ(money.status().code(), absl::StatusCode::kInvalidArgument) << wrong;
    EXPECT_THAT(money.status().message(), HasSubstr("such as 19.90"));
  }
}

TEST(MoneyTest, RefusesDigitsThatWouldBeLost) {
  EXPECT_EQ(ParseMoney("1.005", Currency()).status().message(),
            "\"1.005\" is not an amount of USD: it has more than 2 decimal digits");
  EXPECT_FALSE(ParseMoney("1.5", Of("JPY")).ok());
}

TEST(MoneyTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Minor("92233720368547758.07"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Minor("-92233720368547758.07"), -std::numeric_limits<int64_t>::max());
  for (const absl::string_view wrong :
       {"92233720368547758.08", "-92233720368547758.08", "99999999999999999999999", "922337203685477581"}) {
    EXPECT_THAT(ParseMoney(wrong, Currency()).status().message(), HasSubstr("too large")) << wrong;
  }
}

TEST(MoneyTest, WritesAllMinorDigits) {
  EXPECT_EQ(FormatMoney({1990, Currency()}), "19.90");
  EXPECT_EQ(FormatMoney({1990, Of("JPY")}), "1990");
  EXPECT_EQ(FormatMoney({-5, Currency()}), "-0.05");
  EXPECT_EQ(FormatMoney({0, Of("KWD")}), "0.000");
  EXPECT_EQ(FormatMoney({std::numeric_limits<int64_t>::min(), Currency()}), "-92233720368547758.08");
}

// Against 128-bit arithmetic over a number that is built digit by digit.
TEST(MoneyTest, AgreesWithWideArithmetic) {
  std::mt19937_64 random(7);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    const absl::string_view code = std::array<absl::string_view, 4>{"JPY", "USD", "KWD", "CLF"}[random() % 4];
    const int minor_digits = Of(code).minor_digits();
    const int whole_digits = 1 + static_cast<int>(random() % 19);
    const int fraction_digits = static_cast<int>(random() % 6);
    std::string text = random() % 2 == 0 ? "-" : "";
    const bool negative = !text.empty();
    __int128 wide = 0;
    bool lossless = true;
    for (int d = 0; d < whole_digits; ++d) {
      const int digit = static_cast<int>(random() % 10);
      absl::StrAppend(&text, digit);
      wide = wide * 10 + digit;
    }
    if (fraction_digits > 0) text += '.';
    for (int d = 0; d < std::max(fraction_digits, minor_digits); ++d) {
      const int digit = d < fraction_digits && random() % 3 != 0 ? static_cast<int>(random() % 10) : 0;
      if (d < fraction_digits) absl::StrAppend(&text, digit);
      if (d < minor_digits) wide = wide * 10 + digit;
      if (d >= minor_digits && digit != 0) lossless = false;
    }
    const bool fits = lossless && wide <= std::numeric_limits<int64_t>::max();
    const absl::StatusOr<Money> money = ParseMoney(text, Of(code));
    ASSERT_EQ(money.ok(), fits) << text << " " << code;
    if (!fits) continue;
    ++accepted;
    ASSERT_EQ(money->minor_units, static_cast<int64_t>(negative ? -wide : wide)) << text << " " << code;
    ASSERT_EQ(ParseMoney(FormatMoney(*money), Of(code))->minor_units, money->minor_units) << text;
  }
  EXPECT_GT(accepted, 5000);
}

}  // namespace
}  // namespace flxlink::model
