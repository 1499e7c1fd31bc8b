#include "src/model/spreadsheet.h"

#include <string>

#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

std::string Undo(absl::string_view text) {
  std::string scratch = "left from the call before";
  return std::string(UndoSpreadsheet(text, &scratch));
}

TEST(SpreadsheetTest, WhatCannotBeSeenGoesWhereverItStands) {
  for (const char* invisible : {"\u00AD", "\u200B", "\u200C", "\u200D", "\u2060", "\uFEFF"}) {
    const std::string mark = invisible;
    EXPECT_EQ(Undo(mark + "A" + mark + "1" + mark), "A1");
    EXPECT_EQ(Undo("'" + mark + "01"), "01");
    EXPECT_EQ(Undo(mark), "");
  }
  // Their neighbours stay.
  for (const char* other : {"\u00AC", "\u00AE", "\u200E", "\u2061", "\uFF00"}) {
    EXPECT_EQ(Undo(std::string("A") + other + "1"), std::string("A") + other + "1");
  }
}

TEST(SpreadsheetTest, FullwidthCharactersAreThoseOfAscii) {
  EXPECT_EQ(Undo("ＡＢ－１２"), "AB-12");
  EXPECT_EQ(Undo("！～"), "!~");
  EXPECT_EQ(Undo("＝＂０１２＂"), "012");
  EXPECT_EQ(Undo("＇０１２"), "012");
  EXPECT_EQ(Undo("｟\uFF00"), "｟\uFF00") << "the ones beside them";
}

TEST(SpreadsheetTest, WhiteSpaceOfAnyKindGoesAtBothEnds) {
  for (const char* space : {" ", "\t", "\n", "\v", "\f", "\r", "\u0085", "\u00A0", "\u1680", "\u2000", "\u200A",
                            "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"}) {
    const std::string mark = space;
    EXPECT_EQ(Undo(mark + mark + "A" + mark + "B" + mark), "A" + mark + "B");
    EXPECT_EQ(Undo(mark + "'" + mark + "01" + mark), "01") << "and again without the mark";
    EXPECT_EQ(Undo("=\"" + mark + "01" + mark + "\"" + mark), "01");
    EXPECT_EQ(Undo(mark), "");
  }
  for (const char* other : {"\u180E", "\x1C", "\x1F", "\u2800", "\u115F"}) EXPECT_EQ(Undo(other), other);
}

TEST(SpreadsheetTest, OneMarkOfATextGoes) {
  EXPECT_EQ(Undo("'0123"), "0123");
  EXPECT_EQ(Undo("''0123"), "'0123");
  EXPECT_EQ(Undo("0123'"), "0123'");
  EXPECT_EQ(Undo("'"), "");
  EXPECT_EQ(Undo("=\"0123\""), "0123");
  EXPECT_EQ(Undo("=\"'0123\""), "'0123") << "what stands between the quotes is the value";
  EXPECT_EQ(Undo("'=\"0123\""), "=\"0123\"");
  EXPECT_EQ(Undo("=\"a\"\"b\""), "a\"\"b");
  EXPECT_EQ(Undo("=\"\""), "");
  for (const char* other : {"=\"", "=\"0123", "=0123\"", "\"0123\"", "=0123", "= \"0123\""})
    EXPECT_EQ(Undo(other), other);
}

TEST(SpreadsheetTest, WhatIsNotUtf8Stays) {
  EXPECT_EQ(Undo(" \xFF'A\xC3 "), "\xFF'A\xC3");
  EXPECT_EQ(Undo("\xE2\x80"), "\xE2\x80");
}

TEST(SpreadsheetTest, TheTextMayBeAPartOfTheScratch) {
  std::string scratch = "xx ＡＢ\u00A0";
  EXPECT_EQ(UndoSpreadsheet(absl::string_view(scratch).substr(2), &scratch), "AB");
}

}  // namespace
}  // namespace flxlink::model
