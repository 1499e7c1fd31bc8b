#include "src/csv/utf16.h"

#include <string>

#include "gtest/gtest.h"

namespace flxlink::csv {
namespace {

TEST(Utf16Test, IsToldByItsMark) {
  EXPECT_EQ(EncodingOf(std::string("\xFF\xFE"
                                   "a\0",
                                   4)),
            TextEncoding::kUtf16Le);
  EXPECT_EQ(EncodingOf(std::string("\xFE\xFF\0a", 4)), TextEncoding::kUtf16Be);
  for (const char* text : {"", "\xFF", "\xEF\xBB\xBF", "a"}) EXPECT_EQ(EncodingOf(text), TextEncoding::kUtf8);
}

TEST(Utf16Test, IsReadAndWrittenBack) {
  // The mark, and the first and last code points of each length.
  const std::string utf8 =
      "\xEF\xBB\xBF"
      "a\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  EXPECT_EQ(FromUtf8("\xEF\xBB\xBF"
                     "a\xF0\x9F\x98\x80",
                     TextEncoding::kUtf16Be),
            std::string("\xFE\xFF\0a\xD8\x3D\xDE\0", 8));
  for (const TextEncoding encoding : {TextEncoding::kUtf16Le, TextEncoding::kUtf16Be}) {
    const std::string utf16 = FromUtf8(utf8, encoding);
    EXPECT_EQ(EncodingOf(utf16), encoding);
    EXPECT_EQ(*ToUtf8("f.csv", utf16), utf8);
  }
  EXPECT_EQ(*ToUtf8("f.csv", "plain"), "plain");
  EXPECT_EQ(FromUtf8("plain", TextEncoding::kUtf8), "plain");
}

TEST(Utf16Test, IsRefusedWhereItIsNone) {
  const std::string mark = "\xFE\xFF";
  for (const std::string& text : {mark + "a", mark + "\xD8\x3D", mark + "\xDE\x01", mark + "\xD8\x3D" + "aa"}) {
    EXPECT_EQ(ToUtf8("f.csv", text).status().message(),
              "f.csv: begins as UTF-16 does and is not valid UTF-16; save the file as UTF-8");
  }
}

}  // namespace
}  // namespace flxlink::csv
