#include "src/linking/link_keys.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::linking {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

ChannelConfig Config(LinkPriority priority) {
  ChannelConfig config;
  config.link_priority = std::move(priority);
  return config;
}

ChannelConfig TwoRules() {
  return Config({{"sku", "sku", {}, Ambiguity::kStop}, {"upc", "barcode", {Normalizer::kTrim}, Ambiguity::kNext}});
}

TEST(LinkKeysTest, NamesEachFieldOnce) {
  const LinkFields fields(
      {{"a", "x", {}, Ambiguity::kStop}, {"b", "x", {}, Ambiguity::kStop}, {"a", "y", {}, Ambiguity::kStop}});
  EXPECT_THAT(fields.listing, ElementsAre("a", "b"));
  EXPECT_THAT(fields.channel, ElementsAre("x", "y"));
  EXPECT_EQ(fields.rule_columns[2].listing_column, 0);
  EXPECT_EQ(fields.rule_columns[2].channel_column, 1);
}

TEST(LinkKeysTest, ABaseIsOfItsRulesFlagsAndSeed) {
  const LinkKeys keys(TwoRules(), 18446744073709551557u);
  const absl::optional<LinkKeys> read = LinkKeys::OfBase(TwoRules(), keys.base_text());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->Hash("k"), keys.Hash("k"));
  EXPECT_NE(LinkKeys(TwoRules(), 1).Hash("k"), keys.Hash("k"));

  std::vector<ChannelConfig> others(5, TwoRules());
  others[0].strict = true;
  others[1].parent_guard = true;
  others[2].link_priority[1].ambiguous = Ambiguity::kStop;
  others[3].link_priority[1].normalizers.clear();
  std::swap(others[4].link_priority[0], others[4].link_priority[1]);
  for (const ChannelConfig& other : others) EXPECT_FALSE(LinkKeys::OfBase(other, keys.base_text()).has_value());
}

TEST(LinkKeysTest, FieldNamesThatReadAlikeAreNotTakenForEachOther) {
  const LinkKeys keys(Config({{"a=b", "c", {}, Ambiguity::kStop}}), 1);
  EXPECT_FALSE(LinkKeys::OfBase(Config({{"a", "b=c", {}, Ambiguity::kStop}}), keys.base_text()).has_value());
}

TEST(LinkKeysTest, ATextThatIsNoBaseOfOursIsNone) {
  for (const char* text :
       {"", "x", "flxlink link base 2\n", "flxlink link base 2\nseed \n", "flxlink link base 1\nseed 1\n"}) {
    EXPECT_FALSE(LinkKeys::OfBase(TwoRules(), text).has_value()) << text;
  }
}

TEST(LinkKeysTest, ParentsAreAKindOfKeyOnlyWithTheGuardAndOnTheListingSide) {
  ChannelConfig config = TwoRules();
  EXPECT_EQ(LinkKeys(config, 1).count(LinkSide::kListing), 2);
  config.parent_guard = true;
  const LinkKeys keys(config, 1);
  EXPECT_EQ(keys.count(LinkSide::kListing), 3);
  EXPECT_EQ(keys.count(LinkSide::kChannel), 2);
  EXPECT_EQ(keys.FieldOf(LinkSide::kListing, keys.parent_number()), VariantSource::kParentColumn);
  std::string scratch;
  EXPECT_EQ(keys.KeyOf(keys.parent_number(), " p", &scratch), " p");
  EXPECT_EQ(keys.KeyOf(keys.parent_number(), " ", &scratch), absl::nullopt);
}

TEST(LinkKeysTest, EntriesNameEveryRowWithAKeyLiveOrNot) {
  const LinkKeys keys(TwoRules(), 7);
  VariantTable table(2);
  table.AddRow({"s1", " u "}, "");
  table.AddRow({"s2", " "}, "");
  table.AddRow({"s3", "u"}, "", /*live=*/false);
  const absl::StatusOr<std::vector<KeyEntry>> entries =
      MakeKeyEntries(keys, {LinkSide::kChannel, 1}, table, {10, 20, 30}, InlineExecutor());
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_THAT(*entries, ElementsAre(KeyEntry{keys.Hash("u"), 10}, KeyEntry{keys.Hash("u"), 30}));
}

TEST(LinkKeysTest, WhatANormalizerRefusesIsFoundByTheValueAsItIs) {
  const LinkKeys keys(Config({{"upc", "barcode", {Normalizer::kGtin}, Ambiguity::kStop}}), 7);
  VariantTable table(1);
  table.AddRow({"036000291453"}, "");
  table.AddRow({" 036000291453\n"}, "");
  table.AddRow({"036000291452"}, "");
  table.AddRow({" "}, "");
  const absl::StatusOr<std::vector<KeyEntry>> entries =
      MakeKeyEntries(keys, {LinkSide::kChannel, 0}, table, {10, 20, 30, 40}, InlineExecutor());
  ASSERT_TRUE(entries.ok()) << entries.status();
  const uint64_t refused = keys.HashRefused("036000291453");
  EXPECT_THAT(*entries, UnorderedElementsAre(KeyEntry{refused, 10}, KeyEntry{refused, 20},
                                             KeyEntry{keys.Hash("00036000291452"), 30}));
  EXPECT_NE(refused, keys.Hash("036000291453"));
  std::string scratch;
  EXPECT_EQ(keys.RefusedOf(0, " 036000291453\n", &scratch), "036000291453");
  EXPECT_EQ(keys.RefusedOf(0, "036000291452", &scratch), "") << "it is no refused one";
  EXPECT_EQ(keys.RefusedOf(0, " ", &scratch), "");
}

TEST(LinkKeysTest, EntriesAreSortedWhateverTheThreads) {
  const LinkKeys keys(TwoRules(), 7);
  constexpr int kRows = 200000;
  VariantTable table(2);
  std::vector<int64_t> ids;
  for (int i = 0; i < kRows; ++i) {
    table.AddRow({absl::StrCat(i % 70000), ""}, "");
    ids.push_back(i + 1);
  }
  const std::unique_ptr<Executor> threads = NewThreadExecutor(3);
  const auto alone = MakeKeyEntries(keys, {LinkSide::kListing, 0}, table, ids, InlineExecutor());
  const auto together = MakeKeyEntries(keys, {LinkSide::kListing, 0}, table, ids, *threads);
  ASSERT_TRUE(alone.ok() && together.ok());
  EXPECT_EQ(alone->size(), static_cast<size_t>(kRows));
  EXPECT_TRUE(std::is_sorted(alone->begin(), alone->end()));
  EXPECT_TRUE(*alone == *together);
}

}  // namespace
}  // namespace flxlink::linking
