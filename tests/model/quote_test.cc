#include "src/model/quote.h"

#include <string>

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

TEST(QuoteTest, KeepsOneLine) {
  EXPECT_EQ(Quote(""), "\"\"");
  EXPECT_EQ(Quote("größe"), "\"größe\"");
  EXPECT_EQ(Quote("a\nb\"c\\"), "\"a\\nb\\\"c\\\\\"");
  EXPECT_EQ(Quote(absl::string_view("a\0b", 3)), "\"a\\000b\"");
}

TEST(QuoteTest, ShowsOnlyTheBeginningOfALongText) {
  EXPECT_EQ(Quote(std::string(80, 'x')), "\"" + std::string(80, 'x') + "\"");
  EXPECT_EQ(Quote(std::string(81, 'x')), "\"" + std::string(80, 'x') + "…\"");
}

TEST(QuoteTest, CutsNoCharacterInTwo) {
  EXPECT_EQ(Quote(std::string(79, 'x') + "éé"), "\"" + std::string(79, 'x') + "…\"");
  EXPECT_EQ(Quote(std::string(77, 'x') + "😀😀"), "\"" + std::string(77, 'x') + "…\"");
  EXPECT_EQ(Quote(std::string(76, 'x') + "😀😀"), "\"" + std::string(76, 'x') + "😀…\"");
}

}  // namespace
}  // namespace flxlink::model
