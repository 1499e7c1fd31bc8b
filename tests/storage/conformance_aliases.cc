// Conformance: the other names of items, and what is found by them.

#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

using Aliases = std::vector<std::string>;

// The items X1, X2 …, each with its aliases.
PullPage PageWith(const std::vector<Aliases>& aliases) {
  PullPage page;
  std::vector<PulledItem> rows;
  for (size_t i = 1; i <= aliases.size(); ++i) rows.push_back({"X" + std::to_string(i), 100, 10});
  page = ToPage(rows);
  for (const Aliases& of_item : aliases) page.items.aliases.emplace_back(of_item);
  return page;
}

PullWriteResult PullAliases(Shop& shop, const std::vector<Aliases>& aliases, absl::Time at) {
  const int64_t pull = Value(shop.storage().BeginPull(shop.fence(), "")).pull_number;
  return Value(shop.storage().WritePulledPages(shop.fence(), pull, {PageWith(aliases)}, at));
}

std::vector<Aliases> AliasesOfItems(Shop& shop) {
  std::vector<Aliases> aliases;
  for (const ItemRow& row : Value(shop.storage().ReadItems(shop.channel_id(), {}, 0, 10))) {
    aliases.push_back(row.aliases);
  }
  return aliases;
}

// The external ids of what has these names, read two at a time.
std::vector<std::string> Named(Shop& shop, const std::vector<std::string>& parents, const Aliases& aliases) {
  std::vector<std::string> found;
  int64_t after = 0;
  for (int page = 0; page < kManyPages; ++page) {
    const std::vector<NamedItem> items = Value(shop.storage().FindItems(shop.channel_id(), parents, aliases, after, 2));
    EXPECT_LE(items.size(), 2u);
    for (const NamedItem& item : items) {
      EXPECT_GT(item.channel_variant_id, after);
      EXPECT_EQ(item.channel_variant_id, shop.ItemId(item.external_id));
      after = item.channel_variant_id;
      found.push_back(item.external_id);
    }
    if (items.size() < 2) return found;
  }
  ADD_FAILURE() << "there is no end of them";
  return found;
}

}  // namespace

TEST_P(StorageConformance, ItemsHaveTheAliasesThatWereLastSeen) {
  Shop shop(under_test());
  PullAliases(shop, {{"b", "a", "", "b"}, {}}, At(1));
  EXPECT_EQ(AliasesOfItems(shop), (std::vector<Aliases>{{"a", "b"}, {}})) << "ascending, each once, the empty left out";
  PullAliases(shop, {{"a", "c"}, {"c"}}, At(2));
  EXPECT_EQ(AliasesOfItems(shop), (std::vector<Aliases>{{"a", "c"}, {"c"}})) << "two items share one";
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}}, At(3));
  EXPECT_EQ(AliasesOfItems(shop), (std::vector<Aliases>{{}, {}})) << "none are given any more";
}

TEST_P(StorageConformance, AliasesAreNothingToLinkingAndToSync) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  EXPECT_EQ(PullAliases(shop, {{"a"}}, At(5)).unchanged, 1);
  EXPECT_TRUE(shop.DirtySkus().empty());
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
}

TEST_P(StorageConformance, AFetchTellsAliases) {
  Shop shop(under_test());
  PullAliases(shop, {{"a"}, {"b"}}, At(1));
  FetchReply reply;
  reply.items = PageWith({{"c"}}).items;
  Value(storage().WriteFetched(shop.fence(), reply, At(5)));
  EXPECT_EQ(AliasesOfItems(shop), (std::vector<Aliases>{{"c"}, {"b"}}));
  const std::string once = StoreText(storage());
  Value(storage().WriteFetched(shop.fence(), reply, At(5)));
  EXPECT_EQ(StoreText(storage()), once) << "a repeat";
  Value(storage().WriteFetched(shop.fence(), reply, At(4)));
  EXPECT_EQ(StoreText(storage()), once) << "older than what is known";
}

TEST_P(StorageConformance, AnItemWithAnOddAliasOrIdentityIsRefused) {
  Shop shop(under_test());
  PullPage page = PageWith({{std::string(1000, 'a')}, {"a", std::string(1001, 'a')}, {"\xFF"}, {}});
  for (const char* identity : {"i1", "i2", "i3"}) page.items.identity.Add(identity);
  page.items.identity.Add(std::string(1001, 'i'));
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const PullWriteResult result = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(1)));
  EXPECT_EQ(result.inserted, 1);
  ASSERT_EQ(result.refused.size(), 3u);
  EXPECT_EQ(result.refused[0].problem.code, problem_code::kValueTooLong);
  EXPECT_EQ(result.refused[1].problem.code, problem_code::kInvalidText);
  EXPECT_EQ(result.refused[2].problem.code, problem_code::kValueTooLong);
  EXPECT_EQ(FieldValue(result.refused[1].problem.args, "field"), "alias");
  EXPECT_EQ(FieldValue(result.refused[2].problem.args, "field"), "identity");
}

TEST_P(StorageConformance, ColumnsOfAliasesAndIdentitiesAreAsLongAsTheOthers) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  PullPage page = PageWith({{"a"}, {"b"}});
  page.items.aliases.pop_back();
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull, {page}, At(1))), kInvalidArgument);
  page.items.aliases.clear();
  page.items.identity.Add("i");
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull, {page}, At(1))), kInvalidArgument);
}

TEST_P(StorageConformance, ItemsAreFoundByParentsAndAliases) {
  Shop shop(under_test());
  PullPage page = PageWith({{"a", "b"}, {"b"}, {"c"}, {}, {}});
  page.items.parent_id = StringColumn();
  for (const char* parent : {"P", "P", "P", "Q", ""}) page.items.parent_id.Add(parent);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(1)));
  EXPECT_EQ(Named(shop, {"P"}, {}), (std::vector<std::string>{"X1", "X2", "X3"}));
  EXPECT_EQ(Named(shop, {}, {"b"}), (std::vector<std::string>{"X1", "X2"}));
  EXPECT_EQ(Named(shop, {"Q", "Q", "R"}, {"c", "b", "z"}), (std::vector<std::string>{"X1", "X2", "X3", "X4"}))
      << "each once";
  EXPECT_TRUE(Named(shop, {"", "a"}, {"", "P", "X1"}).empty()) << "an empty name is nobody's";
  EXPECT_TRUE(Named(shop, {}, {}).empty());

  Shop other(under_test(), "other");
  PullAliases(other, {{"b"}}, At(1));
  EXPECT_EQ(Named(other, {"P"}, {"b"}), std::vector<std::string>{"X1"}) << "of its channel";
  EXPECT_EQ(Named(shop, {}, {"b"}).size(), 2u);
}

TEST_P(StorageConformance, ItemsAreFoundByWhatIsTrueOfThemNow) {
  Shop shop(under_test());
  PullAliases(shop, {{"a"}}, At(1));
  PullAliases(shop, {{"b"}}, At(2));
  EXPECT_TRUE(Named(shop, {}, {"a"}).empty());
  shop.Pull({}, At(3));
  ASSERT_FALSE(shop.IsLiveItem("X1"));
  EXPECT_EQ(Named(shop, {}, {"b"}), std::vector<std::string>{"X1"}) << "it is gone, and may be back";
}

TEST_P(StorageConformance, FindingItemsHasItsLimits) {
  Shop shop(under_test());
  const std::vector<std::string> most(static_cast<size_t>(Storage::kMaxRows), "n");
  std::vector<std::string> too_many = most;
  too_many.push_back("n");
  EXPECT_TRUE(Value(storage().FindItems(shop.channel_id(), most, most, 0, Storage::kMaxRows)).empty());
  EXPECT_EQ(Code(storage().FindItems(shop.channel_id(), too_many, {}, 0, 1)), kInvalidArgument);
  EXPECT_EQ(Code(storage().FindItems(shop.channel_id(), {}, too_many, 0, 1)), kInvalidArgument);
  EXPECT_EQ(Code(storage().FindItems(shop.channel_id(), {}, {}, 0, 0)), kInvalidArgument);
  EXPECT_EQ(Code(storage().FindItems(shop.channel_id(), {}, {}, 0, Storage::kMaxRows + 1)), kInvalidArgument);
  EXPECT_EQ(Code(storage().FindItems(987654321, {}, {"a"}, 0, 1)), kNotFound);
}

}  // namespace flxlink
