// Conformance: products that are removed, and come back.

#include <string>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

using Removals = std::vector<ProductRemoval>;

std::vector<std::string> Keys(const ProductBatch& batch) {
  std::vector<std::string> keys;
  for (int64_t i = 0; i < batch.size(); ++i) keys.emplace_back(batch.key[i]);
  return keys;
}

// Begins a push of the status, and gives its settlement once it is applied.
SettlementBatch BeginStatus(Shop& shop, const std::string& sku, ChannelStatus status) {
  const SyncRow link = shop.LinkRow(sku);
  const int64_t push_id = 100 * link.listing_id + link.dirty_version;
  PushRecord push = Push(push_id, {link});
  push.items[0].mask = {SyncField::kStatus};
  push.items[0].values = ItemValues();
  push.items[0].values.status = status;
  EXPECT_EQ(Value(shop.storage().BeginPush(shop.fence(), push)), kNothingLeftOut);
  Settlement applied = Applied(link, push.items[0].values);
  applied.mask = {SyncField::kStatus};
  return Settled(push_id, {applied});
}

void SendStatus(Shop& shop, const std::string& sku, ChannelStatus status) {
  const SettlementBatch applied = BeginStatus(shop, sku, status);
  ASSERT_EQ(shop.storage().WriteSettlements(shop.fence(), applied, At(6)).status(), absl::OkStatus());
}

}  // namespace

TEST_P(StorageConformance, ARemovedProductIsKeptApart) {
  Shop shop(under_test());
  shop.WriteProducts({{"K1", "S1", 100, 10, "P", {{"upc", "1"}}, 3}, {"K2", "S2", 200, 20}}, At(0));
  const ProductRemovalResult result = Value(storage().RemoveProducts({"S1", "none", ""}, At(5)));
  EXPECT_EQ(result.outcomes,
            (Removals{ProductRemoval::kRemoved, ProductRemoval::kNoProduct, ProductRemoval::kNoProduct}));
  EXPECT_EQ(result.dirtied, 0);
  EXPECT_EQ(Keys(Value(storage().ReadProducts(0, {}, 10))), std::vector<std::string>{"K2"});
  EXPECT_EQ(Value(storage().ReadProducts(0, {"S1"}, 10)).size(), 0);
  EXPECT_EQ(Value(storage().CountProducts(0)), 1);

  const ProductBatch removed = Value(storage().ReadRemovedProducts(0, {}, 10));
  ASSERT_EQ(Keys(removed), std::vector<std::string>{"K1"});
  EXPECT_EQ(removed.price[0], 100);
  EXPECT_EQ(removed.quantity[0], 0);
  EXPECT_EQ(removed.parent[0], "P");
  EXPECT_EQ((*removed.fields.Find("upc"))[0], "1");
  EXPECT_EQ(Keys(Value(storage().ReadRemovedProducts(0, {"S1", "S2"}, 10))), std::vector<std::string>{"K1"});
  EXPECT_EQ(Value(storage().ReadRemovedProducts(removed.product_id[0], {}, 10)).size(), 0);
  EXPECT_EQ(Code(storage().ReadRemovedProducts(0, {}, 0)), kInvalidArgument);
}

TEST_P(StorageConformance, RemovingTwiceIsOnce) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  EXPECT_EQ(Value(storage().RemoveProducts({"S1"}, At(5))).dirtied, 1);
  const std::string once = StoreText(storage());
  const ProductRemovalResult again = Value(storage().RemoveProducts({"S1", "S1"}, At(9)));
  EXPECT_EQ(again.outcomes, (Removals{ProductRemoval::kRemovedBefore, ProductRemoval::kRemovedBefore}));
  EXPECT_EQ(again.dirtied, 0);
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, LinksOfARemovedProductGetTheQuantityZero) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const ListingRow before = shop.Listing("S1");
  Value(storage().RemoveProducts({"S1"}, At(50)));
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.product_quantity, 0);
  EXPECT_EQ(link.quantity_at, At(50));
  EXPECT_EQ(link.product_price, 100);
  const ListingRow after = shop.Listing("S1");
  EXPECT_EQ(after.link_state, LinkState::kLinked);
  EXPECT_EQ(after.external_id, "X1");
  EXPECT_EQ(after.status, before.status);
}

// The channel hides it, and shows it again when the product is there again.
TEST_P(StorageConformance, TheStatusOfARemovedProductReturnsWithIt) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  ListingEdit shown;
  shown.kind = ListingEdit::Kind::kSetStatus;
  shown.status = Health::kListed;
  ASSERT_EQ(shop.Edit("S2", shown), absl::OkStatus());
  shop.Clean("S2");
  const std::vector<std::string> skus = {"S1", "S2"};
  std::vector<ListingStatus> before;
  for (const std::string& sku : skus) before.push_back(shop.Listing(sku).status);

  Value(storage().RemoveProducts(skus, At(5)));
  for (const std::string& sku : skus) {
    EXPECT_TRUE(shop.LinkRow(sku).product_removed);
    EXPECT_TRUE(shop.Listing(sku).product_removed);
    SendStatus(shop, sku, ChannelStatus::kHidden);
    EXPECT_EQ(shop.Listing(sku).status.base, Health::kHidden);
    EXPECT_EQ(PendingOf(shop.Listing(sku).status, true), PendingChange::kNone);
  }
  EXPECT_FALSE(shop.LinkRow("S3").product_removed);

  shop.WriteProducts({{"K1", "S1", 100, 4}, {"K2", "S2", 100, 4}}, At(9));
  EXPECT_EQ(shop.DirtySkus(), skus);
  for (size_t i = 0; i < skus.size(); ++i) {
    const SyncRow row = shop.LinkRow(skus[i]);
    EXPECT_FALSE(row.product_removed);
    EXPECT_EQ(DesiredStatus(row.status), ChannelStatus::kListed);
    SendStatus(shop, skus[i], ChannelStatus::kListed);
    EXPECT_EQ(shop.Listing(skus[i]).status, before[i]);
  }
}

// The product is there again before the channel has answered, or before anything was sent.
TEST_P(StorageConformance, TheStatusOfAProductThatIsSoonBackIsWhatItWas) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const ListingStatus before = shop.Listing("S1").status;
  Value(storage().RemoveProducts({"S1", "S2"}, At(5)));
  const SettlementBatch late = BeginStatus(shop, "S1", ChannelStatus::kHidden);
  shop.WriteProducts({{"K1", "S1", 100, 4}, {"K2", "S2", 100, 4}}, At(9));
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), late, At(10)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status.base, Health::kHidden);
  EXPECT_EQ(DesiredStatus(shop.Listing("S1").status), ChannelStatus::kListed);
  SendStatus(shop, "S1", ChannelStatus::kListed);
  EXPECT_EQ(shop.Listing("S1").status, before);
  shop.Clean("S2");
  EXPECT_EQ(shop.Listing("S2").status, before);
}

TEST_P(StorageConformance, AStatusHiddenByTheQuantityOfARemovedProductReturnsWithIt) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const ListingStatus before = shop.Listing("S1").status;
  const auto settle = [&](ChannelStatus by_quantity, int64_t quantity) {
    SettlementBatch batch;
    ItemValues values;
    values.quantity = quantity;
    batch.rows.push_back(Applied(shop.LinkRow("S1"), values));
    batch.rows[0].mask = {SyncField::kQuantity};
    batch.rows[0].by_quantity = by_quantity;
    ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(6)).status(), absl::OkStatus());
  };
  Value(storage().RemoveProducts({"S1"}, At(5)));
  settle(ChannelStatus::kHidden, 0);
  EXPECT_EQ(shop.Listing("S1").status.base, Health::kHidden);
  shop.WriteProducts({{"K1", "S1", 100, 4}}, At(9));
  EXPECT_EQ(DesiredStatus(shop.Listing("S1").status), ChannelStatus::kListed);
  settle(ChannelStatus::kListed, 4);
  EXPECT_EQ(shop.Listing("S1").status, before);
}

TEST_P(StorageConformance, RemovalStatesTheQuantityAnewForTheGuard) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 100, 0}});
  shop.Pull({{"X1", 100, 0}});
  shop.Link("S1", "X1");
  shop.Clean("S1");
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.acknowledged = {100, 0, ChannelStatus::kListed};
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(5)), absl::OkStatus());
  shop.Clean("S1");
  EXPECT_EQ(Value(storage().RemoveProducts({"S1"}, At(50))).dirtied, 1) << "0 before, and stated anew";
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, absl::InfinitePast());
}

TEST_P(StorageConformance, EveryProductOfASkuIsRemoved) {
  Shop shop(under_test());
  shop.WriteProducts({{"K1", "S"}, {"K2", "S"}, {"K3", "T"}}, At(0));
  EXPECT_EQ(Value(storage().RemoveProducts({"S"}, At(1))).outcomes, Removals{ProductRemoval::kRemoved});
  EXPECT_EQ(Keys(Value(storage().ReadProducts(0, {}, 10))), std::vector<std::string>{"K3"});
  shop.WriteProducts({{"K2", "S"}}, At(2));
  EXPECT_EQ(Value(storage().RemoveProducts({"S"}, At(3))).outcomes, Removals{ProductRemoval::kRemoved})
      << "one of two was removed before";
}

TEST_P(StorageConformance, AProductThatIsStatedAgainIsBackWithWhatItHad) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const int64_t id = Value(storage().ReadProducts(0, {"S1"}, 1)).product_id.at(0);
  Value(storage().RemoveProducts({"S1", "S2"}, At(5)));
  shop.Clean("S1");
  shop.Clean("S2");

  const ProductWriteResult result = shop.WriteProducts({{"K1", "S1", 100, 4}}, At(9));
  EXPECT_EQ(result.changed, 1);
  EXPECT_EQ(result.dirtied, 1);
  const ProductBatch read = Value(storage().ReadProducts(0, {}, 10));
  EXPECT_EQ(read.product_id, std::vector<int64_t>{id});
  EXPECT_EQ(read.quantity, std::vector<int64_t>{4});
  EXPECT_EQ(shop.Listing("S1").external_id, "X1");
  EXPECT_EQ(shop.LinkRow("S1").product_quantity, 4);

  ProductBatch only_price;
  only_price.key.Add("K2");
  only_price.price = {100};
  EXPECT_EQ(Value(storage().WriteProducts(only_price, At(9))).changed, 1);
  EXPECT_EQ(shop.LinkRow("S2").product_quantity, kAbsent) << "not stated again, and the 0 was not its own";
  EXPECT_EQ(Value(storage().ReadRemovedProducts(0, {}, 10)).size(), 0);
}

TEST_P(StorageConformance, AsManySkusAreRemovedAsAllowedAndNoMore) {
  std::vector<std::string> skus(static_cast<size_t>(Storage::kMaxRows), "S");
  EXPECT_EQ(Value(storage().RemoveProducts(skus, At(0))).outcomes.size(), skus.size());
  skus.push_back("S");
  EXPECT_EQ(Code(storage().RemoveProducts(skus, At(0))), kInvalidArgument);
  EXPECT_TRUE(Value(storage().RemoveProducts({}, At(0))).outcomes.empty());
}

}  // namespace flxlink
