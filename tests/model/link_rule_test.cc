#include "flxlink/link_rule.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

using ::testing::HasSubstr;

TEST(ParseLinkRuleTest, ReadsWhatFormatWrites) {
  const std::vector<LinkRule> rules = {
      {"sku", "sku", {}, Ambiguity::kStop},
      {"upc", "barcode", {Normalizer::kGtin}, Ambiguity::kNext},
      {"upc", "upc", {Normalizer::kSpreadsheet, Normalizer::kGtin}, Ambiguity::kStop},
      {"a field", "é", {Normalizer::kTrim, Normalizer::kCasefold, Normalizer::kTrim}, Ambiguity::kStop},
  };
  for (const LinkRule& rule : rules) {
    const auto parsed = ParseLinkRule(FormatLinkRule(rule));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, rule);
  }
  EXPECT_EQ(FormatLinkRule(rules[0]), "sku=sku");
  EXPECT_EQ(FormatLinkRule(rules[1]), "upc=barcode,norm=gtin,ambiguous=next");
}

TEST(ParseLinkRuleTest, TakesOptionsInAnyOrder) {
  const auto rule = ParseLinkRule("a=b,ambiguous=stop,norm=casefold+trim");
  ASSERT_TRUE(rule.ok()) << rule.status();
  EXPECT_EQ(FormatLinkRule(*rule), "a=b,norm=casefold+trim");
}

TEST(ParseLinkRuleTest, NamesWhatItCannotRead) {
  const auto error = [](absl::string_view text) { return std::string(ParseLinkRule(text).status().message()); };
  for (const char* text : {"", "sku", "=sku", "sku=", "a=b=c", ",norm=trim"}) {
    EXPECT_THAT(error(text), HasSubstr("has to begin with a listing field")) << text;
    EXPECT_EQ(ParseLinkRule(text).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(error("a=b,norm=trim+fold"),
            "rule \"a=b,norm=trim+fold\": there is no normalizer \"fold\"; use trim, casefold, gtin or spreadsheet");
  EXPECT_THAT(error("a=b,norm="), HasSubstr("there is no normalizer \"\""));
  EXPECT_THAT(error("a=b,ambiguous=skip"), HasSubstr("ambiguous cannot be \"skip\"; use next or stop"));
  for (const char* text :
       {"a=b,", "a=b,c=d", "a=b,norm", "a=b,norm=trim,norm=gtin", "a=b,ambiguous=next,ambiguous=stop"}) {
    EXPECT_FALSE(ParseLinkRule(text).ok()) << text;
  }
}

// "null" for null, so that tests read well.
std::string Key(const std::vector<Normalizer>& normalizers, absl::string_view value) {
  std::string scratch = "left from the call before";
  const auto key = NormalizeKey(normalizers, value, &scratch);
  return key.has_value() ? std::string(*key) : "null";
}

TEST(NormalizeKeyTest, BlankIsNull) {
  for (const char* value : {"", " ", "\t\n\v\f\r "}) {
    EXPECT_EQ(Key({}, value), "null");
    EXPECT_EQ(Key({Normalizer::kCasefold}, value), "null");
  }
  EXPECT_EQ(Key({}, "0"), "0");
  EXPECT_EQ(Key({}, "\xC2\xA0"), "\xC2\xA0");
  EXPECT_EQ(Key({}, absl::string_view("\0", 1)), std::string(1, '\0'));
}

TEST(NormalizeKeyTest, TrimsAsciiWhitespaceOnly) {
  EXPECT_EQ(Key({Normalizer::kTrim}, "\v\f\r\n\t a b \r"), "a b");
  EXPECT_EQ(Key({Normalizer::kTrim}, "\xC2\xA0 a"), "\xC2\xA0 a");
  EXPECT_EQ(Key({}, " a "), " a ");
}

TEST(NormalizeKeyTest, FoldsCaseFully) {
  const std::vector<Normalizer> fold = {Normalizer::kCasefold};
  EXPECT_EQ(Key(fold, "AbZ-09"), "abz-09");
  EXPECT_EQ(Key(fold, "Straße"), "strasse");
  EXPECT_EQ(Key(fold, "İI"), "i\xCC\x87i");
  EXPECT_EQ(Key(fold, "ΣΊΣΥΦΟΣ"), Key(fold, "σίσυφος"));
  EXPECT_EQ(Key(fold, "ﬃ"), "ffi");
  EXPECT_EQ(Key(fold, "ꭰ"), "Ꭰ");
  // No normalization: precomposed and decomposed stay apart.
  EXPECT_NE(Key(fold, "é"), Key(fold, "e\xCC\x81"));
  // What is not UTF-8 stays.
  EXPECT_EQ(Key(fold, "A\xFFÀ\xC3"), "a\xFFà\xC3");
}

TEST(NormalizeKeyTest, UndoesSpreadsheets) {
  EXPECT_EQ(Key({Normalizer::kSpreadsheet}, "'0123"), "0123");
  EXPECT_EQ(Key({Normalizer::kSpreadsheet}, "=\"\""), "null");
  EXPECT_EQ(Key({Normalizer::kSpreadsheet}, "\xE2\x80\x8B"), "null") << "nothing that can be seen";
  EXPECT_EQ(Key({Normalizer::kSpreadsheet, Normalizer::kGtin}, "=\"036000291452\""), "00036000291452");
  EXPECT_EQ(Key({Normalizer::kCasefold, Normalizer::kSpreadsheet, Normalizer::kCasefold}, "Ａ\xC2\xA0"), "a");
}

TEST(NormalizeKeyTest, AppliesNormalizersInOrder) {
  EXPECT_EQ(Key({Normalizer::kTrim, Normalizer::kGtin}, "\t036000291452"), "00036000291452");
  EXPECT_EQ(Key({Normalizer::kGtin, Normalizer::kTrim}, "\t036000291452"), "null");
  EXPECT_EQ(Key({Normalizer::kCasefold, Normalizer::kTrim, Normalizer::kCasefold}, "  ÀB "), "àb");
  EXPECT_EQ(Key({Normalizer::kCasefold, Normalizer::kTrim, Normalizer::kCasefold}, "  AB "), "ab");
  EXPECT_EQ(Key({Normalizer::kGtin}, "SKU-1"), "null");
  EXPECT_EQ(Key({Normalizer::kGtin, Normalizer::kCasefold, Normalizer::kGtin}, "96385074"), "00000096385074");
}

}  // namespace
}  // namespace flxlink::model
