// Conformance: as of when quantities are true, and what the oversell guard makes of that.

#include <string>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"

namespace flxlink {
namespace {

// One product variant, K1 with SKU S1, price 100, and this quantity.
ProductBatch One(int64_t quantity) { return ToBatch({{"K1", "S1", 100, quantity}}); }

ProductBatch AsOf(int64_t quantity, absl::Time at) {
  ProductBatch batch = One(quantity);
  batch.quantity_as_of = at;
  return batch;
}

ProductBatch WrittenAt(int64_t quantity, absl::Time at) {
  ProductBatch batch = One(quantity);
  batch.quantity_written_at = at;
  return batch;
}

// S1 is linked and clean, and the channel was seen at 5 to have sold some of its 10.
void SellOne(Shop& shop) {
  shop.StockAndSync(1);
  Reconciliation sold;
  const SyncRow link = shop.LinkRow("S1");
  sold.listing_id = link.listing_id;
  sold.channel_variant_id = link.channel_variant_id;
  sold.acknowledged = {100, 9, ChannelStatus::kListed};
  sold.guard_quantity = true;
  shop.Pull({{"X1", 100, 9}}, At(5));
  ASSERT_EQ(shop.storage().WriteReconciliations(shop.fence(), {sold}, At(5)), absl::OkStatus());
  shop.Clean("S1");
  ASSERT_EQ(shop.LinkRow("S1").guarded_at, At(5));
}

}  // namespace

TEST_P(StorageConformance, AnOlderQuantityDoesNotReplaceALaterOne) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  EXPECT_EQ(Value(storage().WriteProducts(AsOf(7, At(20)), At(30))).outdated, 0);
  EXPECT_EQ(shop.LinkRow("S1").product_quantity, 7);
  EXPECT_EQ(shop.LinkRow("S1").quantity_at, At(20));
  shop.Clean("S1");
  ProductBatch older = AsOf(8, At(19));
  older.price = {150};
  const ProductWriteResult result = Value(storage().WriteProducts(older, At(40)));
  EXPECT_EQ(result.outdated, 1);
  EXPECT_EQ(result.changed, 1) << "the price is another";
  EXPECT_EQ(result.dirtied, 1);
  EXPECT_EQ(shop.LinkRow("S1").product_quantity, 7);
  EXPECT_EQ(shop.LinkRow("S1").product_price, 150);
  EXPECT_EQ(shop.LinkRow("S1").quantity_at, At(20));
  EXPECT_EQ(Value(storage().WriteProducts(AsOf(9, At(20)), At(40))).outdated, 0) << "of the same time";
  EXPECT_EQ(shop.LinkRow("S1").product_quantity, 9);
}

TEST_P(StorageConformance, TimesOfQuantitiesAreInMicroseconds) {
  const absl::Time at = At(20) + absl::Nanoseconds(1500);
  Value(storage().WriteProducts(AsOf(7, at), At(30)));
  EXPECT_EQ(Value(storage().WriteProducts(AsOf(8, at), At(30))).outdated, 0);
  EXPECT_EQ(Value(storage().WriteProducts(AsOf(8, At(20)), At(30))).outdated, 1);
}

TEST_P(StorageConformance, ANewProductHasNoLaterQuantity) {
  const ProductWriteResult result = Value(storage().WriteProducts(AsOf(7, At(-1000)), At(0)));
  EXPECT_EQ(result.inserted, 1);
  EXPECT_EQ(result.outdated, 0);
  EXPECT_EQ(Value(storage().ReadProducts(0, {}, 1)).quantity, std::vector<int64_t>{7});
}

TEST_P(StorageConformance, AQuantityOfTheFutureIsRefused) {
  EXPECT_EQ(Code(storage().WriteProducts(AsOf(7, At(31)), At(30))), kInvalidArgument);
  EXPECT_EQ(Code(storage().WriteProducts(AsOf(7, absl::InfiniteFuture()), At(30))), kInvalidArgument);
  EXPECT_EQ(Code(storage().WriteProducts(AsOf(7, absl::InfinitePast()), At(30))), kInvalidArgument);
  EXPECT_EQ(Value(storage().ReadProducts(0, {}, 1)).size(), 0);
  EXPECT_EQ(Code(storage().WriteProducts(AsOf(7, At(30)), At(30))), kOk);
}

TEST_P(StorageConformance, AQuantityThatWasWrittenDownReplacesWhateverThereIs) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  EXPECT_EQ(Value(storage().WriteProducts(AsOf(7, At(20)), At(30))).outdated, 0);
  EXPECT_EQ(Value(storage().WriteProducts(WrittenAt(8, At(10)), At(31))).outdated, 0);
  EXPECT_EQ(shop.LinkRow("S1").product_quantity, 8);
  EXPECT_EQ(shop.LinkRow("S1").quantity_at, At(10));
  Value(storage().WriteProducts(WrittenAt(8, At(99)), At(32)));
  EXPECT_EQ(shop.LinkRow("S1").quantity_at, At(32)) << "later than now is now";
}

TEST_P(StorageConformance, TheGuardWaitsForAQuantityOfALaterTime) {
  Shop shop(under_test());
  SellOne(shop);
  EXPECT_EQ(Value(storage().WriteProducts(WrittenAt(10, At(4)), At(40))).dirtied, 0) << "the file of before, again";
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(5));
  EXPECT_EQ(Value(storage().WriteProducts(AsOf(10, At(5)), At(41))).dirtied, 0);
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(5));
  EXPECT_EQ(Value(storage().WriteProducts(WrittenAt(10, At(6)), At(42))).dirtied, 1);
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, absl::InfinitePast());
  shop.Clean("S1");
  EXPECT_EQ(Value(storage().WriteProducts(WrittenAt(10, At(7)), At(43))).dirtied, 0) << "nothing waited for it";
}

TEST_P(StorageConformance, AnOutdatedQuantityIsNotThatOfAProductThatIsBack) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  Value(storage().RemoveProducts({"S1"}, At(50)));
  EXPECT_EQ(Value(storage().WriteProducts(AsOf(7, At(49)), At(60))).outdated, 1);
  const ProductBatch back = Value(storage().ReadProducts(0, {"S1"}, 1));
  ASSERT_EQ(back.size(), 1);
  EXPECT_EQ(back.quantity, std::vector<int64_t>{kAbsent});
  Value(storage().WriteProducts(AsOf(7, At(51)), At(60)));
  EXPECT_EQ(Value(storage().ReadProducts(0, {"S1"}, 1)).quantity, std::vector<int64_t>{7});
}

}  // namespace flxlink
