// Conformance: the fields that not every channel syncs, compare-at price and content, from what is stated to what is
// acknowledged.

#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "gmock/gmock.h"
#include "tests/storage/shop.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const SyncFields kCompareAtPrice = {SyncField::kCompareAtPrice};

void StateCompareAtPrice(Shop& shop, const std::string& key, int64_t price, absl::Time at) {
  ProductBatch batch;
  batch.key.Add(key);
  batch.compare_at_price = {price};
  EXPECT_EQ(Code(shop.storage().WriteProducts(batch, at)), kOk);
}

void PullWithCompareAtPrice(Shop& shop, int64_t price) {
  PullPage page = ToPage({{"X1", 100, 10}});
  page.items.compare_at_price = {price};
  const int64_t pull_number = Value(shop.storage().BeginPull(shop.fence(), "")).pull_number;
  EXPECT_EQ(Code(shop.storage().WritePulledPages(shop.fence(), pull_number, {page}, At(1))), kOk);
  EXPECT_EQ(shop.storage().EndPull(shop.fence(), pull_number, true, "", At(1)), absl::OkStatus());
}

// S1 with the compare-at price 150, linked to X1, which shows 140.
void StockCompareAtPrice(Shop& shop) {
  shop.Stock({{"K1", "S1", 100, 10}});
  StateCompareAtPrice(shop, "K1", 150, At(0));
  PullWithCompareAtPrice(shop, 140);
  shop.Link("S1", "X1");
}

void SyncContent(Shop& shop, const std::vector<std::string>& names) {
  const Channel channel = shop.channel();
  ChannelConfig config = channel.config;
  config.sync_fields = SyncFields({SyncField::kPrice}, names);
  EXPECT_EQ(
      shop.storage().WriteChannel(channel.channel_id, channel.revision, config, channel.draft, /*moves_policy=*/true),
      absl::OkStatus());
}

// S1, linked to X1 and clean; both have a title and a description, X1 has a color too.
void StockContent(Shop& shop) {
  shop.Stock({{"K1", "S1", 100, 10, "", {{"title", "Shirt"}, {"description", "Fine"}}}});
  shop.Pull({{"X1", 100, 10, ChannelStatus::kListed, "", {{"title", "shirt"}, {"color", "red"}}}});
  shop.Link("S1", "X1");
  shop.Clean("S1");
}

void Settle(Shop& shop, const SyncFields& mask, const ItemValues& values) {
  SettlementBatch batch;
  batch.rows.push_back(Applied(shop.LinkRow("S1"), values));
  batch.rows.back().mask = mask;
  EXPECT_EQ(shop.storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
}

ItemValues WithContent(std::vector<Field> content) {
  ItemValues values;
  values.content = std::move(content);
  return values;
}

}  // namespace

TEST_P(StorageConformance, ACompareAtPriceIsReadWithItsLink) {
  Shop shop(under_test());
  StockCompareAtPrice(shop);
  const SyncRow row = shop.LinkRow("S1");
  EXPECT_EQ(row.product_price, 100);
  EXPECT_EQ(row.product_compare_at_price, 150);
  EXPECT_EQ(row.seen, (ItemValues{100, 10, ChannelStatus::kListed, 140}));
  EXPECT_EQ(row.acknowledged, row.seen);
  Storage::DirtyCursor cursor;
  EXPECT_EQ(Value(storage().ReadDirty(shop.channel_id(), &cursor, 1)).rows.at(0).seen, row.seen);
}

TEST_P(StorageConformance, APageWithoutCompareAtPricesShowsNone) {
  Shop shop(under_test());
  StockCompareAtPrice(shop);
  shop.Pull({{"X1", 100, 10}});
  EXPECT_EQ(shop.LinkRow("S1").seen.compare_at_price, kAbsent);
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.compare_at_price, kAbsent)
      << "nothing was settled yet: it is what was seen";
}

TEST_P(StorageConformance, ACompareAtPriceThatChangesMakesItsLinksDirty) {
  Shop shop(under_test());
  StockCompareAtPrice(shop);
  shop.Clean("S1");
  StateCompareAtPrice(shop, "K1", 160, At(4));
  EXPECT_THAT(shop.DirtySkus(), ElementsAre("S1"));
  EXPECT_EQ(shop.LinkRow("S1").product_compare_at_price, 160);
}

TEST_P(StorageConformance, ACompareAtPriceIsAcknowledgedByItself) {
  Shop shop(under_test());
  StockCompareAtPrice(shop);
  Settle(shop, {SyncField::kPrice}, {1, 2, ChannelStatus::kHidden, 3});
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, (ItemValues{1, 10, ChannelStatus::kListed, 140}));
  Settle(shop, kCompareAtPrice, {7, 2, ChannelStatus::kHidden, 3});
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, (ItemValues{1, 10, ChannelStatus::kListed, 3}));
  Settle(shop, kCompareAtPrice, {});
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, (ItemValues{1, 10, ChannelStatus::kListed}));
}

TEST_P(StorageConformance, ReconcilingAndForcingReachTheCompareAtPrice) {
  Shop shop(under_test());
  StockCompareAtPrice(shop);
  Reconciliation drift = Found(shop.LinkRow("S1"));
  drift.acknowledged = {100, 10, ChannelStatus::kListed, 155};
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {drift}, At(4)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, drift.acknowledged);
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {{drift.listing_id, drift.channel_variant_id}}, At(5)),
            absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").forced, shop.channel().config.sync_fields);
}

TEST_P(StorageConformance, ANewLinkDoesNotTrustACompareAtPriceThatWasPushedByAnother) {
  Shop shop(under_test());
  StockCompareAtPrice(shop);
  Settle(shop, kCompareAtPrice, {kAbsent, kAbsent, ChannelStatus::kUnknown, 150});
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, (ItemValues{100, 10, ChannelStatus::kListed}));
}

TEST_P(StorageConformance, ABatchOfItemsWithTooFewCompareAtPricesIsRefused) {
  Shop shop(under_test());
  PullPage page = ToPage({{"X1", 100, 10}, {"X2", 100, 10}});
  page.items.compare_at_price = {140};
  const int64_t pull_number = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull_number, {page}, At(1))), kInvalidArgument);
}

// -- Content.

TEST_P(StorageConformance, OnlySyncedContentIsRead) {
  Shop shop(under_test());
  StockContent(shop);
  EXPECT_THAT(shop.LinkRow("S1").content, IsEmpty());
  EXPECT_THAT(shop.LinkRow("S1").seen.content, IsEmpty());
  SyncContent(shop, {"title", "subtitle"});
  const SyncRow row = shop.LinkRow("S1");
  EXPECT_EQ(row.content, (std::vector<Field>{{"title", "Shirt"}})) << "what a listing does not have is absent";
  EXPECT_EQ(row.seen.content, (std::vector<Field>{{"subtitle", ""}, {"title", "shirt"}}))
      << "what an item does not have was seen empty";
  EXPECT_THAT(row.acknowledged.content, IsEmpty()) << "nothing was pushed";
}

TEST_P(StorageConformance, EveryReadOfLinksHasTheirContent) {
  Shop shop(under_test());
  StockContent(shop);
  SyncContent(shop, {"title"});
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {{shop.ListingId("S1"), shop.ItemId("X1")}}, At(4)), absl::OkStatus());
  const std::vector<Field> title = {{"title", "Shirt"}};
  Storage::DirtyCursor cursor;
  EXPECT_EQ(Value(storage().ReadDirty(shop.channel_id(), &cursor, 1)).rows.at(0).content, title);
  EXPECT_EQ(Value(storage().ReadLinks(shop.channel_id(), 0, 1)).rows.at(0).content, title);
  EXPECT_EQ(Value(storage().ReadLinksBySku(shop.channel_id(), {"S1"})).rows.at(0).content, title);
  EXPECT_EQ(Value(storage().ReadLinksByParent(shop.channel_id(), {""}, 0, 1)).rows.at(0).content, title);
}

TEST_P(StorageConformance, ContentIsAcknowledgedByName) {
  Shop shop(under_test());
  StockContent(shop);
  SyncContent(shop, {"description", "title"});
  Settle(shop, {{}, {"title"}}, WithContent({{"description", "not masked"}, {"title", "Shirt"}}));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.content, (std::vector<Field>{{"title", "Shirt"}}));
  Settle(shop, {{}, {"description"}}, WithContent({{"description", ""}}));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.content, (std::vector<Field>{{"description", ""}, {"title", "Shirt"}}));
  Settle(shop, {{}, {"title"}}, {});
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.content, (std::vector<Field>{{"description", ""}}));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.price, 100);
}

TEST_P(StorageConformance, ReconcilingForcingAndANewLinkReachContent) {
  Shop shop(under_test());
  StockContent(shop);
  SyncContent(shop, {"title"});
  Reconciliation drift = Found(shop.LinkRow("S1"));
  drift.acknowledged = WithContent({{"title", "shirt"}});
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {drift}, At(4)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, drift.acknowledged);
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {{drift.listing_id, drift.channel_variant_id}}, At(5)),
            absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").forced.HasContent("title"));
  Settle(shop, {{}, {"title"}}, WithContent({{"title", "Shirt"}}));
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  EXPECT_THAT(shop.LinkRow("S1").acknowledged.content, IsEmpty()) << "the item may have become another meanwhile";
}

TEST_P(StorageConformance, ARebuildMarksOnlyContentThatIsSynced) {
  Shop shop(under_test());
  StockContent(shop);
  const auto rebuild = [&](const std::string& title, const std::string& description) {
    shop.WriteProducts({{"K1", "S1", 100, 10, "", {{"title", title}, {"description", description}}}}, At(4));
    EXPECT_THAT(shop.Build({"S1"}), ElementsAre(BuildOutcome::kRefreshed));
  };
  rebuild("Blouse", "Fine");
  EXPECT_THAT(shop.DirtySkus(), IsEmpty()) << "the channel syncs no content";
  SyncContent(shop, {"title"});
  rebuild("Blouse", "Very fine");
  EXPECT_THAT(shop.DirtySkus(), IsEmpty()) << "nor does it sync descriptions";
  rebuild("Dress", "Very fine");
  EXPECT_THAT(shop.DirtySkus(), ElementsAre("S1"));
  EXPECT_EQ(shop.LinkRow("S1").content, (std::vector<Field>{{"title", "Dress"}}));
}

}  // namespace flxlink
