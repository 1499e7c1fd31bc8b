#include "flxlink/attention.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

using ::testing::HasSubstr;

constexpr absl::string_view kCodes[] = {
    attention_code::kRejected,         attention_code::kQuantityBelowAcknowledged,
    attention_code::kConflict,         attention_code::kItemGone,
    attention_code::kItemDead,         attention_code::kCurrencyMismatch,
    attention_code::kSiblingsDisagree, attention_code::kNoSku,
    attention_code::kRepeatedSku,
};

TEST(AttentionTest, EveryCodeHasASuggestionOfItsOwnThatNamesACommand) {
  std::set<absl::string_view> suggestions;
  for (const absl::string_view code : kCodes) {
    const absl::string_view suggestion = SuggestionFor(code);
    EXPECT_THAT(std::string(suggestion), HasSubstr("flxlink ")) << code;
    EXPECT_TRUE(suggestions.insert(suggestion).second) << code;
  }
}

// These are typed in as they stand: a command that does not exist would send a person the wrong way.
TEST(AttentionTest, SuggestsCommandsThatExist) {
  constexpr absl::string_view kCommands[] = {"product import ", "build ", "pull ",        "link ",
                                             "sync ",           "rules ", "channel set ", "listing unlink "};
  for (const absl::string_view code : kCodes) {
    absl::string_view rest = SuggestionFor(code);
    for (size_t at = rest.find("flxlink "); at != absl::string_view::npos; at = rest.find("flxlink ")) {
      rest.remove_prefix(at + 8);
      bool exists = false;
      for (const absl::string_view command : kCommands) exists = exists || rest.substr(0, command.size()) == command;
      EXPECT_TRUE(exists) << rest;
    }
  }
}

TEST(AttentionTest, AnAdaptersOwnCodeGetsGeneralAdvice) {
  EXPECT_FALSE(SuggestionFor("INVALID_PRICE_SCALE").empty());
  EXPECT_TRUE(SuggestionFor("").empty());
}

TEST(AttentionTest, MakesAttentionWithItsSuggestion) {
  const Attention attention = MakeAttention(attention_code::kNoSku, "product 7 has no SKU");
  EXPECT_FALSE(attention.empty());
  EXPECT_EQ(attention.code, "no_sku");
  EXPECT_EQ(attention.detail, "product 7 has no SKU");
  EXPECT_EQ(attention.suggestion, SuggestionFor(attention_code::kNoSku));
  EXPECT_TRUE(Attention().empty());
}

}  // namespace
}  // namespace flxlink::model
