#include "src/csv/number_text.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace flxlink::csv {
namespace {

constexpr NumberFormat kCommas = {','};
constexpr NumberFormat kSemicolons = {';'};

std::string Plain(absl::string_view cell, const NumberFormat& format) {
  const absl::StatusOr<std::string> plain = PlainNumber(cell, format);
  return plain.ok() ? *plain : "unclear";
}

TEST(NumberTextTest, InAFileSeparatedByCommasThePointIsTheMark) {
  for (const char* cell : {"19.90", "1.234", "1,234", "19,90", "-5", "", "x"}) EXPECT_EQ(Plain(cell, kCommas), cell);
}

TEST(NumberTextTest, ElseEachNumberTells) {
  for (const char separator : {';', '\t'}) {
    const NumberFormat format = {separator};
    EXPECT_EQ(Plain("19,90", format), "19.90");
    EXPECT_EQ(Plain("19,9", format), "19.9");
    EXPECT_EQ(Plain("19.90", format), "19.90");
    EXPECT_EQ(Plain("-0,5", format), "-0.5");
    EXPECT_EQ(Plain("1.234,50", format), "1234.50");
    EXPECT_EQ(Plain("1,234,567.5", format), "1234567.5");
    EXPECT_EQ(Plain("1.234.567", format), "1234567");
    EXPECT_EQ(Plain("1234,500", format), "1234.500") << "no group of four";
    EXPECT_EQ(Plain("1.234", format), "unclear");
    EXPECT_EQ(Plain("-12,345", format), "unclear");
    for (const char* cell : {"", "7", "x", "19,", ",", "1,2,3", "1.23.456", "1,x"}) {
      EXPECT_FALSE(absl::StartsWith(Plain(cell, format), "unclear")) << cell;
      EXPECT_FALSE(ParseWholeNumber(cell, format).ok() && std::string(cell) != "7") << cell;
    }
  }
}

TEST(NumberTextTest, UnlessItWasSaid) {
  const NumberFormat comma = {';', DecimalMark::kComma};
  EXPECT_EQ(Plain("1,234", comma), "1.234");
  EXPECT_EQ(Plain("1.234", comma), "1234");
  EXPECT_EQ(Plain("1.234,5", comma), "1234.5");
  EXPECT_FALSE(PlainNumber("19.90", comma).ok()) << "no thousands, and no decimals by what was said";
  EXPECT_EQ(Plain("19", comma), "19");
  const NumberFormat point = {';', DecimalMark::kPoint};
  EXPECT_EQ(Plain("1.234", point), "1.234");
  EXPECT_EQ(Plain("1,234", point), "1234");
  EXPECT_EQ(Plain("19,90", point), "19,90");
  EXPECT_EQ(Plain("1,234.5", {',', DecimalMark::kPoint}), "1234.5");
}

TEST(NumberTextTest, TellsTheMark) {
  EXPECT_EQ(DecimalMarkOf("19,90", kSemicolons), DecimalMark::kComma);
  EXPECT_EQ(DecimalMarkOf("1,234.5", kSemicolons), DecimalMark::kPoint);
  for (const char* cell : {"", "19", "1.234", "1.234.567"}) {
    EXPECT_EQ(DecimalMarkOf(cell, kSemicolons), absl::nullopt) << cell;
  }
  EXPECT_EQ(DecimalMarkOf("19", kCommas), DecimalMark::kPoint);
  EXPECT_EQ(DecimalMarkOf("19", {',', DecimalMark::kComma}), DecimalMark::kComma);
}

TEST(NumberTextTest, IsUnclearWhereItCanBeReadInTwoWays) {
  for (const char* cell : {"1.234", "1,234", "-12.345"}) {
    EXPECT_TRUE(IsUnclear(cell, kSemicolons)) << cell;
    EXPECT_FALSE(PlainNumber(cell, kSemicolons).ok()) << cell;
    EXPECT_FALSE(IsUnclear(cell, kCommas)) << cell;
    EXPECT_FALSE(IsUnclear(cell, {';', DecimalMark::kComma})) << cell;
  }
  for (const char* cell : {"", "1234", "1.23", "1.234,5", "1.234.567", "1234.567", "x.123"}) {
    EXPECT_FALSE(IsUnclear(cell, kSemicolons)) << cell;
  }
}

TEST(NumberTextTest, ReadsWholeNumbers) {
  EXPECT_EQ(*ParseWholeNumber("5", kCommas), 5);
  EXPECT_EQ(*ParseWholeNumber("5.0", kCommas), 5);
  EXPECT_EQ(*ParseWholeNumber("-5.000", kCommas), -5);
  EXPECT_EQ(*ParseWholeNumber("5,0", kSemicolons), 5);
  EXPECT_EQ(*ParseWholeNumber("1.234", {';', DecimalMark::kComma}), 1234);
  for (const char* cell : {"", "5.", ".0", "5.5", "5,0", "1e3", "x", "-9223372036854775808"}) {
    EXPECT_FALSE(ParseWholeNumber(cell, kCommas).ok()) << cell;
  }
  EXPECT_FALSE(ParseWholeNumber("1.000", kSemicolons).ok()) << "one, or a thousand";
}

}  // namespace
}  // namespace flxlink::csv
