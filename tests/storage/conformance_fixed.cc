// Conformance: the fields of an item that no push can set.

#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "gmock/gmock.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

using Fixed = RareVector<FixedField>;

const FixedField kNoQuantity = {"quantity", FixedReason::kNotTracked};
const FixedField kParentsTitle = {"title", FixedReason::kKeptByParent};

// The items X1 and X2 with what is fixed of each.
PullPage PageWith(Fixed first, Fixed second) {
  PullPage page = ToPage({{"X1", 100, 10}, {"X2", 100, 10}});
  page.items.fixed = {std::move(first), std::move(second)};
  return page;
}

PullWriteResult PullFixed(Shop& shop, Fixed first, Fixed second, absl::Time at) {
  const int64_t pull = Value(shop.storage().BeginPull(shop.fence(), "")).pull_number;
  return Value(
      shop.storage().WritePulledPages(shop.fence(), pull, {PageWith(std::move(first), std::move(second))}, at));
}

std::vector<std::vector<FixedField>> FixedOfItems(Shop& shop) {
  std::vector<std::vector<FixedField>> fixed;
  for (const ItemRow& row : Value(shop.storage().ReadItems(shop.channel_id(), {}, 0, 10))) fixed.push_back(row.fixed);
  return fixed;
}

}  // namespace

TEST_P(StorageConformance, ItemsAndLinksComeWithWhatIsFixed) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  EXPECT_EQ(FixedOfItems(shop), (std::vector<std::vector<FixedField>>{{}, {}})) << "also where nothing is said of it";
  PullFixed(shop, {kParentsTitle, kNoQuantity, {"title", FixedReason::kMadeOfOthers}}, {}, At(5));
  const std::vector<FixedField> both = {kNoQuantity, kParentsTitle};
  EXPECT_EQ(FixedOfItems(shop), (std::vector<std::vector<FixedField>>{both, {}}))
      << "by name, and of two reasons the first";
  EXPECT_EQ(shop.LinkRow("S1").fixed.get(), both);
  EXPECT_EQ(shop.LinkRow("S2").fixed, Fixed());
  Storage::DirtyCursor cursor;
  EXPECT_EQ(Value(storage().ReadDirty(shop.channel_id(), &cursor, 10)).rows[0].fixed.get(), both);
  EXPECT_EQ(Value(storage().ReadLinksByParent(shop.channel_id(), {""}, 0, 10)).rows[0].fixed.get(), both);
}

TEST_P(StorageConformance, EveryReasonOfAFixedFieldIsKept) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const std::vector<FixedField> all = {{"a", FixedReason::kNotTracked},
                                       {"b", FixedReason::kKeptByParent},
                                       {"c", FixedReason::kKeptByPlatform},
                                       {"compare_at_price", FixedReason::kMadeOfOthers},
                                       {"price", FixedReason::kNotStocked}};
  PullFixed(shop, all, {}, At(5));
  EXPECT_EQ(shop.LinkRow("S1").fixed.get(), all);
}

TEST_P(StorageConformance, ItemsAreFixedFromTheFirstPullThatSaysSo) {
  Shop shop(under_test());
  EXPECT_EQ(PullFixed(shop, {kNoQuantity}, {}, At(1)).inserted, 2);
  EXPECT_EQ(FixedOfItems(shop), (std::vector<std::vector<FixedField>>{{kNoQuantity}, {}}));
}

TEST_P(StorageConformance, AChangeOfWhatIsFixedMarksTheLinkAndIsNothingToLinking) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const int64_t version = shop.LinkRow("S1").dirty_version;
  const PullWriteResult fixed = PullFixed(shop, {kNoQuantity}, {}, At(5));
  EXPECT_EQ(fixed.unchanged, 2);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, version + 1);

  shop.Clean("S1");
  PullFixed(shop, {kNoQuantity}, {}, At(6));
  EXPECT_TRUE(shop.DirtySkus().empty()) << "nothing is new";

  PullFixed(shop, {{"quantity", FixedReason::kNotStocked}}, {}, At(7));
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"}) << "another reason";
  shop.Clean("S1");

  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}}, At(8));
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"}) << "it can be sent now";
  EXPECT_EQ(FixedOfItems(shop), (std::vector<std::vector<FixedField>>{{}, {}}));
}

TEST_P(StorageConformance, AFetchTellsWhatIsFixed) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  FetchReply reply;
  reply.items = PageWith({}, {kNoQuantity}).items;
  Value(storage().WriteFetched(shop.fence(), reply, At(5)));
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S2"});
  EXPECT_EQ(shop.LinkRow("S2").fixed.get(), std::vector<FixedField>{kNoQuantity});
  const std::string once = StoreText(storage());
  Value(storage().WriteFetched(shop.fence(), reply, At(5)));
  EXPECT_EQ(StoreText(storage()), once) << "a repeat";
}

TEST_P(StorageConformance, WhatIsFixedBelongsToTheItemAndNotToItsLink) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  PullFixed(shop, {kNoQuantity}, {}, At(5));
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  PullFixed(shop, {kNoQuantity, kParentsTitle}, {}, At(6));
  EXPECT_TRUE(shop.DirtySkus().empty()) << "a free item has no link to mark";
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").fixed.get(), (std::vector<FixedField>{kNoQuantity, kParentsTitle}));

  shop.Pull({{"X2", 100, 10}}, At(7));
  ASSERT_EQ(shop.Listing("S1").link_state, LinkState::kBroken);
  PullFixed(shop, {}, {}, At(8));
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(shop.LinkRow("S1").fixed, Fixed());
}

TEST_P(StorageConformance, SettlementsTellTheAttentionsThatRepeat) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  SettlementBatch batch;
  batch.rows = {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S2"), {})};
  batch.attentions = {{{"a", {{"field", "title"}}, "first"}, {"b", {}, "second"}}};
  batch.rows[1].attentions = 0;
  EXPECT_TRUE(Value(storage().WriteSettlements(shop.fence(), batch, At(5))).repeated.empty()) << "they are new";

  batch.attentions = {{{"b", {}, "in other words"}, {"a", {{"field", "price"}}, "first"}, {"c", {}, "third"}}};
  const SettlementResult result = Value(storage().WriteSettlements(shop.fence(), batch, At(6)));
  ASSERT_EQ(result.repeated.size(), 1u) << "other arguments are another attention";
  EXPECT_EQ(result.repeated[0], (RepeatedAttention{1, "b"}));

  batch.rows[1].attentions = kKeepAttentions;
  EXPECT_TRUE(Value(storage().WriteSettlements(shop.fence(), batch, At(7))).repeated.empty()) << "none was given";
}

}  // namespace flxlink
