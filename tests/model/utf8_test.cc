#include "src/model/utf8.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

TEST(FirstCharacterTest, TellsItsLength) {
  const auto first = [](absl::string_view text) {
    const Utf8Character character = FirstCharacter(text);
    return absl::StrCat(character.code_point, " of ", character.size);
  };
  EXPECT_EQ(first("ab"), "97 of 1");
  EXPECT_EQ(first("\xC3\xA9x"), "233 of 2");
  EXPECT_EQ(first("\xF0\x9F\x98\x80"), "128512 of 4");
  for (const char* bad : {"\xC3", "\x80x", "\xED\xA0\x80", "\xE2\x82"}) EXPECT_EQ(first(bad), "-1 of 1");
}

TEST(IsValidUtf8Test, TellsWhereverItStands) {
  // From none of the words of 8 bytes to the third one, at any place of it.
  for (size_t before = 0; before < 20; ++before) {
    for (size_t after = 0; after < 10; ++after) {
      const auto valid = [&](absl::string_view middle) {
        return IsValidUtf8(absl::StrCat(std::string(before, 'a'), middle, std::string(after, 'b')));
      };
      for (const char* good : {"", "\x7F", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) EXPECT_TRUE(valid(good));
      for (const char* bad : {"\xC3", "\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
        EXPECT_FALSE(valid(bad));
      }
    }
  }
}

}  // namespace
}  // namespace flxlink::model
