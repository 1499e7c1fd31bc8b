#include "src/model/gtin.h"

#include <string>

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

std::string Parse(absl::string_view text) {
  const auto gtin = ParseGtin(text);
  return gtin.has_value() ? std::string(gtin->begin(), gtin->end()) : "none";
}

TEST(GtinTest, PadsEveryFormTo14Digits) {
  EXPECT_EQ(Parse("96385074"), "00000096385074");
  EXPECT_EQ(Parse("036000291452"), "00036000291452");
  EXPECT_EQ(Parse("0036000291452"), "00036000291452");
  EXPECT_EQ(Parse("00036000291452"), "00036000291452");
  EXPECT_EQ(Parse("4006381333931"), "04006381333931");
  EXPECT_EQ(Parse("10012345123453"), Parse("1001-2345 123453"));
}

TEST(GtinTest, DropsSpacesAndHyphensOnly) {
  EXPECT_EQ(Parse(" 0-36000-29145-2 "), "00036000291452");
  for (const char* text : {"036000291452\t", "036000291452\n", "'036000291452",
                           "036000\xC2\xA0"
                           "291452",
                           "036000.291452", "+36000291452"}) {
    EXPECT_EQ(Parse(text), "none") << text;
  }
}

TEST(GtinTest, RefusesOtherLengths) {
  for (const char* text : {"", "-", "0", "36000291452", "0036000291", "000036000291452", "1234567"}) {
    EXPECT_EQ(Parse(text), "none") << text;
  }
}

TEST(GtinTest, RefusesWrongCheckDigits) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    const std::string text = std::string("03600029145") + digit;
    EXPECT_EQ(Parse(text) != "none", digit == '2') << text;
  }
}

TEST(GtinTest, RefusesZeros) {
  for (const char* text : {"00000000", "000000000000", "0000000000000", "00000000000000", "0000-0000"}) {
    EXPECT_EQ(Parse(text), "none") << text;
  }
}

}  // namespace
}  // namespace flxlink::model
