#include <string>
#include <vector>

#include "flxlink/storage_kit/limits.h"
#include "gtest/gtest.h"
#include "tests/storage/shop.h"

namespace flxlink::storage {
namespace {

constexpr size_t kIndexed = static_cast<size_t>(kMaxIndexedBytes);
constexpr size_t kText = static_cast<size_t>(kMaxTextBytes);

using Rows = std::vector<int64_t>;

// "row field code" of each refusal.
std::vector<std::string> Told(const std::vector<RowRefusal>& refused) {
  std::vector<std::string> told;
  for (const RowRefusal& refusal : refused) {
    told.push_back(std::to_string(refusal.row) + " " + std::string(FieldValue(refusal.problem.args, "field")) + " " +
                   refusal.problem.code);
  }
  return told;
}

TEST(StorageLimits, ATextIsUtf8WithoutZeroAndNotTooLong) {
  EXPECT_EQ(CheckText("sku", "", 3), absl::nullopt);
  EXPECT_EQ(CheckText("sku", "abc", 3), absl::nullopt);
  EXPECT_EQ(CheckText("sku", "\u00E9", 3), absl::nullopt);
  const absl::optional<Problem> too_long = CheckText("sku", "abcd", 3);
  ASSERT_TRUE(too_long.has_value());
  EXPECT_EQ(too_long->code, problem_code::kValueTooLong);
  EXPECT_EQ(too_long->message, "sku \"abcd\" is longer than 3 bytes; shorten it");
  EXPECT_EQ(FieldValue(too_long->args, "limit"), "3");
  for (const std::string& bad : {std::string("a\0b", 3), std::string("\xFF"), std::string("\xC3")}) {
    const absl::optional<Problem> invalid = CheckText("title", bad, 10);
    ASSERT_TRUE(invalid.has_value()) << bad;
    EXPECT_EQ(invalid->code, problem_code::kInvalidText);
  }
}

TEST(StorageLimits, AValueIsCutWhereItIsShown) {
  const absl::optional<Problem> problem = CheckText("sku", std::string(5000, 'x'), 1000);
  ASSERT_TRUE(problem.has_value());
  EXPECT_LT(problem->message.size(), 200u);
  EXPECT_LT(FieldValue(problem->args, "value").size(), 100u);
}

TEST(StorageLimits, EveryColumnOfAProductHasItsLimit) {
  const std::string longest(kIndexed, 'x');
  const std::string too_long(kIndexed + 1, 'x');
  const RowChoice choice = ChooseProducts(ToBatch({{longest, longest, 1, 1, longest, {{"title", too_long}}},
                                                   {too_long, "S"},
                                                   {"K2", too_long},
                                                   {"K3", "S", 1, 1, too_long},
                                                   {"K4", "S", 1, 1, "", {{"title", std::string(kText + 1, 't')}}},
                                                   {"K5", "S", 1, 1, "", {{"title", std::string(kText, 't')}}}}));
  EXPECT_EQ(choice.kept, (Rows{0, 5}));
  EXPECT_EQ(Told(choice.refused), (std::vector<std::string>{"1 key value_too_long", "2 sku value_too_long",
                                                            "3 parent value_too_long", "4 title value_too_long"}));
}

TEST(StorageLimits, APriceBelowZeroIsRefused) {
  ProductBatch batch = ToBatch({{"K1", "A", -500}, {"K2", "B", 0}, {"K3", "C", kAbsent}, {"K4", "D", 1, -7}});
  batch.compare_at_price = {kAbsent, 0, -1, kAbsent};
  const RowChoice choice = ChooseProducts(batch);
  EXPECT_EQ(choice.kept, (Rows{1, 3}));
  EXPECT_EQ(Told(choice.refused),
            (std::vector<std::string>{"0 price negative_price", "2 compare_at_price negative_price"}));
  EXPECT_EQ(choice.refused.at(0).problem.message, "price -5.00 is below zero; state 0 or more, or none");

  PullPage page = ToPage({{"X0", -1}, {"X1", 0, -7}, {"X2", 5}, {"X3"}});
  EXPECT_EQ(ChoosePulledRows(page.items, {}).kept, (Rows{1, 2, 3}));
  page.items.compare_at_price = {kAbsent, kAbsent, -3, 0};
  const PulledRowChoice pulled = ChoosePulledRows(page.items, {});
  EXPECT_EQ(pulled.kept, (Rows{1, 3}));
  EXPECT_EQ(pulled.seen, (std::vector<absl::string_view>{"X0", "X2"}));
  EXPECT_EQ(Told(pulled.refused),
            (std::vector<std::string>{"0 price negative_price", "2 compare_at_price negative_price"}));
}

TEST(StorageLimits, KeysOfRefusedRowsAreNamedToo) {
  const ProductBatch batch = ToBatch({{"K1", "A", -500}, {"K2", "\xFF"}, {"K1", "B"}});
  const NamedKeys named = KeysOf(batch);
  EXPECT_EQ(named.keys, (std::vector<absl::string_view>{"K1", "K2", "K1"}));
  EXPECT_FALSE(named.some_unnamed);
  for (const std::string& odd : {std::string(), std::string("\xFF"), std::string(kIndexed + 1, 'x')}) {
    EXPECT_TRUE(KeysOf(ToBatch({{"K1", "A"}, {odd, "B"}})).some_unnamed) << odd;
  }
}

TEST(StorageLimits, AProductIsNamedOnce) {
  const RowChoice choice = ChooseProducts(ToBatch({{"K1", "A"}, {"", "B"}, {"K1", "C"}, {"K2", "\xFF"}, {"K2", "D"}}));
  EXPECT_EQ(choice.kept, (Rows{0, 4})) << "a row that is refused does not count";
  EXPECT_EQ(Told(choice.refused),
            (std::vector<std::string>{"1 key missing_key", "2 key repeated_key", "3 sku invalid_text"}));
}

// Two halves of a character that only together are one: the bytes of a column as a whole say nothing.
TEST(StorageLimits, EveryValueIsTextByItself) {
  const RowChoice choice = ChooseProducts(ToBatch({{"K1", "\xC3"}, {"K2", "\xA9"}}));
  EXPECT_TRUE(choice.kept.empty());
}

TEST(StorageLimits, LastOfARepeatedItemIsKept) {
  const PulledRowChoice choice = ChoosePulledRows(ToPage({{"a"}, {"b"}, {"a"}, {"c"}, {"b"}, {"a"}}).items, {});
  EXPECT_EQ(choice.kept, (Rows{3, 4, 5}));
  EXPECT_EQ(choice.repeated, 3);
  EXPECT_TRUE(ChoosePulledRows({}, {}).kept.empty());
}

TEST(StorageLimits, AnOddItemIsSeenWhereItHasAName) {
  const std::string too_long(kIndexed + 1, 'x');
  const PullPage page = ToPage({{"X0"},
                                {""},
                                {too_long},
                                {"X3", 1, 1, ChannelStatus::kListed, too_long},
                                {"\xFF"},
                                {"X0", 1, 1, ChannelStatus::kListed, "", {{"title", std::string("\0", 1)}}}});
  const PulledRowChoice choice = ChoosePulledRows(page.items, {});
  EXPECT_EQ(choice.kept, Rows{0}) << "the good one of two rows";
  EXPECT_EQ(choice.seen, (std::vector<absl::string_view>{"X3", "X0"}));
  EXPECT_EQ(choice.unnamed, 3);
  EXPECT_EQ(choice.repeated, 0);
  EXPECT_EQ(Told(choice.refused), (std::vector<std::string>{"1 external_id missing_key", "2 external_id value_too_long",
                                                            "3 parent_id value_too_long", "4 external_id invalid_text",
                                                            "5 title invalid_text"}));
}

TEST(StorageLimits, AnItemThatWasNotReadIsSeenWhereItHasAName) {
  const std::vector<ItemProblem> problems = {
      {"X1", {}}, {"", {}}, {std::string(kIndexed + 1, 'x'), {}}, {"\xFF", {}}, {std::string(kIndexed, 'x'), {}}};
  const PulledRowChoice choice = ChoosePulledRows({}, problems);
  EXPECT_EQ(choice.seen, (std::vector<absl::string_view>{"X1", problems[4].external_id}));
  EXPECT_EQ(choice.unnamed, 3);
  EXPECT_TRUE(choice.kept.empty());
  EXPECT_TRUE(choice.refused.empty());
}

TEST(StorageLimits, AHandleHasItsLimit) {
  PullPage page = ToPage({{"X0"}, {"X1"}, {"X2"}});
  page.items.handle.Add(std::string(kIndexed, 'h'));
  page.items.handle.Add(std::string(kIndexed + 1, 'h'));
  page.items.handle.Add("\xFF");
  const PulledRowChoice choice = ChoosePulledRows(page.items, {});
  EXPECT_EQ(choice.kept, Rows{0});
  EXPECT_EQ(Told(choice.refused), (std::vector<std::string>{"1 handle value_too_long", "2 handle invalid_text"}));
  EXPECT_EQ(choice.seen, (std::vector<absl::string_view>{"X1", "X2"}));
}

TEST(StorageLimits, AliasesAndIdentitiesHaveTheirLimit) {
  PullPage page = ToPage({{"X0"}, {"X1"}, {"X2"}});
  page.items.aliases = {{"a", std::string(kIndexed, 'a')}, {"a", std::string(kIndexed + 1, 'a')}, {}};
  for (const char* identity : {"i", "i", "\xFF"}) page.items.identity.Add(identity);
  const PulledRowChoice choice = ChoosePulledRows(page.items, {});
  EXPECT_EQ(choice.kept, Rows{0});
  EXPECT_EQ(Told(choice.refused), (std::vector<std::string>{"1 alias value_too_long", "2 identity invalid_text"}));
}

}  // namespace
}  // namespace flxlink::storage
